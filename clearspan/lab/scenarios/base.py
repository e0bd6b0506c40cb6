"""What a scenario is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from clearspan.lab.world import World, WorldConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of an attack. `detail` says it in numbers: what was tried, what was lost, who noticed."""

    survived: bool
    detail: str


def unbroken() -> AbstractContextManager[None]:
    """Patches nothing."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """The same system with one line wrong.

    mutation: that line, in words. contracts: what is deployed in a broken variant, as (contract, twin of twins.json).
    patch: breaks a line of Python while the attack runs.
    """

    mutation: str
    contracts: tuple[tuple[str, str], ...] = ()
    patch: Callable[[], AbstractContextManager[object]] = unbroken


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where an attack takes place; the attack does not know whether the system is whole."""

    contracts: tuple[tuple[str, str], ...] = ()

    def world(self, seed: int = 1, config: WorldConfig | None = None) -> World:
        """A fresh world in which nobody acts by chance."""
        world = World(seed, replace(config or WorldConfig(), twins=self.contracts))
        world.people_act = False
        return world


Attack = Callable[[Stage], Verdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One incident, as an attack that this system survives and its twin does not.

    identifier: `incident-27`, `htlc-free-option`, `D6`; never changes. group: its class, C1 to C12,
    HTLC, venue or rollup. source: who it happened to, and when. A scenario without an attack is pending: `missing`
    names the part it waits for.
    """

    identifier: str
    title: str
    group: str
    source: str
    attack: Attack | None = None
    twin: Twin | None = None
    missing: str = ""

    def __post_init__(self) -> None:
        if (self.attack is None) != bool(self.missing):
            raise ValueError(f"{self.identifier} has an attack or names what is missing")
        if (self.attack is None) != (self.twin is None):
            raise ValueError(f"{self.identifier} has an attack and a twin, or neither")
