"""What a `QbftLightClient` is fed: consensus states, updates and proofs, as bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.abi import abi_encode, hash_words
from bridge.storage_proofs import without_shared
from chains.headers import SealedHeader
from chains.proofs import AccountProof

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
