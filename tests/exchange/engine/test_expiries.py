"""Futures and options: marked by forward and smile, ended by the average of the last half hour."""

from __future__ import annotations

import pytest

from exchange.engine import (
    ExpirySettled,
    Reason,
    Rejected,
    RemainderDropped,
    RoundFlipped,
    SmileSet,
    assess,
    set_clock,
    steps,
)
from exchange.engine import settlement_average as average
from exchange.engine.due import orders_to_sweep
from exchange.engine.expiring import payoff
from exchange.engine.invariants import InvariantError
from exchange.engine.marking import option_terms, outstanding, terms_outstanding
from exchange.engine.pricing import E18, YEAR_SECONDS, Smile, black76, deviation, option_quote
from exchange.engine.settling import accounts_to_pay
from exchange.state import MarketStatus
from exchange.state.expiry import ExpiryStatus
from exchange.state.pricing import FOREVER
from tests.exchange.engine.conftest import BTC, ORACLES, START, UNIT, USD
from tests.exchange.engine.derivatives import (
    CALL,
    DAY,
    FAR,
    FAR_CALL,
    FUTURE,
    MARKETS,
    NEAR,
    NEAR_TIME,
    PERPETUAL,
    PUT,
    Derivatives,
    flat_smile,
    market,
)


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


@pytest.fixture
def venue() -> Derivatives:
    venue = Derivatives()
    venue.tick(50_000)
    return venue


