"""What the sources of prices do."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Self

from clearspan.lab.faults.base import Fault, Heal, fault, nothing
from relayers.ports import SourcePrice

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


@dataclass(frozen=True, slots=True)
class Heard(Fault):
    """Oracles hear something else of one underlying; `sources` of them, of three."""

    underlying: int
    sources: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One, two or all."""
        return cls(any_underlying(world, chance), chance.randint(1, len(world.feeds)))

    def inject(self, world: World) -> Heal:
        """Until healed."""
        feeds = [world.feeds[name] for name in sorted(world.feeds)[: self.sources]]

        def distort(underlying: int, price: SourcePrice) -> SourcePrice | None:
            return self.heard(world, price) if underlying == self.underlying else price

        for feed in feeds:
            feed.distortions.append(distort)

        def heal() -> None:
            for feed in feeds:
                feed.distortions.remove(distort)

        return heal

    @abstractmethod
    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:
        """Instead of the true price."""


@fault("oracle", "stale")
@dataclass(frozen=True, slots=True)
class Stale(Heard):
    """Prices are five minutes old."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """As it says itself."""
        return replace(price, time=price.time - 300)


@fault("oracle", "negative-or-zero")
@dataclass(frozen=True, slots=True)
class NegativeOrZero(Heard):
    """The price is nothing, or less."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """In turns."""
        return replace(price, price_e8=0 if price.time % 2 else -price.price_e8)


@fault("oracle", "at-bound")
@dataclass(frozen=True, slots=True)
class AtBound(Heard):
    """The price stands at the least or the greatest there is."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """In turns."""
        return replace(price, price_e8=1 if price.time % 2 else (1 << 50) - 1)


@fault("oracle", "decimals")
@dataclass(frozen=True, slots=True)
class Decimals(Heard):
    """The price has ten digits less behind the point than it should have."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """At least the smallest there is."""
        return replace(price, price_e8=max(1, price.price_e8 // 10**10))


@fault("oracle", "one-venue")
@dataclass(frozen=True, slots=True)
class OneVenue(Heard):
    """One market goes its own way by a tenth, and some sources look at it alone."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """A tenth more."""
        return replace(price, price_e8=price.price_e8 * 11 // 10)


@fault("oracle", "sources-fall-out")
@dataclass(frozen=True, slots=True)
class SourcesFallOut(Heard):
    """Of three sources fewer remain, down to none."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """Nothing."""
        return None


@fault("oracle", "future-timestamp")
@dataclass(frozen=True, slots=True)
class FutureTimestamp(Heard):
    """Prices are said to be of an hour from now."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:  # noqa: ARG002
        """As it says itself."""
        return replace(price, time=price.time + 3_600)


@fault("oracle", "out-of-order")
@dataclass(frozen=True, slots=True)
class OutOfOrder(Heard):
    """Every other answer is an older price than the one before."""

    def heard(self, world: World, price: SourcePrice) -> SourcePrice | None:
        """A minute back, in turns."""
        return replace(price, time=price.time - 60) if world.clock.now() % 2 else price
