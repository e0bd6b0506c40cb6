"""What happens to a chain."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from chains.finality import Depth
from clearspan.lab.faults.base import Fault, Heal, fault, nothing

if TYPE_CHECKING:
    from clearspan.lab.world import World


def any_chain(world: World, chance: Random) -> int:
    """A chain id by chance."""
    return chance.choice(sorted(world.chains))


@fault("chain", "halt")
@dataclass(frozen=True, slots=True)
class Halt(Fault):
    """The chain makes no blocks."""

    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any chain."""
        return cls(any_chain(world, chance))

    def inject(self, world: World) -> Heal:
        """Count halts, so that two of them end with the later one."""
        world.halted[self.chain_id] = world.halted.get(self.chain_id, 0) + 1

        def heal() -> None:
            world.halted[self.chain_id] -= 1

        return heal


@fault("chain", "reorg")
@dataclass(frozen=True, slots=True)
class Reorg(Fault):
    """The newest blocks of a chain with depth finality are replaced by others at once.

    drops: every second of their transactions is forgotten instead of waiting for the next block.
    """

    chain_id: int
    depth: int
    drops: bool

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any depth that is not final, of a chain that can reorganise."""
        able = [number for number, chain in sorted(world.chains.items()) if isinstance(chain.finality, Depth)]
        chain_id = chance.choice(able)
        finality = world.chains[chain_id].finality
        deepest = finality.blocks if isinstance(finality, Depth) else 1
        return cls(chain_id, chance.randint(1, deepest), chance.random() < 0.5)

    def inject(self, world: World) -> Heal:
        """Replace as many blocks as there are above the final one, at most `depth`."""
        chain = world.chains[self.chain_id]
        depth = min(self.depth, chain.head().number - chain.finalized_header().number)
        if depth < 1:
            return nothing
        seen = iter(range(1 << 30))
        removed = chain.reorganise(depth, keeps=lambda _: not self.drops or next(seen) % 2 == 0)
        world.note(chain.name, "reorganised", str(removed[0].header.number), f"{len(removed)} blocks")
        for _ in removed:
            world.mine(chain)
        return nothing


@fault("chain", "gas-spike")
@dataclass(frozen=True, slots=True)
class GasSpike(Fault):
    """The base fee is held at a multiple of what it was."""

    chain_id: int
    factor: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Ten to five hundred times."""
        return cls(any_chain(world, chance), chance.choice((10, 50, 100, 500)))

    def inject(self, world: World) -> Heal:
        """Until healed; the fee then falls by an eighth a block."""
        chain = world.chains[self.chain_id]
        chain.fee_floor = chain.next_base_fee() * self.factor

        def heal() -> None:
            chain.fee_floor = 0

        return heal


@fault("chain", "censor")
@dataclass(frozen=True, slots=True)
class Censor(Fault):
    """Proposers leave out every transaction of one sender."""

    chain_id: int
    sender: bytes

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One of the relayers or users."""
        wallets = (*world.base.relayers, *world.base.users)
        return cls(any_chain(world, chance), bytes.fromhex(chance.choice(wallets).address[2:]))

    def inject(self, world: World) -> Heal:
        """Beside what is censored already."""
        chain = world.chains[self.chain_id]
        before = chain.censors
        chain.censors = lambda transaction: (
            transaction.sender == self.sender or (before is not None and before(transaction))
        )

        def heal() -> None:
            chain.censors = None

        return heal
