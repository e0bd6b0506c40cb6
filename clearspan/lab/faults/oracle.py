"""What the sources of prices do."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault, nothing

if TYPE_CHECKING:
    from clearspan.lab.world import World


def any_underlying(world: World, chance: Random) -> int:
    """An underlying's id by chance."""
    return chance.randrange(len(world.base.network.listing.underlyings))


@fault("oracle", "frozen")
@dataclass(frozen=True, slots=True)
class Frozen(Fault):
    """No new price arrives, and the last one grows old."""

    underlying: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any underlying."""
        return cls(any_underlying(world, chance))

    def inject(self, world: World) -> Heal:
        """Until healed."""
        world.silent_underlyings.add(self.underlying)
        return lambda: world.silent_underlyings.discard(self.underlying)


@fault("oracle", "times")
@dataclass(frozen=True, slots=True)
class Times(Fault):
    """The price is reported so many times too high or, with a negative factor, too low."""

    underlying: int
    factor: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Two to a thousand times."""
        return cls(any_underlying(world, chance), chance.choice((2, 10, 1_000, -2, -10, -1_000)))

    def inject(self, world: World) -> Heal:
        """A price that is out of bounds is reported too."""
        before = world.prices.latest(self.underlying)
        if before is None:
            return nothing
        wrong = before.price_e8 * self.factor if self.factor > 0 else max(1, before.price_e8 // -self.factor)
        world.prices.set(self.underlying, min(wrong, (1 << 50) - 1))
        return lambda: world.prices.set(self.underlying, before.price_e8)
