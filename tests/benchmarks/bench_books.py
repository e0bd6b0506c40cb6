"""Matching alone: the engine's book, a plain ladder, and the books that PyPI offers, on one flow in one run.

The ready-made ones live in an environment of their own: `make books` installs it, and what is not there is said so.
The engine's book trades with accounts: every fill settles cash, fees, funding and open interest of both sides. Nothing
is signed, margined or committed here.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from exchange.engine import Signer, book
from exchange.engine.events import Event
from exchange.engine.execution import finish, release_at_limit
from exchange.engine.matching import Taker, match
from exchange.state import Order, Position, State, TimeInForce
from exchange.state.limits import CASH_SCALE
from tests.benchmarks.bench_engine import venue
from tests.benchmarks.books.flow import CANCEL, LIMIT, Operation, make_flow, run_ladder

BOOKS = Path(__file__).with_name("books")
PYTHON = Path(__file__).resolve().parents[2] / ".venv-books" / "bin" / "python"
TICK = 10**7 * 100
LOT = 10**5


@dataclass(frozen=True, slots=True, kw_only=True)
class BookBenchmark:
    """One book on the flow; `traded` in lots, and whether that is what the plain ladder trades."""

    name: str
    operations: int
    seconds: float
    traded: int
    agrees: bool

    def __str__(self) -> str:
        note = "" if self.agrees else "   trades another size than the ladder"
        return f"  {self.name:<22} {self.operations / self.seconds:>11,.0f} operations/s{note}"


class EngineBook:
    """The engine's matching and book as the other books are: no signature, no margin, no commit."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._market = state.markets[0]
        self._orders: dict[int, tuple[int, Order]] = {}
        self.traded = 0

    def order(self, operation: Operation) -> None:
        """Trade as far as the price allows; a limit rests with what is left."""
        kind, number, side, ticks, lots = operation
        state, market = self._state, self._market
        account_id = self._stranger(number, side)
        account = state.accounts[account_id]
        position = account.positions.setdefault(0, Position())
        price, size = ticks * TICK, lots * LOT
        notional = price * size * market.multiplier // CASH_SCALE
        if side:
            position.ask_quantity += size
            position.ask_notional += notional
        else:
            position.bid_quantity += size
            position.bid_notional += notional
        tif = TimeInForce.GTC if kind == LIMIT else TimeInForce.IOC
        taker = Taker(account_id, side, price, size, number + 1, time_in_force=int(tif))
        events: list[Event] = []
        match(state, 0, taker, account, position, events, 1 << 30)
        met = size - taker.remaining
        if met:
            release_at_limit(position, market, taker, met)
            self.traded += met // LOT
        slots = market.order_sequence
        finish(state, 0, taker, account, position, events)
        if market.order_sequence != slots:
            placed = events[-1]
            self._orders[number] = (placed.slot, state.orders[0][placed.slot])  # type: ignore[union-attr]

    def _stranger(self, number: int, side: int) -> int:
        """An account with nothing open on the other side, so that nobody meets himself."""
        count = len(self._state.accounts) - 2
        while True:
            account_id = 1 + number % count
            position = self._state.accounts[account_id].positions.get(0)
            if position is None or not (position.bid_quantity if side else position.ask_quantity):
                return account_id
            number += 1

    def cancel(self, number: int) -> None:
        """Take an order out of the book and give back what it reserved."""
        slot, order = self._orders.pop(number)
        position = self._state.accounts[order.account].positions[0]
        release_at_limit(position, self._market, order, order.remaining)
        book.unlink(self._state, 0, self._market, slot, order)


def run_engine(flow: list[Operation], accounts: int = 2_000) -> tuple[float, int]:
    """Seconds and lots of the engine's book."""
    state = venue(accounts, [Signer(sha256(b"account%d" % number).digest()) for number in range(accounts + 1)])
    engine = EngineBook(state)
    gc.collect()
    started = perf_counter()
    for operation in flow:
        if operation[0] == CANCEL:
            engine.cancel(operation[1])
        else:
            engine.order(operation)
    return perf_counter() - started, engine.traded


def run(operations: int = 50_000) -> Iterator[BookBenchmark | str]:
    """The ladder, the engine's book and those that are installed; a line of text for what could not run."""
    flow = make_flow(operations)
    started = perf_counter()
    expected = run_ladder(flow)
    seconds = perf_counter() - started
    yield BookBenchmark(name="plain ladder", operations=operations, seconds=seconds, traded=expected, agrees=True)
    seconds, traded = run_engine(flow)
    yield BookBenchmark(
        name="this engine's book", operations=operations, seconds=seconds, traded=traded, agrees=traded == expected
    )
    if not PYTHON.exists():
        yield "  ready-made books: `make books` installs them"
        return
    command = [str(PYTHON), str(BOOKS / "ready_made.py"), str(operations)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    for line in found.stdout.splitlines():
        told = json.loads(line)
        yield f"  {told['name']:<22} {told['error']}" if "error" in told else BookBenchmark(**told)


def main() -> None:
    """Print the comparison."""
    print(f"matching alone, Python {sys.version.split()[0]}, one core: 45 % limits, 40 % takers, 15 % cancels")
    for found in run():
        print(found)


if __name__ == "__main__":
    main()
