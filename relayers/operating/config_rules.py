"""What the keys of a configuration say together: rules that several are part of, and files that must be there."""

import re
from collections.abc import Iterator
from pathlib import Path

from relayers.operating.config import ChainSection, RelayerConfig
from relayers.operating.errors import ConfigRejected, Problem, Reason, Rejected


def load(path: Path) -> RelayerConfig:
    """Read a file and check it as a whole; raises ConfigRejected with every problem, Rejected(FILE_MISSING)."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected(Reason.FILE_MISSING, f"{path}: {error}") from error
    return parse(text, path.resolve().parent)


def parse(text: str, base: Path) -> RelayerConfig:
    """The same from the file's text; relative paths are relative to `base`."""
    config = RelayerConfig.parse(text, base)
    problems = [problem for rule in RULES for problem in rule(config)]
    if problems:
        raise ConfigRejected(problems)
    return config


def _chains(config: RelayerConfig) -> Iterator[Problem]:
    known: set[int] | None = None
    try:
        known = {entry.chain_id for entry in config.network().chains}
    except ConfigRejected as rejection:
        yield from rejection.problems
    ids: dict[int, str] = {}
    for name, chain in config.chains.items():
        where = f"chains.{name}"
        if not len(chain.endpoints) // 2 < chain.needed <= len(chain.endpoints):
            message = f"{chain.needed} of {len(chain.endpoints)} endpoints is no majority"
            yield Problem(path=f"{where}.quorum", message=message)
        if known is not None and chain.chain_id not in known:
            yield Problem(path=f"{where}.chain_id", message=f"the deployment has no chain {chain.chain_id}")
        if chain.chain_id in ids:
            yield Problem(path=f"{where}.chain_id", message=f"chains.{ids[chain.chain_id]} has the same id")
        ids[chain.chain_id] = name
        yield from _endpoints(where, chain)


def _endpoints(where: str, chain: ChainSection) -> Iterator[Problem]:
    ids: set[str] = set()
    urls: set[str] = set()
    for number, endpoint in enumerate(chain.endpoints):
        path = f"{where}.endpoints.{number}"
        try:
            url = endpoint.expanded()
        except Rejected as error:
            yield Problem(path=f"{path}.url", message=error.message)
            continue
        if not re.match(r"https?://[^\s/]+", url):
            yield Problem(path=f"{path}.url", message="an http or https URL is needed")
        if endpoint.id in ids:
            yield Problem(path=f"{path}.id", message=f"{endpoint.id} is listed twice")
        if url in urls:
            yield Problem(path=f"{path}.url", message="one node cannot vouch for itself: this URL is listed twice")
        ids.add(endpoint.id)
        urls.add(url)


def _routes(config: RelayerConfig) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, route in enumerate(config.routes):
        for side in ("source", "destination"):
            if getattr(route, side) not in config.chains:
                yield Problem(path=f"routes.{number}.{side}", message=f"no chain is named {getattr(route, side)}")
        if route.source == route.destination:
            yield Problem(path=f"routes.{number}", message="a route has two ends")
        if route.name in seen:
            yield Problem(path=f"routes.{number}", message=f"{route.name} is listed twice")
        seen.add(route.name)


def _signers(config: RelayerConfig) -> Iterator[Problem]:
    for name, signer in config.signers.items():
        if not signer.keystore.is_file():
            yield Problem(path=f"signers.{name}.keystore", message=f"{signer.keystore} is no file")
        if signer.password_file is not None and signer.password_env is not None:
            yield Problem(path=f"signers.{name}", message="name a password file or a variable, not both")
    for name, daemon in config.daemons.items():
        for wanted in daemon.pool:
            if wanted not in config.signers:
                yield Problem(path=f"daemons.{name}.signer", message=f"no signer is named {wanted}")


def _limits(config: RelayerConfig) -> Iterator[Problem]:
    for key in ("budget_wei_per_day", "max_fee_wei_per_gas", "urgent_fee_wei_per_gas"):
        for name in getattr(config.limits, key):
            if name not in config.chains:
                yield Problem(path=f"limits.{key}.{name}", message="no chain has this name")
    for sender in sorted(set(config.limits.allow_senders) & set(config.limits.deny_senders)):
        yield Problem(path="limits.deny_senders", message=f"{sender} is also allowed")


def _exchange(config: RelayerConfig) -> Iterator[Problem]:
    exchange = config.exchange
    if exchange is None:
        return
    if not exchange.genesis.is_file():
        yield Problem(path="exchange.genesis", message=f"{exchange.genesis} is no file")
    for key in ("url", "operators_url"):
        if not re.match(r"https?://[^\s/]+", getattr(exchange, key)):
            yield Problem(path=f"exchange.{key}", message="an http or https URL is needed")
    if exchange.url == exchange.operators_url:
        yield Problem(path="exchange.operators_url", message="traders must not reach what operators do")


RULES = (_chains, _routes, _signers, _limits, _exchange)
"""Each yields its problems; all of them are told."""
