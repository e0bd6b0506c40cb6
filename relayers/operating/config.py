"""The file a relayer runs from: TOML, every key known, every problem named with its path."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from bridge.errors import Rejected as BridgeRejected
from bridge.registry import Address, ChainId, Deployment
from relayers.operating.errors import ConfigRejected, Problem, Reason, Rejected

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Wei = Annotated[int, Field(ge=0)]
DEVELOPMENT_CHAIN_IDS = frozenset({1_337, 31_337, 412_001, 412_002, 412_003})
"""geth's developer mode, anvil and hardhat, and the chains of our own devnet: nothing there has a value."""
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


class Section(BaseModel):
    """A table of the file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class EndpointSection(Section):
    """One node. `${NAME}` in the URL is read from the environment; logs and metrics name the `id` only."""

    id: Name
    url: SecretStr

    def expanded(self) -> str:
        """The URL; raises Rejected(CONFIG_INVALID) for a variable that is not set."""

        def value(match: re.Match[str]) -> str:
            if match[1] not in os.environ:
                raise Rejected(Reason.CONFIG_INVALID, f"${{{match[1]}}} is not set")
            return os.environ[match[1]]

        return _VARIABLE.sub(value, self.url.get_secret_value())


class FinalitySection(Section):
    """When a block is final: sealed by a quorum (`qbft`), under `blocks` others (`depth`), or by the node's `tag`."""

    policy: Literal["qbft", "depth", "tag"]
    blocks: Positive = 12
    tag: Literal["safe", "finalized"] = "finalized"


class ChainSection(Section):
    """One chain, its nodes, and how many of them must agree on what money depends on: a majority, or more."""

    chain_id: ChainId
    endpoints: Annotated[tuple[EndpointSection, ...], Field(min_length=1)]
    quorum: Positive | None = None
    finality: FinalitySection
    lag_blocks_max: Positive = 10
    request_seconds: Seconds = 10.0
    mined_seconds: Seconds = 120.0
    poll_seconds: Seconds = 0.5
    response_bytes_max: Positive = 32 * 1024 * 1024

    @property
    def needed(self) -> int:
        """Endpoints that have to agree."""
        return self.quorum or len(self.endpoints) // 2 + 1


class RouteSection(Section):
    """One direction between two chains."""

    source: Name
    destination: Name
    enabled: bool = True

    @property
    def name(self) -> str:
        """What logs, metrics and filters call it."""
        return f"{self.source}->{self.destination}"


class SignerSection(Section):
    """A key: an encrypted keystore, and where its password is. One per role."""

    keystore: Path
    password_file: Path | None = None
    password_env: str | None = None


class StoreSection(Section):
    """The database: `sqlite:///relayer.sqlite`, or `postgresql+psycopg://...` for replicas.

    `replica` names this process among those that share it; metrics are kept by it.
    """

    url: SecretStr = SecretStr("sqlite:///relayer.sqlite")
    replica: Name = "one"


