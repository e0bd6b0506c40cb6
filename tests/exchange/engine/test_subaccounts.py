"""Sub-accounts and transfers: an owner's money in compartments that do not leak."""

from __future__ import annotations

import pytest

from exchange.engine import (
    Event,
    Filled,
    ForcedItem,
    ItemKind,
    Reason,
    Rejected,
    SubAccountOpened,
    Transferred,
    apply_forced,
    assess,
    steps,
)
from exchange.state import Side

UNIT = 10**8
USD = 10**6
SUB = 1 << 24 | 1
SECOND = 2 << 24 | 1


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def transfer(venue, source: int, to: int, usd: float, **fields) -> bytes:
    return venue.signed(steps.TRANSFER, source, **{"to": to, "asset": 0, "amount": round(usd * USD), **fields})


def order(venue, account: int, side: int, price: float, size: float) -> bytes:
    return venue.signed(
        *(steps.PLACE_ORDER, account),
        market=0,
        side=side,
        timeInForce=0,
        flags=0,
        goodTill=0,
        price=round(price * UNIT),
        size=round(size * UNIT),
    )


@pytest.fixture
def split(venue):
    """Account 1 has 60,000 left and 40,000 in its first sub-account."""
    venue.do(venue.signed(steps.OPEN_SUB_ACCOUNT, 1, number=1))
    venue.do(transfer(venue, 1, SUB, 40_000))
    return venue


def test_opening(venue) -> None:
    step = venue.signed(steps.OPEN_SUB_ACCOUNT, 1, number=1)
    owner = venue.signers[1].address
    assert venue.do(step) == [SubAccountOpened(SUB, owner)]
    assert venue.state.accounts[SUB].owner == owner
    assert venue.state.header.account_count == 3
    assert reason_of(venue, venue.signed(steps.OPEN_SUB_ACCOUNT, 1, number=1)) == Reason.SUB_ACCOUNT_EXISTS
    for number in (0, 16, 255):
        step = venue.signed(steps.OPEN_SUB_ACCOUNT, 1, number=number)
        assert reason_of(venue, step) == Reason.SUB_ACCOUNT_INVALID
    assert reason_of(venue, venue.signed(steps.OPEN_SUB_ACCOUNT, SUB, number=2)) == Reason.SUB_ACCOUNT_INVALID
    assert reason_of(venue, venue.signed(steps.OPEN_SUB_ACCOUNT, 0, number=1)) == Reason.SUB_ACCOUNT_INVALID


def test_a_sub_account_has_nonces_and_orders_of_its_own(split) -> None:
    split.do(order(split, SUB, Side.BID, 49_000, 1))
    assert split.state.accounts[SUB].positions[0].bid_quantity == UNIT
    assert split.state.accounts[1].positions == {}
    assert split.state.accounts[SUB].nonce_high != split.state.accounts[1].nonce_high


def test_transfers_there_and_back(split) -> None:
    assert split.do(transfer(split, SUB, 1, 15_000)) == [Transferred(SUB, 1, 0, 15_000 * USD)]
    assert [split.state.accounts[account].cash for account in (1, SUB)] == [75_000 * USD, 25_000 * USD]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"to": 2}, Reason.NOT_OF_ONE_OWNER),
        ({"to": 1}, Reason.NOT_OF_ONE_OWNER),
        ({"to": SECOND}, Reason.ACCOUNT_UNKNOWN),
        ({"to": 0}, Reason.NOT_OF_ONE_OWNER),
        ({"asset": 9}, Reason.ASSET_UNKNOWN),
        ({"amount": 0}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": 2**96}, Reason.AMOUNT_OUT_OF_RANGE),
        ({"amount": 60_000 * USD + 1}, Reason.INSUFFICIENT_BALANCE),
        ({"asset": 2, "amount": 1}, Reason.INSUFFICIENT_BALANCE),
    ],
)
def test_transfers_that_break_a_rule(split, fields: dict[str, int], reason: Reason) -> None:
    assert reason_of(split, split.signed(steps.TRANSFER, 1, **{"to": SUB, "asset": 0, "amount": 1, **fields})) == reason
    split.do(transfer(split, 1, SUB, 60_000))


def test_a_transfer_is_no_way_around_the_transfer_margin(split) -> None:
    """Profit on paper in one account is not carried over to back new risk in another."""
    split.open_account(usd=1_000_000)
    split.sell(3, 50_000, 4)
    split.do(order(split, SUB, Side.BID, 50_000, 4))
    split.price(btc=54_000)
    free = assess(split.state, SUB).withdrawable
    assert 0 < free < 40_000 * USD
    assert reason_of(split, transfer(split, SUB, 1, free / USD + 0.000001)) == Reason.INSUFFICIENT_MARGIN
    split.do(transfer(split, SUB, 1, free / USD))


def test_losses_stay_in_their_compartment(split) -> None:
    """A sub-account goes under: the main account is neither touched nor liquidated, and its money stays its own."""
    split.open_account(usd=1_000_000)
    split.sell(3, 50_000, 7)
    split.do(order(split, SUB, Side.BID, 50_000, 7))
    split.buy(3, 44_400, 7)
    split.price(btc=44_500)
    assert assess(split.state, SUB).is_liquidatable
    before = split.state.accounts[1].encode()
    assert any(isinstance(event, Filled) for event in split.do(steps.liquidate(SUB, 0)))
    assert split.state.accounts[1].encode() == before
    assert reason_of(split, steps.liquidate(1, 0)) == Reason.NOT_LIQUIDATABLE


def test_a_deposit_cannot_name_a_sub_account(split) -> None:
    (event,) = deposit(split, SUB)
    assert event.reason == Reason.ACCOUNT_UNKNOWN
    assert split.state.accounts[SUB].cash == 40_000 * USD


def deposit(venue, account: int) -> list[Event]:
    item = ForcedItem(
        kind=ItemKind.DEPOSIT,
        account=account,
        owner=venue.signers[1].address,
        asset=0,
        amount=5,
        packet_id=bytes(32),
        enqueued_at=venue.state.header.clock,
    )
    return apply_forced(venue.state, item)


def test_the_insurance_funds_money_stays_where_it_is(venue) -> None:
    venue.deposit(0, 0, 10**9)
    assert reason_of(venue, transfer(venue, 0, 1, 1)) == Reason.NOT_OF_ONE_OWNER
