"""The listing changes through operations that everybody sees coming."""

from __future__ import annotations

import pytest

from exchange.engine import (
    MarketChanged,
    OperationEnded,
    OperationProposed,
    OrderPlaced,
    Reason,
    Rejected,
    Signer,
    set_clock,
    sign_step,
    steps,
)
from exchange.engine.operations import CHANGE_MARKET, CHANGEABLE_FIELDS, LIST_EXPIRY, LIST_MARKET, MARKET_FIELDS
from exchange.engine.signing import sign_propose
from exchange.state import MarketStatus, OperationKind, OperationStatus, OrderFlag, Phase, Side, TimeInForce
from tests.exchange.engine.conftest import SECOND_BTC_SPEC

UNIT = 10**8
NEVER = 2**63
ADMIN = Signer(b"\x33" * 32)
DAY = 86_400


@pytest.fixture
def venue(venue_type):
    """As elsewhere, with an admin whose operations wait a day, and halts ten seconds."""
    fresh = venue_type(admin=ADMIN.address, operation_delay=DAY, halt_delay=10)
    fresh.price(btc=50_000, eth=3_000)
    fresh.open_account(usd=100_000)
    fresh.open_account(usd=100_000)
    return fresh


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def proposal(venue, kind: OperationKind, body: bytes, **changes) -> bytes:
    fields = {"operation": venue.state.header.operation_count, "kind": kind, "body": body, "expiry": NEVER}
    return sign_propose(changes.pop("key", ADMIN), venue.domain, **{**fields, **changes})


def carry_out(venue, kind: OperationKind, body: bytes, delay: int = DAY) -> list[object]:
    """Propose, wait, execute; prices are fresh afterwards."""
    (proposed,) = venue.do(proposal(venue, kind, body))
    set_clock(venue.state, venue.state.header.clock + delay)
    events = venue.do(steps.execute_operation(proposed.operation))
    venue.price(btc=50_000, eth=3_000)
    return events


def market_body(**changes: int) -> bytes:
    spec = {name: getattr(SECOND_BTC_SPEC, name) for name in MARKET_FIELDS}
    return LIST_MARKET.pack(*{**spec, **changes}.values())


def change_body(venue, market: int, **changes: int) -> bytes:
    leaf = venue.state.markets[market]
    return CHANGE_MARKET.pack(
        market, *{**{name: getattr(leaf, name) for name in CHANGEABLE_FIELDS}, **changes}.values()
    )


def open_body(market: int, phase: int = Phase.ANY) -> bytes:
    return market.to_bytes(2, "big") + bytes([phase])


def halt_body(market: int) -> bytes:
    return market.to_bytes(2, "big")


def test_nothing_changes_before_its_time(venue) -> None:
    """New rules overnight, not in the minute in which somebody holds the key."""
    body = change_body(venue, 0, open_interest_cap=20_000 * UNIT, price_band=500_000)
    (proposed,) = venue.do(proposal(venue, OperationKind.CHANGE_MARKET, body))
    assert proposed == OperationProposed(0, OperationKind.CHANGE_MARKET, venue.state.header.clock + DAY)
    set_clock(venue.state, venue.state.header.clock + DAY - 1)
    assert reason_of(venue, steps.execute_operation(0)) == Reason.OPERATION_NOT_DUE
    set_clock(venue.state, venue.state.header.clock + 1)
    changed, ended = venue.do(steps.execute_operation(0))
    assert changed == MarketChanged(0, MarketStatus.OPEN, Phase.ANY)
    assert ended == OperationEnded(0, OperationKind.CHANGE_MARKET, is_executed=True)
    assert (venue.state.markets[0].open_interest_cap, venue.state.markets[0].price_band) == (20_000 * UNIT, 500_000)
    assert reason_of(venue, steps.execute_operation(0)) == Reason.OPERATION_NOT_PENDING


def test_only_the_admin_proposes_and_each_signature_once(venue) -> None:
    step = proposal(venue, OperationKind.HALT_MARKET, halt_body(0))
    stranger = proposal(venue, OperationKind.HALT_MARKET, halt_body(0), key=venue.signers[1])
    assert reason_of(venue, stranger) == Reason.BAD_SIGNATURE
    venue.do(step)
    assert reason_of(venue, step) == Reason.OPERATION_UNKNOWN
    late = proposal(venue, OperationKind.HALT_MARKET, halt_body(0), expiry=venue.state.header.clock)
    assert reason_of(venue, late) == Reason.EXPIRED


