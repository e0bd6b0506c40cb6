"""What went wrong at other venues with orders, keys and rules, tried here, each beside the variant that falls."""

from __future__ import annotations

import pytest

from exchange.engine import Filled, Reason, Rejected, Signer, gates, keys, set_clock, steps
from exchange.engine.operations import OPEN_MARKET
from exchange.engine.signing import sign_propose
from exchange.state import OperationKind, OrderFlag, Phase, Scope, SessionKey, Side, TimeInForce

UNIT = 10**8
NEVER = 2**63
ADMIN = Signer(b"\x33" * 32)


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def stopped(venue):
    """Account 1 is long one BTC from 50,000 with a stop at 49,000; account 3 bids far below."""
    venue.sell(2, 50_000, 1)
    venue.buy(1, 50_000, 1)
    venue.open_account(usd=1_000_000)
    venue.buy(3, 45_000, 2)
    flags = OrderFlag.TRIGGER_BELOW | OrderFlag.REDUCE_ONLY
    venue.do(venue.order(1, 0, Side.ASK, 0, 1, TimeInForce.IOC, flags=flags, trigger=49_000))
    return venue


@pytest.mark.parametrize("is_broken", [False, True])
def test_incident_d19_a_stop_waits_out_an_outage(stopped, monkeypatch, is_broken: bool) -> None:  # noqa: FBT001
    """Crossed in the last round before an outage: fired on that old mark, it sells at the bottom of a market that is
    long back."""
    stopped.price(btc=48_900)
    set_clock(stopped.state, stopped.state.header.clock + 600)
    if is_broken:
        first = stopped.state.markets[0].trigger_below
        monkeypatch.setattr(gates, "due_trigger", lambda *_: first)
        stale = stopped.state.pricing[0]
        monkeypatch.setattr("exchange.engine.triggers.fresh_pricing", lambda *_: stale)
        monkeypatch.setattr("exchange.engine.execution.fresh_pricing", lambda *_: stale)
        monkeypatch.setattr("exchange.engine.placing.require_margin", lambda *_: None)
        events = stopped.do(steps.trigger(0))
        assert [event.price for event in events if isinstance(event, Filled)] == [45_000 * UNIT]
        return
    assert reason_of(stopped, steps.trigger(0)) == Reason.NOTHING_DUE
    stopped.price(btc=50_100)
    assert reason_of(stopped, steps.trigger(0)) == Reason.NOTHING_DUE
    assert stopped.state.accounts[1].positions[0].size == UNIT


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_venue_cannot_keep_a_crossed_stop_from_firing(stopped, monkeypatch, is_broken: bool) -> None:  # noqa: FBT001
    """Two rounds in a row, the first of them crossing: without the gate, nobody could prove that it was crossed."""
    stopped.price(btc=48_900)
    set_clock(stopped.state, stopped.state.header.clock + 1)
    stopped.do(stopped.report(0, 50_000))
    if is_broken:
        monkeypatch.setattr(gates, "require_none_due", lambda *_: None)
        stopped.do(steps.reprice(0))
        assert reason_of(stopped, steps.trigger(0)) == Reason.NOTHING_DUE
        assert stopped.state.accounts[1].trigger_count == 1
        return
    assert reason_of(stopped, steps.reprice(0)) == Reason.TRIGGER_DUE
    stopped.do(steps.trigger(0))
    assert stopped.state.accounts[1].trigger_count == 0


@pytest.mark.parametrize("is_broken", [False, True])
def test_a_key_that_was_taken_back_signs_nothing_when_it_returns(venue, monkeypatch, is_broken: bool) -> None:  # noqa: FBT001
    """A thief kept an order that the key had signed and nobody had sent."""
    bot = venue.signer(900)
    if is_broken:
        monkeypatch.setattr(keys, "SessionKey", lambda _id, *rest: SessionKey(1, *rest))
    key = venue.set_key(1, bot, Scope.TRADE)
    stolen = venue.order(1, 0, Side.BID, 55_000, 1, key=bot, key_id=key if not is_broken else 1)
    venue.set_key(1, bot, 0)
    assert reason_of(venue, stolen) == Reason.KEY_UNKNOWN
    venue.set_key(1, bot, Scope.TRADE)
    if is_broken:
        venue.do(stolen)
        return
    assert reason_of(venue, stolen) == Reason.KEY_UNKNOWN


@pytest.mark.parametrize("delay", [86_400, 0])
def test_incident_d24_rules_do_not_change_in_the_minute_of_a_theft(venue_type, delay: int) -> None:
    """Whoever steals the admin's key changes nothing before everybody could leave; without a delay, at once."""
    venue = venue_type(admin=ADMIN.address, operation_delay=delay)
    body = OPEN_MARKET.pack(0, Phase.REDUCE_ONLY)
    fields = {"operation": 0, "kind": OperationKind.OPEN_MARKET, "body": body, "expiry": NEVER}
    venue.do(sign_propose(ADMIN, venue.domain, **fields))
    if not delay:
        venue.do(steps.execute_operation(0))
        assert venue.state.markets[0].phase == Phase.REDUCE_ONLY
        return
    assert reason_of(venue, steps.execute_operation(0)) == Reason.OPERATION_NOT_DUE
    assert venue.state.markets[0].phase == Phase.ANY