class ListenSection(Section):
    """Where `/live`, `/ready` and `/metrics` are served: this machine only, unless told otherwise."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 9_464


class ProfitSection(Section):
    """When a packet is worth its gas: its fee covers `minimum_share` of the cost, or its sender is allowed by name."""

    required: bool = False
    minimum_share: Annotated[float, Field(ge=0, le=100)] = 1.0


class LimitsSection(Section):
    """What may be spent, and for whom. Wei per chain and day; senders as addresses."""

    budget_wei_per_day: dict[Name, Wei] = {}
    max_fee_wei_per_gas: dict[Name, Wei] = {}
    profit: ProfitSection = ProfitSection()
    allow_senders: tuple[Address, ...] = ()
    deny_senders: tuple[Address, ...] = ()


class ReadinessSection(Section):
    """Bounds beyond which the process is not ready, in seconds."""

    stalled_seconds: Seconds = 120.0
    head_age_seconds: Seconds = 120.0


class DaemonSection(Section):
    """One daemon: whether it runs, who signs for it, how long it rests between steps, and what only it knows."""

    enabled: bool = True
    signer: Name | None = None
    every_seconds: Seconds = 1.0
    options: dict[str, Any] = {}


class LogSection(Section):
    """How logs look: `auto` is pretty on a terminal and JSON elsewhere."""

    format: Literal["auto", "json", "pretty"] = "auto"
    level: Literal["debug", "info", "warning", "error"] = "info"


class RelayerConfig(Section):
    """The whole file."""

    version: Literal[1] = 1
    deployment: Path
    store: StoreSection = StoreSection()
    listen: ListenSection = ListenSection()
    log: LogSection = LogSection()
    chains: Annotated[dict[Name, ChainSection], Field(min_length=1)]
    signers: dict[Name, SignerSection] = {}
    routes: tuple[RouteSection, ...] = ()
    daemons: dict[Name, DaemonSection] = {}
    limits: LimitsSection = LimitsSection()
    readiness: ReadinessSection = ReadinessSection()

    @classmethod
    def parse(cls, text: str, base: Path) -> Self:
        """Read the file's text; relative paths are relative to `base`. Raises ConfigRejected with every problem."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigRejected([Problem(path="", message=f"not TOML: {error}")]) from None
        try:
            config = cls.model_validate(tables)
        except ValidationError as error:
            raise ConfigRejected([problem_of(found) for found in error.errors(include_url=False)]) from None
        config = config.anchored(base)
        problems = list(config.contradictions())
        if problems:
            raise ConfigRejected(problems)
        return config

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises ConfigRejected, Rejected(FILE_MISSING)."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Rejected(Reason.FILE_MISSING, f"{path}: {error}") from error
        return cls.parse(text, path.resolve().parent)

    def anchored(self, base: Path) -> Self:
        """The same with every path made absolute."""
        signers = {
            name: signer.model_copy(
                update={
                    "keystore": base / signer.keystore,
                    "password_file": None if signer.password_file is None else base / signer.password_file,
                }
            )
            for name, signer in self.signers.items()
        }
        url = self.store.url.get_secret_value()
        prefix = "sqlite:///"
        if url.startswith(prefix) and not url.startswith(f"{prefix}/"):
            url = f"{prefix}{base / url.removeprefix(prefix)}"
        store = self.store.model_copy(update={"url": SecretStr(url)})
        return self.model_copy(update={"deployment": base / self.deployment, "signers": signers, "store": store})

    def network(self) -> Deployment:
        """The deployment file; raises ConfigRejected."""
        try:
            return Deployment.load(self.deployment)
        except (OSError, BridgeRejected) as error:
            raise ConfigRejected([Problem(path="deployment", message=str(error))]) from error

    def contradictions(self) -> Iterator[Problem]:
        """Rules that more than one key is part of, and files that have to be there."""
        yield from self._chain_problems()
        yield from self._route_problems()
        for name, daemon in self.daemons.items():
            if daemon.signer is not None and daemon.signer not in self.signers:
                yield Problem(path=f"daemons.{name}.signer", message=f"no signer is named {daemon.signer}")
        for name in {**self.limits.budget_wei_per_day, **self.limits.max_fee_wei_per_gas}:
            if name not in self.chains:
                yield Problem(path=f"limits.budget_wei_per_day.{name}", message="no chain has this name")
        both = set(self.limits.allow_senders) & set(self.limits.deny_senders)
        for sender in sorted(both):
            yield Problem(path="limits.deny_senders", message=f"{sender} is also allowed")
        for name, signer in self.signers.items():
            if not signer.keystore.is_file():
                yield Problem(path=f"signers.{name}.keystore", message=f"{signer.keystore} is no file")
            if signer.password_file is not None and signer.password_env is not None:
                yield Problem(path=f"signers.{name}", message="name a password file or a variable, not both")

    def _chain_problems(self) -> Iterator[Problem]:
        try:
            network = self.network()
        except ConfigRejected as rejection:
            yield from rejection.problems
            known = None
        else:
            known = {entry.chain_id for entry in network.chains}
        ids: dict[int, str] = {}
        for name, chain in self.chains.items():
            where = f"chains.{name}"
            if not len(chain.endpoints) // 2 < chain.needed <= len(chain.endpoints):
                message = f"{chain.needed} of {len(chain.endpoints)} endpoints is no majority"
                yield Problem(path=f"{where}.quorum", message=message)
            if known is not None and chain.chain_id not in known:
                yield Problem(path=f"{where}.chain_id", message=f"the deployment has no chain {chain.chain_id}")
            if chain.chain_id in ids:
                message = f"chains.{ids[chain.chain_id]} has the same id"
                yield Problem(path=f"{where}.chain_id", message=message)
            ids[chain.chain_id] = name
            yield from _endpoint_problems(where, chain)

    def _route_problems(self) -> Iterator[Problem]:
        seen: set[str] = set()
        for number, route in enumerate(self.routes):
            for side in ("source", "destination"):
                if getattr(route, side) not in self.chains:
                    message = f"no chain is named {getattr(route, side)}"
                    yield Problem(path=f"routes.{number}.{side}", message=message)
            if route.source == route.destination:
                yield Problem(path=f"routes.{number}", message="a route has two ends")
            if route.name in seen:
                yield Problem(path=f"routes.{number}", message=f"{route.name} is listed twice")
            seen.add(route.name)


def _endpoint_problems(where: str, chain: ChainSection) -> Iterator[Problem]:
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


def problem_of(found: Any, prefix: str = "") -> Problem:
    """One of pydantic's errors, its path below `prefix`."""
    message = "unknown key" if found["type"] == "extra_forbidden" else found["msg"]
    keys = [prefix, *map(str, found["loc"])] if prefix else list(map(str, found["loc"]))
    return Problem(path=".".join(keys), message=message)
