"""`clearspan swap quote`, `take`, `exit` and `enter`: providers asked, the best taken."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import typer

from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.quote_file import QuoteRequest
from bridge.swaps.quotes import Quote, Side
from clearspan import exits
from clearspan.swap.trading import opened, worth
from exchange.sdk.amounts import to_base_units
from exchange.sdk.errors import Rejected
from exchange.sdk.quote_http import HttpQuotes
from exchange.sdk.quoting import Offers, gather
from exchange.sdk.quoting import take as take_offer
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_verbs import decimals_of, side_of
from relayers.swap_config import SwapConfig

_ASSET = re.compile(r"(?P<symbol>[A-Za-z0-9]+)@(?P<chain>[a-z][a-z0-9-]*)")
_GIVEN = re.compile(r"(?P<amount>[0-9]+(\.[0-9]+)?) (?P<symbol>[A-Za-z0-9]+)@(?P<chain>[a-z][a-z0-9-]*)")


def run_quote(config_file: Path, *, give: str, take: str, guarantee: str, as_json: bool) -> int:
    """Print every offer; leaves with 1 where there is none."""
    with opened(config_file) as (config, desk):
        offers = _asked(config, desk, give, take, guarantee)
        rows = [_row(desk, offered.quote, offered.source.name) for offered in offers.offers]
    if as_json:
        refusals = [{"provider": name, "why": why} for name, why in offers.refusals]
        typer.echo(json.dumps({"quotes": rows, "refusals": refusals}, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['takes']} from {row['source']}, less {_parts(row)}")
        for name, why in offers.refusals:
            typer.echo(f"{name}: {why}", err=True)
        if rows:
            typer.echo(f"you rely on: {rows[0]['you_rely_on']}", err=True)
            typer.echo(f"the provider relies on: {rows[0]['provider_relies_on']}", err=True)
    return exits.OK if rows else exits.REJECTED


def run_take(  # noqa: PLR0913 - its options
    config_file: Path, *, give: str, take: str, guarantee: str, least: str | None, as_json: bool
) -> int:
    """Agree to the best offer and keep the swap."""
    with opened(config_file) as (config, desk):
        best = _asked(config, desk, give, take, guarantee).best
        takes = best.quote.takes
        if least is not None:
            floor = to_base_units(least, decimals=decimals_of(desk, takes), what="--least")
            if takes.amount < floor:
                raise Rejected("TooLittle", f"{worth(desk, takes)} is the best")
        hashlock = take_offer(desk, best)
        row = {"swap": "0x" + hashlock.hex()} | _row(desk, best.quote, best.source.name)
    if as_json:
        typer.echo(json.dumps(row, indent=2))
    else:
        typer.echo(f"{row['swap']} gives {row['gives']} for {row['takes']}")
        typer.echo(f"you rely on: {row['you_rely_on']}", err=True)
        typer.echo(f"the provider relies on: {row['provider_relies_on']}", err=True)
    return exits.OK


def _asked(config: SwapConfig, desk: SwapDesk, give: str, take: str, guarantee: str) -> Offers:
    given, taken = _GIVEN.fullmatch(give), _ASSET.fullmatch(take)
    if given is None:
        raise typer.BadParameter(f'{give!r} is not like "1.5 ETH@alpha"', param_hint="--give")
    if taken is None:
        raise typer.BadParameter(f'{take!r} is not like "USDC@beta"', param_hint="--take")
    if guarantee not in set(Guarantee):
        raise typer.BadParameter(f"one of {', '.join(Guarantee)}", param_hint="--guarantee")
    gives = side_of(desk, given["chain"], given["symbol"], given["amount"])
    takes = side_of(desk, taken["chain"], taken["symbol"], None)
    kind = SwapKind.EXIT if gives.is_cash else SwapKind.ENTRY if takes.is_cash else SwapKind.SWAP
    request = QuoteRequest(customer=desk.address, kind=kind, guarantee=Guarantee(guarantee), gives=gives, takes=takes)
    return gather(desk, request, [HttpQuotes(url) for url in config.providers])


def _row(desk: SwapDesk, quote: Quote, source: str) -> dict[str, Any]:
    """Amounts in whole units; the parts of the price are in those of what is taken."""

    def part(units: int) -> str:
        takes = quote.takes
        return worth(desk, Side(chain_id=takes.chain_id, escrow=takes.escrow, asset=takes.asset, amount=units))

    return {
        "provider": quote.provider,
        "source": source,
        "gives": worth(desk, quote.gives),
        "takes": worth(desk, quote.takes),
        "option_premium": part(quote.price.option_premium),
        "gas": part(quote.price.gas),
        "spread": part(quote.price.spread),
        "capital": part(quote.price.capital),
        "guarantee": quote.guarantee.value,
        "you_rely_on": quote.guarantees.customer,
        "provider_relies_on": quote.guarantees.provider,
        "expiry": quote.expiry,
    }


def _parts(row: dict[str, Any]) -> str:
    return ", ".join(f"{row[name]} {name.replace('_', ' ')}" for name in ("option_premium", "gas", "spread", "capital"))
