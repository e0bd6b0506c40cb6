"""Soft confirmations: the operator's signed word that a step has its place, given before it is posted."""

from dataclasses import dataclass
from typing import Protocol

from coincurve import PublicKey

from exchange.engine.events import Event
from exchange.engine.signing import Key, Signer
from exchange.sequencer.errors import InvalidSignature
from exchange.state.config import Domain
from exchange.state.hashing import keccak256

_CONFIRMATION_TYPE = keccak256(b"Confirmation(uint64 cut,uint64 sequence,bytes32 stepHash,uint64 clock)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Place and time of a step. Two of one cut, with one sequence and different step hashes, convict the operator.

    `sequence`: steps executed up to and with this one. `step_hash`: keccak-256 of the step's bytes. `clock`: seconds,
    that of its segment. `cut`: how often what was not posted had been cut anew before. `signature`: r, s, v (27 or 28)
    over the EIP-712 digest. `events` are not signed: what the step did, together with the steps that finished it; empty
    when an earlier confirmation is repeated.
    """

    sequence: int
    step_hash: bytes
    clock: int
    signature: bytes
    cut: int = 0
    events: tuple[Event, ...] = ()


class ConfirmationSigner(Protocol):
    """Whoever holds the operator's key."""

    @property
    def address(self) -> bytes:
        """The operator, 20 bytes."""

    def sign(self, *, sequence: int, step_hash: bytes, clock: int, cut: int = 0) -> bytes:
        """Signature (65 bytes) of a confirmation. The same arguments give the same bytes."""


class OperatorKey:
    """A signer with the key in memory; the domain is that of the steps."""

    __slots__ = ("_domain", "_signer", "address")

    def __init__(self, key: Key, domain: Domain) -> None:
        self._signer = key if isinstance(key, Signer) else Signer(key)
        self._domain = domain
        self.address = self._signer.address

    def sign(self, *, sequence: int, step_hash: bytes, clock: int, cut: int = 0) -> bytes:
        """Signature (65 bytes) of a confirmation; deterministic (RFC 6979)."""
        return self._signer.sign(_digest(self._domain, cut, sequence, step_hash, clock))


def recover_operator(confirmation: Confirmation, domain: Domain) -> bytes:
    """Address (20 bytes) whose key signed the confirmation. Raises `InvalidSignature`."""
    signature = confirmation.signature
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise InvalidSignature
    digest = _digest(domain, confirmation.cut, confirmation.sequence, confirmation.step_hash, confirmation.clock)
    recoverable = signature[:64] + bytes((signature[64] - 27,))
    try:
        return _address(PublicKey.from_signature_and_message(recoverable, digest, hasher=None))
    except Exception as error:
        raise InvalidSignature from error


def _digest(domain: Domain, cut: int, sequence: int, step_hash: bytes, clock: int) -> bytes:
    struct = keccak256(_CONFIRMATION_TYPE + cut.to_bytes(32) + sequence.to_bytes(32) + step_hash + clock.to_bytes(32))
    return keccak256(domain.prefix + struct)


def _address(key: PublicKey) -> bytes:
    return keccak256(key.format(compressed=False)[1:])[12:]
