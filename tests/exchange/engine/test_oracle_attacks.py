"""Attacks on the price: each succeeds on the rule it breaks, and fails on the real ones."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from exchange.engine import Reason, Rejected, oracle, set_clock, steps
from exchange.engine.gates import due_trigger
from exchange.engine.rounds import may_liquidate
from exchange.state.config import Config
from exchange.state.order import OrderFlag, Side, TimeInForce
from tests.exchange.engine.conftest import BTC, ORACLES, UNIT
from tests.exchange.engine.derivatives import PERPETUAL, Derivatives


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def priced() -> Derivatives:
    venue = Derivatives(index={"minimum": 1_000 * UNIT, "maximum": 1_000_000 * UNIT})
    venue.tick(50_000)
    set_clock(venue.state, venue.state.header.clock + 1)
    return venue


def test_incident_d8_a_price_needs_three_feeds_that_speak(monkeypatch) -> None:
    """sKRW: of three feeds one is x1000 and two fall silent one by one; the average of what is left would be paid."""
    venue = Derivatives()
    venue.tick(5_000)
    set_clock(venue.state, venue.state.header.clock + 1)
    (event,) = venue.do(venue.reports([5_000, 5_010, 5_000_000]))
    assert event.price == 5_010 * UNIT, "three feeds: the median does not follow the wild one"
    set_clock(venue.state, venue.state.header.clock + 100)
    assert reason_of(venue, venue.reports([5_010, 5_000_000])) == Reason.TOO_FEW_REPORTS
    assert reason_of(venue, venue.reports([5_000_000])) == Reason.TOO_FEW_REPORTS
    monkeypatch.setattr(Config, "reports_needed", 1)
    assert venue.do(venue.reports([5_000_000]))[0].price == 5_000_000 * UNIT, "the broken rule follows it"


def test_incident_d14_a_feed_at_its_bound_says_nothing(priced, monkeypatch) -> None:
    """LUNA: feeds stood at their floor while the price was far below; one at a bound counts as silent."""
    floor = [1_000, 1_000, 1_000, 1_000]
    assert reason_of(priced, priced.reports(floor)) == Reason.TOO_FEW_REPORTS
    assert reason_of(priced, priced.reports([50_000, 50_000, 1_000, 1_000_000])) == Reason.TOO_FEW_REPORTS
    assert priced.do(priced.reports([50_000, 50_000, 50_001, 1_000]))[0].price == 50_000 * UNIT
    set_clock(priced.state, priced.state.header.clock + 100)
    monkeypatch.setattr(oracle, "_speaks", lambda *_: True)
    assert priced.do(priced.reports(floor))[0].price == 1_000 * UNIT, "the broken rule trades at the floor"


def test_a_source_unsure_of_itself_does_not_count(priced) -> None:
    assert reason_of(priced, priced.reports([50_000] * 4, confidence=1_001)) == Reason.TOO_FEW_REPORTS
    priced.do(priced.reports([50_000] * 4, confidence=1_000))


def test_incident_d15_one_venue_spike_moves_nothing(priced) -> None:
    """One source prints 1.30 for what is worth 1.00: the median, and so every margin, stays where it was."""
    trader = priced.open_account(usd=10_000)
    other = priced.open_account(usd=100_000)
    priced.buy(trader, 50_000, 1, market=PERPETUAL)
    priced.sell(other, 50_000, 1, market=PERPETUAL)
    for spike in (35_000, 65_000):
        set_clock(priced.state, priced.state.header.clock + 1)
        priced.do(priced.reports([50_000, spike, 50_000]))
        for market in range(5):
            priced.do(steps.reprice(market))
        assert reason_of(priced, steps.liquidate(trader, PERPETUAL)) == Reason.NOT_LIQUIDATABLE
        assert reason_of(priced, steps.liquidate(other, PERPETUAL)) == Reason.NOT_LIQUIDATABLE
        assert priced.state.underlyings[BTC].round_price == 50_000 * UNIT


def test_incident_d16_and_d17_a_trade_in_our_own_thin_book_moves_no_mark(priced) -> None:
    """deUSD, bZx: a large trade against one's own order at a wild price is the last price, and the mark ignores it."""
    maker, taker = (priced.open_account(usd=1_000_000) for _ in range(2))
    priced.sell(maker, 54_900, 0.1, market=PERPETUAL)
    priced.buy(taker, 54_900, 0.1, market=PERPETUAL)
    assert priced.state.markets[PERPETUAL].last_price == 54_900 * UNIT
    priced.tick(50_000)
    assert priced.state.pricing[PERPETUAL].mark == 50_000 * UNIT