class TestMarks:
    def test_a_future_is_marked_at_the_forward(self, venue) -> None:
        seconds = NEAR_TIME - venue.state.header.clock
        expected = 50_000 * UNIT + 50_000 * UNIT * 50_000_000 * seconds // (10**9 * YEAR_SECONDS)
        assert venue.state.pricing[FUTURE].mark == expected > 50_000 * UNIT

    def test_options_are_marked_by_black_76_on_the_smile(self, venue) -> None:
        forward = venue.state.pricing[FUTURE].mark
        seconds = NEAR_TIME - venue.state.header.clock
        call, put = (venue.state.pricing[market].mark for market in (CALL, PUT))
        assert call - put == pytest.approx(forward - 50_000 * UNIT, abs=1)
        flat = black76(forward * 10**10, 50_000 * E18, deviation(6 * E18 // 10, seconds))
        assert call == pytest.approx(flat.call // 10**10, rel=0.01)

    def test_what_margin_needs_is_in_the_mark(self, venue) -> None:
        pricing = venue.state.pricing[CALL]
        assert 0 < pricing.delta < UNIT
        assert pricing.vega > 0
        assert pricing.short_minimum == 500 * UNIT, "a tenth of a future's 5,000"
        assert venue.state.pricing[FUTURE].short_minimum == 0
        assert (pricing.expiry, pricing.margin_factor) == (NEAR, 10**6)

    def test_variance_wears_off_with_time(self, venue) -> None:
        marks = []
        for _ in range(6):
            marks.append(venue.state.pricing[FAR_CALL].mark)
            venue.tick(50_000, DAY)
        assert marks == sorted(marks, reverse=True)
        assert len(set(marks)) == 6

    def test_the_open_interest_raises_the_factor(self) -> None:
        tiers = {"margin_floor": UNIT, "margin_ceiling": 3 * UNIT, "margin_growth": 500_000}
        venue = Derivatives((MARKETS[0], market(MARKETS[1].kind, expiry=NEAR, **tiers), *MARKETS[2:]))
        venue.tick(50_000)
        for _ in range(2):
            venue.open_account(usd=1_000_000)
        factors = []
        for size in (1, 1, 1, 1):
            venue.sell(1, 50_100, size, market=FUTURE)
            venue.buy(2, 50_100, size, market=FUTURE)
            venue.tick(50_000)
            factors.append(venue.state.pricing[FUTURE].margin_factor)
        assert factors == [1_000_000, 1_250_000, 1_500_000, 1_500_000]


class TestBand:
    def test_an_option_of_little_worth_can_be_traded(self, venue) -> None:
        """Its band is a share of the index's scan range, 10 % of 5,000 here, not of its own price."""
        venue.open_account(usd=1_000_000)
        mark = venue.state.pricing[FAR_CALL].mark / UNIT
        assert mark < 1_500
        venue.buy(1, round(mark) + 498, 1, market=FAR_CALL)
        assert reason_of(venue, venue.order(1, FAR_CALL, 0, round(mark) + 502, 1)) == Reason.PRICE_OUTSIDE_BAND
        assert venue.state.pricing[FUTURE].width == venue.state.pricing[FUTURE].mark

    def test_a_liquidation_does_not_go_on_after_the_expiry(self, venue) -> None:
        for _ in range(2):
            venue.open_account(usd=1_000_000)
        venue.sell(1, 50_100, 1, market=FUTURE)
        venue.buy(2, 50_100, 1, market=FUTURE)
        venue.sell(1, 50_100, 1, market=FUTURE)
        run_to(venue, NEAR_TIME - 60, 50_000)
        leaf = venue.state.markets[FUTURE]
        leaf.register, leaf.register_account, leaf.register_price = 2, 1, 50_100 * UNIT
        leaf.register_side, leaf.register_remaining = 0, UNIT
        set_clock(venue.state, NEAR_TIME)
        assert venue.do(steps.continue_register(FUTURE)) == [RemainderDropped(1, FUTURE, 0, UNIT)]
        assert leaf.register == 0


class TestReprice:
    def test_up_to_eight_markets_of_one_expiry(self, venue) -> None:
        set_clock(venue.state, venue.state.header.clock + 1)
        venue.do(venue.report(BTC, 51_000))
        assert outstanding(venue.state, BTC) == [(PERPETUAL,), (FUTURE, CALL, PUT), (FAR_CALL,)]
        assert reason_of(venue, steps.reprice(CALL, FAR_CALL)) == Reason.MALFORMED
        assert reason_of(venue, steps.reprice(PUT, CALL)) == Reason.MALFORMED
        assert reason_of(venue, steps.reprice(CALL, CALL)) == Reason.MALFORMED
        assert reason_of(venue, steps.reprice(*range(9))) == Reason.MALFORMED
        assert reason_of(venue, steps.reprice()) == Reason.MALFORMED
        assert reason_of(venue, steps.reprice(FAR_CALL, 99)) == Reason.MARKET_UNKNOWN
        assert reason_of(venue, steps.reprice(CALL) + b"\x00") == Reason.MALFORMED
        assert venue.do(steps.reprice(FUTURE, PUT)) == []
        assert venue.do(steps.reprice(FUTURE, CALL, PUT)) == [], "what is marked already is passed over"
        assert reason_of(venue, steps.reprice(FUTURE, CALL)) == Reason.NOTHING_TO_REPRICE
        assert venue.do(steps.reprice(PERPETUAL)) == []
        (flipped,) = venue.do(steps.reprice(FAR_CALL))
        assert isinstance(flipped, RoundFlipped)

    def test_margin_reads_one_round_only(self, venue) -> None:
        set_clock(venue.state, venue.state.header.clock + 1)
        before = list(venue.state.pricing[:5])
        venue.do(venue.report(BTC, 51_000))
        for group in outstanding(venue.state, BTC)[:-1]:
            venue.do(steps.reprice(*group))
        assert venue.state.pricing[:5] == before

    def test_quotes_computed_ahead_are_the_same(self, venue) -> None:
        twin = Derivatives()
        twin.tick(50_000)
        for state in (venue.state, twin.state):
            set_clock(state, state.header.clock + 1)
        venue.do(venue.report(BTC, 51_234.5))
        twin.do(twin.report(BTC, 51_234.5))
        terms = terms_outstanding(twin.state, BTC)
        assert len(terms) == 3
        twin.state.quotes.update({term: option_quote(term) for term in terms})
        for acting in (venue, twin):
            for group in outstanding(acting.state, BTC):
                acting.do(steps.reprice(*group))
        assert venue.state.commit() == twin.state.commit()

    def test_a_quote_of_other_terms_is_never_used(self, venue) -> None:
        state = venue.state
        terms = option_terms(state.markets[CALL], state.underlyings[BTC], state.expiries[NEAR])
        state.quotes[terms] = option_quote(terms._replace(strike=1))
        venue.tick(50_001)
        assert state.pricing[CALL].mark < 10_000 * UNIT


class TestSmiles:
    def test_a_smile_is_set_and_prices_the_next_round(self, venue) -> None:
        before = venue.state.pricing[FAR_CALL].mark
        (event,) = venue.do(venue.smile(FAR, flat_smile(0.7, 35 * DAY), carry=-3))
        assert event == SmileSet(FAR, 2, venue.state.header.clock)
        assert venue.state.pricing[FAR_CALL].mark == before
        venue.tick(50_000)
        assert venue.state.pricing[FAR_CALL].mark > before * 1.2

    @pytest.mark.parametrize(
        "smile",
        [
            Smile(0, 2 * 10**17, -95 * 10**16, 0, 10**16),
            Smile(-41 * 10**15, 133_100_000 * 10**9, 306 * 10**15, 358_600_000 * 10**9, 415_300_000 * 10**9),
            Smile(10**16, 19 * 10**17, 5 * 10**17, 0, 10**17),
        ],
        ids=["steep skew", "negative density", "wing"],
    )
    def test_a_butterfly_for_nothing_is_refused(self, venue, smile) -> None:
        assert reason_of(venue, venue.smile(FAR, smile)) == Reason.SMILE_ARBITRAGE

    def test_a_calendar_spread_for_nothing_is_refused(self, venue, monkeypatch) -> None:
        cheap = flat_smile(0.2, 35 * DAY)
        dear = flat_smile(1.5, 7 * DAY)
        assert reason_of(venue, venue.smile(FAR, cheap)) == Reason.SMILE_ARBITRAGE
        assert reason_of(venue, venue.smile(NEAR, dear)) == Reason.SMILE_ARBITRAGE
        monkeypatch.setattr("exchange.engine.smiles.fits_neighbours", lambda *_: True)
        venue.do(venue.smile(NEAR, dear))

    def test_signatures_times_and_range(self, venue) -> None:
        smile = flat_smile(0.6, 35 * DAY)
        now = venue.state.header.clock
        assert reason_of(venue, venue.smile(FAR, smile, keys=ORACLES[:2])) == Reason.TOO_FEW_REPORTS
        assert reason_of(venue, venue.smile(FAR, smile, keys=[*ORACLES[:2], ORACLES[1]])) == (
            Reason.REPORT_SIGNER_UNKNOWN
        )
        assert reason_of(venue, venue.smile(FAR, smile, keys=[*ORACLES[:2], venue.signer(9)])) == (
            Reason.REPORT_SIGNER_UNKNOWN
        )
        assert reason_of(venue, venue.smile(FAR, smile, time=now + 1)) == Reason.REPORT_AHEAD_OF_CLOCK
        assert reason_of(venue, venue.smile(FAR, smile, time=START)) == Reason.REPORT_NOT_NEWER
        assert reason_of(venue, venue.smile(FAR, smile, carry=6 * 10**9)) == Reason.CARRY_OUT_OF_RANGE
        assert reason_of(venue, venue.smile(7, smile)) == Reason.EXPIRY_UNKNOWN
        assert reason_of(venue, venue.smile(FAR, smile)[:-1]) == Reason.MALFORMED
        venue.tick(50_000, 100)
        assert reason_of(venue, venue.smile(FAR, smile, time=now + 1)) == Reason.REPORT_STALE
        changed = bytearray(venue.smile(FAR, smile))
        changed[30] ^= 1
        assert reason_of(venue, bytes(changed)) in {Reason.REPORT_SIGNER_UNKNOWN, Reason.SMILE_ARBITRAGE}

    def test_not_while_a_round_is_being_marked(self, venue) -> None:
        set_clock(venue.state, venue.state.header.clock + 1)
        venue.do(venue.report(BTC, 51_000))
        assert reason_of(venue, venue.smile(FAR, flat_smile(0.6, 35 * DAY))) == Reason.ROUND_OPEN


def run_to(venue: Derivatives, time: int, usd: float, step: int = 60) -> None:
    """Reports up to a time; in one leap to the minute before the window."""
    leap = min(time, NEAR_TIME - average.WINDOW_SECONDS - 60)
    if venue.state.header.clock < leap:
        venue.tick(usd, leap - venue.state.header.clock)
    while venue.state.header.clock < time:
        venue.tick(usd, min(step, time - venue.state.header.clock))


class TestAverage:
    def test_it_is_weighted_by_time_over_the_half_hour(self, venue) -> None:
        run_to(venue, NEAR_TIME - average.WINDOW_SECONDS, 40_000)
        assert venue.state.expiries[NEAR].average_seconds == 0
        run_to(venue, NEAR_TIME - 600, 50_000)
        run_to(venue, NEAR_TIME, 56_000)
        expiry = venue.state.expiries[NEAR]
        # a price holds until the next: the first minute is at 40,000, the last third at 56,000 but for its first minute
        total = 40_000 * 60 + 50_000 * 1_200 + 56_000 * 540
        assert (expiry.settlement_price, expiry.average_seconds) == (total * UNIT // 1_800, 1_800)
        assert expiry.status == ExpiryStatus.SETTLED

    def test_the_last_print_decides_a_little_of_it(self, venue) -> None:
        """Who moves the index at the very end moves what is paid by a thirtieth for a minute."""
        run_to(venue, NEAR_TIME - 60, 50_000)
        venue.tick(75_000, 60)
        assert venue.state.expiries[NEAR].settlement_price == 50_000 * UNIT

    def test_in_the_window_the_forward_is_what_will_be_paid(self, venue) -> None:
        run_to(venue, NEAR_TIME - 900, 50_000)
        venue.tick(60_000, 60)
        done = 50_000 * 960
        assert venue.state.pricing[FUTURE].mark == pytest.approx((done + 60_000 * 840) * UNIT / 1_800, rel=1e-4)

    def test_time_without_a_price_does_not_count_and_is_made_up_for(self, venue) -> None:
        """An oracle that was silent through the window: half of it is gathered afterwards, not of a stale price."""
        run_to(venue, NEAR_TIME - average.WINDOW_SECONDS - 60, 20_000)
        set_clock(venue.state, NEAR_TIME + 600)
        venue.tick(50_000)
        expiry = venue.state.expiries[NEAR]
        assert expiry.status == ExpiryStatus.TRADING
        assert expiry.average_seconds == 0
        late = venue.state.header.clock
        run_to(venue, late + 840, 50_000)
        assert expiry.status == ExpiryStatus.TRADING
        run_to(venue, late + 960, 50_000)
        assert (expiry.settlement_price, expiry.average_seconds) == (50_000 * UNIT, 900)

    def test_a_price_cannot_pass_a_due_expiry_by(self, venue) -> None:
        run_to(venue, NEAR_TIME - 60, 50_000)
        set_clock(venue.state, NEAR_TIME)
        assert reason_of(venue, steps.settle_expiry(NEAR)) == Reason.EXPIRY_NOT_DUE
        venue.do(venue.report(BTC, 50_000))
        set_clock(venue.state, NEAR_TIME + 1)
        assert reason_of(venue, venue.report(BTC, 90_000)) == Reason.EXPIRY_DUE
        assert reason_of(venue, steps.settle_expiry(FAR)) == Reason.EXPIRY_NOT_DUE
        venue.settle()
        venue.do(venue.report(BTC, 50_001))


class TestSettlement:
    @pytest.mark.parametrize(
        ("market_id", "price", "expected"),
        [
            (FUTURE, 50_012.34, 50_012.3),
            (CALL, 50_012.34, 12.3),
            (CALL, 49_999, 0),
            (PUT, 49_987.77, 12.2),
            (PUT, 50_001, 0),
        ],
    )
    def test_payoff(self, venue, market_id: int, price: float, expected: float) -> None:
        assert payoff(venue.state.markets[market_id], round(price * UNIT)) == round(expected * UNIT)

    def test_an_expired_market_takes_no_orders_settled_or_not(self, venue) -> None:
        for _ in range(2):
            venue.open_account(usd=1_000_000)
        venue.sell(1, 50_100, 1, market=FUTURE)
        run_to(venue, NEAR_TIME - 60, 50_000)
        set_clock(venue.state, NEAR_TIME)
        assert reason_of(venue, venue.order(2, FUTURE, 0, 50_100, 1)) == Reason.MARKET_EXPIRED
        venue.tick(50_000, 0)
        assert venue.state.markets[FUTURE].status == MarketStatus.EXPIRED
        assert reason_of(venue, venue.order(2, FUTURE, 0, 50_100, 1)) == Reason.MARKET_EXPIRED
        assert reason_of(venue, steps.reprice(FUTURE)) in {Reason.NOTHING_TO_REPRICE, Reason.EXPIRY_DUE}

    def test_an_ended_market_keeps_one_mark_and_leaves_the_rounds(self, venue) -> None:
        run_to(venue, NEAR_TIME - 60, 50_000)
        events = venue.tick(51_800, 60)
        assert ExpirySettled(NEAR, 50_000 * UNIT) in events
        state = venue.state
        assert [state.markets[market].status for market in (FUTURE, CALL, PUT)] == [MarketStatus.EXPIRED] * 3
        assert (state.underlyings[BTC].market_count, state.underlyings[BTC].next_expiry) == (2, FAR + 1)
        assert state.pricing[FUTURE].mark == 50_000 * UNIT
        assert (state.pricing[FUTURE].scan, state.pricing[FUTURE].fresh_until) == ((0,) * 16, FOREVER)
        assert state.pricing[PERPETUAL].mark == 51_800 * UNIT
        for usd in (40_000, 41_000):
            venue.tick(usd, 60)
            assert state.pricing[FUTURE].mark == 50_000 * UNIT
            assert state.pricing[PERPETUAL].mark == usd * UNIT

    def test_settlement_is_bounded_and_its_rest_holds_the_next_round_back(self, venue) -> None:
        run_to(venue, NEAR_TIME - 60, 50_000)
        set_clock(venue.state, NEAR_TIME)
        venue.do(venue.report(BTC, 50_000))
        for market_id in (PERPETUAL, FAR_CALL):
            venue.do(steps.reprice(market_id))
        venue.do(steps.settle_expiry(NEAR, FUTURE))
        assert reason_of(venue, steps.reprice(CALL, PUT)) == Reason.EXPIRY_DUE
        assert reason_of(venue, steps.settle_expiry(NEAR)) == Reason.NOTHING_TO_END
        assert reason_of(venue, steps.settle_expiry(NEAR, FUTURE)) == Reason.NOTHING_TO_END
        assert reason_of(venue, steps.settle_expiry(NEAR, FAR_CALL)) == Reason.NOTHING_TO_END
        assert reason_of(venue, steps.settle_expiry(NEAR, PUT, CALL)) == Reason.MALFORMED
        assert venue.state.underlyings[BTC].round_time < NEAR_TIME
        events = venue.do(steps.settle_expiry(NEAR, CALL, PUT))
        assert isinstance(events[-1], RoundFlipped)

    def test_an_option_writer_owes_the_payoff_and_no_more(self, venue) -> None:
        for _ in range(2):
            venue.open_account(usd=1_000_000)
        venue.sell(1, 1_700, 1, market=CALL)
        venue.buy(2, 1_700, 1, market=CALL)
        run_to(venue, NEAR_TIME, 52_000)
        reports = [assess(venue.state, account) for account in (1, 2)]
        assert [report.unrealised for report in reports] == [-300 * USD, 300 * USD]
        assert [report.initial for report in reports] == [0, 0]

    def test_incident_d20_an_expiry_leaves_the_insurance_fund_where_it_is(self, venue) -> None:
        """BitMEX: the fund was not carried over to the new contract. Here it is account 0, and of no market."""
        venue.deposit(0, 0, 5_000 * USD)
        before = venue.state.accounts[0].encode()
        run_to(venue, NEAR_TIME, 50_000)
        run_to(venue, NEAR_TIME + 3_600, 50_000, 60)
        assert venue.state.expiries[NEAR].status == ExpiryStatus.SETTLED
        assert venue.state.accounts[0].encode() == before
        assert venue.state.accounts[0].cash == 5_000 * USD


def test_a_revert_brings_expiries_and_rounds_back(venue) -> None:
    run_to(venue, NEAR_TIME - 60, 50_000)
    venue.state.commit()
    number, root = venue.state.commit_number, venue.state.root
    venue.tick(50_000, 60)
    venue.state.commit()
    assert venue.state.root != root
    assert venue.state.revert_to(number) == root
    assert venue.state.expiries[NEAR].status == ExpiryStatus.TRADING
    venue.tick(50_000, 60)
    assert venue.state.expiries[NEAR].status == ExpiryStatus.SETTLED


class TestPayingOut:
    """Positions of an expired market become cash one by one; what one gets another gives, through the pool."""

    @pytest.fixture
    def expired(self, venue) -> Derivatives:
        """Account 1 wrote 2 calls to 2 and 3; 2 is short a future against 1, and has a bid that nobody met."""
        for _ in range(3):
            venue.open_account(usd=1_000_000)
        venue.sell(1, 1_700, 2, market=CALL)
        venue.buy(2, 1_700, 0.5, market=CALL)
        venue.buy(3, 1_700, 1.5, market=CALL)
        venue.buy(1, 50_100, 1, market=FUTURE)
        venue.sell(2, 50_100, 1, market=FUTURE)
        venue.buy(2, 49_000, 1, market=FUTURE)
        run_to(venue, NEAR_TIME - average.WINDOW_SECONDS - 60, 52_000.07)
        run_to(venue, NEAR_TIME, 52_000.07)
        return venue

    def test_everybody_is_paid_the_payoff_less_the_cost(self, expired) -> None:
        state = expired.state
        before = {account: state.accounts[account].cash for account in (1, 2, 3)}
        assert state.markets[CALL].settlement == 200_000_000_000
        events = expired.do(steps.settle_positions(CALL, [1, 2]))
        assert [(event.account, event.size, event.realised) for event in events] == [
            (1, -2 * UNIT, 2 * 1_700 * USD - 2 * 2_000 * USD),
            (2, UNIT // 2, 1_000 * USD - 850 * USD),
        ]
        assert state.markets[CALL].funding_pool == 3_000 * USD
        assert accounts_to_pay(state, CALL) == [3]
        expired.do(steps.settle_positions(CALL, [3, 4]))
        assert (state.markets[CALL].funding_pool, state.markets[CALL].open_interest) == (0, 0)
        change = {account: state.accounts[account].cash - before[account] for account in (1, 2, 3)}
        assert change == {1: -600 * USD, 2: 150 * USD, 3: 450 * USD}
        assert all(CALL not in state.accounts[account].positions for account in (1, 2, 3))

    def test_an_order_left_in_the_book_holds_nobody_up(self, expired) -> None:
        state = expired.state
        expired.do(steps.settle_positions(FUTURE, [1, 2]))
        assert state.accounts[2].positions[FUTURE].bid_quantity == UNIT
        expired.do(steps.sweep(FUTURE, orders_to_sweep(state, FUTURE)))
        assert FUTURE not in state.accounts[2].positions

    def test_paying_changes_no_equity(self, expired) -> None:
        before = [assess(expired.state, account).equity for account in (1, 2, 3)]
        for market_id in (FUTURE, CALL):
            expired.do(steps.settle_positions(market_id, accounts_to_pay(expired.state, market_id)))
        assert [assess(expired.state, account).equity for account in (1, 2, 3)] == before

    def test_nobody_is_paid_twice_or_before(self, expired) -> None:
        expired.do(steps.settle_positions(CALL, [1]))
        assert reason_of(expired, steps.settle_positions(CALL, [1])) == Reason.NOTHING_TO_SETTLE
        assert reason_of(expired, steps.settle_positions(FAR_CALL, [1])) == Reason.MARKET_NOT_SETTLED
        assert reason_of(expired, steps.settle_positions(99, [1])) == Reason.MARKET_UNKNOWN
        assert reason_of(expired, steps.settle_positions(CALL, [2, 2])) == Reason.MALFORMED
        assert reason_of(expired, steps.settle_positions(CALL, [])) == Reason.MALFORMED
        assert reason_of(expired, steps.settle_positions(CALL, list(range(9)))) == Reason.MALFORMED
        assert reason_of(expired, steps.settle_positions(CALL, [2]) + b"\x00") == Reason.MALFORMED

    def test_a_payoff_off_the_tick_would_not_come_out_even(self, expired) -> None:
        expired.state.markets[CALL].settlement += 7
        with pytest.raises(InvariantError):
            expired.do(steps.settle_positions(CALL, [1, 2]))