def test_a_venue_without_an_admin_never_changes(venue_type) -> None:
    venue = venue_type()
    step = proposal(venue, OperationKind.HALT_MARKET, halt_body(0))
    assert reason_of(venue, step) == Reason.BAD_SIGNATURE


def test_an_operation_can_be_taken_back(venue) -> None:
    venue.do(proposal(venue, OperationKind.HALT_MARKET, halt_body(0)))
    cancel = sign_step(ADMIN, venue.domain, steps.CANCEL_OPERATION, None, operation=0, expiry=NEVER)
    stranger = sign_step(venue.signers[1], venue.domain, steps.CANCEL_OPERATION, None, operation=0, expiry=NEVER)
    assert reason_of(venue, stranger) == Reason.BAD_SIGNATURE
    assert venue.do(cancel) == [OperationEnded(0, OperationKind.HALT_MARKET, is_executed=False)]
    assert venue.state.operations[0].status == OperationStatus.CANCELLED
    set_clock(venue.state, venue.state.header.clock + DAY)
    assert reason_of(venue, steps.execute_operation(0)) == Reason.OPERATION_NOT_PENDING
    assert reason_of(venue, cancel) == Reason.OPERATION_NOT_PENDING


def test_a_halt_is_quick_and_lets_only_cancels_through(venue) -> None:
    (placed,) = venue.buy(1, 49_000, 1)
    venue.do(venue.order(2, 0, Side.ASK, 0, 1, TimeInForce.IOC, flags=OrderFlag.TRIGGER_BELOW, trigger=49_500))
    carry_out(venue, OperationKind.HALT_MARKET, halt_body(0), delay=10)
    venue.price(btc=49_400)
    assert reason_of(venue, venue.order(2, 0, Side.ASK, 50_000, 1)) == Reason.MARKET_HALTED
    assert reason_of(venue, steps.liquidate(1, 0)) == Reason.MARKET_HALTED
    assert reason_of(venue, steps.trigger(0)) == Reason.MARKET_HALTED
    venue.do(venue.cancel(1, 0, placed.slot, placed.sequence))
    assert reason_of(venue, proposal_executed(venue, OperationKind.HALT_MARKET, halt_body(0), 10)) == (
        Reason.OPERATION_INVALID
    )


def proposal_executed(venue, kind: OperationKind, body: bytes, delay: int) -> bytes:
    (proposed,) = venue.do(proposal(venue, kind, body))
    set_clock(venue.state, venue.state.header.clock + delay)
    return steps.execute_operation(proposed.operation)


def test_resuming_notes_when_and_may_start_with_makers_only(venue) -> None:
    carry_out(venue, OperationKind.HALT_MARKET, halt_body(0), delay=10)
    carry_out(venue, OperationKind.OPEN_MARKET, open_body(0, Phase.POST_ONLY))
    market = venue.state.markets[0]
    assert (market.status, market.phase) == (MarketStatus.OPEN, Phase.POST_ONLY)
    assert market.resumed_at == venue.state.header.clock - 1
    assert reason_of(venue, venue.order(1, 0, Side.BID, 49_000, 1)) == Reason.POST_ONLY_PHASE
    resumed = market.resumed_at
    carry_out(venue, OperationKind.OPEN_MARKET, open_body(0))
    assert (market.phase, market.resumed_at) == (Phase.ANY, resumed)
    venue.buy(1, 49_000, 1)


def test_a_listed_market_is_opened_and_marked_before_it_trades(venue) -> None:
    events = carry_out(venue, OperationKind.LIST_MARKET, market_body())
    assert events[0] == MarketChanged(2, MarketStatus.LISTED, Phase.ANY)
    assert venue.state.header.market_count == 3
    assert reason_of(venue, venue.order(1, 2, Side.BID, 49_000, 1)) == Reason.MARKET_HALTED
    carry_out(venue, OperationKind.OPEN_MARKET, open_body(2))
    (placed,) = venue.buy(1, 49_000, 1, market=2)
    assert isinstance(placed, OrderPlaced)