def test_even_a_whole_book_moves_the_mark_no_further_than_its_bound(priced) -> None:
    buyer, seller = (priced.open_account(usd=10_000_000) for _ in range(2))
    priced.buy(buyer, 54_800, 5, market=PERPETUAL)
    priced.sell(seller, 54_900, 5, market=PERPETUAL)
    priced.buy(buyer, 54_900, 1, market=PERPETUAL)
    priced.tick(50_000)
    assert priced.state.pricing[PERPETUAL].mark == 51_250 * UNIT, "a fourth of the scan range of 10 %"


def test_incident_d9_a_forged_price_is_no_price(priced) -> None:
    """KiloEx: 100 to 10,000 by a forged signature; and with real ones the jump waits until the last price is stale."""
    forged = bytearray(priced.reports([50_000] * 3))
    head = steps.ORACLE_REPORT.size
    for at in range(head, len(forged), steps.REPORT.size):
        forged[at : at + 8] = (60_000 * UNIT).to_bytes(8, "big")
    assert reason_of(priced, bytes(forged)) == Reason.REPORT_SIGNER_UNKNOWN
    assert reason_of(priced, priced.reports([76_000] * 3)) == Reason.PRICE_DEVIATION


def test_one_second_has_one_print(priced) -> None:
    """Nobody opens and closes on two prints of one moment."""
    priced.tick(50_000, 0)
    assert reason_of(priced, priced.reports([50_500] * 3)) == Reason.REPORT_NOT_NEWER


class TestWhoeverSubmitsFirst:
    """A submitter who holds all reports chooses those that suit it; whoever brings more of them overrules it."""

    def test_more_reports_of_the_same_time_replace_fewer(self, priced) -> None:
        chosen = priced.reports([49_000, 49_000, 50_000])
        all_four = priced.reports([49_000, 49_000, 50_000, 51_000])
        assert priced.do(chosen)[0].price == 49_000 * UNIT
        priced.do(steps.reprice(PERPETUAL))
        assert priced.do(all_four)[0].price == 49_000 * UNIT
        assert reason_of(priced, chosen) == Reason.REPORT_NOT_NEWER
        better = priced.reports([49_000, 49_500, 50_000, 51_000])
        assert reason_of(priced, better) == Reason.REPORT_NOT_NEWER, "not with as many"

    def test_every_mark_is_made_again(self, priced) -> None:
        priced.do(priced.reports([49_000, 49_000, 52_000]))
        for market in (0, 1, 2, 3):
            priced.do(steps.reprice(market))
        priced.do(priced.reports([49_000, 52_000, 52_000, 52_000]))
        for market in range(4):
            assert priced.do(steps.reprice(market)) == []
        (flipped,) = priced.do(steps.reprice(4))
        assert flipped.price == 52_000 * UNIT
        assert priced.state.pricing[PERPETUAL].mark == 52_000 * UNIT

    def test_not_after_the_round_has_flipped(self, priced) -> None:
        priced.tick(50_000, 0)
        assert reason_of(priced, priced.reports([49_000, 52_000, 52_000, 52_000])) == Reason.REPORT_NOT_NEWER


