"""What daemons are built from: the configuration with its chains connected, its keys unlocked, its database open."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, TypeVar

from eth_account.signers.local import LocalAccount
from pydantic import ValidationError

from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.registry import Deployment, SettlementEntry, VaultEntry
from chains.chain import Chain
from relayers.lanes import Endpoint, Lane
from relayers.operating import keystores
from relayers.operating.config import (
    DaemonSection,
    LimitsSection,
    RelayerConfig,
    RouteSection,
    Section,
    problem_of,
)
from relayers.operating.errors import ConfigRejected, Problem, Reason, Rejected
from relayers.operating.logs import Redactor
from relayers.operating.metrics import Sample
from relayers.profit import ProfitRule
from relayers.reports import Daemon
from relayers.store import Store
from relayers.submitter import FeePolicy, Submitter, SubmitterPolicy

Entry = SettlementEntry | VaultEntry
Options = TypeVar("Options", bound=Section)
Held = TypeVar("Held")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Everything a builder of daemons may use. `chains` are keyed by the configuration's names.

    served: what daemons put on the status port besides, by path. held: what only one may hold, a fenced record or a
    port, over all reloads. conditions, gauges: by worker, why it is not ready, and what it measures of itself.
    """

    config: RelayerConfig
    deployment: Deployment
    chains: Mapping[str, Chain]
    signers: Mapping[str, LocalAccount]
    store: Store
    served: dict[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)
    submitters: dict[tuple[str, tuple[str, ...]], Submitter] = field(default_factory=dict)
    held: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, Callable[[], list[str]]] = field(default_factory=dict)
    gauges: dict[str, Callable[[], Iterable[Sample]]] = field(default_factory=dict)

    def with_config(self, config: RelayerConfig) -> "Assembly":
        """The same connections under another configuration; other limits make other submitters."""
        return Assembly(
            config=config,
            deployment=self.deployment,
            chains=self.chains,
            signers=self.signers,
            store=self.store,
            served=self.served,
            held=self.held,
            conditions=self.conditions,
            gauges=self.gauges,
            submitters=self.submitters if config.limits == self.config.limits else {},
        )

    def hold(self, name: str, make: Callable[[], Held]) -> Held:
        """What is held under a name, made at first use; a reload finds it again."""
        if name not in self.held:
            self.held[name] = make()
        held: Held = self.held[name]
        return held

    def section(self, daemon: str) -> DaemonSection:
        """How a daemon is configured; the defaults where it is not named."""
        return self.config.daemons.get(daemon, DaemonSection())

    def options(self, daemon: str, model: type[Options]) -> Options:
        """What only this daemon knows; raises ConfigRejected with the path of each problem."""
        try:
            return model.model_validate(self.section(daemon).options)
        except ValidationError as error:
            raise ConfigRejected(
                [problem_of(found, f"daemons.{daemon}.options") for found in error.errors(include_url=False)]
            ) from None

    def signer_names(self, daemon: str) -> tuple[str, ...]:
        """Who signs for a daemon: its own signers, else the one of its name, else the only one.

        Raises Rejected(UNKNOWN_SIGNER).
        """
        named = self.section(daemon).pool
        if not named:
            only = tuple(self.signers) if len(self.signers) == 1 else ()
            named = (daemon,) if daemon in self.signers else only
        missing = [name for name in named if name not in self.signers]
        if missing or not named:
            raise Rejected(Reason.UNKNOWN_SIGNER, f"daemons.{daemon}.signer: {', '.join(missing) or daemon}")
        return named

    def signer(self, daemon: str) -> LocalAccount:
        """The first of a daemon's signers; raises Rejected(UNKNOWN_SIGNER)."""
        return self.signers[self.signer_names(daemon)[0]]

    def submitter(self, daemon: str, chain: str) -> Submitter:
        """Through whom a daemon spends on a chain; daemons with the same signers share one."""
        return self.submitter_of(self.signer_names(daemon), chain)

    def submitter_of(self, names: tuple[str, ...], chain: str) -> Submitter:
        """The one of these signers on a chain."""
        if (chain, names) not in self.submitters:
            self.submitters[chain, names] = Submitter(
                self.store,
                self.chains[chain],
                [self.signers[name] for name in names],
                policy=submitter_policy(self.config.limits, chain),
            )
        return self.submitters[chain, names]

    def entry(self, chain: str) -> Entry:
        """A chain's entry in the deployment."""
        return self.deployment.chain(self.config.chains[chain].chain_id)

    def name_of(self, chain_id: int) -> str:
        """What the configuration calls a chain."""
        return next(name for name, section in self.config.chains.items() if section.chain_id == chain_id)

    def by_id(self) -> dict[int, Chain]:
        """Chains by chain id."""
        return {self.config.chains[name].chain_id: chain for name, chain in self.chains.items()}

    def routes(self) -> Iterator[RouteSection]:
        """Those that are enabled."""
        return (route for route in self.config.routes if route.enabled)

    def lane(self, route: RouteSection, daemon: str) -> Lane:
        """One direction of a route, with the daemon's signers paying at both ends."""
        parameters = self.deployment.parameters
        return Lane(
            source=self._endpoint(route.source, route.destination, daemon),
            destination=self._endpoint(route.destination, route.source, daemon),
            route_epoch=parameters.route_epoch,
            max_proof_age_seconds=parameters.max_proof_age_seconds,
        )

    def client(self, here: str, follows: str) -> LightClient:
        """The client on a chain that follows another; raises ConfigRejected where there is none."""
        followed = self.config.chains[follows].chain_id
        clients = self.entry(here).clients
        if followed not in clients:
            message = f"the deployment has no client of {follows} on {here}"
            raise ConfigRejected([Problem(path="routes", message=message)])
        return LightClient(self.chains[here], clients[followed])

    def clients(self) -> dict[tuple[str, str], LightClient]:
        """Every client an enabled route depends on, by (chain it is on, chain it follows)."""
        pairs = [pair for route in self.routes() for pair in (route_ends(route), route_ends(route)[::-1])]
        return {pair: self.client(*pair) for pair in dict.fromkeys(pairs)}

    def _endpoint(self, here: str, there: str, daemon: str) -> Endpoint:
        entry = self.entry(here)
        return Endpoint(
            mailbox=Mailbox(self.chains[here], entry.mailbox),
            client=self.client(here, there),
            signer=self.submitter(daemon, here),
            first_block=entry.deployed_at,
        )


