"""Blocks and proofs as a node serves them, believed only as far as their hashes go."""

from collections.abc import Mapping, Sequence
from typing import Any

from eth_hash.auto import keccak

from chains.errors import DishonestNode, ProofError, ProofReason, Reason
from chains.headers import SealedHeader, integer
from chains.plain_header import PlainHeader
from chains.proofs import (
    EMPTY_CODE_HASH,
    EMPTY_TRIE_ROOT,
    AccountProof,
    StorageProof,
    verify_account,
    verify_storage,
    verify_trie,
)
from chains.qbft import ExtraData, MalformedHeader, Variant

HASH_FIELDS = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom")
NUMBER_FIELDS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
LATER_FIELDS = (
    ("baseFeePerGas", True),
    ("withdrawalsRoot", False),
    ("blobGasUsed", True),
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),
    ("requestsHash", False),
)
"""Fields that forks appended, in order, and whether each is a number."""
EXTRA_BYTES_MAX = 32
"""Above this, extraData is a consensus message: Besu's, or Clique's, which is hashed as it is."""


def read_header(block: Any) -> SealedHeader:
    """The header of an `eth_getBlock` answer, encoded anew: its hash must be the one the node names.

    extraData is read as QBFT, as IBFT2 or as opaque, whichever gives that hash. Raises DishonestNode.
    """
    fields, extra_data = _fields(block)
    named = _bytes(block, "hash")
    computed = b""
    for header in _readings(fields, extra_data):
        if header.hash == named:
            return header
        computed = header.hash
    raise DishonestNode(Reason.FALSE_HEADER, f"names itself 0x{named.hex()}, hashes to 0x{computed.hex()}")


def read_proof(answer: Any, header: SealedHeader, address: bytes, slots: Sequence[int]) -> AccountProof:
    """The proof of an `eth_getProof` answer, verified against the header's state root.

    What is absent is served with value 0, after its absence was checked. Raises DishonestNode(InvalidProof).
    """
    if not isinstance(answer, Mapping):
        raise DishonestNode(Reason.MALFORMED_ANSWER, "a proof is an object")
    served = _entries(answer, "storageProof")
    if len(served) != len(slots):
        raise DishonestNode(Reason.MALFORMED_ANSWER, f"{len(slots)} slots asked for, {len(served)} served")
    account_nodes = _nodes(answer, "accountProof")
    try:
        if _is_absent(header.state_root, address, account_nodes, answer):
            return AccountProof(
                address=address,
                account_nodes=account_nodes,
                storage_hash=EMPTY_TRIE_ROOT,
                storage=tuple(StorageProof(slot=slot, value=0, nodes=()) for slot in slots),
            )
        proof = AccountProof(
            address=address,
            account_nodes=account_nodes,
            storage_hash=_bytes(answer, "storageHash"),
            storage=tuple(_storage(slot, entry) for slot, entry in zip(slots, served, strict=True)),
            nonce=_number(answer, "nonce"),
            balance=_number(answer, "balance"),
            code_hash=_bytes(answer, "codeHash"),
        )
        root = verify_account(header.state_root, proof).storage_hash
        for storage in proof.storage:
            _check_storage(root, storage)
    except ProofError as error:
        raise DishonestNode(Reason.INVALID_PROOF, f"{error.proof_reason} at block {header.number}") from error
    return proof


def _fields(block: Any) -> tuple[list[bytes], bytes]:
    fields = [_bytes(block, name) for name in HASH_FIELDS]
    fields += [_integer_field(block, name) for name in NUMBER_FIELDS]
    fields += [b"", _bytes(block, "mixHash"), _bytes(block, "nonce")]
    present = [name for name, _ in LATER_FIELDS if block.get(name) is not None]
    if present != [name for name, _ in LATER_FIELDS[: len(present)]] or not present:
        raise DishonestNode(Reason.MALFORMED_ANSWER, "a header of no known fork")
    for name, is_number in LATER_FIELDS[: len(present)]:
        fields.append(_integer_field(block, name) if is_number else _bytes(block, name))
    return fields, _bytes(block, "extraData")


