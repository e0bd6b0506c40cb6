"""`clearspan swap propose`, `accept`, `status` and `settle`: two wallets, two chains, nobody between them."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Any

import typer

from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap
from bridge.swaps.legs import Leg
from bridge.swaps.quotes import Side
from bridge.swaps.status import SwapStatus, status_of
from chains.chain import Chain
from clearspan import exits
from clearspan.kept import KeptRun
from clearspan.listing import genesis_inputs, genesis_state
from exchange.sdk.amounts import CASH_DECIMALS, from_base_units, to_base_units
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.posted_state import PostedState
from exchange.sdk.swap_desk import CashAccess, SwapDesk
from exchange.sdk.swap_verbs import CASH, EXCHANGE
from exchange.sdk.venue_client import VenueClient
from relayers.reports import StepReport
from relayers.swap_config import SwapConfig
from relayers.swap_settler import SwapSettler

_SPOKEN = re.compile(r"(?P<amount>[0-9]+(\.[0-9]+)?) (?P<symbol>[A-Za-z0-9]+)@(?P<chain>[a-z][a-z0-9-]*)")
_BAD_ENDS = frozenset({SwapStatus.RETURNED, SwapStatus.EXPIRED, SwapStatus.LOST})


def run_propose(  # noqa: PLR0913 - its options
    config_file: Path, *, give: str, take: str, counterparty: str, out: Path, as_json: bool
) -> int:
    """Keep the swap, then write the file."""
    with opened(config_file) as (_, desk):
        given, given_units = spoken(desk.catalogue, give, "--give")
        taken, taken_units = spoken(desk.catalogue, take, "--take")
        kept = on_chain(
            lambda: desk.propose(
                give=given,
                give_amount=given_units,
                take=taken,
                take_amount=taken_units,
                counterparty=counterparty,
            )
        )
        kept.agreement.save(out)
        if as_json:
            typer.echo(json.dumps({"swap": _name(kept), "terms": str(out)}, indent=2))
        else:
            typer.echo(f"{_name(kept)} written to {out}")
            _explain(desk, kept)
    return exits.OK


def run_accept(config_file: Path, terms: Path, *, yes: bool, as_json: bool) -> int:
    """Check, show, ask, keep."""
    try:
        agreement = on_chain(lambda: Agreement.load(terms))
    except OSError as error:
        raise Rejected("FileMissing", f"{terms}: {error}") from error
    with opened(config_file) as (_, desk):
        desk.require_known(agreement)
        if not yes:
            typer.echo(f"you give {worth(desk, agreement.short)} for {worth(desk, agreement.long)}", err=True)
            if not sys.stdin.isatty():
                raise Rejected("NotConfirmed", "say --yes where there is no terminal")
            typer.confirm("agree?", abort=True, err=True)
        kept = on_chain(lambda: desk.accept(agreement))
        if as_json:
            typer.echo(json.dumps({"swap": _name(kept)}, indent=2))
        else:
            typer.echo(f"{_name(kept)} accepted")
            _explain(desk, kept)
    return exits.OK


def run_status(config_file: Path, *, as_json: bool) -> int:
    """One line per swap."""
    with opened(config_file) as (_, desk):
        rows = [_row(desk, kept) for kept in desk.book.all()]
    if as_json:
        typer.echo(json.dumps({"swaps": rows}, indent=2))
        return exits.OK
    for row in rows:
        typer.echo(f"{row['swap']} {row['role']} {row['status']}: gives {row['gives']} for {row['takes']}")
    if not rows:
        typer.echo("no swaps", err=True)
    return exits.OK


def run_settle(config_file: Path, *, once: bool, as_json: bool, sleep: Callable[[float], None] = time.sleep) -> int:
    """Until the book has no open swap. Leaves with 1 where one did not go through."""
    with opened(config_file) as (config, desk):
        began = {kept.hashlock for kept in desk.book.open()}
        settler = SwapSettler(desk.book, desk.port)
        while True:
            _tell(settler.step())
            if once or not desk.book.open():
                break
            sleep(config.habits.every_seconds)
        rows = [_row(desk, kept) for kept in desk.book.all() if kept.hashlock in began]
    if as_json:
        typer.echo(json.dumps({"swaps": rows}, indent=2))
    else:
        for row in rows:
            typer.echo(f"{row['swap']} {row['status']}")
    return exits.REJECTED if any(row["status"] in _BAD_ENDS for row in rows) else exits.OK


@contextmanager
def opened(config_file: Path) -> Iterator[tuple[SwapConfig, SwapDesk]]:
    """The configuration and the wallet's desk, its book closed at the end."""
    config = SwapConfig.load(config_file)
    wallet = config.unlock((lambda: getpass("password: ")) if sys.stdin.isatty() else None)
    chains = config.connect()
    desk = config.desk(wallet, chains, cash_access(config, chains))
    try:
        yield config, desk
    finally:
        desk.book.close()


def cash_access(config: SwapConfig, chains: Mapping[int, Chain]) -> CashAccess | None:
    """The exchange, where the configuration names one: its operator's word, and what the settlement chain says."""
    if config.exchange is None:
        return None
    kept = KeptRun.read(config.exchange.genesis)
    inputs = genesis_inputs(kept.network, kept.exchange)
    settlement = chains[kept.network.settlement.chain_id]
    posted = PostedState(lambda: genesis_state(kept.exchange, inputs), kept.network, settlement)
    return CashAccess(venue=VenueClient(config.exchange.url, posted.state.domain), posted=posted)


def spoken(catalogue: Catalogue, text: str, option: str) -> tuple[AssetSpec, int]:
    """`1.5 ETH@alpha` as an asset and base units."""
    found = _SPOKEN.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f'{text!r} is not like "1.5 ETH@alpha"', param_hint=option)
    spec = catalogue.asset(chain=found["chain"], symbol=found["symbol"])
    return spec, to_base_units(found["amount"], decimals=spec.decimals, what=option)


def _row(desk: SwapDesk, kept: KeptSwap) -> dict[str, Any]:
    knowledge, _ = on_chain(lambda: desk.settlement.knowledge(kept))
    return {
        "swap": _name(kept),
        "role": kept.role.value,
        "status": status_of(kept.outcome, knowledge).value,
        "gives": worth(desk, kept.plan.own),
        "takes": worth(desk, kept.plan.other),
        "gives_back_from": kept.plan.own.timelocks.refund_from,
        "takes_before": kept.plan.other.timelocks.refund_from,
        "counterparty": kept.plan.own.payee,
    }


def worth(desk: SwapDesk, leg: Leg | Side) -> str:
    """An amount as it is spoken on the command line."""
    if leg.asset == leg.escrow:
        return f"{from_base_units(leg.amount, decimals=CASH_DECIMALS).normalize():f} {CASH}@{EXCHANGE}"
    spec = desk.asset_of(leg)
    return f"{from_base_units(leg.amount, decimals=spec.decimals).normalize():f} {spec.symbol}@{spec.chain}"


def _explain(desk: SwapDesk, kept: KeptSwap) -> None:
    plan = kept.plan
    typer.echo(
        f"gives {worth(desk, plan.own)} for {worth(desk, plan.other)}; what you lock comes back from "
        f"{plan.own.timelocks.refund_from} on, what you get is to be claimed before {plan.other.timelocks.refund_from}",
        err=True,
    )


def _tell(report: StepReport) -> None:
    for action in report.actions:
        typer.echo(f"{action.subject} {action.did.value}: {action.detail}", err=True)


def _name(kept: KeptSwap) -> str:
    return "0x" + kept.hashlock.hex()
