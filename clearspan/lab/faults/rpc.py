"""What a process's node or the way to it does wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.link import Ask, Condition, Json

if TYPE_CHECKING:
    from clearspan.lab.world import World


def any_process(world: World, chance: Random) -> str:
    """A process's name by chance."""
    return chance.choice(sorted(world.processes))


def impose(world: World, process: str, chain_id: int, condition: Condition) -> Heal:
    """Put a condition on a link until healed."""
    conditions = world.processes[process].links[chain_id].conditions
    conditions.append(condition)

    def heal() -> None:
        conditions.remove(condition)

    return heal


class Refuses:
    """Nobody answers."""

    def answer(self, ask: Ask, method: str, params: Sequence[object]) -> Json:  # noqa: ARG002 - the protocol's
        """As a transport without a peer."""
        raise ConnectionRefusedError(method)


@fault("rpc", "down")
@dataclass(frozen=True, slots=True)
class Down(Fault):
    """A process cannot reach its node of one chain."""

    process: str
    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any process, any chain."""
        return cls(any_process(world, chance), any_chain(world, chance))

    def inject(self, world: World) -> Heal:
        """Until healed."""
        return impose(world, self.process, self.chain_id, Refuses())