def _readings(fields: Sequence[bytes], extra_data: bytes) -> "Sequence[SealedHeader]":
    readings: list[SealedHeader] = []
    try:
        if len(extra_data) > EXTRA_BYTES_MAX:
            for variant in Variant:
                try:
                    readings.append(SealedHeader.build(fields, ExtraData.decode(extra_data, variant), variant))
                except MalformedHeader:
                    continue
        readings.append(PlainHeader.read(fields, extra_data))
    except MalformedHeader as error:
        raise DishonestNode(Reason.MALFORMED_ANSWER, error.message) from error
    return readings


def _is_absent(state_root: bytes, address: bytes, nodes: tuple[bytes, ...], answer: Mapping[str, Any]) -> bool:
    """Whether the nodes prove that there is no such account; raises ProofError when the answer claims one then."""
    try:
        verify_trie(state_root, keccak(address), nodes)
    except ProofError as error:
        if error.proof_reason is not ProofReason.ABSENT:
            raise
        is_claimed = _number(answer, "nonce") or _number(answer, "balance")
        has_code = _bytes(answer, "codeHash") not in (EMPTY_CODE_HASH, bytes(32))
        if is_claimed or has_code or any(_number(entry, "value") for entry in answer["storageProof"]):
            raise
        return True
    return False


def _storage(slot: int, entry: Any) -> StorageProof:
    if _number(entry, "key") != slot:
        raise DishonestNode(Reason.MALFORMED_ANSWER, "the proof of another slot")
    return StorageProof(slot=slot, value=_number(entry, "value"), nodes=_nodes(entry, "proof"))


def _check_storage(root: bytes, storage: StorageProof) -> None:
    """A word must be proven, and so must its absence where the claim is 0."""
    if storage.value:
        verify_storage(root, storage)
        return
    if root == EMPTY_TRIE_ROOT:
        return
    try:
        verify_trie(root, keccak(storage.slot.to_bytes(32, "big")), storage.nodes)
    except ProofError as error:
        if error.proof_reason is ProofReason.ABSENT:
            return
        raise
    raise ProofError(ProofReason.WRONG_VALUE, f"slot {storage.slot:#x} is not empty")


def _nodes(entry: Any, name: str) -> tuple[bytes, ...]:
    """Listed nodes without those that are inlined in their parent, which some nodes list as well."""
    listed = [_decoded(node, name) for node in _entries(entry, name)]
    return tuple(node for depth, node in enumerate(listed) if len(node) >= 32 or (depth == 0 and node != b"\x80"))


def _entries(entry: Any, name: str) -> list[Any]:
    value = entry.get(name) if isinstance(entry, Mapping) else None
    if not isinstance(value, list):
        raise DishonestNode(Reason.MALFORMED_ANSWER, f"{name} is not a list")
    return value


def _bytes(entry: Any, name: str) -> bytes:
    return _decoded(entry.get(name) if isinstance(entry, Mapping) else None, name)


def _decoded(value: Any, name: str) -> bytes:
    try:
        if isinstance(value, str) and value.startswith("0x"):
            return bytes.fromhex(value[2:])
    except ValueError:
        pass
    raise DishonestNode(Reason.MALFORMED_ANSWER, f"{name} is not hexadecimal bytes")


def _number(entry: Any, name: str) -> int:
    value = entry.get(name) if isinstance(entry, Mapping) else None
    try:
        if isinstance(value, str) and value.startswith("0x"):
            return int(value, 16)
    except ValueError:
        pass
    raise DishonestNode(Reason.MALFORMED_ANSWER, f"{name} is not a hexadecimal number")


def _integer_field(entry: Any, name: str) -> bytes:
    return integer(_number(entry, name))
