"""A devnet that lists a future and an option: marked, expired and paid out by its daemons, whoever sleeps."""

from decimal import Decimal

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
        alice, bob = net.trader("alice"), net.trader("bob")
        for handle in [one.deposit(chain="alpha", asset="USDC", amount="50000") for one in (alice, bob)]:
            handle.wait("credited")
        bob.create_order(market="BTC-PERP", side="sell", amount="1", price="60000")
        alice.create_order(market="BTC-PERP", side="buy", amount="1", price="60000")
        held = {one: one.fetch_balance().cash for one in (alice, bob)}
        while state.markets[3].status != MarketStatus.EXPIRED:
            net.step()
            assert state.header.clock < net.core.config.start_time + 3 * HOUR
        assert (state.markets[2].settlement, state.markets[3].settlement) == (60_000 * 10**8, 0)
        # The smile was said again before it was too old, for the time that was left.
        assert state.expiries[0].smile_version > 2
        assert state.expiries[0].a < 10**14
        # An hour and more has passed: the long paid the short the interest, and the pool kept no more than roundings.
        bob.create_order(market="BTC-PERP", side="buy", amount="1", price="60000")
        alice.create_order(market="BTC-PERP", side="sell", amount="1", price="60000")
        paid, got = held[alice] - alice.fetch_balance().cash - 30, bob.fetch_balance().cash - held[bob] + 12
        assert paid > Decimal("0.5")
        assert 0 <= paid - got <= Decimal("0.00001")
        invariants.check(state)


def test_an_option_without_a_smile_is_not_listed():
    with pytest.raises((Rejected, ValueError), match="smile"):
        Devnet(markets=(CALL,), expiries=(EXPIRY.model_copy(update={"smile": None}),)).close()


def test_an_unknown_expiry_is_not_listed():
    with pytest.raises((Rejected, ValueError), match="unknown expiry"):
        Devnet(markets=(CALL,)).close()
