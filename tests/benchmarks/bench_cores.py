"""The same signed flow on one core and on two, and orders in bulks of 20 under one signature.

On two cores another process recovers signers ahead (`SignatureWorkers`), as a venue does with what waits in its intake.
Both ways end in the same root.
"""

from __future__ import annotations

import gc
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from random import Random

from exchange.engine import (
    ItemRejected,
    OrderPlaced,
    Signatures,
    Signer,
    apply,
    set_clock,
    sign_place_bulk,
    steps,
)
from exchange.engine.events import ItemBegun
from exchange.engine.signatures import SECP256K1
from exchange.engine.signing import cancel_item, place_item
from exchange.sequencer.signature_workers import SignatureWorkers
from exchange.state import Side, State, TimeInForce
from tests.benchmarks.bench_engine import NEVER, PRICES, SEGMENT, START, Timing, make_flow, venue

GROUP = 256
"""Steps a worker gets at once."""
AHEAD = 4 * GROUP
"""How far the workers may be ahead: what waits in a busy intake."""
BULK = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CoresBenchmark:
    """Wall time of one flow, by the cores that took part; and of orders in bulks, on one core and on two."""

    accounts: int
    steps: int
    one: Timing
    two: Timing
    bulk_orders: int
    bulk_refused: int
    bulk_one: Timing
    bulk_two: Timing

    def __str__(self) -> str:
        single = {"one core": self.one, "two cores": self.two}
        bulks = {"bulks of 20, one core": self.bulk_one, "bulks of 20, two cores": self.bulk_two}
        head = f"cores: {self.accounts:,} accounts, {self.steps:,} signed steps; {self.bulk_orders:,} orders in bulks"
        return "\n".join(
            [head]
            + [f"  {name:<24} {self.steps / found.wall:>9,.0f} signed steps/s" for name, found in single.items()]
            + [
                f"  {name:<24} {self.bulk_orders / found.wall:>9,.0f} orders/s ({self.bulk_refused:,} refused)"
                for name, found in bulks.items()
            ]
        )


def run(accounts: int = 500, orders: int = 20_000, seed: int = 1) -> CoresBenchmark:
    """Measure one size of venue. Deterministic but for the times."""
    signers = [Signer(sha256(b"account%d" % account).digest()) for account in range(accounts + 1)]
    flow = make_flow(venue(accounts, signers), signers, orders, seed)
    bulks, counted = make_bulks(venue(accounts, signers), signers, orders, seed)
    one, two = _both(lambda: venue(accounts, signers), flow)
    bulk_one, bulk_two = _both(lambda: venue(accounts, signers), bulks)
    signed = sum(step[0] in (steps.StepKind.PLACE_ORDER, steps.StepKind.CANCEL_ORDER) for step in flow)
    return CoresBenchmark(
        accounts=accounts,
        steps=signed,
        one=one,
        two=two,
        bulk_orders=counted["begun"],
        bulk_refused=counted["refused"],
        bulk_one=bulk_one,
        bulk_two=bulk_two,
    )


def make_bulks(state: State, signers: list[Signer], orders: int, seed: int) -> tuple[list[bytes], Counter[str]]:
    """Envelopes of 20 of all that `make_flow` has: own orders cancelled, limits that rest, and others that cross."""
    random = Random(seed)
    flow: list[bytes] = []
    counted: Counter[str] = Counter()
    resting: dict[int, list[tuple[int, int, int]]] = {}
    middle = [price // 10**7 for price in PRICES]
    nonce = START * 1000
    while counted["begun"] < orders:
        nonce += 1
        account = random.randrange(1, len(signers))
        market = random.randrange(2)
        mine = resting.get(account, [])
        items = []
        for _ in range(BULK):
            kind = random.random()
            if kind < 0.15 and mine:
                held, slot, sequence = mine.pop(random.randrange(len(mine)))
                items.append(cancel_item(market=held, slot=slot, sequence=sequence))
                continue
            side = Side(random.randrange(2))
            away = -random.randrange(1, 20) if kind < 0.4 else random.randrange(1, 60)
            items.append(
                place_item(
                    market=market,
                    side=side,
                    time_in_force=TimeInForce.IOC if kind < 0.4 else TimeInForce.GTC,
                    price=(middle[market] + (away if side else -away)) * 10**7,
                    size=random.randrange(1, 50) * 10**5,
                )
            )
            middle[market] += random.choice((-1, 0, 0, 0, 1))
        step = sign_place_bulk(signers[account], state.domain, account=account, items=items, nonce=nonce, expiry=NEVER)
        while True:
            flow.append(step)
            events = apply(state, step)
            for event in events:
                counted["begun"] += isinstance(event, ItemBegun)
                counted["refused"] += isinstance(event, ItemRejected)
                if isinstance(event, OrderPlaced):
                    resting.setdefault(event.account, []).append((event.market, event.slot, event.sequence))
            if state.markets[market].register:
                step = steps.continue_register(market)
            elif state.header.envelope_account:
                step = steps.continue_bulk(account)
            else:
                break
    return flow, counted


def _both(fresh: Callable[[], State], flow: list[bytes]) -> tuple[Timing, Timing]:
    state = fresh()
    gc.collect()
    gc.freeze()
    one = Timing.of(lambda: execute(state, flow, SECP256K1, lambda _at: None))
    root = state.root
    state = fresh()
    gc.collect()
    gc.freeze()
    with SignatureWorkers(1, state.domain) as workers:
        workers.ahead(flow[:1])
        time.sleep(2)  # the process starts

        given = 0

        def ahead(at: int) -> None:
            nonlocal given
            while given < len(flow) and given < at + AHEAD:
                workers.ahead(flow[given : given + GROUP])
                given += GROUP

        two = Timing.of(lambda: execute(state, flow, workers, ahead))
    gc.unfreeze()
    if state.root != root:
        raise RuntimeError("the same steps led to another root")
    return one, two


def execute(state: State, flow: list[bytes], signatures: Signatures, before: Callable[[int], None]) -> None:
    """Apply a flow in committed segments; `before` is told where the next one begins."""
    for at in range(0, len(flow), SEGMENT):
        before(at)
        set_clock(state, START + 1 + at // 10_000)
        for step in flow[at : at + SEGMENT]:
            apply(state, step, signatures)
        state.commit()


def main() -> None:
    """Print the benchmark at 500 and 50,000 accounts."""
    for accounts in (500, 50_000):
        print(run(accounts))


if __name__ == "__main__":
    main()
