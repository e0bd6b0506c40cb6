"""How a chain makes blocks: their pace, their order, their time, what they are final by and what machine runs them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Self

from chains.blocks import Transaction
from chains.errors import ChainError
from chains.fast_evm import machine
from chains.finality import Depth, FinalityPolicy
from chains.local import LocalChain
from clearspan.lab.faults.base import Fault, Heal, fault
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.link import Ask, Json
from clearspan.lab.process import SkewedClock

if TYPE_CHECKING:
    from clearspan.lab.world import World

Orders = Callable[[Sequence[Transaction]], Sequence[Transaction]]
CROWDED_GAS = 12_000_000
"""What a full block leaves to others: enough for one transaction of any of the daemons."""
LIMIT_FACTOR = 100_000
DRIFT_SECONDS = 12


@dataclass(frozen=True, slots=True)
class OfAChain(Fault):
    """Something about one chain, until healed."""

    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any chain."""
        return cls(any_chain(world, chance))


@fault("chain", "slow")
@dataclass(frozen=True, slots=True)
class Slow(OfAChain):
    """Three of four blocks are not made."""

    def inject(self, world: World) -> Heal:
        """Every fourth one is."""
        turn = iter(range(1 << 62))
        return _gate(world, self.chain_id, lambda _: next(turn) % 4 == 0)


@fault("chain", "speed-up")
@dataclass(frozen=True, slots=True)
class SpeedUp(OfAChain):
    """Three blocks where there was one, their time ahead of everybody's."""

    def inject(self, world: World) -> Heal:
        """Two more before each."""
        busy: list[bool] = []

        def hurry(chain: LocalChain) -> bool:
            if not busy:
                busy.append(True)
                world.mine(chain)
                world.mine(chain)
                busy.clear()
            return True

        return _gate(world, self.chain_id, hurry)


@fault("chain", "basefee-at-limit")
@dataclass(frozen=True, slots=True)
class BaseFeeAtLimit(OfAChain):
    """The base fee is more than anybody pays."""

    def inject(self, world: World) -> Heal:
        """Healed, it falls by an eighth a block."""
        chain = world.chains[self.chain_id]
        chain.fee_floor = chain.next_base_fee() * LIMIT_FACTOR

        def heal() -> None:
            chain.fee_floor = 0

        return heal


@fault("chain", "block-full")
@dataclass(frozen=True, slots=True)
class BlockFull(OfAChain):
    """Others fill the blocks: there is room for one of our transactions each."""

    def inject(self, world: World) -> Heal:
        """A small block."""
        chain = world.chains[self.chain_id]
        before, chain.gas_limit = chain.gas_limit, CROWDED_GAS

        def heal() -> None:
            chain.gas_limit = max(before, chain.gas_limit)

        return heal


@fault("chain", "reorder")
@dataclass(frozen=True, slots=True)
class Reorder(OfAChain):
    """Proposers include senders in the opposite order."""

    def inject(self, world: World) -> Heal:
        """Each sender's own stay in order, by nonce."""
        return _order(world.chains[self.chain_id], lambda waiting: sorted(waiting, key=lambda one: one.sender))


@dataclass(frozen=True, slots=True)
class Copied(OfAChain):
    """A stranger sends everybody's calls as its own."""

    def inject(self, world: World) -> Heal:
        """Copies are made before each block."""
        stranger = world.base.users[-1]
        address = bytes.fromhex(stranger.address[2:])
        seen: set[bytes] = set()

        def copy(chain: LocalChain) -> bool:
            for one in chain.pool.transactions:
                if one.sender == address or one.to is None or one.hash in seen:
                    continue
                seen.add(one.hash)
                call: dict[str, Any] = {"to": "0x" + one.to.hex(), "data": one.input}
                for _ in range(self.copies()):
                    try:
                        chain.send(call, stranger, gas=min(one.gas, 2_000_000))
                    except ChainError:
                        break
            return True

        closed = _gate(world, self.chain_id, copy)
        unordered = _order(world.chains[self.chain_id], lambda waiting: self.arranged(waiting, address))

        def heal() -> None:
            closed()
            unordered()

        return heal

    def copies(self) -> int:
        """Of each call."""
        return 1

    def arranged(self, waiting: Sequence[Transaction], stranger: bytes) -> Sequence[Transaction]:
        """The stranger's first."""
        return sorted(waiting, key=lambda one: one.sender != stranger)


@fault("chain", "front-run")
@dataclass(frozen=True, slots=True)
class FrontRun(Copied):
    """A stranger's copy of every call comes before it."""


