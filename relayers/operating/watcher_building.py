"""Builds the watcher from its section of the configuration."""

from collections.abc import Mapping

from pydantic import Field

from bridge.registry import Address
from relayers.operating.assembly import Assembly
from relayers.operating.config import Name, Positive, Section
from relayers.reports import Daemon
from relayers.submitter import Submitter
from relayers.watching import Watcher, WatchPolicy


class WatcherOptions(Section):
    """`options` of `[daemons.watcher]`: who may pause, and what vaults are expected to pay out at most.

    outflow_max: base units by token (zero address: ether) by chain name.
    """

    guardian: Name | None = None
    outflow_max: dict[Name, dict[Address, Positive]] = Field(default_factory=dict)
    outflow_window_seconds: Positive = 3_600
    privileged_failures_max: Positive = 3
    privileged_window_seconds: Positive = 3_600
    pause_seconds: Positive = 3_600


def build_watcher(assembly: Assembly) -> Mapping[str, Daemon]:
    """One watcher over all chains. Give it a process, a database and endpoints of its own."""
    options = assembly.options("watcher", WatcherOptions)
    policy = WatchPolicy(
        outflow_max={assembly.config.chains[name].chain_id: most for name, most in options.outflow_max.items()},
        outflow_window_seconds=options.outflow_window_seconds,
        privileged_failures_max=options.privileged_failures_max,
        privileged_window_seconds=options.privileged_window_seconds,
        pause_seconds=options.pause_seconds,
    )
    watcher = Watcher(
        assembly.store,
        assembly.deployment,
        assembly.by_id(),
        signer=_on_every_chain(assembly, assembly.signer_names("watcher")),
        guardian=None if options.guardian is None else _on_every_chain(assembly, (options.guardian,)),
        policy=policy,
    )
    return {"watcher": watcher}


def _on_every_chain(assembly: Assembly, signers: tuple[str, ...]) -> dict[int, Submitter]:
    sections = assembly.config.chains
    return {sections[name].chain_id: assembly.submitter_of(signers, name) for name in assembly.chains}