Build = Callable[[Assembly], Mapping[str, Daemon]]
"""Makes the workers of one kind of daemon, by name; `relayer alpha->beta` for the one that serves this route."""


def route_ends(route: RouteSection) -> tuple[str, str]:
    """Destination and source: where the client of a delivery is, and what it follows."""
    return route.destination, route.source


def submitter_policy(limits: LimitsSection, chain: str) -> SubmitterPolicy:
    """What the limits allow on a chain."""
    fees = FeePolicy()
    if chain in limits.max_fee_wei_per_gas:
        cap = limits.max_fee_wei_per_gas[chain]
        fees = FeePolicy(cap=cap, urgent_cap=max(cap, limits.urgent_fee_wei_per_gas.get(chain, cap)))
    return SubmitterPolicy(fees=fees, budget_wei_per_day=limits.budget_wei_per_day.get(chain))


def profit_rule(limits: LimitsSection) -> ProfitRule:
    """What the limits ask of a packet."""
    return ProfitRule(
        minimum_share=Fraction(str(limits.profit.minimum_share)) if limits.profit.required else None,
        allow_senders=frozenset(limits.allow_senders),
        deny_senders=frozenset(limits.deny_senders),
    )


def unlock_signers(
    config: RelayerConfig, redactor: Redactor, ask: Callable[[str], str] | None = None
) -> dict[str, LocalAccount]:
    """Every configured key. `ask` is given a signer's name where no password is configured.

    Raises Rejected: DEVELOPMENT_KEY off development chains, EXPOSED_FILE, WRONG_PASSWORD and what else keystores raise.
    """
    chain_ids = [chain.chain_id for chain in config.chains.values()]
    unlocked = {}
    for name, section in config.signers.items():
        password = keystores.password_of(section, None if ask is None else partial(ask, name))
        redactor.hide(password)
        account = keystores.unlock(section.keystore, password)
        redactor.hide(bytes(account.key))
        keystores.require_no_development_key(account.address, chain_ids)
        unlocked[name] = account
    return unlocked
