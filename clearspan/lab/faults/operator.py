"""What those who run it do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from chains.errors import ChainError
from clearspan.lab.faults.base import Fault, Heal, fault

if TYPE_CHECKING:
    from clearspan.lab.world import World

PAUSE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class OfAVault(Fault):
    """Something its guardian does to a vault."""

    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any vault."""
        return cls(chance.choice([vault.chain_id for vault in world.deployment.vaults]))

    def tell(self, world: World, function: str, *arguments: int) -> None:
        """Send one of the guardian's two transactions; refused is refused."""
        chain = world.chains[self.chain_id]
        vault = chain.contract("CollateralVault", world.deployment.vault(self.chain_id).vault)
        with suppress(ChainError):
            chain.send(vault.functions[function](*arguments), world.base.network.keys.owner, gas=300_000)


@fault("chain", "contract-pause")
@dataclass(frozen=True, slots=True)
class ContractPause(OfAVault):
    """A vault is paused."""

    def inject(self, world: World) -> Heal:
        """Until healed."""
        self.tell(world, "pause", PAUSE_SECONDS)
        return lambda: self.tell(world, "unpause")


@fault("operator", "pause-race")
@dataclass(frozen=True, slots=True)
class PauseRace(OfAVault):
    """Two guardians: one pauses whatever the other unpauses, block by block."""

    def inject(self, world: World) -> Heal:
        """Every three seconds the other way; unpaused in the end."""
        is_over: list[bool] = []
        turn = iter(range(1 << 62))

        def race() -> None:
            if not is_over:
                if next(turn) % 2:
                    self.tell(world, "unpause")
                else:
                    self.tell(world, "pause", PAUSE_SECONDS)
                world.scheduler.at(world.clock.now() + 3, race)

        race()

        def heal() -> None:
            is_over.append(True)
            self.tell(world, "unpause")

        return heal
