"""`clearspan rebalance offers` and `take`."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from getpass import getpass
from pathlib import Path

import typer
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from clearspan import exits
from clearspan.swap.trading import cash_access, spoken
from exchange.engine import RebalanceOffer, Signer, rebalance_offers, sign_reserve_rebalance
from exchange.engine.rebalancing import bond_of, rebate_of
from exchange.sdk.amounts import CASH_DECIMALS, from_base_units, to_base_units
from exchange.sdk.catalogue import Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.swap_desk import CashAccess
from relayers.swap_config import SwapConfig, assets_of

STEP_SECONDS = 120


def run_offers(config_file: Path, *, as_json: bool) -> int:
    """Print every offer, as of the last posted batch that is final on the settlement chain."""
    place = _place(config_file)
    found = rebalance_offers(place.exchange.posted.state)
    if as_json:
        typer.echo(json.dumps({"offers": [_as_object(place.catalogue, offer) for offer in found]}, indent=2))
        return exits.OK
    for offer in found:
        typer.echo(_line(place.catalogue, offer))
    if not found:
        typer.echo("no vault is short", err=True)
    return exits.OK


def run_take(  # noqa: PLR0913 - its options
    config_file: Path, bring: str, source: str, min_rebate: str, *, yes: bool, as_json: bool
) -> int:
    """Reserve, deposit, and say what was sent."""
    place = _place(config_file)
    short, units = spoken(place.catalogue, bring, "--bring")
    long = place.catalogue.asset(chain=source, symbol=short.symbol)
    least = 0 if Decimal(_plain(min_rebate)) == 0 else to_base_units(min_rebate, decimals=CASH_DECIMALS)
    held = on_chain(lambda: place.gateway.balance(place.wallet, short))
    if held < units:
        raise Rejected("InsufficientBalance", f"{held} base units of {short.symbol} on {short.chain}")
    posted = place.exchange.posted.state
    expected, bond = rebate_of(posted, short.asset_id, units), bond_of(posted, units)
    within = posted.config.reservation_seconds
    if not yes:
        typer.confirm(
            f"Deposit {_usd(units)} {short.symbol} on {short.chain} within {within} seconds and be "
            f"paid it on {long.chain} with at least {_usd(least)} more ({_usd(expected)} now)? Bond {_usd(bond)}.",
            abort=True,
            err=True,
        )
    account = place.exchange.venue.account_of(to_canonical_address(place.wallet.address))
    now = place.exchange.venue.now()
    step = sign_reserve_rebalance(
        Signer(bytes(place.wallet.key)),
        place.exchange.venue.domain,
        account=account,
        short=short.asset_id,
        long=long.asset_id,
        amount=units,
        min_rebate=least,
        recipient=to_canonical_address(place.wallet.address),
        nonce=now * 1000 + time.time_ns() // 10**6 % 1000,
        expiry=now + STEP_SECONDS,
    )
    place.exchange.venue.submit(step)
    typer.echo(f"reserved until {now + within}; depositing", err=True)
    packet = on_chain(lambda: place.gateway.deposit(place.wallet, short, units))
    if as_json:
        typer.echo(json.dumps({"account": account, "packet": f"0x{packet.hex()}", "amount": str(units)}, indent=2))
    else:
        typer.echo(f"deposit 0x{packet.hex()} is on its way; the withdrawal on {long.chain} follows it")
    return exits.OK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A wallet, its chains and the exchange they lead to."""

    wallet: LocalAccount
    catalogue: Catalogue
    gateway: Gateway
    exchange: CashAccess


def _place(config_file: Path) -> _Place:
    """What a configuration names, the exchange read up to now; raises Rejected(NoExchange)."""
    config = SwapConfig.load(config_file)
    wallet = config.unlock((lambda: getpass("password: ")) if sys.stdin.isatty() else None)
    chains = config.connect()
    exchange = cash_access(config, chains)
    if exchange is None:
        raise Rejected("NoExchange", f"{config_file} has no [exchange]")
    on_chain(exchange.posted.refresh)
    network = config.network()
    return _Place(wallet=wallet, catalogue=assets_of(network), gateway=Gateway(network, chains), exchange=exchange)


def _as_object(catalogue: Catalogue, offer: RebalanceOffer) -> dict[str, object]:
    """Amounts are decimal strings of USD."""
    asset = catalogue.asset_by_id(offer.short)
    return {
        "chain": asset.chain,
        "asset": asset.symbol,
        "amount": _usd(offer.amount),
        "rebate": _usd(offer.rebate),
        "bond": _usd(offer.bond),
        "from": {catalogue.asset_by_id(source).chain: _usd(held) for source, held in offer.sources},
    }


def _line(catalogue: Catalogue, offer: RebalanceOffer) -> str:
    row = _as_object(catalogue, offer)
    sources = ", ".join(f"{catalogue.asset_by_id(source).chain} ({_usd(held)})" for source, held in offer.sources)
    return (
        f"{row['amount']} {row['asset']}@{row['chain']} missing, rebate {row['rebate']} and growing, "
        f"bond {row['bond']}, from {sources or 'nowhere'}"
    )


def _usd(units: int) -> str:
    return str(from_base_units(units, decimals=CASH_DECIMALS))


def _plain(text: str) -> str:
    if not text.replace(".", "", 1).isdecimal():
        raise Rejected("NotAnAmount", f"--min-rebate {text!r} is not a plain number")
    return text
