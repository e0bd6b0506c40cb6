"""A devnet that lists a future and an option: marked, expired and paid out by its daemons, whoever sleeps."""

import pytest

from clearspan import Devnet, Rejected
from clearspan.devnet.config import DEFAULT_MARKETS
from clearspan.listing import ExpiryListing, MarketListing, SmileListing
from exchange.engine import invariants
from exchange.state import MarketStatus

HOUR = 3_600
EXPIRY = ExpiryListing(
    symbol="BTC-SOON",
    underlying="BTC",
    seconds=2 * HOUR,
    smile=SmileListing(a=10**14, b=10**14, rho=0, m=0, sigma=10**17),
)
SHAPE = {"underlying": "BTC", "tick": 10_000_000, "lot": 100_000, "min_size": 100_000, "open_interest_cap": 10**14}
FUTURE = MarketListing(symbol="BTC-SOON", kind="future", expiry="BTC-SOON", **SHAPE)
CALL = MarketListing(symbol="BTC-SOON-60000-C", kind="call", expiry="BTC-SOON", strike=60_000 * 10**8, **SHAPE)


def test_a_future_and_an_option_live_and_end():
    with Devnet(
        markets=(*DEFAULT_MARKETS, FUTURE, CALL), expiries=(EXPIRY,), block_seconds=100, oracle_staleness_seconds=300
    ) as net:
        net.set_price("BTC", "60000")
        state = net.core.sequencer.state
        assert state.pricing[2].mark == 60_000 * 10**8
        assert 0 < state.pricing[3].mark < 2_000 * 10**8
        while state.markets[3].status != MarketStatus.EXPIRED:
            net.step()
            assert state.header.clock < net.core.config.start_time + 3 * HOUR
        assert (state.markets[2].settlement, state.markets[3].settlement) == (60_000 * 10**8, 0)
        invariants.check(state)


def test_an_option_without_a_smile_is_not_listed():
    with pytest.raises((Rejected, ValueError), match="smile"):
        Devnet(markets=(CALL,), expiries=(EXPIRY.model_copy(update={"smile": None}),)).close()


def test_an_unknown_expiry_is_not_listed():
    with pytest.raises((Rejected, ValueError), match="unknown expiry"):
        Devnet(markets=(CALL,)).close()
