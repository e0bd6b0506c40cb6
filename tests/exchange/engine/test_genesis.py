from __future__ import annotations

import dataclasses

import pytest

from exchange.engine import ListingError, genesis
from exchange.engine.genesis import AssetSpec, MarketSpec, UnderlyingSpec
from exchange.state import AssetKind
from exchange.state.deleveraging import EVENT_LIMIT, event_key
from exchange.state.limits import MARKET_LIMIT, SLOTS_PER_MARKET
from exchange.state.order import SLOT_BITS

UNIT = 10**8


@pytest.fixture
def listing(venue_type):
    """Config, one good market, one good collateral asset."""
    venue = venue_type()
    collateral = AssetSpec(
        symbol="WETH", chain_id=1, token=b"t" * 20, kind=AssetKind.COLLATERAL, decimals=18, underlying=0
    )
    return venue.config, venue_type.MARKETS[0], collateral


def list_all(listing, market: MarketSpec | None = None, asset: AssetSpec | None = None, times: int = 1):
    config, good_market, good_asset = listing
    return genesis(config, [market or good_market], [UnderlyingSpec(symbol="BTC")], [asset or good_asset] * times)


def test_a_good_listing(listing) -> None:
    state = list_all(listing)
    assert state.accounts[0].owner == listing[0].insurance_owner
    assert (state.header.account_count, state.header.market_count, state.header.asset_count) == (1, 1, 1)
    assert state.header.config_hash == listing[0].hash()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"tick": 1}, "whole number of cash units"),
        ({"lot": 99_999, "min_size": 99_999}, "whole number of cash units"),
        ({"tick": 0}, "positive"),
        ({"lot": 0}, "positive"),
        ({"tick": 2**50}, "tick is a price"),
        ({"multiplier": 0}, "positive"),
        ({"underlying": 1}, "listed underlying"),
        ({"min_size": 100_001}, "whole lots"),
        ({"open_interest_cap": 2**53}, "cap is a size"),
        ({"open_interest_cap": 2**53 - 1, "multiplier": 300}, "cost more"),
        ({"multiplier": 2**31, "open_interest_cap": UNIT}, "risk array"),
        ({"scan_range": 0}, "scan range"),
        ({"maintenance_factor": 1_000_001}, "maintenance"),
        ({"transfer_factor": 999_999}, "transfer"),
        ({"taker_fee": 1_000_000}, "fees"),
        ({"maker_fee": -501}, "rebate"),
    ],
)
def test_bad_markets_are_not_listed(listing, change: dict[str, int], rule: str) -> None:
    with pytest.raises(ListingError, match=rule):
        list_all(listing, market=dataclasses.replace(listing[1], **change))


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"kind": AssetKind.CASH}, "6 decimals"),
        ({"kind": AssetKind.CASH, "decimals": 6}, "no price"),
        ({"underlying": 3}, "listed underlying"),
        ({"haircut": 1_000_001}, "haircut"),
        ({"decimals": 37}, "decimals"),
        ({"token": b"short"}, "address"),
    ],
)
def test_bad_assets_are_not_listed(listing, change: dict[str, object], rule: str) -> None:
    with pytest.raises(ListingError, match=rule):
        list_all(listing, asset=dataclasses.replace(listing[2], **change))


def test_markets_of_one_underlying_share_a_scan_range(listing) -> None:
    config, market, asset = listing
    underlyings = [UnderlyingSpec(symbol="BTC"), UnderlyingSpec(symbol="ETH")]
    other = dataclasses.replace(market, scan_range=market.scan_range + 1)
    with pytest.raises(ListingError, match="one scan range"):
        genesis(config, [market, other], underlyings, [asset])
    genesis(config, [market, market, dataclasses.replace(other, underlying=1)], underlyings, [asset])


def test_a_token_is_listed_once(listing) -> None:
    with pytest.raises(ListingError, match="once per chain"):
        list_all(listing, times=2)


def test_an_account_can_hold_every_collateral(listing) -> None:
    config, market, asset = listing
    assets = [dataclasses.replace(asset, chain_id=chain) for chain in range(9)]
    genesis(config, [market], [UnderlyingSpec(symbol="BTC")], assets[:8])
    with pytest.raises(ListingError, match="hold every collateral"):
        genesis(config, [market], [UnderlyingSpec(symbol="BTC")], assets)


def test_every_market_that_can_be_listed_has_leaves_of_its_own(listing) -> None:
    config, market, _ = listing

    def listed(count: int):
        return genesis(config, [market] * count, [UnderlyingSpec(symbol="BTC")], [])

    with pytest.raises(ListingError, match="too many markets"):
        listed(MARKET_LIMIT + 1)
    state = listed(MARKET_LIMIT)
    last = MARKET_LIMIT - 1
    roots = [state.root]
    for market_id in (0, last):
        state.markets[market_id].order_sequence += 1
        state.dirty_markets.add(market_id)
        roots.append(state.commit())
    assert len(set(roots)) == 3
    furthest = {
        state._markets: last,
        state._orders: (last << SLOT_BITS) + SLOTS_PER_MARKET - 1,
        state._marks: 2 * last + 1,
        state._deleveragings: event_key(last, 1, EVENT_LIMIT - 1),
    }
    for table, leaf in furthest.items():
        assert leaf < 4**table.tree.depth
