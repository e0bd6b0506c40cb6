"""What validators do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Self

from chains import rpc_objects
from chains.headers import SealedHeader
from clearspan.lab.faults.base import Fault, Heal, fault, nothing
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.faults.rpc import Answer, NodeFault
from clearspan.lab.link import Ask, Json

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


@dataclass(frozen=True, slots=True)
class ServedHeaders(NodeFault):
    """A node serves other headers than the chain's: as many validators as are bad have helped."""

    def condition(self, world: World) -> Answer:
        """Every block that is asked for by its number."""
        chain = world.chains[self.chain_id]

        def answer(ask: Ask, method: str, params: Sequence[Any]) -> Json:
            found = ask(method, params)
            block = found.get("result")
            if method != "eth_getBlockByNumber" or not block or int(block["number"], 16) == 0:
                return found
            header = self.served(world, chain.header(int(block["number"], 16)))
            return {"result": {**block, **rpc_objects.header_object(header)}}

        return answer

    @abstractmethod
    def served(self, world: World, header: SealedHeader) -> SealedHeader:
        """In place of the true one."""


@fault("validators", "withhold")
@dataclass(frozen=True, slots=True)
class Withheld(ServedHeaders):
    """Validators seal for others, but one seal of each block is kept from this process."""

    def served(self, world: World, header: SealedHeader) -> SealedHeader:  # noqa: ARG002
        """All seals but the first."""
        return header.with_seals(header.seals[1:])


@fault("validators", "sign-invalid")
@dataclass(frozen=True, slots=True)
class InvalidSeals(ServedHeaders):
    """Seals are of something else."""

    def served(self, world: World, header: SealedHeader) -> SealedHeader:  # noqa: ARG002
        """A bit of each."""
        return header.with_seals(bytes([seal[0] ^ 1, *seal[1:]]) for seal in header.seals)


@fault("validators", "equivocate")
@dataclass(frozen=True, slots=True)
class Equivocate(ServedHeaders):
    """One validator seals a second header at every height, and a node shows it to one process."""

    def served(self, world: World, header: SealedHeader) -> SealedHeader:
        """Another state under one seal."""
        traitor = world.chains[self.chain_id].validators[0].copy()
        return header.altered(state_root=b"\x11" * 32).sealed_by([traitor.compromise()])


@fault("validators", "key-compromise")
@dataclass(frozen=True, slots=True)
class KeyCompromise(ServedHeaders):
    """As many keys as can be stolen without being a quorum seal another state."""

    def served(self, world: World, header: SealedHeader) -> SealedHeader:
        """One seal short."""
        members = world.chains[self.chain_id].validators
        thieves = [member.copy().compromise() for member in members.validators[: members.quorum - 1]]
        return header.altered(state_root=b"\x22" * 32).sealed_by(thieves)


@fault("validators", "retired-key")
@dataclass(frozen=True, slots=True)
class RetiredKey(ServedHeaders):
    """Keys that were never, or are no more, in the set seal another state in a quorum."""

    def served(self, world: World, header: SealedHeader) -> SealedHeader:
        """Strangers' seals under the true set."""
        strangers = [world.new_validator(self.chain_id, number) for number in range(len(header.validators))]
        return header.altered(state_root=b"\x33" * 32).sealed_by(one.compromise() for one in strangers)


@fault("validators", "rotation-in-outage")
@dataclass(frozen=True, slots=True)
class RotationInOutage(Fault):
    """A validator is replaced while another one is silent."""

    chain_id: int
    number: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any chain; `number` names the newcomer."""
        return cls(any_chain(world, chance), chance.getrandbits(32))

    def inject(self, world: World) -> Heal:
        """The silent one speaks again in the end."""
        chain = world.chains[self.chain_id]
        silent = chain.validators.validators[-1]
        silent.online = False
        Rotation(self.chain_id, self.number).inject(world)

        def heal() -> None:
            silent.online = True

        return heal
