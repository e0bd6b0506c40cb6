from __future__ import annotations

from itertools import zip_longest

import pytest

from exchange.engine import PriceReported, Reason, Rejected, RoundFlipped, Signer, set_clock, sign_report, steps
from exchange.engine.marking import risk_array
from exchange.engine.signing import oracle_report
from exchange.state.mark import Mark
from tests.exchange.engine.derivatives import Derivatives

UNIT = 10**8


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def mixed(venue, oracles, prices, time=None, underlying=0, confidences=()) -> bytes:
    """One report per oracle with its own price, all of one time."""
    time = venue.state.header.clock if time is None else time
    reports = [
        sign_report(
            key,
            venue.domain,
            underlying=underlying,
            price=round(price * UNIT),
            time=time,
            confidence=round(confidence * UNIT),
        )
        for key, price, confidence in zip_longest(oracles[: len(prices)], prices, confidences, fillvalue=0)
    ]
    return oracle_report(underlying, time, reports)


@pytest.fixture
def later(venue):
    """A second after the last price."""
    set_clock(venue.state, venue.state.header.clock + 1)
    return venue


@pytest.fixture
def oracles(venue_type):
    return venue_type.ORACLES


@pytest.mark.parametrize(
    ("prices", "median"), [([50_100, 50_300, 50_200], 50_200), ([50_100, 50_400, 50_300, 50_200], 50_200)]
)
def test_the_median_counts_the_lower_of_two(later, oracles, prices: list[int], median: int) -> None:
    (event,) = later.do(mixed(later, oracles, prices))
    assert event == PriceReported(0, median * UNIT, later.state.header.clock)


def test_one_wild_source_moves_nothing(later, oracles) -> None:
    (event,) = later.do(mixed(later, oracles, [50_000, 50_000_0, 50_001]))
    assert event.price == 50_001 * UNIT


def test_fewer_than_three_reports_make_no_price(later, oracles) -> None:
    assert reason_of(later, mixed(later, oracles, [50_000, 50_000])) == Reason.TOO_FEW_REPORTS
    later.do(mixed(later, oracles, [50_000, 50_000, 50_000]))


def test_signers_ascend_and_are_known(later, oracles) -> None:
    report = [
        sign_report(key, later.domain, underlying=0, price=UNIT, time=later.state.header.clock) for key in oracles
    ]
    first, second, third, _ = report
    stranger = sign_report(Signer(b"s" * 32), later.domain, underlying=0, price=UNIT, time=later.state.header.clock)
    elsewhere = sign_report(oracles[2], later.domain, underlying=1, price=UNIT, time=later.state.header.clock)
    for parts in (
        [first, first, second],
        [second, first, third],
        [first, second, stranger],
        [first, second, elsewhere],
    ):
        later.state.underlyings[0].price = 0  # no deviation bound here
        assert reason_of(later, oracle_report(0, later.state.header.clock, parts)) == Reason.REPORT_SIGNER_UNKNOWN
    later.do(oracle_report(0, later.state.header.clock, [first, second, third]))


def test_the_time_never_repeats(later, oracles) -> None:
    last = later.state.underlyings[0].time
    assert reason_of(later, mixed(later, oracles, [50_000] * 3, last)) == Reason.REPORT_NOT_NEWER
    (event,) = later.do(mixed(later, oracles, [50_000] * 3, last + 1))
    assert event.time == last + 1
    assert reason_of(later, mixed(later, oracles, [50_000] * 3, last + 1)) == Reason.REPORT_NOT_NEWER
    set_clock(later.state, last + 2)
    later.do(mixed(later, oracles, [50_000] * 3, last + 2))


def test_a_report_of_another_time_is_not_of_this_one(later, oracles) -> None:
    """The time is signed: reports of two times make no price together."""
    now = later.state.header.clock
    parts = [
        sign_report(key, later.domain, underlying=0, price=50_000 * UNIT, time=time)
        for key, time in zip(oracles, (now, now, now - 1), strict=False)
    ]
    assert reason_of(later, oracle_report(0, now, parts)) == Reason.REPORT_SIGNER_UNKNOWN


def test_reports_are_neither_ahead_nor_stale(later, oracles) -> None:
    now = later.state.header.clock
    assert reason_of(later, mixed(later, oracles, [50_000] * 3, now + 1)) == Reason.REPORT_AHEAD_OF_CLOCK
    set_clock(later.state, now + 100)
    now += 100
    assert reason_of(later, mixed(later, oracles, [50_000] * 3, now - 61)) == Reason.REPORT_STALE
    later.do(mixed(later, oracles, [50_000] * 3, now - 60))


def test_a_jump_waits_until_the_last_price_is_stale(later, oracles) -> None:
    assert reason_of(later, mixed(later, oracles, [75_001] * 3)) == Reason.PRICE_DEVIATION
    assert reason_of(later, mixed(later, oracles, [24_999] * 3)) == Reason.PRICE_DEVIATION
    set_clock(later.state, later.state.underlyings[0].time + 60)
    assert reason_of(later, mixed(later, oracles, [75_001] * 3)) == Reason.PRICE_DEVIATION
    set_clock(later.state, later.state.underlyings[0].time + 61)
    later.do(mixed(later, oracles, [75_001] * 3))


