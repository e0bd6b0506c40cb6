"""Each broken rule has its own reason; beside each, the nearest order that is accepted."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import Reason, Rejected, StepRejected, apply, set_clock, sign_cancel_all, steps
from exchange.state import MarketStatus, Side, TimeInForce
from tests.exchange.engine.conftest import START

UNIT = 10**8
NEVER = 2**63


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.mark.parametrize("step", [b"", b"\x00", b"\x00" + bytes(106), b"\xff", bytes(5_000), b"\x01" * 4_097])
def test_what_is_no_step(venue, step: bytes) -> None:
    assert apply(venue.state, step) == [StepRejected(Reason.MALFORMED)]


def test_a_step_has_one_length(venue) -> None:
    step = venue.order(1, 0, Side.BID, 49_000, 1)
    for wrong in (step[:-1], step + b"\x00", step[:1]):
        assert reason_of(venue, wrong) == Reason.MALFORMED
    venue.do(step)


def test_reasons_have_the_names_of_solidity_errors() -> None:
    for reason in Reason:
        assert reason.value.isalpha()
        assert reason.value == "".join(part.capitalize() for part in reason.name.split("_"))


ORDERS = [
    ({"price": 49_000.05}, Reason.PRICE_OFF_TICK),
    ({"price": 0}, Reason.PRICE_OUT_OF_RANGE),
    ({"price": 2**50 / UNIT}, Reason.PRICE_OUT_OF_RANGE),
    ({"price": 55_000.1}, Reason.PRICE_OUTSIDE_BAND),
    ({"size": 0.0005}, Reason.SIZE_OUT_OF_RANGE),
    ({"size": 0}, Reason.SIZE_OUT_OF_RANGE),
    ({"size": 2**53 / UNIT}, Reason.SIZE_OUT_OF_RANGE),
    ({"size": 0.0011}, Reason.SIZE_OFF_LOT),
    ({"size": 10_001}, Reason.OPEN_INTEREST_CAP),
    ({"size": 100}, Reason.INSUFFICIENT_MARGIN),
    ({"side": 2}, Reason.MALFORMED),
    ({"tif": 5}, Reason.MALFORMED),
    ({"market": 2}, Reason.MARKET_UNKNOWN),
    ({"expiry": 0}, Reason.EXPIRED),
]


@pytest.mark.parametrize(("change", "reason"), ORDERS)
def test_orders_that_break_a_rule(venue, change: dict[str, object], reason: Reason) -> None:
    order = {"account": 1, "market": 0, "side": Side.BID, "price": 49_000, "size": 1, "tif": TimeInForce.GTC}
    venue.do(venue.order(**order))
    assert reason_of(venue, venue.order(**{**order, **change})) == reason


def test_the_band_binds_only_the_active_side(venue) -> None:
    assert reason_of(venue, venue.order(1, 0, Side.ASK, 44_999.9, 1)) == Reason.PRICE_OUTSIDE_BAND
    venue.sell(1, 90_000, 0.1)
    venue.buy(2, 10_000, 0.1)
    venue.buy(2, 55_000, 0.1)


def test_unknown_account_and_key(venue) -> None:
    step = venue.order(1, 0, Side.BID, 49_000, 1)
    assert reason_of(venue, step[:1] + (9).to_bytes(4, "big") + step[5:]) == Reason.ACCOUNT_UNKNOWN
    assert reason_of(venue, step[:5] + b"\x01" + step[6:]) == Reason.KEY_UNKNOWN
    venue.do(step)


def test_the_insurance_fund_does_not_trade(venue) -> None:
    venue.deposit(0, 0, 10**12)
    assert reason_of(venue, venue.order(0, 0, Side.BID, 49_000, 1)) == Reason.INSURANCE_MAY_NOT_TRADE
    assert reason_of(venue, steps.liquidate(0, 0)) == Reason.INSURANCE_MAY_NOT_TRADE
    assert reason_of(venue, steps.cover(0)) == Reason.INSURANCE_MAY_NOT_TRADE


def test_the_signature_must_be_the_owners(venue) -> None:
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1, key=venue.signers[2])) == Reason.BAD_SIGNATURE
    venue.do(venue.order(1, 0, Side.BID, 49_000, 1, key=venue.signers[1]))


def test_a_signature_for_another_chain_or_rollup_is_worthless(venue) -> None:
    other_chain = dataclasses.replace(venue.domain, settlement_chain=2)
    other_rollup = dataclasses.replace(venue.domain, rollup=b"\x0b" * 20)
    for domain in (other_chain, other_rollup):
        assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1, domain=domain)) == Reason.BAD_SIGNATURE
        assert reason_of(venue, venue.withdraw(1, 0, 1, domain=domain)) == Reason.BAD_SIGNATURE
        report = venue.report(0, 50_000, domain=domain, time=venue.state.header.clock)
        set_clock(venue.state, venue.state.header.clock + 1)
        assert reason_of(venue, report) in {Reason.REPORT_SIGNER_UNKNOWN, Reason.REPORT_NOT_NEWER}


def test_any_flipped_bit_of_an_order_is_refused(venue) -> None:
    step = venue.order(1, 0, Side.BID, 49_000, 1)
    for at in range(8 * len(step)):
        flipped = bytearray(step)
        flipped[at // 8] ^= 1 << at % 8
        (event,) = apply(venue.state, bytes(flipped))
        assert isinstance(event, StepRejected)
    venue.do(step)


def test_a_nonce_is_good_once(venue) -> None:
    step = venue.order(1, 0, Side.BID, 49_000, 1)
    venue.do(step)
    assert reason_of(venue, step) == Reason.NONCE_USED
    again = venue.order(1, 0, Side.BID, 48_000, 1, nonce=venue.nonce)
    assert reason_of(venue, again) == Reason.NONCE_USED
    assert reason_of(venue, venue.cancel(1, 0, 0, 1, nonce=venue.nonce)) == Reason.NONCE_USED


def test_the_nonce_window(venue) -> None:
    high = venue.nonce + 1_000

    def place(nonce: int) -> None:
        venue.do(venue.order(1, 0, Side.BID, 10_000, 0.001, nonce=nonce))

    place(high)
    place(high - 255)
    place(high - 1)
    for nonce in (high, high - 255, high - 1, high - 256):
        assert reason_of(venue, venue.order(1, 0, Side.BID, 10_000, 0.001, nonce=nonce)) == Reason.NONCE_USED
    place(high + 100)
    assert reason_of(venue, venue.order(1, 0, Side.BID, 10_000, 0.001, nonce=high - 1)) == Reason.NONCE_USED
    place(high - 2)
    place(high + 100_000)
    assert venue.state.accounts[1].nonce_window == 1


@settings(max_examples=25, deadline=None)
@given(offsets=st.lists(st.integers(0, 600), min_size=1, max_size=60))
def test_nonces_come_in_any_order_and_never_twice(venue_type, offsets: list[int]) -> None:
    venue = venue_type()
    account = venue.open_account(usd=1)
    used: set[int] = set()
    for offset in offsets:
        nonce = START * 1000 + offset
        step = sign_cancel_all(venue.signers[account], venue.domain, account=account, nonce=nonce, expiry=NEVER)
        (event,) = venue.apply(step)
        is_fresh = nonce not in used and nonce > max(used, default=0) - 256
        assert isinstance(event, StepRejected) is not is_fresh
        if is_fresh:
            used.add(nonce)
            assert reason_of(venue, step) == Reason.NONCE_USED


def test_a_nonce_is_not_far_ahead(venue) -> None:
    limit = (venue.state.header.clock + 172_800) * 1000
    step = venue.order(1, 0, Side.BID, 49_000, 1, nonce=limit + 1)
    assert reason_of(venue, step) == Reason.NONCE_TOO_FAR_AHEAD
    venue.do(venue.order(1, 0, Side.BID, 49_000, 1, nonce=limit))


def test_a_rejected_step_consumes_no_nonce(venue) -> None:
    refused = venue.order(1, 0, Side.BID, 49_000, 1_000)
    assert apply(venue.state, refused) == [StepRejected(Reason.INSUFFICIENT_MARGIN)]
    venue.do(venue.order(1, 0, Side.BID, 49_000, 1, nonce=venue.nonce))


def test_expiry_is_the_first_second_that_is_too_late(venue) -> None:
    clock = venue.state.header.clock
    step = venue.order(1, 0, Side.BID, 49_000, 1, expiry=clock + 1)
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1, expiry=clock)) == Reason.EXPIRED
    venue.do(step)


def test_marks_must_exist_and_be_fresh(venue_type) -> None:
    venue = venue_type()
    account = venue.open_account(usd=100_000)
    assert reason_of(venue, venue.order(account, 0, Side.BID, 49_000, 1)) == Reason.NO_MARK
    venue.price(btc=50_000)
    assert reason_of(venue, venue.order(account, 1, Side.BID, 3_000, 1)) == Reason.NO_MARK
    set_clock(venue.state, venue.state.header.clock + 60)
    venue.buy(account, 49_000, 1)
    set_clock(venue.state, venue.state.header.clock + 1)
    assert reason_of(venue, venue.order(account, 0, Side.BID, 49_000, 1)) == Reason.STALE_MARK


def test_every_round_that_margin_reads_must_be_fresh(venue) -> None:
    collateralised = venue.open_account(usd=10_000, weth=10)
    venue.buy(1, 2_900, 1, market=1)
    eth_time = venue.state.underlyings[1].round_time
    set_clock(venue.state, eth_time + 59)
    venue.price(btc=50_000)
    assert venue.state.header.clock == eth_time + 60
    for account in (1, collateralised):
        venue.buy(account, 49_000, 0.1)
    set_clock(venue.state, eth_time + 61)
    for account in (1, collateralised):
        assert reason_of(venue, venue.order(account, 0, Side.BID, 49_000, 0.1)) == Reason.STALE_MARK
    venue.buy(2, 49_000, 0.1)


def test_a_halted_market_takes_no_orders_but_cancels(venue) -> None:
    (placed,) = venue.buy(1, 49_000, 1)
    venue.state.markets[0].status = MarketStatus.HALTED
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1)) == Reason.MARKET_HALTED
    assert reason_of(venue, steps.liquidate(1, 0)) == Reason.MARKET_HALTED
    venue.do(venue.cancel(1, 0, placed.slot, placed.sequence))


def test_open_interest_cap_counts_what_the_taker_opens(venue_type) -> None:
    spec = dataclasses.replace(venue_type.MARKETS[0], open_interest_cap=10 * UNIT)
    venue = venue_type((spec,))
    venue.price(btc=50_000)
    first, second = venue.open_account(usd=10**7), venue.open_account(usd=10**7)
    venue.sell(first, 50_000, 10)
    assert reason_of(venue, venue.order(second, 0, Side.BID, 50_000, 10.001)) == Reason.OPEN_INTEREST_CAP
    venue.buy(second, 50_000, 10)
    assert venue.state.markets[0].open_interest == 10 * UNIT
    third = venue.open_account(usd=10**7)
    assert reason_of(venue, venue.order(third, 0, Side.BID, 50_000, 0.001)) == Reason.OPEN_INTEREST_CAP
    venue.buy(first, 50_000, 10)  # closes
    assert reason_of(venue, venue.order(second, 0, Side.ASK, 50_000, 10.001)) == Reason.OPEN_INTEREST_CAP
    venue.sell(second, 50_000, 10)
    assert venue.state.markets[0].open_interest == 0
    venue.buy(third, 50_000, 10)


def test_open_orders_stay_in_range(venue_type) -> None:
    spec = dataclasses.replace(
        venue_type.MARKETS[0], tick=10, lot=10**9, min_size=10**9, open_interest_cap=2**53 - 1, multiplier=1
    )
    venue = venue_type((spec,))
    venue.price(btc=0.000001)
    account = venue.open_account(usd=10**15)
    size = 45 * 10**14 / UNIT
    venue.buy(account, 0.000001, size)
    venue.buy(account, 0.000001, size)
    assert reason_of(venue, venue.order(account, 0, Side.BID, 0.000001, size)) == Reason.OPEN_ORDERS_OUT_OF_RANGE


def test_a_full_book_takes_no_resting_order(venue, monkeypatch) -> None:
    monkeypatch.setattr("exchange.engine.book.SLOTS_PER_MARKET", 1)
    venue.sell(1, 50_000, 1)
    assert reason_of(venue, venue.order(2, 0, Side.BID, 49_000, 1)) == Reason.BOOK_FULL
    venue.buy(2, 50_000, 0.5, tif=TimeInForce.IOC)
    venue.buy(2, 50_000, 0.5, tif=TimeInForce.IOC)
    venue.buy(2, 49_000, 1)


def test_at_most_thirty_two_position_records(venue_type) -> None:
    venue = venue_type((venue_type.MARKETS[0],) * 33)
    venue.price(btc=50_000)
    account = venue.open_account(usd=10**6)
    for market in range(32):
        venue.buy(account, 49_000, 0.001, market=market)
    assert reason_of(venue, venue.order(account, 32, Side.BID, 49_000, 0.001)) == Reason.TOO_MANY_POSITIONS
    venue.buy(account, 49_000, 0.001, market=31)


def test_epochs_are_not_used_up_by_their_owner(venue) -> None:
    venue.state.accounts[1].order_epoch = 2**31 - 1
    venue.state.dirty_accounts.add(1)
    venue.do(venue.cancel_all(1))
    assert reason_of(venue, venue.cancel_all(1)) == Reason.EPOCHS_EXHAUSTED