class TestAfterAnOutage:
    def test_nobody_is_liquidated_before_a_fresh_price_and_a_grace_period(self, priced) -> None:
        state = priced.state
        assert may_liquidate(state, BTC)
        set_clock(state, state.header.clock + 61)
        assert not may_liquidate(state, BTC), "stale"
        priced.tick(40_000)
        resumed = state.header.clock
        assert state.underlyings[BTC].resumed_at == resumed
        assert not may_liquidate(state, BTC), "fresh, but nobody could act yet"
        for _ in range(2):
            priced.tick(40_000, 30)
        assert state.underlyings[BTC].resumed_at == resumed
        assert state.header.clock == resumed + 60
        assert may_liquidate(state, BTC)

    def test_the_first_price_is_no_outage(self) -> None:
        venue = Derivatives()
        venue.tick(50_000)
        assert may_liquidate(venue.state, BTC)


def test_the_slow_price_follows_in_an_hour(priced) -> None:
    state = priced.state
    priced.tick(50_000)
    assert state.underlyings[BTC].slow_price == 50_000 * UNIT
    priced.tick(100_000 / 2 + 10_000, 36)
    assert state.underlyings[BTC].slow_price == 50_100 * UNIT, "a hundredth of an hour, a hundredth of the way"
    set_clock(state, state.header.clock + 7_200)
    priced.tick(40_000)
    assert state.underlyings[BTC].slow_price == 40_000 * UNIT


def test_a_perpetual_without_depth_is_marked_at_its_index(priced) -> None:
    maker = priced.open_account(usd=1_000_000)
    priced.do(priced.order(maker, PERPETUAL, Side.BID, 49_990, 0.099))
    priced.do(priced.order(maker, PERPETUAL, Side.ASK, 50_400, 0.2))
    priced.tick(50_000)
    assert priced.state.pricing[PERPETUAL].mark == 50_000 * UNIT
    assert priced.state.markets[PERPETUAL].premium_sum == 0
    assert len(ORACLES) == 4


def test_incident_d19_a_stop_fires_on_a_fresh_mark_only(priced) -> None:
    """BitMEX: stops fired on marks from before an outage. Here a stale one crosses nothing."""
    holder, other = (priced.open_account(usd=100_000) for _ in range(2))
    priced.sell(other, 50_000, 1, market=PERPETUAL)
    priced.buy(holder, 50_000, 1, market=PERPETUAL)
    priced.tick(48_500)
    stop = priced.order(
        holder,
        PERPETUAL,
        Side.ASK,
        44_000,
        1,
        tif=TimeInForce.IOC,
        trigger=48_000,
        flags=OrderFlag.TRIGGER_BELOW | OrderFlag.REDUCE_ONLY,
    )
    priced.do(stop)
    state = priced.state
    state.pricing[PERPETUAL] = replace(state.pricing[PERPETUAL], mark=47_000 * UNIT)
    assert due_trigger(state, PERPETUAL)
    set_clock(state, state.header.clock + 61)
    assert not due_trigger(state, PERPETUAL)
    assert reason_of(priced, steps.trigger(PERPETUAL)) == Reason.NOTHING_DUE
    priced.tick(49_000)
    assert not due_trigger(state, PERPETUAL), "the price came back during the outage: nothing was sold"
    priced.tick(47_900)
    assert due_trigger(state, PERPETUAL)


def test_whoever_comes_late_after_an_outage_has_said_how_late_it_may_be(priced) -> None:
    """D19's other half: orders that waited in a queue through an outage are void when their signature has expired."""
    trader = priced.open_account(usd=100_000)
    late = priced.order(trader, PERPETUAL, Side.BID, 50_000, 1, expiry=priced.state.header.clock + 10)
    set_clock(priced.state, priced.state.header.clock + 1_500)
    priced.tick(50_000)
    assert reason_of(priced, late) == Reason.EXPIRED
