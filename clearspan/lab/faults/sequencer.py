"""What the venue and the place of its bytes do."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from chains.errors import ChainError
from chains.local import LocalChain
from clearspan.lab.faults.base import Fault, Heal, fault, nothing
from exchange.engine import Rejected
from exchange.sequencer import Sequencer, SequencerError

if TYPE_CHECKING:
    from clearspan.lab.world import World

VENUE = "venue"


@dataclass(frozen=True, slots=True)
class OfTheVenue(Fault):
    """Something about the one sequencer there is."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:  # noqa: ARG003
        """There is but one."""
        return cls()


@fault("sequencer", "crash")
@dataclass(frozen=True, slots=True)
class Crash(OfTheVenue):
    """The venue's process is killed wherever it is."""

    def inject(self, world: World) -> Heal:
        """It is started again by whoever looks after it."""
        world.processes[VENUE].stop()
        return nothing


@fault("sequencer", "censor")
@dataclass(frozen=True, slots=True)
class Censor(Fault):
    """The sequencer takes nothing from one user's connection."""

    share: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:  # noqa: ARG003
        """Some of the steps, by their last byte."""
        return cls(chance.choice((64, 128, 256)))

    def inject(self, world: World) -> Heal:
        """They never arrive."""

        def door(_: Sequencer, step: bytes) -> bool:
            return step[-1] >= self.share

        world.doors.append(door)
        return lambda: world.doors.remove(door)


@fault("sequencer", "reorder")
@dataclass(frozen=True, slots=True)
class Reorder(OfTheVenue):
    """Steps are let in by twos, the later one first."""

    def inject(self, world: World) -> Heal:
        """The last one may have to wait for the end."""
        held: list[bytes] = []

        def door(sequencer: Sequencer, step: bytes) -> bool:
            if not held:
                held.append(step)
                return False
            for one in (step, held.pop()):
                with suppress(Rejected, SequencerError):
                    sequencer.submit(one)
            return False

        world.doors.append(door)
        return lambda: world.doors.remove(door)


@fault("sequencer", "withhold")
@dataclass(frozen=True, slots=True)
class Withhold(OfTheVenue):
    """The venue goes on and posts nothing."""

    def inject(self, world: World) -> Heal:
        """Its poster rests."""
        return _rest(world, "batch poster")


@fault("sequencer", "late-post")
@dataclass(frozen=True, slots=True)
class LatePost(OfTheVenue):
    """Every batch is handed over, and takes half a minute to be in a block."""

    def inject(self, world: World) -> Heal:
        """Proposers let the poster's transactions lie."""
        chain = _settlement(world)
        poster = bytes.fromhex(world.base.network.keys.poster.address[2:])
        since: dict[bytes, int] = {}
        before = chain.censors

        def lies(one: object) -> bool:
            waited = world.clock.now() - since.setdefault(one.hash, world.clock.now())  # type: ignore[attr-defined]
            return bool(one.sender == poster and waited < 30)  # type: ignore[attr-defined]

        chain.censors = lambda one: lies(one) or (before is not None and before(one))

        def heal() -> None:
            chain.censors = None

        return heal


@fault("sequencer", "da-down")
@dataclass(frozen=True, slots=True)
class DataDown(OfTheVenue):
    """The place for the venue's bytes takes none: bytes are calldata here, so its chain takes no batch."""

    def inject(self, world: World) -> Heal:
        """The poster is left out of every block."""
        chain = _settlement(world)
        poster = bytes.fromhex(world.base.network.keys.poster.address[2:])
        before = chain.censors
        chain.censors = lambda one: one.sender == poster or (before is not None and before(one))

        def heal() -> None:
            chain.censors = None

        return heal


@fault("sequencer", "replay-batch")
@dataclass(frozen=True, slots=True)
class ReplayBatch(OfTheVenue):
    """The poster's old transactions' contents are sent again, with its own key."""

    def inject(self, world: World) -> Heal:
        """The newest batch that was mined, before every block."""
        chain = _settlement(world)
        poster = world.base.network.keys.poster
        rollup = bytes.fromhex(world.deployment.settlement.rollup[2:])
        gates = world.gates[chain.chain_id]
        sender = bytes.fromhex(poster.address[2:])

        def again(_: LocalChain) -> bool:
            for number in range(chain.ledger.height, max(0, chain.ledger.height - 40), -1):
                for one in chain.ledger.block(number).transactions:
                    if one.to == rollup and one.sender == sender and not chain.pool.transactions:
                        call = {"to": world.deployment.settlement.rollup, "data": one.input}
                        with suppress(ChainError):
                            chain.send(call, world.base.users[0])
                        return True
            return True

        gates.append(again)
        return lambda: gates.remove(again)


def _settlement(world: World) -> LocalChain:
    return world.chains[world.deployment.settlement.chain_id]


def _rest(world: World, daemon: str) -> Heal:
    resting = world.processes[VENUE].resting
    resting.add(daemon)
    return lambda: resting.discard(daemon)
