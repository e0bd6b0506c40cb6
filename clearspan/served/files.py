"""The configuration files that a served devnet writes for its wallets."""

from __future__ import annotations

from collections.abc import Mapping

from exchange.sdk.swap_policy import SwapPolicy

NETWORK_FILE = "network.json"
LAG_SECONDS = 2
"""What looking over HTTP, once a second, adds to every bound."""


def swap_file(
    chains: Mapping[str, tuple[int, str]], policy: SwapPolicy, *, exchange_url: str, providers: tuple[str, ...] = ()
) -> str:
    """`swap.toml` in a directory beside the network's file; `chains` are id and URL by name."""
    quoted = ", ".join(f'"{url}"' for url in providers)
    lines = [
        f'deployment = "../{NETWORK_FILE}"',
        'book = "swaps.sqlite"',
        f"providers = [{quoted}]",
        "",
        "[signer]",
        'keystore = "key.json"',
        'password_file = "password"',
        "",
        "[habits]",
        f"reaction_seconds = {policy.reaction_seconds + 2 * LAG_SECONDS}",
        f"public_seconds = {policy.public_seconds}",
        "answer_seconds = 60",
        f"safety_deposit = {policy.safety_deposit}",
        "every_seconds = 1.0",
    ]
    exchange = policy.exchange
    if exchange is not None:
        lines += [
            "",
            "[exchange]",
            f'url = "{exchange_url}"',
            'genesis = "../deployment.json"',
            f"answer_seconds = {exchange.answer_seconds + LAG_SECONDS}",
            f"posting_seconds = {exchange.posting_seconds + LAG_SECONDS}",
            f"challenge_seconds = {exchange.challenge_seconds}",
            f"forced_seconds = {exchange.forced_seconds}",
        ]
    for name, (chain_id, url) in chains.items():
        bounds = policy.bounds(chain_id)
        lines += [
            "",
            f"[chains.{name}]",
            f"chain_id = {chain_id}",
            f'endpoints = [{{ id = "devnet", url = "{url}" }}]',
            'finality = { policy = "qbft" }',
            "",
            f"[chains.{name}.bounds]",
            f"inclusion_seconds = {bounds.inclusion_seconds}",
            f"finality_seconds = {bounds.finality_seconds + LAG_SECONDS}",
            f"reorganisation_seconds = {bounds.reorganisation_seconds}",
            f"halt_seconds = {bounds.halt_seconds}",
            f"drift_seconds = {bounds.drift_seconds + LAG_SECONDS}",
        ]
    return "\n".join(lines) + "\n"


def operator_file(
    chains: Mapping[str, tuple[int, str]],
    *,
    signers: Mapping[str, str],
    daemons: Mapping[str, str],
    exchange: tuple[str, str],
    port: int,
) -> str:
    """`relayer.toml` in a directory beside the network's file, for daemons of the exchange.

    signers: keystore by name. daemons: what follows each one's heading. exchange: the venue's URL, and the operators'.
    """
    lines = [f'deployment = "../{NETWORK_FILE}"', "", "[store]", 'url = "sqlite:///relayer.sqlite"']
    lines += ["", "[listen]", f"port = {port}"]
    url, operators_url = exchange
    lines += [
        "",
        "[exchange]",
        f'url = "{url}"',
        f'operators_url = "{operators_url}"',
        'genesis = "../deployment.json"',
    ]
    for name, (chain_id, address) in chains.items():
        lines += [
            "",
            f"[chains.{name}]",
            f"chain_id = {chain_id}",
            f'endpoints = [{{ id = "devnet", url = "{address}" }}]',
            'finality = { policy = "qbft" }',
        ]
    for name, keystore in signers.items():
        lines += ["", f"[signers.{name}]", f'keystore = "{keystore}"', 'password_file = "password"']
    for name, text in daemons.items():
        lines += ["", f"[daemons.{name}]", text]
    return "\n".join(lines) + "\n"


def provider_file(common: str, *, port: int, vault_chains: tuple[str, ...]) -> str:
    """`provider.toml`: the same with what a provider asks and risks."""
    assets = [f'"{symbol}@{chain}" = "{most}"' for chain in vault_chains for symbol, most in _MOST.items()]
    lines = [
        "valid_seconds = 20",
        common,
        "[tariff]",
        'prices = { USDC = "1", ETH = "2500" }',
        "volatility = { USDC = 0.02, ETH = 0.8 }",
        "spread_ppm = { soft = 3000, posted = 1000, final = 500 }",
        "capital_ppm = 100000",
        "",
        "[limits]",
        'per_swap_usd = "100000"',
        'total_usd = "500000"',
        'soft_usd = "20000"',
        "per_customer = 3",
        "",
        "[limits.assets]",
        '"USD@exchange" = "200000"',
        *assets,
        "",
        "[listen]",
        f"port = {port}",
    ]
    return "\n".join(lines) + "\n"


_MOST = {"USDC": "200000", "ETH": "100"}
