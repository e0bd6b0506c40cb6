"""Every daemon that `clearspan daemon NAME start` knows. A new one is one line here and one function that builds it."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bridge.registry import VaultEntry
from bridge.vaults import Vault
from relayers.batching import BATCHING, Batching, HoldDown
from relayers.client_updater import ClientUpdater, TrustPolicy
from relayers.operating.assembly import Assembly, Build, profit_rule
from relayers.operating.attestor_building import build_attestors, build_carriers
from relayers.operating.config import Positive, Section
from relayers.operating.errors import Reason, Rejected
from relayers.operating.watcher_building import build_watcher
from relayers.packet_relayer import PacketRelayer
from relayers.profit import Racing
from relayers.reports import Daemon
from relayers.vault_payer import VaultPayer


class BatchingSection(Section):
    """How long a delivery and an acknowledgement wait for others, in seconds, and for how many at most."""

    deliver_seconds: Annotated[int, Field(ge=0)]
    deliver_packets: Positive = 16
    acknowledge_seconds: Annotated[int, Field(ge=0)]
    acknowledge_packets: Positive = 16

    def batching(self) -> Batching:
        """The same for the daemon."""
        return Batching(
            deliver=HoldDown(seconds=self.deliver_seconds, packets=self.deliver_packets),
            acknowledge=HoldDown(seconds=self.acknowledge_seconds, packets=self.acknowledge_packets),
        )


class RelayerOptions(Section):
    """`options` of `[daemons.relayer]`: this relayer's rank among those that do not share its database."""

    rank: Annotated[int, Field(ge=0)] = 0
    racers: Positive = 1
    turn_seconds: Positive = 12
    batching: Literal["prompt", "balanced", "thrifty"] | BatchingSection = "prompt"

    @model_validator(mode="after")
    def _rank_is_below(self) -> Self:
        if self.rank >= self.racers:
            raise ValueError("a rank lies below the number of racers")
        return self


def _relayers(assembly: Assembly) -> Mapping[str, Daemon]:
    profit = profit_rule(assembly.config.limits)
    options = assembly.options("relayer", RelayerOptions)
    racing = Racing(rank=options.rank, racers=options.racers, turn_seconds=options.turn_seconds)
    wished = options.batching
    batching = BATCHING[wished] if isinstance(wished, str) else wished.batching()
    return {
        f"relayer {route.name}": PacketRelayer(
            assembly.store, assembly.lane(route, "relayer"), profit=profit, racing=racing, batching=batching
        )
        for route in assembly.routes()
    }


def _updaters(assembly: Assembly) -> Mapping[str, Daemon]:
    parameters = assembly.deployment.parameters
    policy = TrustPolicy(
        trusting_period_seconds=parameters.trusting_period_seconds,
        trust_numerator=parameters.trust_numerator,
        trust_denominator=parameters.trust_denominator,
    )
    return {
        f"updater {follows}@{here}": ClientUpdater(
            assembly.store,
            client=client,
            follows=assembly.chains[follows],
            signer=assembly.submitter("updater", here),
            policy=policy,
        )
        for (here, follows), client in assembly.clients().items()
        if assembly.entry(follows).validators  # of the others attestors tell
    }


def _payers(assembly: Assembly) -> Mapping[str, Daemon]:
    named: dict[str, Daemon] = {}
    for name, chain in assembly.chains.items():
        entry = assembly.entry(name)
        if isinstance(entry, VaultEntry):
            named[f"payer {name}"] = VaultPayer(
                assembly.store,
                Vault(chain, entry.vault),
                assembly.submitter("payer", name),
                first_block=entry.deployed_at,
            )
    return named


DAEMONS: dict[str, Build] = {
    "attestor": build_attestors,
    "carrier": build_carriers,
    "payer": _payers,
    "relayer": _relayers,
    "updater": _updaters,
    "watcher": build_watcher,
}
"""By name, in the order of a round's first steps."""
DEFAULT = ("relayer", "payer", "updater")
"""Those that run where the configuration names none."""


def chosen(assembly: Assembly) -> tuple[str, ...]:
    """Names of the daemons that the configuration turns on; raises Rejected(UNKNOWN_DAEMON)."""
    sections = assembly.config.daemons
    for name in sections:
        require_known(name)
    return tuple(name for name, section in sections.items() if section.enabled) if sections else DEFAULT


def require_known(name: str) -> None:
    """Raises Rejected(UNKNOWN_DAEMON)."""
    if name not in DAEMONS:
        raise Rejected(Reason.UNKNOWN_DAEMON, f"{name}; known: {', '.join(sorted(DAEMONS))}")


def build(assembly: Assembly, names: tuple[str, ...]) -> dict[str, Daemon]:
    """The workers of these daemons by name, and the submitters they spend through."""
    workers: dict[str, Daemon] = {}
    for name in names:
        require_known(name)
        workers |= DAEMONS[name](assembly)
    submitters = {f"submitter {chain} {'+'.join(names)}": one for (chain, names), one in assembly.submitters.items()}
    return {**submitters, **workers}
