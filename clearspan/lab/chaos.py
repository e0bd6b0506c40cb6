"""A run: chaos, then healing, then a bounded time to come to rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from clearspan.lab.faults import VOCABULARY, Fault, Heal

if TYPE_CHECKING:
    from clearspan.lab.world import World

SWARM_SHARE = 0.5
"""Share of the vocabulary a seed uses: runs that leave faults out reach states that runs with all of them never do."""
OWN_WORDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A fault with its time, in seconds after the start of the chaos."""

    start: int
    seconds: int
    fault: Fault


def draw_plan(world: World, *, seconds: int, faults: int) -> tuple[Planned, ...]:
    """What goes wrong in a run, from its seed: a random subset of the vocabulary, each fault at a random time.

    The first few words are the seed's own: seed after seed goes through all of them, so that none is left to luck.
    """
    chance = world.chance("chaos")
    all_words = list(VOCABULARY)
    words = [word for word in all_words if chance.random() < SWARM_SHARE] or all_words
    due = [all_words[(world.seed * OWN_WORDS + place) % len(all_words)] for place in range(OWN_WORDS)]
    plan = []
    for place in range(faults):
        kind = VOCABULARY[due[place] if place < OWN_WORDS else chance.choice(words)]
        start = chance.randint(0, seconds)
        plan.append(Planned(start=start, seconds=chance.randint(2, 60), fault=kind.draw(world, chance)))
    return tuple(sorted(plan, key=lambda planned: planned.start))


class Injector:
    """Injects a plan into a world and heals it, each fault in its time or all at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._active: dict[int, tuple[str, Heal]] = {}
        self._number = 0

    def schedule(self, plan: tuple[Planned, ...]) -> None:
        """Have every fault of the plan happen."""
        for planned in plan:
            self._world.scheduler.at(self._world.clock.now() + planned.start, partial(self._run, planned))

    def heal_all(self) -> None:
        """End everything that is still wrong."""
        for number in list(self._active):
            self._heal(number)

    def inject(self, fault: Fault) -> int:
        """Make one fault so; answers the number to heal it by."""
        world = self._world
        self._number += 1
        number = self._number
        world.note("faults", "begins", str(number), str(fault))
        world.active_faults[fault.word] = world.active_faults.get(fault.word, 0) + 1
        self._active[number] = (fault.word, fault.inject(world))
        return number

    def heal(self, number: int) -> None:
        """Undo one fault; healed before is fine."""
        self._heal(number)

    def _run(self, planned: Planned) -> None:
        number = self.inject(planned.fault)
        self._world.scheduler.at(self._world.clock.now() + planned.seconds, partial(self._heal, number))

    def _heal(self, number: int) -> None:
        if number not in self._active:
            return
        word, heal = self._active.pop(number)
        heal()
        world = self._world
        world.active_faults[word] -= 1
        if not world.active_faults[word]:
            del world.active_faults[word]
        world.note("faults", "ends", str(number), word)
