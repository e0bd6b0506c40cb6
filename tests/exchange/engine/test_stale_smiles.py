"""An old smile is an old price: nobody takes risk, leaves or is liquidated by it."""

import pytest

from exchange.engine import Reason, Rejected, assess, simulate_withdrawal, try_apply
from exchange.engine.due import liquidation_steps
from exchange.engine.steps import liquidate
from tests.exchange.engine.conftest import UNIT, USD, USDC_A
from tests.exchange.engine.derivatives import CALL, DAY, NEAR, PERPETUAL, Derivatives, flat_smile

BOUND = 600


def venue_with(staleness: int = BOUND, *, size: float = 1) -> Derivatives:
    """Account 2 has written calls for account 1; the smiles are of the start."""
    venue = Derivatives(smile_staleness=staleness)
    venue.open_account(usd=1_000_000)
    venue.open_account(usd=20_000)
    venue.tick(50_000)
    price = mark(venue)
    venue.buy(1, price, size, CALL)
    venue.sell(2, price, size, CALL)
    return venue


def mark(venue: Derivatives, market: int = CALL) -> float:
    return round(venue.state.pricing[market].mark / UNIT, 1)


def later(venue: Derivatives, seconds: int, usd: float = 50_000) -> None:
    """Time passes with fresh reports of the index."""
    for _ in range(0, seconds, 50):
        venue.tick(usd, 50)


def refusal(venue: Derivatives, step: bytes) -> Reason | None:
    try:
        try_apply(venue.state, step)
    except Rejected as rejected:
        return rejected.reason
    return None


def test_new_risk_needs_a_fresh_smile() -> None:
    venue = venue_with()
    later(venue, BOUND - 100)
    assert refusal(venue, venue.order(2, CALL, 1, mark(venue), 0.1)) is None
    later(venue, 200)
    assert venue.state.underlyings[0].round_time == venue.state.header.clock
    assert refusal(venue, venue.order(2, CALL, 1, mark(venue), 0.1)) == Reason.STALE_MARK
    # Nor in another market, where the account holds an option; who holds none trades on.
    assert refusal(venue, venue.order(2, PERPETUAL, 0, 50_000, 0.1)) == Reason.STALE_MARK
    venue.open_account(usd=100_000)
    assert refusal(venue, venue.order(3, PERPETUAL, 0, 49_000, 0.1)) is None
    assert simulate_withdrawal(venue.state, 1, asset=USDC_A, amount=USD).reason == Reason.STALE_MARK
    # A new smile, and all is as it was.
    venue.do(venue.smile(NEAR, flat_smile(0.6, 7 * DAY)))
    assert refusal(venue, venue.order(2, CALL, 1, mark(venue), 0.1)) is None


def test_without_the_bound_an_old_smile_sells_options_below_their_price() -> None:
    """The market knows that volatility has doubled, the venue's smile does not: margin is a fraction of the risk."""
    venue = venue_with(0)
    later(venue, 10 * BOUND)
    assert refusal(venue, venue.order(2, CALL, 1, mark(venue), 0.5)) is None


def test_nobody_is_liquidated_by_an_old_smile() -> None:
    for staleness, stale in ((BOUND, True), (0, False)):
        venue = venue_with(staleness, size=2)
        later(venue, 2 * BOUND)
        # An index of 60,000 makes the written calls dear, by the old smile.
        later(venue, 100, 62_000)
        report = assess(venue.state, 2)
        assert report.is_liquidatable
        assert report.stale == stale
        assert bool(liquidation_steps(venue.state, 2)) == (not stale)
        assert (refusal(venue, liquidate(2, CALL)) == Reason.STALE_MARK) == stale


def test_what_was_computed_follows_from_the_leaves() -> None:
    """After going back to a commit the bound is the one that holds without having gone."""
    venue = venue_with()
    later(venue, 100)
    venue.do(venue.smile(NEAR, flat_smile(0.6, 7 * DAY)))
    venue.state.commit()
    before = list(venue.state.pricing)
    later(venue, 100)
    venue.state.commit()
    venue.state.revert_to(venue.state.commit_number - 1)
    assert venue.state.pricing == before


def test_futures_and_perpetuals_do_not_age_with_smiles() -> None:
    venue = venue_with()
    later(venue, 2 * BOUND)
    clock = venue.state.header.clock
    assert [pricing.fresh_until >= clock for pricing in venue.state.pricing] == [True, True, False, False, False]
    with pytest.raises(ValueError, match="config"):
        type(venue.state.config).decode(venue.state.config.encode()[:-1])
