"""What a served devnet writes for those who run its exchange in processes of their own, and for a market maker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from eth_account.signers.local import LocalAccount

from clearspan.devnet.config import ORACLE_NAMES
from clearspan.devnet.network import Keys
from clearspan.devnet.wallets import trader_wallet, wallet
from clearspan.served.files import operator_file
from relayers.operating import keystores

PRICES_FILE = "prices.json"
OPERATOR, MAKER = "operator", "maker"
PRICES = {"BTC": "60000", "ETH": "2500"}
"""USD, until somebody sets others."""
PASSWORD = "devnet"  # noqa: S105 - of keys that anybody can derive from the seed
SCRYPT_ROUNDS = 1 << 12
_MAKER_OPTIONS = """signer = "maker"
every_seconds = 1.0

[daemons.market-maker.options.markets.BTC-PERP]
size = "0.05"
inventory_max = "0.5"
levels = 3

[daemons.market-maker.options.markets.ETH-PERP]
size = "1"
inventory_max = "10"
levels = 3"""


def write_prices(directory: Path, prices: Mapping[str, str], now: int) -> None:
    """`prices.json`, as an oracle reads it; replaced as a whole."""
    fresh = directory / f".{PRICES_FILE}"
    fresh.write_text(json.dumps({name: {"price": price, "time": now} for name, price in prices.items()}))
    fresh.replace(directory / PRICES_FILE)


def write_operator(  # noqa: PLR0913 - what the file says
    directory: Path,
    chains: Mapping[str, tuple[int, str]],
    *,
    seed: int,
    exchange: tuple[str, str],
    port: int,
    interval_seconds: int,
) -> None:
    """`operator/`: keys and a configuration for venue, oracle, poster, releaser, health and keeper."""
    keys = Keys.of(seed)
    signers = {"venue": keys.operator, "poster": keys.poster}
    signers |= {name.replace(" ", "-"): wallet(seed, name) for name in ORACLE_NAMES}
    oracles = ", ".join(f'"{name}"' for name in signers if name.startswith("oracle"))
    daemons = {
        "venue": 'signer = "venue"',
        "oracle": f'signer = [{oracles}]\n\n[daemons.oracle.options]\nprices = [{{ file = "../{PRICES_FILE}" }}]',
        "poster": f'signer = "poster"\n\n[daemons.poster.options]\ninterval_seconds = {interval_seconds}',
        "releaser": 'signer = "poster"',
        "health": 'signer = "poster"',
        "keeper": "every_seconds = 1.0",
    }
    place = _place(directory / OPERATOR, signers)
    text = operator_file(chains, signers=_names(signers), daemons=daemons, exchange=exchange, port=port)
    (place / "relayer.toml").write_text(text, encoding="utf-8")


def write_maker(
    directory: Path, chains: Mapping[str, tuple[int, str]], *, seed: int, exchange: tuple[str, str], port: int
) -> None:
    """`maker/`: a wallet and a configuration for a market maker."""
    signers = {"maker": trader_wallet(seed, MAKER)}
    place = _place(directory / MAKER, signers)
    daemons = {"market-maker": _MAKER_OPTIONS}
    text = operator_file(chains, signers=_names(signers), daemons=daemons, exchange=exchange, port=port)
    (place / "relayer.toml").write_text(text, encoding="utf-8")


def _place(place: Path, signers: Mapping[str, LocalAccount]) -> Path:
    place.mkdir()
    for name, account in signers.items():
        keystores.create(place / f"{name}.json", PASSWORD, role=name, key=bytes(account.key), rounds=SCRYPT_ROUNDS)
    password = place / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    return place


def _names(signers: Mapping[str, LocalAccount]) -> dict[str, str]:
    return {name: f"{name}.json" for name in signers}
