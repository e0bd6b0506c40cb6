"""What a provider asks: every part, rounded against the customer; the premium pays for the option."""

import random
from dataclasses import replace
from decimal import Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.swaps.exposure import SECONDS_PER_YEAR, option_seconds
from bridge.swaps.guarantees import Guarantee, SwapKind
from exchange.sdk.errors import Rejected
from exchange.sdk.swap_policy import ExchangeBounds, SwapPolicy
from relayers.liquidity.pricing import Amount, Tariff, price
from tests.bridge.swaps.swapping import BOUNDS

DOLLAR = 10**8
TARIFF = Tariff(
    prices_e8={"USD": DOLLAR, "USDC": DOLLAR, "ETH": 2_500 * DOLLAR},
    volatility={"ETH": 0.8, "USDC": 0.02},
    spread_ppm={Guarantee.SOFT: 3_000, Guarantee.POSTED: 1_000, Guarantee.FINAL: 500},
    capital_ppm=100_000,
    gas=400_000,
    gas_price=10**9,
)
ETHER = Amount(symbol="ETH", decimals=18, units=10**18)
USDC = Amount(symbol="USDC", decimals=6, units=0)
CASH = Amount(symbol="USD", decimals=6, units=1_000 * 10**6)
HOUR = 3_600


def test_every_part_is_what_it_says():
    units, parts = price(TARIFF, SwapKind.SWAP, Guarantee.FINAL, ETHER, USDC, window=HOUR, locked=2 * HOUR)
    assert units + parts.total == 2_500 * 10**6
    assert parts.gas == 400_000 * 10**9 * 2_500 * 10**6 // 10**18 == 1_000_000
    assert parts.spread == 1_250_000
    assert parts.capital == -(-2_500 * 10**6 * 100_000 * 2 * HOUR // (10**6 * SECONDS_PER_YEAR))
    assert 0.003 < parts.option_premium / (2_500 * 10**6) < 0.004


def test_softer_is_dearer():
    taken = [
        price(TARIFF, SwapKind.EXIT, guarantee, CASH, USDC, window=HOUR, locked=HOUR)[0] for guarantee in Guarantee
    ]
    assert taken == sorted(taken)
    assert len(set(taken)) == 3


def test_on_entry_the_customer_has_no_option_and_pays_for_none():
    taken = replace(USDC, symbol="USD")
    _, parts = price(TARIFF, SwapKind.ENTRY, Guarantee.POSTED, ETHER, taken, window=HOUR, locked=HOUR)
    assert parts.option_premium == 0
    _, parts = price(TARIFF, SwapKind.SWAP, Guarantee.POSTED, ETHER, taken, window=HOUR, locked=HOUR)
    assert parts.option_premium > 0


def test_what_costs_more_than_it_is_worth_is_refused():
    dust = replace(CASH, units=10**6)
    with pytest.raises(Rejected, match="TooSmall"):
        price(TARIFF, SwapKind.EXIT, Guarantee.FINAL, dust, USDC, window=HOUR, locked=HOUR)
    with pytest.raises(Rejected, match="NoPrice"):
        price(TARIFF, SwapKind.SWAP, Guarantee.FINAL, replace(ETHER, symbol="DOGE"), USDC, window=1, locked=1)


@given(
    units=st.integers(10**16, 10**24),
    window=st.integers(0, 10**6),
    locked=st.integers(0, 10**7),
    guarantee=st.sampled_from(list(Guarantee)),
)
def test_no_rounding_favours_the_customer(units, window, locked, guarantee):
    try:
        taken, parts = price(
            TARIFF, SwapKind.SWAP, guarantee, replace(ETHER, units=units), USDC, window=window, locked=locked
        )
    except Rejected:
        return
    fair = units * 2_500 * 10**6 / Decimal(10**18)
    assert taken + parts.total <= fair
    assert parts.spread >= (taken + parts.total) * TARIFF.spread_ppm[guarantee] / 10**6
    assert parts.capital * 10**6 * SECONDS_PER_YEAR >= (taken + parts.total) * TARIFF.capital_ppm * locked


class Walk:
    """A geometric Brownian motion in decimals: steps of a seeded sum of twelve uniforms, exponentials to the letter."""

    def __init__(self, seed, volatility, seconds):
        getcontext().prec = 28
        self.dice = random.Random(seed)
        self.spread = Decimal(volatility) * (Decimal(seconds) / SECONDS_PER_YEAR).sqrt()

    def end(self):
        """Price of what the customer takes in what it gives, 1 at the start."""
        normal = sum(Decimal(self.dice.randrange(10**9)) for _ in range(12)) / 10**9 - 6
        return (self.spread * normal - self.spread * self.spread / 2).exp()


RULES = SwapPolicy(chains={1: BOUNDS, 2: BOUNDS}, reaction_seconds=15, public_seconds=60).rules(
    long=BOUNDS, short=BOUNDS
)


@pytest.mark.parametrize("hours", [None, 1, 24])
def test_a_customer_who_reveals_only_when_it_pays_gains_no_more_than_its_premium(hours):
    """The free option, simulated: expected gain of waiting for the price, against the premium of the same quote."""
    window = option_seconds(RULES.plan(0), RULES) if hours is None else hours * HOUR
    _, parts = price(TARIFF, SwapKind.SWAP, Guarantee.FINAL, ETHER, USDC, window=window, locked=window)
    walk, draws = Walk(11, "0.82", window), 6_000
    paid = sum(max(Decimal(0), walk.end() - 1) for _ in range(draws)) / draws
    assert paid > 0
    charged = Decimal(parts.option_premium) / (2_500 * 10**6)
    assert paid <= charged * Decimal("1.03"), "but for what 6,000 draws are off"
    assert charged <= paid * Decimal("1.10"), "and not much more than that"
    calm = replace(TARIFF, volatility={"ETH": 0.2})
    _, cheap = price(calm, SwapKind.SWAP, Guarantee.FINAL, ETHER, USDC, window=window, locked=window)
    assert paid > Decimal(cheap.option_premium) / (2_500 * 10**6), "a provider that underrates the market pays for it"


EXCHANGE = ExchangeBounds(
    settlement=BOUNDS, answer_seconds=4, posting_seconds=30, challenge_seconds=300, forced_seconds=600
)
POLICY = SwapPolicy(chains={2: BOUNDS}, exchange=EXCHANGE, reaction_seconds=15, public_seconds=60)


@pytest.mark.parametrize("guarantee", list(Guarantee))
def test_the_cash_deadline_lies_after_the_chains_by_reveal_finality_and_the_forced_queue(guarantee):
    cash = POLICY.cash_bounds(guarantee)
    rules = POLICY.rules(long=cash, short=BOUNDS)
    schedule = rules.plan(1_000)
    gap = schedule.long.refund_from - schedule.short.refund_from
    assert gap > BOUNDS.known_seconds + EXCHANGE.forced_seconds + BOUNDS.inclusion_seconds
    tight = BOUNDS.known_seconds + rules.reaction_seconds + cash.landing_seconds
    for short_by in (0, 1):
        refund = schedule.short.refund_from + tight - short_by
        less = replace(schedule, long=replace(schedule.long, public_claim_from=refund - 1, refund_from=refund))
        if short_by:
            with pytest.raises(Exception, match="NoRoomToClaim"):
                rules.require_room(less, 1_000)
        else:
            rules.require_room(less, 1_000)


def test_what_is_relied_on_less_is_waited_for_less():
    known = [POLICY.cash_bounds(guarantee).known_seconds for guarantee in Guarantee]
    assert known == sorted(known)
    assert known[2] - known[1] == EXCHANGE.challenge_seconds
    assert known[1] - known[0] >= EXCHANGE.posting_seconds
    landing = {POLICY.cash_bounds(guarantee).landing_seconds for guarantee in Guarantee}
    assert len(landing) == 1, "a claim may have to be forced whatever one relies on"


def test_bounds_beyond_the_longest_lock_leave_no_room():
    slow = replace(POLICY, exchange=replace(EXCHANGE, challenge_seconds=40 * 86_400))
    with pytest.raises(Exception, match="LockedTooLong"):
        slow.rules(long=slow.cash_bounds(Guarantee.FINAL), short=BOUNDS).plan(0)
    slow.rules(long=slow.cash_bounds(Guarantee.POSTED), short=BOUNDS).plan(0)
    with pytest.raises(Rejected, match="UnknownBounds"):
        replace(POLICY, exchange=None).cash_bounds(Guarantee.SOFT)
