"""The file a relayer runs from: TOML, every key known, every problem named with its path."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

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
    """When a packet is worth its gas: its fee covers `minimum_share` of the cost, or its sender is allowed."""

    required: bool = False
    minimum_share: Annotated[float, Field(ge=0, le=100)] = 1.0


class LimitsSection(Section):
    """What may be spent, and for whom. Wei per chain and day; senders as addresses.

    max_fee_wei_per_gas: never more, but for what is near its deadline, for which the cap rises to the urgent one.
    """

    budget_wei_per_day: dict[Name, Wei] = {}
    max_fee_wei_per_gas: dict[Name, Wei] = {}
    urgent_fee_wei_per_gas: dict[Name, Wei] = {}
    profit: ProfitSection = ProfitSection()
    allow_senders: tuple[Address, ...] = ()
    deny_senders: tuple[Address, ...] = ()


class ReadinessSection(Section):
    """Bounds beyond which the process is not ready, in seconds."""

    stalled_seconds: Seconds = 120.0
    head_age_seconds: Seconds = 120.0


class RetentionSection(Section):
    """How long packets, tasks and transactions that are over are kept, and how many rows a step takes out."""

    keep_seconds: Annotated[int, Field(ge=3_600)] = 30 * 86_400
    rows: Positive = 500


class DaemonSection(Section):
    """One daemon: whether it runs, who signs for it, how long it rests between steps, and what only it knows."""

    enabled: bool = True
    signer: Name | tuple[Name, ...] = ()
    every_seconds: Seconds = 1.0
    options: dict[str, Any] = {}

    @property
    def pool(self) -> tuple[str, ...]:
        """The signers by name, none where the choice is left open."""
        return (self.signer,) if isinstance(self.signer, str) else self.signer


class ExchangeSection(Section):
    """The venue. `genesis` tells its first state, and what is listed; `operator` is whose confirmations are believed.

    A venue of this process listens at the two URLs and keeps its `log`. Whoever reaches `operators_url` is handed
    batches: leave it on this machine.
    """

    url: str = "http://127.0.0.1:9470"
    operators_url: str = "http://127.0.0.1:9471"
    genesis: Path
    log: Path = Path("venue.sqlite")
    operator: Address | None = None


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
    exchange: ExchangeSection | None = None
    readiness: ReadinessSection = ReadinessSection()
    retention: RetentionSection = RetentionSection()
    _base: Path = PrivateAttr(default=Path())

    @classmethod
    def parse(cls, text: str, base: Path) -> Self:
        """Read the file's text; relative paths are relative to `base`. Raises ConfigRejected with every problem.

        What several keys say together is checked by `config_rules.load`.
        """
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ConfigRejected([Problem(path="", message=f"not TOML: {error}")]) from None
        try:
            config = cls.model_validate(tables)
        except ValidationError as error:
            raise ConfigRejected([problem_of(found) for found in error.errors(include_url=False)]) from None
        return config.anchored(base)

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
        exchange = self.exchange and self.exchange.model_copy(
            update={"genesis": base / self.exchange.genesis, "log": base / self.exchange.log}
        )
        update = {"deployment": base / self.deployment, "signers": signers, "store": store, "exchange": exchange}
        copied = self.model_copy(update=update)
        copied._base = base  # noqa: SLF001 - of the copy
        return copied

    @property
    def base(self) -> Path:
        """Where the file is: what paths in it are relative to."""
        return self._base

    def network(self) -> Deployment:
        """The deployment file; raises ConfigRejected."""
        try:
            return Deployment.load(self.deployment)
        except (OSError, BridgeRejected) as error:
            raise ConfigRejected([Problem(path="deployment", message=str(error))]) from error


def problem_of(found: Any, prefix: str = "") -> Problem:
    """One of pydantic's errors, its path below `prefix`."""
    message = "unknown key" if found["type"] == "extra_forbidden" else found["msg"]
    keys = [prefix, *map(str, found["loc"])] if prefix else list(map(str, found["loc"]))
    return Problem(path=".".join(keys), message=message)
