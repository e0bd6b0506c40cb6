"""Full-path orders per second on one core: signature checked, matched, margined, committed every 32 steps.

The flow is made on a first venue (cancels name slots that matching gives out) and timed on a second one, so signing and
flow-making cost nothing in the measured time.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from os import getloadavg
from platform import machine, python_version
from random import Random
from time import perf_counter, process_time

from exchange.engine import (
    SECP256K1,
    AssetSpec,
    Event,
    Filled,
    ForcedItem,
    ItemKind,
    MarketSpec,
    OrderPlaced,
    RegisterOpened,
    Signer,
    StepRejected,
    UnderlyingSpec,
    apply,
    apply_forced,
    genesis,
    set_clock,
    sign_cancel_order,
    sign_oracle_report,
    sign_place_order,
    steps,
    try_apply,
)
from exchange.state import AssetKind, Config, Side, State, TimeInForce
from exchange.state.hashing import keccak256
from exchange.state.order import FREE

UNIT = 10**8
START = 1_800_000_000
NEVER = 2**63
SEGMENT = 32
ORACLES = [Signer(sha256(b"oracle%d" % index).digest()) for index in range(3)]
PRICES = (50_000 * UNIT, 3_000 * UNIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds by the wall clock, and of processor time: they differ where other programs want the core."""

    wall: float
    cpu: float

    @classmethod
    def of(cls, work: Callable[[], None]) -> Timing:
        """Time one call."""
        wall, cpu = perf_counter(), process_time()
        work()
        return cls(wall=perf_counter() - wall, cpu=process_time() - cpu)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineBenchmark:
    """Time of the same steps, three ways; `steps` counts orders, cancels and Continues."""

    accounts: int
    orders: int
    cancels: int
    steps: int
    fills: int
    resting: int
    rejected: int
    full: Timing
    uncommitted: Timing
    recover: Timing

    @property
    def orders_per_second(self) -> float:
        """Orders alone over the wall time of everything, cancels and Continues included."""
        return self.orders / self.full.wall

    @property
    def signed_steps_per_second(self) -> float:
        """Orders and cancels over the same time."""
        return (self.orders + self.cancels) / self.full.wall

    def __str__(self) -> str:
        signed = self.orders + self.cancels
        timings = {
            "full path": self.full,
            "without committing": self.uncommitted,
            "signature recovery alone": self.recover,
        }
        conditions = (
            f"engine: {self.accounts:,} accounts, 2 markets, segments of {SEGMENT} steps; one core, "
            f"load {getloadavg()[0]:.1f}, Python {python_version()}, {machine()}"
        )
        flow = (
            f"  {self.orders:,} orders and {self.cancels:,} cancels in {self.steps:,} steps: {self.fills:,} fills, "
            f"{self.resting:,} orders resting at the end, {self.rejected:,} steps rejected"
        )
        times = [
            f"  {name:<25} {signed / time.wall:>9,.0f} signed steps/s {time.wall / signed * 1e6:7.1f} us each "
            f"({time.cpu / signed * 1e6:.1f} us of processor time)"
            for name, time in timings.items()
        ]
        orders = (
            f"  full path, orders alone   {self.orders_per_second:>9,.0f} orders/s (cancels take time, are not counted)"
        )
        return "\n".join([conditions, flow, *times, orders])


def deposit(account: int, owner: bytes) -> ForcedItem:
    """A million dollars for an account."""
    return ForcedItem(
        kind=ItemKind.DEPOSIT,
        account=account,
        owner=owner,
        asset=0,
        amount=10**12,
        packet_id=bytes(32),
        enqueued_at=START,
    )


def venue(accounts: int, signers: list[Signer]) -> State:
    """A priced venue with `accounts` funded traders, committed."""
    config = Config(
        settlement_chain=900_001,
        rollup=b"\x0a" * 20,
        insurance_owner=b"\x0b" * 20,
        oracle_threshold=3,
        oracle_staleness=3_600,
        oracle_deviation=100_000,
        signers=tuple(sorted(key.address for key in ORACLES)),
    )
    markets = [
        MarketSpec(
            symbol=symbol,
            underlying=underlying,
            tick=10**7,
            lot=10**5,
            min_size=10**5,
            open_interest_cap=10**14,
        )
        for underlying, symbol in enumerate(["BTC-PERP", "ETH-PERP"])
    ]
    asset = AssetSpec(symbol="USDC", chain_id=1, token=b"\x01" * 20, kind=AssetKind.CASH, decimals=6)
    state = genesis(config, markets, [UnderlyingSpec(symbol="BTC"), UnderlyingSpec(symbol="ETH")], [asset], clock=START)
    for account in range(1, accounts + 1):
        owner = signers[account].address
        apply_forced(state, deposit(account, owner))
    for underlying, price in enumerate(PRICES):
        try_apply(state, sign_oracle_report(ORACLES, state.domain, underlying=underlying, price=price, time=START))
        try_apply(state, steps.reprice(underlying))
    state.commit()
    return state


