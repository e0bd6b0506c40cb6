"""One seed from chaos to rest, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from clearspan.lab.chaos import Injector, Planned, draw_plan
from clearspan.lab.oracle import Judge, Violation
from clearspan.lab.oracle.violations import Invariant
from clearspan.lab.randomness import stream
from clearspan.lab.trace import Happening
from clearspan.lab.world import World, WorldConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """How long a run is. Times in seconds: of chaos, of the bound within which everything must have come to rest."""

    world: WorldConfig = field(default_factory=WorldConfig)
    chaos_seconds: int = 90
    faults: int = 10
    rest_seconds: int = 900
    look_seconds: int = 10
    watches: bool = False
    """Whether a watcher looks on, and the judge says whether it cried out when it should."""


DEFAULT = RunConfig()
PACES = (2, 3, 5, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a seed came to: `digest` names the run, `met` counts its situations, `rested_after` is None for never."""

    seed: int
    digest: str
    plan: tuple[Planned, ...]
    violations: tuple[Violation, ...]
    met: Counter[tuple[str, str]]
    packets: int
    simulated_seconds: int
    rested_after: int | None
    happenings: tuple[Happening, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not self.violations


def config_of(seed: int, config: RunConfig = DEFAULT) -> RunConfig:
    """What a campaign runs a seed with: every second one trades, so that margin spans the failing chains.

    How many relayers there are, and at which pace each process works, differs from seed to seed. In every third users
    swap across chains, and over every third a watcher watches.
    """
    relayers = stream(seed, "relayers").choice((1, 2))
    world = replace(config.world, trades=seed % 2 == 0, swaps=seed % 3 == 0, relayers=relayers, paces=PACES)
    return replace(config, world=world, watches=seed % 3 == 1)


def run_seed(
    seed: int, config: RunConfig = DEFAULT, *, plan: Sequence[Planned] | None = None, keep: bool = False
) -> RunResult:
    """Chaos, healing, rest. `plan` in place of the one the seed draws; `keep` everything that happened."""
    with World(seed, config.world) as world:
        judge = Judge(world, watches=config.watches)
        injector = Injector(world)
        chosen = draw_plan(world, seconds=config.chaos_seconds, faults=config.faults) if plan is None else tuple(plan)
        began = world.clock.now()
        injector.schedule(chosen)
        world.run(config.chaos_seconds)
        world.people_act = False
        injector.heal_all()
        healed = world.clock.now()
        while not _at_rest(world, judge) and world.clock.now() < healed + config.rest_seconds:
            world.run(config.look_seconds)
        rested = world.clock.now() - healed if _at_rest(world, judge) else None
        if rested is None:
            judge.accuse_at_end(Invariant.LIVENESS, restless(world, judge))
        judge.look_back()
        return RunResult(
            seed=seed,
            digest=world.trace.digest,
            plan=chosen,
            violations=tuple(judge.violations),
            met=world.coverage.met,
            packets=len(judge.packets.lives),
            simulated_seconds=world.clock.now() - began,
            rested_after=rested,
            happenings=tuple(world.trace.happenings) if keep else (),
        )


def _at_rest(world: World, judge: Judge) -> bool:
    return not restless(world, judge)


def restless(world: World, judge: Judge) -> str:
    """What still waits, nothing when all is at rest."""
    down = [name for name, process in world.processes.items() if not process.is_up]
    venue = world.venue
    waiting = {
        "processes down": len(down),
        "packets": len(judge.packets.unfinished),
        "bytes to post": venue.backlog_bytes if venue is not None else 0,
        "claims on vaults": _claims(world),
        "swaps": len(judge.swaps.open),
    }
    return ", ".join(f"{count} {what}" for what, count in waiting.items() if count)


def _claims(world: World) -> int:
    """Releases and refunds that vaults have not paid."""
    waiting = 0
    for asset in world.deployment.assets:
        chain = world.chains[asset.chain_id]
        vault = chain.contract("CollateralVault", world.deployment.vault(asset.chain_id).vault)
        for refunds in (False, True):
            places, _amount = chain.call(vault.functions.queued(asset.token, refunds))
            waiting += places
    return waiting
