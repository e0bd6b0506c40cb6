"""What an `AttestationClient` is fed: states and signer rotations, approved by EIP-712 signatures, as bytes.

An approval is a signature over one attestation (or rotation) together with the moment it dies. Whoever collects
approvals needs no key; order and signer sets are put right here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, Hash32
from eth_utils.crypto import keccak

from bridge.abi import abi_encode, hash_words, require_address, require_uint
from bridge.clients import CONSENSUS_STATE_TYPE, ConsensusState

NAME = "Clearspan Attestation"
VERSION = "1"
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"
ATTESTATION_TYPE = (
    "Attestation(uint64 epoch,uint64 height,bytes32 blockHash,bytes32 parentHash,bytes32 stateRoot,"
    "uint64 timestamp,uint64 expiry)"
)
ROTATION_TYPE = "Rotation(uint64 nonce,uint64 epoch,uint64 threshold,address[] signers,uint64 expiry)"
APPROVALS_TYPE = "(uint64,bytes32,bytes32,uint8)[]"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationDomain:
    """Where an approval counts: one client, on one chain, for one contract of one other chain."""

    client_chain_id: int
    client: ChecksumAddress
    attested_chain_id: int
    attested_contract: ChecksumAddress

    def __post_init__(self) -> None:
        require_uint(self.client_chain_id, 64, "client_chain_id")
        require_uint(self.attested_chain_id, 64, "attested_chain_id")
        require_address(self.client)
        require_address(self.attested_contract)

    @property
    def salt(self) -> bytes:
        """What is attested, as the domain's salt."""
        return hash_words(["uint64", "address"], [self.attested_chain_id, self.attested_contract])

    @property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        return hash_words(
            ["bytes32", "bytes32", "bytes32", "uint256", "address", "bytes32"],
            [_text(DOMAIN_TYPE), _text(NAME), _text(VERSION), self.client_chain_id, self.client, self.salt],
        )

    def digest(self, struct_hash: bytes) -> bytes:
        """What is signed."""
        return keccak(b"\x19\x01" + self.separator + struct_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """The state of the attested chain at a height, in the words of an epoch's signers."""

    epoch: int
    height: int
    state: ConsensusState

    def struct_hash(self, expiry: int) -> bytes:
        """EIP-712 hash with the moment the approval dies, in seconds."""
        return hash_words(
            ["bytes32", "uint64", "uint64", CONSENSUS_STATE_TYPE, "uint64"],
            [_text(ATTESTATION_TYPE), self.epoch, self.height, self.state.as_abi(), expiry],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """The signers of an epoch to come; `signers` strictly ascending."""

    nonce: int
    epoch: int
    threshold: int
    signers: tuple[ChecksumAddress, ...]

    def struct_hash(self, expiry: int) -> bytes:
        """EIP-712 hash with the moment the approval dies, in seconds."""
        return hash_words(
            ["bytes32", "uint64", "uint64", "uint64", "bytes32", "uint64"],
            [_text(ROTATION_TYPE), self.nonce, self.epoch, self.threshold, signers_hash(self.signers), expiry],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One signer's word, valid before `expiry` (seconds)."""

    signer: ChecksumAddress
    expiry: int
    r: int
    s: int
    v: int

    def as_abi(self) -> tuple[int, bytes, bytes, int]:
        """The fields the client reads."""
        return (self.expiry, self.r.to_bytes(32, "big"), self.s.to_bytes(32, "big"), self.v)


def approve(
    domain: AttestationDomain, subject: Attestation | Rotation, *, expiry: int, signer: LocalAccount
) -> Approval:
    """Sign an attestation or a rotation. The same subject and expiry give the same signature."""
    require_uint(expiry, 64, "expiry")
    signed = signer.unsafe_sign_hash(Hash32(domain.digest(subject.struct_hash(expiry))))
    return Approval(signer=require_address(signer.address), expiry=expiry, r=signed.r, s=signed.s, v=signed.v)


def ascending(signers: Iterable[ChecksumAddress]) -> tuple[ChecksumAddress, ...]:
    """Signers as the client wants them."""
    return tuple(sorted(signers, key=_number))


def signers_hash(signers: Sequence[ChecksumAddress]) -> bytes:
    """What the client keeps of a signer set; also EIP-712's hash of `address[]`."""
    return keccak(b"".join(_number(signer).to_bytes(32, "big") for signer in signers))


def encode_attestation(
    attestation: Attestation, signers: Sequence[ChecksumAddress], approvals: Iterable[Approval]
) -> bytes:
    """Argument of `update`; `signers` are all of the epoch's."""
    return abi_encode(
        ["uint64", "uint64", CONSENSUS_STATE_TYPE, "address[]", APPROVALS_TYPE],
        [attestation.epoch, attestation.height, attestation.state.as_abi(), ascending(signers), _sorted(approvals)],
    )


def encode_rotation(rotation: Rotation, signers: Sequence[ChecksumAddress], approvals: Iterable[Approval]) -> bytes:
    """Argument of `rotate`; `signers` are all of the current epoch's, who approve."""
    return abi_encode(
        ["uint64", "uint64", "address[]", "address[]", APPROVALS_TYPE],
        [rotation.nonce, rotation.threshold, list(rotation.signers), ascending(signers), _sorted(approvals)],
    )


def encode_evidence(first: bytes, second: bytes) -> bytes:
    """Argument of `misbehaviour`, from two updates."""
    return abi_encode(["bytes", "bytes"], [first, second])


def encode_member(member: int, encoded: bytes) -> bytes:
    """Argument of an `AggregateClient`'s `update` or `misbehaviour`, for one of its members."""
    return abi_encode(["uint256", "bytes"], [member, encoded])


def _sorted(approvals: Iterable[Approval]) -> list[tuple[int, bytes, bytes, int]]:
    return [approval.as_abi() for approval in sorted(approvals, key=lambda approval: _number(approval.signer))]


def _number(address: ChecksumAddress) -> int:
    return int(address, 16)


def _text(text: str) -> bytes:
    return keccak(text=text)
