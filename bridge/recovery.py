"""How attestors let a frozen `QbftLightClient` continue: what they sign, and how their signatures travel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress, Hash32
from eth_utils.crypto import keccak

from bridge.abi import abi_encode, hash_words, require_address, require_uint

NAME = "Clearspan QbftLightClient"
VERSION = "1"
DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
RECOVERY_TYPE = "Recovery(uint64 epoch,bytes32 headerDigest,uint64 conflictHeight)"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryApproval:
    """A header from which one client may continue, in one of its epochs.

    chain_id: of the chain the client is on. header_digest: what the header's validators signed. conflict_height: the
    first height that becomes void.
    """

    chain_id: int
    client: ChecksumAddress
    epoch: int
    header_digest: bytes
    conflict_height: int

    def __post_init__(self) -> None:
        require_address(self.client)
        require_uint(self.epoch, 64, "epoch")
        require_uint(self.conflict_height, 64, "conflict_height")

    @property
    def digest(self) -> bytes:
        """What attestors sign (EIP-712)."""
        texts = [keccak(text.encode()) for text in (DOMAIN_TYPE, NAME, VERSION)]
        separator = hash_words(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"], [*texts, self.chain_id, self.client]
        )
        content = hash_words(
            ["bytes32", "uint64", "bytes32", "uint64"],
            [keccak(RECOVERY_TYPE.encode()), self.epoch, self.header_digest, self.conflict_height],
        )
        return keccak(b"\x19\x01" + separator + content)

    def sign(self, attestor: LocalAccount) -> bytes:
        """One attestor's signature, 65 bytes."""
        return bytes(attestor.unsafe_sign_hash(Hash32(self.digest)).signature)


def encode_attestation(
    conflict_height: int, signatures: Iterable[tuple[ChecksumAddress, bytes]], attestors: Sequence[ChecksumAddress]
) -> bytes:
    """Second argument of `proposeRecovery`: signatures by attestor, and all attestors; both are put in order here."""
    ordered = [signature for _, signature in sorted(signatures, key=lambda pair: int(pair[0], 16))]
    everybody = sorted(attestors, key=lambda attestor: int(attestor, 16))
    return abi_encode(["uint64", "bytes[]", "address[]"], [conflict_height, ordered, everybody])
