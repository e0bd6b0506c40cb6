from __future__ import annotations

import dataclasses

import pytest

from exchange.engine import Deposited, Reason, Rejected, StepRejected, WithdrawalQueued, assess, set_clock
from exchange.engine.balance_events import AccountOpened
from exchange.engine.forced import ForcedItem
from exchange.engine.transition import ClockWentBackError, apply_forced
from exchange.state import Withdrawal

USD = 10**6
USDC_A, USDC_B, WETH = 0, 1, 2


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def test_cash_is_one_balance_and_each_vault_its_own_inventory(venue) -> None:
    venue.deposit(2, USDC_B, 30_000 * USD)
    assert reason_of(venue, venue.withdraw(1, USDC_B, 30_001 * USD)) == Reason.INSUFFICIENT_INVENTORY
    (queued,) = venue.do(venue.withdraw(1, USDC_B, 30_000 * USD))
    assert queued == WithdrawalQueued(0, 1, USDC_B, 30_000 * USD, b"\x77" * 20, 11, b"\x02" * 20)
    assert venue.state.withdrawals == [Withdrawal(0, 1, b"\x77" * 20, USDC_B, 11, b"\x02" * 20, 30_000 * USD)]
    assert venue.state.accounts[1].cash == 70_000 * USD
    assert [asset.inventory for asset in venue.state.assets] == [200_000 * USD, 0, 0]


def test_nobody_withdraws_above_entitlement(venue) -> None:
    assert reason_of(venue, venue.withdraw(1, USDC_A, 100_000 * USD + 1)) == Reason.INSUFFICIENT_BALANCE
    assert reason_of(venue, venue.withdraw(1, WETH, 1)) == Reason.INSUFFICIENT_BALANCE
    venue.do(venue.withdraw(1, USDC_A, 100_000 * USD))
    assert reason_of(venue, venue.withdraw(1, USDC_A, 1)) == Reason.INSUFFICIENT_BALANCE


def test_cash_is_not_borrowed_against_collateral(venue) -> None:
    account = venue.open_account(usd=0, weth=100)
    assert reason_of(venue, venue.withdraw(account, USDC_A, 1)) == Reason.INSUFFICIENT_BALANCE
    venue.do(venue.withdraw(account, WETH, 40 * 10**18))
    assert venue.state.accounts[account].collateral == {WETH: 60 * 10**18}
    venue.do(venue.withdraw(account, WETH, 60 * 10**18))
    assert venue.state.accounts[account].collateral == {}


def test_what_stays_covers_the_transfer_requirement(venue) -> None:
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    free = assess(venue.state, 2).withdrawable
    assert free == (100_000 - 50 - 11_000) * USD
    assert reason_of(venue, venue.withdraw(2, USDC_A, free + 1)) == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.withdraw(2, USDC_A, free))


def test_unrealised_profit_does_not_leave_and_loss_does(venue) -> None:
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    venue.price(btc=60_000)
    transfer = 2 * 60_000 * 11 * USD // 100
    assert assess(venue.state, 2).withdrawable == (100_000 - 50) * USD - transfer
    assert assess(venue.state, 1).withdrawable == (100_000 - 20 - 20_000) * USD - transfer
    for account in (1, 2):
        free = assess(venue.state, account).withdrawable
        assert reason_of(venue, venue.withdraw(account, USDC_A, free + 1)) == Reason.INSUFFICIENT_MARGIN
        venue.do(venue.withdraw(account, USDC_A, free))


def test_open_orders_hold_money_back(venue) -> None:
    venue.buy(1, 49_000, 2)
    assert reason_of(venue, venue.withdraw(1, USDC_A, 90_000 * USD)) == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.cancel_all(1))
    venue.do(venue.withdraw(1, USDC_A, 90_000 * USD))


def test_stale_rounds_hold_back_only_who_depends_on_them(venue) -> None:
    venue.buy(1, 49_000, 0.1)
    set_clock(venue.state, venue.state.header.clock + 61)
    assert reason_of(venue, venue.withdraw(1, USDC_A, 1)) == Reason.STALE_MARK
    venue.do(venue.withdraw(2, USDC_A, 1))


