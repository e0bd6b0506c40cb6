"""What validators do."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault, nothing
from clearspan.lab.faults.chain import any_chain

if TYPE_CHECKING:
    from clearspan.lab.world import World


@fault("validators", "offline")
@dataclass(frozen=True, slots=True)
class Offline(Fault):
    """So many validators fall silent: with more than a third of them the chain stands still."""

    chain_id: int
    count: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One up to all but one."""
        chain_id = any_chain(world, chance)
        return cls(chain_id, chance.randint(1, len(world.chains[chain_id].validators) - 1))

    def inject(self, world: World) -> Heal:
        """The first so many that are online."""
        silent = world.chains[self.chain_id].validators.online[: self.count]
        for validator in silent:
            validator.online = False

        def heal() -> None:
            for validator in silent:
                validator.online = True

        return heal


@fault("validators", "rotation")
@dataclass(frozen=True, slots=True)
class Rotation(Fault):
    """One validator is replaced by a new one, in the middle of whatever is on its way."""

    chain_id: int
    number: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any chain; `number` names the newcomer."""
        return cls(any_chain(world, chance), chance.getrandbits(32))

    def inject(self, world: World) -> Heal:
        """Stays so."""
        chain = world.chains[self.chain_id]
        members = list(chain.validators.validators)
        newcomer = world.new_validator(self.chain_id, self.number)
        if not any(member.address == newcomer.address for member in members):
            chain.rotate([*members[1:], newcomer])
        return nothing
