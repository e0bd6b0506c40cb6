"""How the engine grows: time and memory at a thousand to a million accounts, and memory of an order that rests.

Each size is built in a process of its own. The first 1,000 accounts trade, the others hold a deposit.
"""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps, loads
from pathlib import Path
from time import perf_counter

from exchange.engine import Signer, apply, apply_forced, set_clock, sign_place_order
from exchange.state import Side, TimeInForce
from tests.benchmarks.bench_engine import NEVER, PRICES, SEGMENT, START, deposit, make_flow, venue

SIZES = (1_000, 10_000, 100_000, 1_000_000)
TRADERS = 1_000
RESTING = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthBenchmark:
    """One size. Bytes are of resident memory, times are of one core."""

    accounts: int
    open_us: float
    account_bytes: float
    order_bytes: float
    steps_per_second: float
    commit_us: float

    def __str__(self) -> str:
        return (
            f"  {self.accounts:>9,} accounts: {self.steps_per_second:>8,.0f} signed steps/s, "
            f"{self.commit_us:>6,.0f} us to commit {SEGMENT} steps; opening {self.open_us:.0f} us, "
            f"{self.account_bytes:,.0f} bytes an account, {self.order_bytes:,.0f} bytes a resting order"
        )


def resident() -> int:
    """Bytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def measure(accounts: int, orders: int = 10_000) -> GrowthBenchmark:
    """Build one venue in this process and trade on it."""
    traders = [Signer(sha256(b"trader%d" % number).digest()) for number in range(TRADERS + 1)]
    state = venue(TRADERS, traders)
    gc.collect()
    before = resident()
    started = perf_counter()
    for account in range(TRADERS + 1, accounts + 1):
        owner = sha256(b"owner%d" % account).digest()[:20]
        apply_forced(state, deposit(account, owner))
    state.commit()
    state.forget_before(state.commit_number)
    opened = perf_counter() - started
    gc.collect()
    grown = max(1, accounts - TRADERS)
    account_bytes = (resident() - before) / grown if accounts > TRADERS else 0.0
    flow = make_flow(state, traders, orders, 1)
    state.revert_to(state.commit_number)
    gc.freeze()
    started = perf_counter()
    committing = 0.0
    for at in range(0, len(flow), SEGMENT):
        set_clock(state, START + 1)
        for step in flow[at : at + SEGMENT]:
            apply(state, step)
        committed = perf_counter()
        state.commit()
        committing += perf_counter() - committed
    seconds = perf_counter() - started
    gc.unfreeze()
    signed = sum(step[0] in (1, 2) for step in flow)
    state.forget_before(state.commit_number)
    return GrowthBenchmark(
        accounts=accounts,
        open_us=opened / grown * 1e6,
        account_bytes=account_bytes,
        order_bytes=_order_bytes(state, traders),
        steps_per_second=signed / seconds,
        commit_us=committing / (len(flow) / SEGMENT) * 1e6,
    )


def _order_bytes(state, traders) -> float:
    """Resident memory of one more resting order, its leaf and its part of the tree included."""
    steps = [
        sign_place_order(
            traders[1 + number % TRADERS],
            state.domain,
            account=1 + number % TRADERS,
            market=number % 2,
            side=Side.BID,
            time_in_force=TimeInForce.GTC,
            price=PRICES[number % 2] - (100 + number % 50) * 10**7,
            size=10**5,
            nonce=(START + 60) * 1000 + number,
            expiry=NEVER,
        )
        for number in range(RESTING)
    ]
    gc.collect()
    before = resident()
    for at, step in enumerate(steps, 1):
        apply(state, step)
        if not at % SEGMENT:
            state.commit()
    state.commit()
    state.forget_before(state.commit_number)
    gc.collect()
    return (resident() - before) / RESTING


def run(sizes=SIZES) -> list[GrowthBenchmark]:
    """Measure each size in a process of its own."""
    found = []
    for size in sizes:
        command = [sys.executable, "-m", "tests.benchmarks.bench_growth", "--only", str(size)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        found.append(GrowthBenchmark(**loads(told.splitlines()[-1])))
    return found


def main(arguments: Sequence[str] = ()) -> None:
    """Print all sizes, or one as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    options = parser.parse_args(arguments)
    if options.only:
        print(dumps(asdict(measure(options.only))))
        return
    for found in run(options.sizes):
        print(found, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
