"""Random venues: whatever is thrown at the engine, the books balance, and the same input gives the same roots."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exchange.engine import (
    AllCancelled,
    BackstopTook,
    CancelAllScheduled,
    CashLocked,
    Deleveraged,
    DeleveragingSettled,
    EnvelopeDropped,
    EnvelopeOpened,
    Filled,
    ItemBegun,
    ItemRejected,
    KeySet,
    Liquidated,
    LockClaimed,
    LockRefunded,
    NonceBurned,
    OperationEnded,
    OrderPlaced,
    OrderReduced,
    OrderRefreshed,
    OrderRemoved,
    ProtectionTripped,
    QueueLeft,
    Reason,
    Rebalanced,
    RebalanceReserved,
    RegisterOpened,
    Rejected,
    ReservationLapsed,
    RoundFlipped,
    StepRejected,
    SubAccountOpened,
    Transferred,
    Triggered,
    TriggerFailed,
    WithdrawalQueued,
    WithdrawalWaiting,
    apply,
    apply_forced,
    assess,
    invariants,
    set_clock,
    steps,
    try_apply,
)
from exchange.engine.due import liquidation_steps
from exchange.engine.forced import ForcedItem
from exchange.engine.margin import by_underlying, scan_loss, scan_loss_alone
from exchange.state import BACKSTOP, Side, State, TimeInForce
from tests.exchange.engine.campaign_checks import check_step, check_worst_sides, margins
from tests.exchange.engine.trading_moves import ADMIN_SEED, TradingMoves

NEVER = 2**63
TRADERS = 5


def fingerprint(state: State) -> tuple[object, ...]:
    """Everything a step could change, derived indices included."""
    return (
        state.header.encode(),
        {account_id: account.encode() for account_id, account in sorted(state.accounts.items())},
        [market.encode() for market in state.markets],
        [[order.encode() for order in slots] for slots in state.orders],
        {index: mark.encode() for index, mark in state.marks.items()},
        [underlying.encode() for underlying in state.underlyings],
        [asset.encode() for asset in state.assets],
        len(state.withdrawals),
        [lock.encode() for lock in state.locks],
        [use.encode() for use in state.hash_uses],
        {asset: shortage.encode() for asset, shortage in state.shortages.items()},
        [entry.encode() for entry in state.waiting],
        {account: held.encode() for account, held in state.reservations.items()},
        [[(list(side.prices), dict(side.tails)) for side in book.sides] for book in state.books],
        list(state.pricing),
        {key: event.encode() for key, event in state.deleveragings.items()},
        [sorted(table.dirty) for _, table in state._tables],
    )


def check_dirty_marks(state: State) -> None:
    """After a commit, the committed bodies are those of the rows: no change went unnoticed."""
    for _, table in state._tables:
        for index, body in table.bodies.items():
            row = table.row(index)
            assert row is not None
            assert row.encode() == body


class Run(TradingMoves):
    """Random actions on a venue from one seed, with what was applied kept for a replay."""

    def __init__(self, venue_type: type, seed: int) -> None:
        self.random = Random(seed)
        self.venue_type = type("Hasty", (venue_type,), {"GRACE": 1})
        listed = venue_type.MARKETS if seed % 2 else venue_type.MARKETS[:2]
        self.markets = tuple(replace(spec, backstop_cap=20_000 * 10**6) for spec in listed)
        self.rules = {"admin": venue_type.signer(ADMIN_SEED).address, "operation_delay": 0}
        self.venue = self.venue_type(self.markets, **self.rules)
        self.log: list[tuple[str, object]] = []
        self.seen: Counter[str] = Counter()
        self.prices = {0: 50_000.0, 1: 3_000.0}
        self.last_step = b"\x06\x00\x00"
        self.lock_share = 0.05 if seed % 2 else 0.6
        self.trade_share = 0.6 if seed % 3 else 0.1
        for market in (0, 1):
            self.round(market)
        for _ in range(TRADERS):
            self.venue.signers.append(self.venue_type.signer(len(self.venue.signers)))
        for account in range(1, TRADERS + 1):
            self.forced(account, 0, self.random.choice([1_000, 10_000, 500_000]) * 10**6)
        self.forced(0, 1, 2_000 * 10**6)
        if seed % 4 > 1:
            self.step(self.venue.signed(steps.TRANSFER, 0, to=BACKSTOP, asset=0, amount=1_500 * 10**6))

    @property
    def state(self) -> State:
        return self.venue.state

    def step(self, step: bytes) -> None:
        """Apply a step; a rejected one must have changed nothing but, in `apply`, the sequence."""
        before = fingerprint(self.state)
        held = margins(self.state)
        sequence = self.state.header.sequence
        if self.random.random() < 0.5:
            try:
                events = try_apply(self.state, step)
            except Rejected as rejection:
                self.seen[rejection.reason] += 1
                assert fingerprint(self.state) == before
                return
        else:
            events = apply(self.state, step)
            if isinstance(events[0] if events else None, StepRejected):
                self.seen[events[0].reason] += 1
                self.state.header.sequence -= 1
                assert fingerprint(self.state) == before
                self.state.header.sequence += 1
        assert self.state.header.sequence == sequence + 1
        if not isinstance(events[0] if events else None, StepRejected):
            check_step(self.state, held, step, events)
        self.log.append(("step", step))
        self.last_step = step
        for event in events:
            self.seen[type(event).__name__] += 1

    def forced(self, account: int, asset: int, amount: int) -> None:
        signers = self.venue.signers
        owner = signers[account].address if account < len(signers) else b"\x66" * 20
        item = ForcedItem(
            kind=1,
            account=account,
            owner=owner,
            asset=asset,
            amount=amount,
            packet_id=bytes(32),
            enqueued_at=self.state.header.clock,
        )
        for event in apply_forced(self.state, item):
            self.seen[type(event).__name__] += 1
        self.log.append(("forced", item))

    def clock(self, seconds: int) -> None:
        set_clock(self.state, self.state.header.clock + seconds)
        self.log.append(("clock", self.state.header.clock))

    def round(self, market: int) -> None:
        self.clock(1)
        underlying = self.markets[market].underlying
        self.step(self.venue.report(underlying, self.prices[underlying]))
        for listed in self.state.markets_of[underlying]:
            self.step(steps.reprice(listed))

    def act(self) -> None:  # noqa: C901
        random = self.random
        venue, state = self.venue, self.state
        account = random.randint(1, TRADERS)
        if random.random() < self.lock_share:
            if random.random() < 0.5:
                self.lock(account)
            else:
                self.rebalance(account)
            return
        if random.random() < self.trade_share:
            self.trade()
            return
        market = random.randrange(len(self.markets))
        underlying = self.markets[market].underlying
        action = random.random()
        if action < 0.03:
            self.ladder(account, market)
        elif action < 0.55:
            mark = self.prices[underlying]
            tick = self.markets[market].tick / 10**8
            price = round(mark * (1 + random.choice([-0.02, -0.001, 0, 0, 0, 0.001, 0.02])) / tick) * tick
            size = random.choice([0.01, 0.01, 0.01, 0.05, 0.1, 0.3, 1]) * (10 if underlying else 1)
            tif = TimeInForce(random.choice([0, 0, 0, 0, 1, 2, 3]))
            expiry = random.choice([NEVER, NEVER, state.header.clock + 3])
            options = {"nonce": random.choice([None, None, None, venue.nonce])}
            step = venue.order(account, market, Side(random.randint(0, 1)), price, size, tif, expiry=expiry, **options)
            self.step(step)
        elif action < 0.65:
            slots = state.orders[market]
            slot = random.randrange(len(slots) + 1)
            order = slots[slot] if slot < len(slots) else None
            owner = order.account if order and order.account else account
            self.step(venue.cancel(owner, market, slot, order.sequence if order else 1))
        elif action < 0.67:
            self.step(venue.cancel_all(account))
        elif action < 0.72:
            amount = random.choice([1, 10**6, 300 * 10**6, 40_000 * 10**6])
            self.step(venue.withdraw(account, random.randint(0, 3), amount))
        elif action < 0.75:
            asset = random.choice([0, 1, 2])
            amount = 10**17 if asset == 2 else random.choice([0, 1, 3_000 * 10**6])
            self.forced(random.randint(0, state.header.account_count + 1), asset, amount)
        elif action < 0.83:
            self.prices[underlying] *= random.choice([0.9, 0.97, 0.999, 1.001, 1.03, 1.1])
            self.round(market)
        elif action < 0.85:
            self.clock(random.choice([0, 1, 1, 1, 4, 4, 4, 61]))
        elif action < 0.90:
            self.step(steps.continue_register(market))
        elif action < 0.95:
            make = random.choice([steps.liquidate, steps.liquidate, steps.backstop, steps.deleverage])
            self.step(make(random.choice([*range(TRADERS + 1), BACKSTOP]), market))
            if random.random() < 0.5:
                self.shock(market, underlying)
            self.step(steps.unwind(market) if random.random() < 0.5 else steps.settle_deleveraging(account))
        elif action < 0.97:
            self.step(steps.cover(account))
        elif action < 0.985:
            self.step(random.randbytes(random.choice([0, 1, 3, 107])))
        else:
            at = random.randrange(len(self.last_step) or 1)
            flipped = bytearray(self.last_step or b"\x00")
            flipped[at] ^= 1 << random.randrange(8)
            self.step(bytes(flipped))

    def shock(self, market: int, underlying: int) -> None:
        """A jump of the price, and a keeper that does what is due of everybody."""
        self.prices[underlying] *= self.random.choice([0.75, 0.9, 1.1, 1.3])
        self.round(market)
        for account in sorted(self.state.accounts):
            for step in liquidation_steps(self.state, account):
                self.step(step)

    def lock(self, account: int) -> None:
        """Lock, claim or refund, by step or through the queue, with few hashes so that they meet again."""
        random, state = self.random, self.state
        preimage = bytes(31) + bytes([random.randrange(40)])
        lock_id = random.randrange(max(1, len(state.locks)) + 1)
        match random.randrange(7):
            case 0 | 1:
                amount = random.choice([0, 1, 10**6, 3_000 * 10**6])
                payee, seconds = random.randint(0, TRADERS + 1), random.choice([59, 60, 61, 90])
                self.step(self.venue.lock(account, payee, amount, sha256(preimage).digest(), seconds))
            case 2:
                self.step(steps.refund_lock(lock_id))
                self.clock(random.choice([0, 0, 20]))
            case 3:
                item = ForcedItem(
                    kind=random.choice([2, 3]),
                    account=0,
                    owner=bytes(20),
                    asset=0,
                    amount=lock_id,
                    packet_id=preimage,
                    enqueued_at=state.header.clock + random.choice([0, -1, -30, 95]),
                )
                for event in apply_forced(state, item):
                    self.seen[type(event).__name__] += 1
                self.log.append(("forced", item))
            case _:
                wanted = state.locks[lock_id].hash if lock_id < len(state.locks) else b""
                known = [bytes(31) + bytes([at]) for at in range(40)]
                found = [candidate for candidate in known if sha256(candidate).digest() == wanted]
                self.step(steps.claim_lock(lock_id, found[0] if found else preimage))

    def rebalance(self, account: int) -> None:
        """Empty a vault, wait for it, leave, reserve, deposit in time or not."""
        random, state, venue = self.random, self.state, self.venue
        short = random.randint(0, 1)
        amount = random.choice([10**6, 10**7, 200 * 10**6, state.assets[short].inventory + 1])
        match random.randrange(8):
            case 0 | 1 | 2:
                self.step(venue.queue(account, short, amount))
            case 3:
                self.step(venue.reserve(account, short, 1 - short, random.choice([1, 10**6, 90 * 10**6])))
            case 4:
                held = state.reservations.get(account)
                if held is not None:
                    self.forced(account, held.short, held.amount - random.choice([0, 0, 0, 1]))
            case 5:
                self.step(venue.leave(account, random.randrange(len(state.waiting) + 1)))
            case 6:
                self.step(steps.serve_queue(short))
            case _:
                held_by = [number for number, held in sorted(state.reservations.items()) if held.status == 1]
                if held_by and random.random() < 0.5:
                    self.clock(random.choice([600, 7_200]))
                    for market in (0, 1):
                        self.round(market)
                    self.forced(account, 0, random.choice([0, 1]))
                self.step(steps.lapse_reservation(random.choice([account, *held_by])))

    def ladder(self, account: int, market: int) -> None:
        """A dozen small orders at the mark, then one that takes them all."""
        spec = self.markets[market]
        tick = spec.tick / 10**8
        price = round(self.prices[spec.underlying] / tick) * tick
        side = Side(self.random.randint(0, 1))
        size = spec.min_size / 10**8
        for _ in range(12):
            expiry = self.random.choice([NEVER, NEVER, self.state.header.clock + 3])
            self.step(self.venue.order(account, market, side, price, size, expiry=expiry))
        other = account % TRADERS + 1
        self.step(
            self.venue.order(other, market, Side(1 - side), price, 20 * size, TimeInForce(self.random.randint(0, 1)))
        )

    def commit(self) -> None:
        self.log.append(("commit", self.state.commit()))
        check_dirty_marks(self.state)

    def replay(self) -> State:
        state = self.venue_type(self.markets, **self.rules).state
        for what, value in self.log:
            match what:
                case "step":
                    apply(state, value)
                case "forced":
                    apply_forced(state, value)
                case "clock":
                    set_clock(state, value)
                case "commit":
                    assert state.commit() == value
        return state

    def check_margin(self) -> None:
        """The two ends of the risk array give what all sixteen scenarios give, and no side could lose more."""
        check_worst_sides(self.state)
        for account_id, account in self.state.accounts.items():
            for entries in by_underlying(self.state, account.positions).values():
                for entry in entries:
                    assert scan_loss_alone(*entry) == scan_loss([entry])
                assert scan_loss(entries) <= sum(scan_loss([entry]) for entry in entries)
            report = assess(self.state, account_id)
            assert report.maintenance <= report.initial <= report.transfer
            assert report.backing <= report.equity
            assert 0 <= report.withdrawable <= max(0, report.cash)
        for market in self.state.markets:
            assert market.open_interest <= market.open_interest_cap


def campaign(venue_type: type, seed: int, length: int) -> Counter[str]:
    run = Run(venue_type, seed)
    for index in range(length):
        run.act()
        invariants.check(run.state)
        run.check_margin()
        if index % 16 == 15:
            run.commit()
        if index % 64 == 63 and run.state.commit_number > 3:
            # Back and forth: the state after a revert is the one before, to the byte.
            root, before = run.state.root, fingerprint(run.state)
            logged = len(run.log)
            for _ in range(8):
                run.act()
            if run.random.random() < 0.5:
                run.state.commit()
            assert run.state.revert_to(sum(what == "commit" for what, _ in run.log[:logged])) == root
            del run.log[logged:]
            assert fingerprint(run.state) == before
    run.commit()
    assert run.replay().root == run.state.root
    return run.seen


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32))
def test_short_campaigns(venue_type, seed: int) -> None:
    campaign(venue_type, seed, 200)


def test_a_campaign_reaches_what_it_should(venue_type) -> None:
    seen = sum((campaign(venue_type, seed, 400) for seed in range(13)), Counter())
    events = (
        Filled,
        OrderPlaced,
        OrderRemoved,
        AllCancelled,
        WithdrawalQueued,
        Liquidated,
        RegisterOpened,
        RoundFlipped,
        OrderReduced,
        OrderRefreshed,
        Triggered,
        TriggerFailed,
        ItemBegun,
        ItemRejected,
        EnvelopeOpened,
        EnvelopeDropped,
        NonceBurned,
        ProtectionTripped,
        CancelAllScheduled,
        KeySet,
        SubAccountOpened,
        Transferred,
        OperationEnded,
        CashLocked,
        LockClaimed,
        LockRefunded,
        WithdrawalWaiting,
        QueueLeft,
        RebalanceReserved,
        Rebalanced,
        ReservationLapsed,
        BackstopTook,
        Deleveraged,
        DeleveragingSettled,
    )
    reasons = (
        Reason.HASH_USED,
        Reason.LOCK_CLOSED,
        Reason.DEADLINE_PASSED,
        Reason.DEADLINE_NOT_REACHED,
        Reason.INSUFFICIENT_MARGIN,
        Reason.REGISTER_OPEN,
        Reason.NOT_LIQUIDATABLE,
        Reason.BAD_SIGNATURE,
        Reason.TRIGGER_DUE,
        Reason.ENVELOPE_OPEN,
        Reason.KEY_OUT_OF_SCOPE,
        Reason.KEY_EXPIRED,
        Reason.PROTECTION_FROZEN,
        Reason.REDUCE_ONLY_WOULD_INCREASE,
        Reason.CANCEL_ALL_DUE,
        Reason.NOT_OF_ONE_OWNER,
        Reason.MARKET_HALTED,
    )
    assert not {event.__name__ for event in events} - set(seen)
    assert not set(reasons) - set(seen)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_long_campaigns(venue_type, seed: int) -> None:
    campaign(venue_type, seed, 2_000)


ROOT_OF_A_CAMPAIGN = """
from tests.exchange.engine.conftest import Venue
from tests.exchange.engine.test_properties import Run
run = Run(Venue, 7)
for _ in range(150):
    run.act()
run.commit()
assert run.replay().root == run.state.root
print(run.state.root.hex(), run.state.header.sequence)
"""


def test_two_hash_seeds_give_the_same_root() -> None:
    """Nothing in the engine depends on the order of a set or on the identity of an object."""
    results = {
        subprocess.run(
            [sys.executable, "-c", ROOT_OF_A_CAMPAIGN],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(results) == 1
    assert results.pop().strip()
