"""A trader over HTTP: the SDK's `Trader` with a wallet, a venue at an address and the chains it pays on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from chains.chain import Chain
from clearspan.devnet.network import catalogue
from clearspan.kept import KeptRun
from exchange.sdk.amounts import PRICE_DECIMALS, from_base_units
from exchange.sdk.async_trader import AsyncTrader
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.remote_venue import RemoteVenue
from exchange.sdk.trader import OwnLoop, Trader
from exchange.sdk.venue_client import VenueClient
from exchange.state.config import Domain
from relayers.swap_config import SwapConfig

LOOK_SECONDS = 1.0
"""How long a handle that waits rests between two looks."""


def connect(config_file: Path | str) -> Trader:
    """The wallet of a `swap.toml` with an `[exchange]`, ready to trade; raises Rejected(NoExchange).

    `clearspan devnet serve` writes such files for alice and bob.
    """
    config = SwapConfig.load(Path(config_file))
    if config.exchange is None:
        raise Rejected("NoExchange", f"{config_file} has no [exchange]")
    kept = KeptRun.read(config.exchange.genesis)
    client = VenueClient(config.exchange.url, domain_of(kept))
    wallet = config.unlock()
    return remote_trader(Path(config_file).resolve().parent.name, wallet, client, kept, config.connect())


def remote_trader(
    name: str, wallet: LocalAccount, client: VenueClient, kept: KeptRun, chains: Mapping[int, Chain]
) -> Trader:
    """A trader of that name; `chains` by chain id, all of the network's."""
    inner = AsyncTrader(
        name=name,
        wallet=wallet,
        venue=RemoteVenue(client),
        gateway=Gateway(kept.network, chains),
        catalogue=catalogue(kept.network, kept.exchange),
        advance=lambda: asyncio.sleep(LOOK_SECONDS),
    )
    return Trader(inner, OwnLoop())


def domain_of(kept: KeptRun) -> Domain:
    """What steps of this network's exchange are signed for."""
    settlement = kept.network.settlement
    return Domain(settlement_chain=settlement.chain_id, rollup=to_canonical_address(settlement.rollup))


def mark_source(client: VenueClient, kept: KeptRun) -> RemoteMarks:
    """The marks of a network's markets."""
    return RemoteMarks(client, {market.symbol: number for number, market in enumerate(kept.exchange.markets)})


class RemoteMarks:
    """Marks as the venue tells them."""

    def __init__(self, client: VenueClient, markets: Mapping[str, int]) -> None:
        self._client = client
        self._markets = markets

    def mark(self, market: str) -> Decimal | None:
        """See MarkSource."""
        try:
            return from_base_units(
                self._client.ask("mark_price", int, market=self._markets[market]), decimals=PRICE_DECIMALS
            )
        except Rejected as error:
            if error.reason != "NoMark":
                raise
            return None