def make_flow(state: State, signers: list[Signer], orders: int, seed: int) -> list[bytes]:
    """Steps of a busy venue: 60 % passive limits, 25 % marketable, 15 % cancels, around a drifting middle."""
    random = Random(seed)
    flow: list[bytes] = []
    resting: list[tuple[int, int, int, int]] = []
    middle = [price // 10**7 for price in PRICES]
    nonce = START * 1000
    made = 0
    while made < orders:
        nonce += 1
        market = random.randrange(2)
        kind = random.random()
        if kind < 0.15 and resting:
            at = random.randrange(len(resting))
            resting[at], resting[-1] = resting[-1], resting[at]
            account, market, slot, sequence = resting.pop()
            step = sign_cancel_order(
                signers[account],
                state.domain,
                account=account,
                market=market,
                slot=slot,
                sequence=sequence,
                nonce=nonce,
                expiry=NEVER,
            )
        else:
            made += 1
            account = random.randrange(1, len(signers))
            side = Side(random.randrange(2))
            away = -random.randrange(1, 20) if kind < 0.4 else random.randrange(1, 60)
            step = sign_place_order(
                signers[account],
                state.domain,
                account=account,
                market=market,
                side=side,
                time_in_force=TimeInForce.IOC if kind < 0.25 else TimeInForce.GTC,
                price=(middle[market] + (away if side else -away)) * 10**7,
                size=random.randrange(1, 50) * 10**5,
                nonce=nonce,
                expiry=NEVER,
            )
            middle[market] += random.choice((-1, 0, 0, 0, 1))
        while True:
            flow.append(step)
            events = apply(state, step)
            resting += [
                (event.account, event.market, event.slot, event.sequence)
                for event in events
                if isinstance(event, OrderPlaced)
            ]
            if not any(isinstance(event, RegisterOpened) for event in events):
                break
            step = steps.continue_register(market)
    return flow


def run(accounts: int = 500, orders: int = 20_000, seed: int = 1) -> EngineBenchmark:
    """Measure one size of venue. Deterministic but for the times."""
    signers = [Signer(sha256(b"account%d" % account).digest()) for account in range(accounts + 1)]
    flow = make_flow(venue(accounts, signers), signers, orders, seed)
    state = venue(accounts, signers)
    start = state.commit_number
    gc.collect()
    gc.freeze()
    events: list[list[Event]] = []
    full = Timing.of(lambda: apply_all(state, flow, events, commit=True))
    kinds = [type(event) for step_events in events for event in step_events]
    resting = sum(order.side != FREE for slots in state.orders for order in slots)
    root = state.root
    state.revert_to(start)
    uncommitted = Timing.of(lambda: apply_all(state, flow, [], commit=False))
    if state.commit() != root:
        raise RuntimeError("the same steps led to another root")
    signed = [step for step in flow if step[0] in (steps.StepKind.PLACE_ORDER, steps.StepKind.CANCEL_ORDER)]
    recover = Timing.of(lambda: recover_all(signed))
    gc.unfreeze()
    return EngineBenchmark(
        accounts=accounts,
        orders=orders,
        cancels=len(signed) - orders,
        steps=len(flow),
        fills=kinds.count(Filled),
        resting=resting,
        rejected=kinds.count(StepRejected),
        full=full,
        uncommitted=uncommitted,
        recover=recover,
    )


def apply_all(state: State, flow: list[bytes], events: list[list[Event]], *, commit: bool) -> None:
    """Apply a flow in segments, keeping the events."""
    for at in range(0, len(flow), SEGMENT):
        set_clock(state, START + 1 + at // 10_000)
        events.extend(apply(state, step) for step in flow[at : at + SEGMENT])
        if commit:
            state.commit()


def recover_all(signed: list[bytes]) -> None:
    """Recover as many signers as the flow has signatures, and nothing else."""
    digest = keccak256(b"digest")
    for step in signed:
        SECP256K1.recover(digest, step[-65:-33], step[-33:-1], step[-1])


def main() -> None:
    """Print the benchmark at 500 and 50,000 accounts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, nargs="+", default=[500, 50_000])
    parser.add_argument("--orders", type=int, default=20_000)
    options = parser.parse_args()
    for accounts in options.accounts:
        print(run(accounts, options.orders))


if __name__ == "__main__":
    main()