def test_a_new_market_of_an_underlying_shares_its_scenarios(venue) -> None:
    """One account with a position before: netting must hold over both, and not only over the first."""
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    assert venue.state.pricing[0].alone
    carry_out(venue, OperationKind.LIST_MARKET, market_body())
    assert not venue.state.pricing[0].alone
    assert venue.state.pricing[2] is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"underlying": 9},
        {"tick": 0},
        {"lot": 99_999},
        {"scan_range": 90_000},
        {"kind": 9},
        {"kind": 2},
        {"strike": 1},
        {"taker_fee": 1_000_000},
        {"maker_fee": -501},
        {"transfer_factor": 1},
    ],
)
def test_what_may_not_be_listed_stays_pending(venue, changes: dict[str, int]) -> None:
    (proposed,) = venue.do(proposal(venue, OperationKind.LIST_MARKET, market_body(**changes)))
    set_clock(venue.state, venue.state.header.clock + DAY)
    assert reason_of(venue, steps.execute_operation(proposed.operation)) == Reason.OPERATION_INVALID
    assert len(venue.state.markets) == 2
    assert venue.state.operations[0].status == OperationStatus.PENDING


def test_expiries_are_listed_the_same_way(venue) -> None:
    time = venue.state.header.clock + 30 * DAY
    carry_out(venue, OperationKind.LIST_EXPIRY, LIST_EXPIRY.pack(0, time, 0, 350_000))
    assert venue.state.expiries[0].time == time
    carry_out(venue, OperationKind.LIST_MARKET, market_body(kind=2, expiry=0))
    assert venue.state.markets[2].expiry == 0
    late = proposal_executed(venue, OperationKind.LIST_EXPIRY, LIST_EXPIRY.pack(0, time, 0, 350_000), DAY)
    assert reason_of(venue, late) == Reason.OPERATION_INVALID


def test_bodies_have_one_length_and_kinds_are_known(venue) -> None:
    assert reason_of(venue, proposal(venue, OperationKind.HALT_MARKET, b"\x00")) == Reason.MALFORMED
    assert reason_of(venue, proposal(venue, 99, b"\x00\x00")) == Reason.MALFORMED
    assert reason_of(venue, proposal(venue, 0, b"")) == Reason.MALFORMED
    assert reason_of(venue, steps.execute_operation(0)) == Reason.OPERATION_UNKNOWN


def test_nothing_changes_in_the_middle_of_an_order(venue) -> None:
    (proposed,) = venue.do(proposal(venue, OperationKind.HALT_MARKET, halt_body(0)))
    for _ in range(9):
        venue.sell(1, 50_000, 0.1)
    set_clock(venue.state, venue.state.header.clock + 10)
    venue.buy(2, 50_000, 0.9)
    step = steps.execute_operation(proposed.operation)
    assert reason_of(venue, step) == Reason.REGISTER_OPEN
    venue.do(steps.continue_register(0))
    venue.do(step)


def test_a_listing_can_be_reverted(venue) -> None:
    state = venue.state
    root = state.commit()
    number = state.commit_number
    carry_out(venue, OperationKind.LIST_MARKET, market_body())
    carry_out(venue, OperationKind.OPEN_MARKET, open_body(2))
    venue.buy(1, 49_000, 1, market=2)
    state.commit()
    assert state.revert_to(number) == root
    assert (len(state.markets), len(state.orders), len(state.books), len(state.pricing)) == (2, 2, 2, 2)
    assert state.markets_of == [[0], [1]]
    assert state.operations == []
    venue.price(btc=50_000)
    venue.buy(1, 49_000, 1)


def test_a_cap_may_be_set_below_what_is_open(venue) -> None:
    """Whoever keeps open interest up must not be able to keep the cap up with it."""
    venue.sell(2, 50_000, 2)
    venue.buy(1, 50_000, 2)
    carry_out(venue, OperationKind.CHANGE_MARKET, change_body(venue, 0, open_interest_cap=UNIT))
    assert reason_of(venue, venue.order(1, 0, Side.BID, 50_000, 0.1)) == Reason.OPEN_INTEREST_CAP
    venue.sell(1, 50_000, 2)
    venue.buy(2, 50_000, 2)
    assert venue.state.markets[0].open_interest == 0