@fault("chain", "sandwich")
@dataclass(frozen=True, slots=True)
class Sandwich(Copied):
    """A stranger's copies of every call come before and after it."""

    def copies(self) -> int:
        """One on each side."""
        return 2

    def arranged(self, waiting: Sequence[Transaction], stranger: bytes) -> Sequence[Transaction]:
        """Half of the stranger's first, half last."""
        mine = [one for one in waiting if one.sender == stranger]
        half = -(-len(mine) // 2)
        return [*mine[:half], *(one for one in waiting if one.sender != stranger), *mine[half:]]


@fault("chain", "timestamp-drift")
@dataclass(frozen=True, slots=True)
class TimestampDrift(OfAChain):
    """Proposers' clocks go wrong by as much as a chain takes, forwards or backwards."""

    seconds: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Either way."""
        return cls(any_chain(world, chance), chance.choice((-DRIFT_SECONDS, DRIFT_SECONDS)))

    def inject(self, world: World) -> Heal:
        """Block times never go back: a slow clock makes them a second apart."""
        chain = world.chains[self.chain_id]
        clock = SkewedClock(world.clock)
        clock.skew = self.seconds
        chain.clock = clock

        def heal() -> None:
            chain.clock = world.clock

        return heal


@dataclass(frozen=True, slots=True)
class _Stalled:
    """Nothing above a height is final."""

    policy: FinalityPolicy
    height: int

    def finalized_height(self, head: int) -> int:
        """As the policy has it, but not above."""
        return min(self.policy.finalized_height(head), self.height)


@fault("chain", "finality-stall")
@dataclass(frozen=True, slots=True)
class FinalityStall(OfAChain):
    """Blocks are made and none becomes final: nobody seals."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """A chain whose blocks are not final at once."""
        return cls(chance.choice(_deep(world)))

    def inject(self, world: World) -> Heal:
        """Healed, everything is sealed with the next block."""
        chain = world.chains[self.chain_id]
        if isinstance(chain.finality, Depth):
            chain.finality = _Stalled(chain.finality, chain.finalized_header().number)

        def heal() -> None:
            chain.finality = world.finality[self.chain_id]

        return heal


@fault("chain", "fork")
@dataclass(frozen=True, slots=True)
class Fork(OfAChain):
    """The chain splits: half of the processes see a branch on which nothing becomes final, until it rejoins."""

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """A chain whose blocks are not final at once."""
        return cls(chance.choice(_deep(world)))

    def inject(self, world: World) -> Heal:
        """The branch gets what those who see it send, and a block whenever the other has one."""
        chain = world.chains[self.chain_id]
        branch = chain.fork(world.clock)
        branch.finality = _Stalled(branch.finality, chain.finalized_header().number)
        branch.diverge()
        wires = [
            (world.processes[name].links[self.chain_id].conditions, _Elsewhere(branch))
            for name in sorted(world.processes)[::2]
        ]
        for conditions, wire in wires:
            conditions.append(wire)

        def grow(_: LocalChain) -> bool:
            with suppress(ChainError):
                branch.mine()
            return True

        closed = _gate(world, self.chain_id, grow)

        def heal() -> None:
            closed()
            for conditions, wire in wires:
                conditions.remove(wire)

        return heal


class _Elsewhere:
    """Another node answers."""

    def __init__(self, chain: LocalChain) -> None:
        self._chain = chain

    def answer(self, _ask: Ask, method: str, params: Sequence[Any]) -> Json:
        """Whatever that node says."""
        return self._chain.api.respond(method, params)


@fault("chain", "gas-repricing")
@dataclass(frozen=True, slots=True)
class GasRepricing(OfAChain):
    """A hard fork makes reading storage twice as dear, and takes it back."""

    def inject(self, world: World) -> Heal:
        """From the next block on."""
        return _machine(world.chains[self.chain_id], extra_gas={0x54: 2_100})


@fault("chain", "precompile-failure")
@dataclass(frozen=True, slots=True)
class PrecompileFailure(OfAChain):
    """The precompile that recovers signers finds none."""

    def inject(self, world: World) -> Heal:
        """Every update of a client fails meanwhile."""
        return _machine(world.chains[self.chain_id], without=(bytes(19) + b"\x01",))


def _deep(world: World) -> list[int]:
    return [number for number, policy in sorted(world.finality.items()) if isinstance(policy, Depth)]


def _gate(world: World, chain_id: int, gate: Callable[[LocalChain], bool]) -> Heal:
    world.gates[chain_id].append(gate)
    return lambda: world.gates[chain_id].remove(gate)


def _order(chain: LocalChain, orders: Orders) -> Heal:
    chain.orders = orders

    def heal() -> None:
        chain.orders = None

    return heal


def _machine(chain: LocalChain, **differences: Any) -> Heal:
    chain.evm.machine = machine(**differences)

    def heal() -> None:
        chain.evm.machine = machine()

    return heal