def test_each_underlying_has_rules_of_its_own(oracles) -> None:
    venue = Derivatives(index={"staleness": 10, "deviation": 10_000, "confidence": 1_000})

    def at(prices: tuple[float, float], **options) -> list[bytes]:
        return [mixed(venue, oracles, [price] * 3, underlying=number, **options) for number, price in enumerate(prices)]

    venue.tick(50_000)
    venue.do(at((50_000, 3_000))[1])
    for wait, seconds_old, change, share, reason in (
        (1, 0, 1.02, 0, Reason.PRICE_DEVIATION),
        (1, 0, 1.0, 0.002, Reason.TOO_FEW_REPORTS),
        (20, 15, 1.0, 0, Reason.REPORT_STALE),
    ):
        now = venue.state.header.clock + wait
        set_clock(venue.state, now)
        prices = (50_000 * change, 3_000 * change)
        unsure = [[price * share] * 3 for price in prices]
        strict, lenient = (
            at(prices, time=now - seconds_old, confidences=confidences)[number]
            for number, confidences in enumerate(unsure)
        )
        assert reason_of(venue, strict) == reason
        venue.do(lenient)


def test_prices_are_in_range(later, oracles) -> None:
    later.state.underlyings[0].price = 0
    assert reason_of(later, mixed(later, oracles, [1, 1, 0])) == Reason.PRICE_OUT_OF_RANGE
    assert reason_of(later, mixed(later, oracles, [1, 1, 2**50 / UNIT])) == Reason.PRICE_OUT_OF_RANGE


@pytest.mark.parametrize("cut", [1, 81])
def test_a_report_has_the_length_it_says(later, oracles, cut: int) -> None:
    step = mixed(later, oracles, [50_000] * 3)
    assert reason_of(later, step[:-cut]) == Reason.MALFORMED
    assert reason_of(later, step + bytes(cut)) == Reason.MALFORMED
    assert reason_of(later, step[:1] + b"\x00\x09" + step[3:]) == Reason.UNDERLYING_UNKNOWN
    assert reason_of(later, b"\x05\x00\x00") == Reason.MALFORMED


def test_margin_reads_the_old_round_until_all_markets_are_priced(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000, eth=3_000)
    state = venue.state
    set_clock(state, state.header.clock + 1)
    venue.do(venue.report(0, 51_000))
    assert venue.do(steps.reprice(2)) == []
    assert reason_of(venue, steps.reprice(2)) == Reason.NOTHING_TO_REPRICE
    assert [pricing.mark for pricing in state.pricing] == [50_000 * UNIT, 3_000 * UNIT, 50_000 * UNIT]
    assert venue.do(steps.reprice(0)) == [RoundFlipped(0, 2, 51_000 * UNIT, state.header.clock)]
    assert [pricing.mark for pricing in state.pricing] == [51_000 * UNIT, 3_000 * UNIT, 51_000 * UNIT]
    assert reason_of(venue, steps.reprice(0)) == Reason.NOTHING_TO_REPRICE
    assert state.underlyings[0].round_price == 51_000 * UNIT


def test_a_newer_report_starts_the_round_again(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS)
    venue.price(btc=50_000)
    for usd in (51_000, 52_000):
        set_clock(venue.state, venue.state.header.clock + 1)
        venue.do(venue.report(0, usd))
        assert venue.do(steps.reprice(0)) == []
    (flipped,) = venue.do(steps.reprice(2))
    assert flipped.price == 52_000 * UNIT
    assert {venue.state.pricing[market].mark for market in (0, 2)} == {52_000 * UNIT}


def test_reprice_before_any_report(venue_type) -> None:
    assert reason_of(venue_type(), steps.reprice(0)) == Reason.NOTHING_TO_REPRICE


def test_an_underlying_without_markets_flips_at_once(venue_type) -> None:
    venue = venue_type(venue_type.MARKETS[:1])
    set_clock(venue.state, venue.state.header.clock + 1)
    events = venue.do(venue.report(1, 3_000))
    assert events[1] == RoundFlipped(1, 1, 3_000 * UNIT, venue.state.header.clock)


def test_a_risk_array_by_hand(venue) -> None:
    # 10 % of 50,000, thirds rounded down
    third = 166_666_666_666
    assert risk_array(venue.state.markets[0], 50_000 * UNIT) == (
        *(0, 0, third, third, -third - 1, -third - 1),
        *(2 * third + 1, 2 * third + 1, -2 * third - 2, -2 * third - 2),
        *(5_000 * UNIT, 5_000 * UNIT, -5_000 * UNIT, -5_000 * UNIT, 3_500 * UNIT, -3_500 * UNIT),
    )
    assert venue.state.marks[1] == Mark(
        venue.state.underlyings[0].time,
        50_000 * UNIT,
        risk_array(venue.state.markets[0], 50_000 * UNIT),
        report=1,
        delta=UNIT,
    )
