"""The validators of a local chain: objects that sign, fall silent, rotate and misbehave on demand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chains.errors import Reason, Rejected, Unavailable
from chains.headers import SealedHeader
from chains.keys import address_of, derive_key, sign
from chains.qbft import quorum
from chains.sign_record import MemorySignRecord, SignRecord


@dataclass(eq=False, slots=True)
class Validator:
    """One sealing key and how its holder behaves.

    online: answers requests. equivocates: seals whatever it is asked to, twice if need be. The private key is handed
    out only by `compromise`, which also remembers that it was.
    """

    _key: bytes = field(repr=False)
    online: bool = True
    equivocates: bool = False
    compromised: bool = False
    record: SignRecord = field(default_factory=MemorySignRecord, repr=False)
    address: bytes = field(init=False)

    def __post_init__(self) -> None:
        self.address = address_of(self._key)

    def seal(self, header: SealedHeader) -> bytes:
        """A 65-byte commit seal.

        Raises Unavailable(ValidatorOffline), Rejected(DoubleSign), or Rejected(UnknownValidator) when the header's set
        does not name this validator: whoever was rotated out seals no more.
        """
        if self.address not in header.validators and not self.equivocates:
            raise Rejected(Reason.UNKNOWN_VALIDATOR, f"0x{self.address.hex()} does not seal block {header.number}")
        return self.sign(header.number, header.round, header.commit_digest)

    def check_record(self, header: SealedHeader) -> None:
        """Compare the record with a header that others hold; a validator does this before its first seal.

        Raises Rejected(RecordRolledBack) when the header bears this validator's seal and the record does not know it.
        """
        if self.address not in header.signers or self.equivocates:
            return
        if self.record.remembered(header.number, header.round) != header.commit_digest:
            message = f"0x{self.address.hex()} sealed block {header.number} and does not remember it"
            raise Rejected(Reason.RECORD_ROLLED_BACK, message)

    def sign(self, height: int, round_number: int, digest: bytes) -> bytes:
        """The seal of a header known by its commit digest; raises as `seal` does."""
        if not self.online:
            raise Unavailable(Reason.VALIDATOR_OFFLINE, f"0x{self.address.hex()}")
        if not self.equivocates:
            self.record.claim(height, round_number, digest)
        return sign(digest, self._key)

    def copy(self) -> "Validator":
        """The same key and behaviour with a memory of its own; raises TypeError for a record that is kept in a file."""
        if not isinstance(self.record, MemorySignRecord):
            raise TypeError("a record in a file has one holder")
        return Validator(
            self._key,
            online=self.online,
            equivocates=self.equivocates,
            compromised=self.compromised,
            record=self.record.copy(),
        )

    def compromise(self) -> bytes:
        """Hand out the private key, 32 bytes."""
        self.compromised = True
        return self._key


class ValidatorSet:
    """The validators that seal one span of heights, in ascending order of address as Besu lists them."""

    def __init__(self, validators: Iterable[Validator]) -> None:
        self.validators: tuple[Validator, ...] = tuple(sorted(validators, key=lambda validator: validator.address))
        if not self.validators:
            raise ValueError("a validator set has at least one member")
        if len(set(self.addresses)) != len(self.validators):
            raise ValueError("a validator set has no member twice")

    @classmethod
    def derived(cls, count: int, *, chain_id: int, seed: int) -> "ValidatorSet":
        """So many fresh validators; their keys depend on nothing but the arguments."""
        return cls(Validator(derive_key("validator", seed, chain_id, index)) for index in range(count))

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """20-byte addresses, ascending."""
        return tuple(validator.address for validator in self.validators)

    @property
    def online(self) -> tuple[Validator, ...]:
        """Members that answer."""
        return tuple(validator for validator in self.validators if validator.online)

    @property
    def quorum(self) -> int:
        """Seals that make a block."""
        return quorum(len(self.validators))

    def proposer(self, height: int, round_number: int) -> Validator:
        """Whose turn it is: the members in rotation over heights and rounds."""
        return self.validators[(height + round_number) % len(self.validators)]

    def copy(self) -> "ValidatorSet":
        """The same members, independent of these."""
        return ValidatorSet(validator.copy() for validator in self.validators)

    def __getitem__(self, position: int) -> Validator:
        return self.validators[position]

    def __len__(self) -> int:
        return len(self.validators)


def collect_seals(header: SealedHeader, validators: Sequence[Validator]) -> tuple[bytes, ...]:
    """Seals of those that agree to sign, in an arrival order that varies with the block but not between runs."""
    digest = header.commit_digest
    arrived = []
    for validator in validators:
        try:
            seal = validator.sign(header.number, header.round, digest)
        except (Rejected, Unavailable):
            continue
        arrived.append((_arrival(header, validator), seal))
    return tuple(seal for _, seal in sorted(arrived))


def _arrival(header: SealedHeader, validator: Validator) -> bytes:
    """Sort key that differs from the order of addresses, so that nothing can lean on that order."""
    return bytes(a ^ b for a, b in zip(validator.address, header.hash[:20], strict=True))