def test_collateral_behind_negative_cash_stays(venue) -> None:
    account = venue.open_account(usd=0, weth=3)
    venue.sell(1, 50_000, 1)
    venue.buy(account, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.sell(account, 50_000, 1)  # only fees: 25 and 25
    assert venue.state.accounts[account].cash == -50 * USD
    assert reason_of(venue, venue.withdraw(account, WETH, 3 * 10**18)) == Reason.INSUFFICIENT_MARGIN
    kept = -(-50 * 10**18 // 2_700)
    assert reason_of(venue, venue.withdraw(account, WETH, 3 * 10**18 - kept + 1)) == Reason.INSUFFICIENT_MARGIN
    venue.do(venue.withdraw(account, WETH, 3 * 10**18 - kept))


@pytest.mark.parametrize(
    ("asset", "amount", "options", "reason"),
    [
        (3, 1, {}, Reason.ASSET_UNKNOWN),
        (0, 0, {}, Reason.AMOUNT_OUT_OF_RANGE),
        (0, 2**96, {}, Reason.AMOUNT_OUT_OF_RANGE),
        (0, 1, {"recipient": bytes(20)}, Reason.INVALID_RECIPIENT),
    ],
)
def test_refused_withdrawals(venue, asset: int, amount: int, options: dict[str, bytes], reason: Reason) -> None:
    assert reason_of(venue, venue.withdraw(1, asset, amount, **options)) == reason


def test_a_withdrawal_needs_the_owners_signature(venue) -> None:
    assert reason_of(venue, venue.withdraw(1, USDC_A, 1, key=venue.signers[2])) == Reason.BAD_SIGNATURE
    step = venue.withdraw(1, USDC_A, 1)
    forged = step.replace(b"\x77" * 20, b"\x78" * 20)
    assert reason_of(venue, forged) == Reason.BAD_SIGNATURE
    venue.do(step)
    assert reason_of(venue, step) == Reason.NONCE_USED


def test_the_withdrawals_tree_can_be_full(venue, monkeypatch) -> None:
    monkeypatch.setattr("exchange.engine.withdrawals.WITHDRAWAL_LIMIT", 1)
    venue.do(venue.withdraw(1, USDC_A, 1))
    assert reason_of(venue, venue.withdraw(1, USDC_A, 1)) == Reason.WITHDRAWALS_EXHAUSTED


ITEM = ForcedItem(
    kind=1, account=1, owner=b"\x42" * 20, asset=USDC_A, amount=5 * USD, packet_id=b"p" * 32, enqueued_at=0
)


def test_the_first_deposit_opens_the_account(venue_type) -> None:
    state = venue_type().state
    assert apply_forced(state, ITEM) == [
        AccountOpened(1, b"\x42" * 20),
        Deposited(1, b"\x42" * 20, USDC_A, 5 * USD, b"p" * 32),
    ]
    assert apply_forced(state, ITEM) == [Deposited(1, b"\x42" * 20, USDC_A, 5 * USD, b"p" * 32)]
    assert (state.accounts[1].cash, state.assets[0].inventory) == (10 * USD, 10 * USD)
    assert (state.header.queue_cursor, state.header.sequence, state.header.account_count) == (2, 2, 2)


@pytest.mark.parametrize(
    ("change", "reason", "opens"),
    [
        ({"asset": 9}, Reason.ASSET_UNKNOWN, True),
        ({"amount": 0}, Reason.AMOUNT_OUT_OF_RANGE, True),
        ({"amount": 2**96}, Reason.AMOUNT_OUT_OF_RANGE, True),
        ({"account": 2}, Reason.ACCOUNT_UNKNOWN, False),
        ({"account": 0}, Reason.OWNER_MISMATCH, False),
        ({"kind": 0}, Reason.MALFORMED, False),
        ({"kind": 255}, Reason.MALFORMED, False),
    ],
)
def test_a_refused_deposit_is_counted_and_keeps_ids_in_step(
    venue_type,
    change: dict[str, int],
    reason: Reason,
    opens: bool,  # noqa: FBT001
) -> None:
    state = venue_type().state
    events = apply_forced(state, dataclasses.replace(ITEM, **change))
    assert events[-1] == StepRejected(reason)
    assert len(events) == 1 + opens
    assert len(state.accounts) == 1 + opens
    assert state.header.queue_cursor == 1
    assert [asset.inventory for asset in state.assets] == [0, 0, 0]


def test_the_clock_never_goes_back(venue) -> None:
    set_clock(venue.state, venue.state.header.clock)
    with pytest.raises(ClockWentBackError):
        set_clock(venue.state, venue.state.header.clock - 1)
