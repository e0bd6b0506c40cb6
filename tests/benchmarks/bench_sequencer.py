"""Orders per second through the sequencer, beside the engine alone in the same run.

`python -m tests.benchmarks.bench_sequencer` prints the measurements. Every order is signed by its own account,
verified, matched, margined and committed in segments of 32 steps; the sequencer adds the log and a signed confirmation.

What limits it: with a write for every order, the fsync. From about 64 orders a write on, the CPU: about a third is the
recovery of the order's signer, a quarter the signature of its confirmation, the rest mostly the engine and its commits.
"""

import random
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from exchange.engine import Rejected, Signer, try_apply
from exchange.sequencer import Limits, MemoryLog, SqliteLog
from exchange.state import TimeInForce
from tests.exchange.sequencer.venue import BTC, ETH, Venue, new_state

SEGMENT_STEPS = 32
MIDS = {BTC: 60_000, ETH: 3_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One way of taking the same orders; `group` orders per durable write."""

    name: str
    group: int
    orders: int
    accepted: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Orders per second, refused ones included."""
        return self.orders / self.seconds


def run(*, accounts=500, orders=6_000, durable_orders=600, groups=(1, 16, 64, 256), seed=1, folder=None):
    """Measure and return a list of `Measurement`, the engine alone first.

    `durable_orders`: how many go through with a write each, which is slow. `folder`: where the logs are written, for
    its disk's sake; a temporary one unless given.
    """
    steps = _steps(accounts, orders, seed)
    found = [_engine(accounts, steps), _sequencer("memory log", accounts, steps, 256, MemoryLog)]
    found.append(_sequencer("memory log, unsigned", accounts, steps, 256, MemoryLog, signer=_NoSigner()))
    with _folder(folder) as path:
        for group in groups:
            taken = steps[:durable_orders] if group == 1 else steps
            found.append(_sequencer("sqlite log", accounts, taken, group, partial(SqliteLog, path / f"{group}.db")))
    return found


class _NoSigner:
    address = bytes(20)

    def sign(self, **_):
        return bytes(65)


def _venue(accounts, log=None, signer=None):
    venue = Venue(traders=1, limits=Limits(backlog_bytes=1 << 40))
    venue.reopen(None if log is None else log(new_state().root))
    if signer is not None:
        venue.sequencer._signer = signer
    venue.traders = accounts
    venue.keys = [None, *(_key(number) for number in range(1, accounts + 1))]
    venue.sequencer.take_forced(0, venue.deposits())
    venue.sequencer.submit_many(venue.prices())
    venue.sequencer.flush()
    return venue


_KEYS = {}


def _key(number):
    if number not in _KEYS:
        _KEYS[number] = Signer(number.to_bytes(32, "big"))
    return _KEYS[number]


def _steps(accounts, orders, seed):
    """Orders around the mid: a quarter cross it, the rest join the book; signed beforehand."""
    source = random.Random(seed)
    venue = _venue(accounts)
    steps = []
    for _ in range(orders):
        market = source.choice((BTC, ETH))
        trader, mid = source.randint(1, accounts), MIDS[market]
        width = mid // 200
        taker = source.random() < 0.25
        side = source.choice((venue.buy, venue.sell))
        better = 1 if (side == venue.buy) == taker else -1
        price = mid + better * source.randint(1, width)
        tif = TimeInForce.IOC if taker else TimeInForce.GTC
        size = source.randint(1, 5) * (10 if market == ETH else 1)
        steps.append(side(trader, price, size, market=market, tif=tif))
    return steps


def _engine(accounts, steps):
    state = _venue(accounts).state
    accepted = 0
    started = time.perf_counter()
    for number, step in enumerate(steps, 1):
        try:
            try_apply(state, step)
            accepted += 1
        except Rejected:
            pass
        if number % SEGMENT_STEPS == 0:
            state.commit()
    seconds = time.perf_counter() - started
    return Measurement(name="engine alone", group=SEGMENT_STEPS, orders=len(steps), accepted=accepted, seconds=seconds)


def _sequencer(name, accounts, steps, group, log, signer=None):
    venue = _venue(accounts, log, signer)
    accepted = 0
    started = time.perf_counter()
    for at in range(0, len(steps), group):
        outcomes = venue.sequencer.submit_many(steps[at : at + group])
        accepted += sum(not isinstance(outcome, Exception) for outcome in outcomes)
    seconds = time.perf_counter() - started
    venue.sequencer.close()
    return Measurement(name=name, group=group, orders=len(steps), accepted=accepted, seconds=seconds)


@contextmanager
def _folder(folder):
    if folder is not None:
        yield Path(folder)
        return
    with tempfile.TemporaryDirectory() as made:
        yield Path(made)


if __name__ == "__main__":
    for each in run():
        line = (
            f"{each.name:20} group {each.group:4} {each.per_second:10,.0f}/s  {each.accepted} of {each.orders} accepted"
        )
        print(line)
