"""What a `QbftLightClient` is built with and fed: parameters, states, updates, evidence and proofs, as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.abi import abi_encode, hash_words
from bridge.storage_proofs import without_shared
from chains.headers import SealedHeader
from chains.proofs import AccountProof
from chains.qbft import Variant

CONSENSUS_STATE_TYPE = "(bytes32,bytes32,bytes32,uint64)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsensusState:
    """What a client keeps the hash of, per height."""

    block_hash: bytes
    parent_hash: bytes
    state_root: bytes
    timestamp: int

    def as_abi(self) -> tuple[bytes, bytes, bytes, int]:
        """The fields in Solidity's order."""
        return (self.block_hash, self.parent_hash, self.state_root, self.timestamp)

    @property
    def digest(self) -> bytes:
        """`keccak256(abi.encode(state))`, the word the client stores."""
        return hash_words([CONSENSUS_STATE_TYPE], [self.as_abi()])


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientParameters:
    """What a client never changes; the contract refuses unsafe ones.

    Times in seconds. attestors: strictly ascending; with none a frozen client stays frozen.
    """

    chain_id: int
    variant: Variant = Variant.QBFT
    trusting_period_seconds: int
    max_clock_drift_seconds: int
    trust_numerator: int = 2
    trust_denominator: int = 3
    recovery_delay_seconds: int
    recovery_delay_blocks: int
    attestor_threshold: int = 0
    attestors: tuple[ChecksumAddress, ...] = ()

    def as_abi(self) -> tuple[Any, ...]:
        """The fields in Solidity's order."""
        return (
            self.chain_id,
            self.variant is Variant.IBFT2,
            self.trusting_period_seconds,
            self.max_clock_drift_seconds,
            self.trust_numerator,
            self.trust_denominator,
            self.recovery_delay_seconds,
            self.recovery_delay_blocks,
            self.attestor_threshold,
            list(self.attestors),
        )


def constructor_arguments(parameters: ClientParameters, trusted: SealedHeader) -> list[Any]:
    """Arguments of the constructor for a client that starts from a header, which whoever deploys has to check."""
    validators = [to_checksum_address(validator) for validator in trusted.validators]
    return [parameters.as_abi(), trusted.number, consensus_state(trusted).as_abi(), validators]


def consensus_state(header: SealedHeader) -> ConsensusState:
    """What the header says about its block."""
    return ConsensusState(
        block_hash=bytes(header.hash),
        parent_hash=bytes(header.parent_hash),
        state_root=bytes(header.state_root),
        timestamp=header.timestamp,
    )


def encode_update(header: SealedHeader, trusted_validators: Sequence[bytes]) -> bytes:
    """Argument of `update`: the header without seals, its seals by ascending signer, the validators trusted so far."""
    return abi_encode(
        ["bytes", "bytes[]", "address[]"],
        [header.rlp_without_seals, list(header.sorted_seals), list(trusted_validators)],
    )


def encode_known(header: SealedHeader, recovery_id: bytes = bytes(32)) -> bytes:
    """One side of evidence: a header that the client keeps, or that is proposed to it under an id of 32 bytes."""
    return abi_encode(
        ["uint64", CONSENSUS_STATE_TYPE, "bytes32"], [header.number, consensus_state(header).as_abi(), recovery_id]
    )


def encode_evidence(update: bytes, other: bytes) -> bytes:
    """Argument of `misbehaviour`: an update, and what conflicts with it: another update, or `encode_known`'s bytes."""
    return abi_encode(["bytes", "bytes"], [update, other])


def fill_arguments(known: SealedHeader, older: Sequence[SealedHeader]) -> list[Any]:
    """Arguments of `fill`: a header the client keeps and those below it, downwards without a gap."""
    return [known.number, consensus_state(known).as_abi(), [header.rlp_without_seals for header in older]]


def encode_client_proof(header: SealedHeader, proof: AccountProof) -> bytes:
    """Argument of `verifyStorage`: the state of the header and the nodes from its root down to each slot, each once."""
    return abi_encode(
        [CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"],
        [
            consensus_state(header).as_abi(),
            list(proof.account_nodes),
            without_shared([storage.nodes for storage in proof.storage]),
        ],
    )


def encode_proof(header: SealedHeader, proof: AccountProof) -> bytes:
    """Argument of `receivePackets` and `acknowledge`: the height in front of the client's proof."""
    return abi_encode(["uint64", "bytes"], [header.number, encode_client_proof(header, proof)])
