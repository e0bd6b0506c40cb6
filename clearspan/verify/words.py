"""Words of contract storage, each proven against a header's state root."""

from __future__ import annotations

from collections.abc import Sequence

from eth_utils.crypto import keccak

from chains import LocalChain, verify_account, verify_storage
from chains.headers import SealedHeader


def proven_words(chain: LocalChain, address: str, slots: Sequence[int], header: SealedHeader) -> list[int]:
    """The words in these slots. Raises ProofError; a zero word cannot be proven and is only read."""
    proof = chain.get_proof(address, slots, header.number)
    storage_root = verify_account(header.state_root, proof).storage_hash
    return [verify_storage(storage_root, word) if word.value else 0 for word in proof.storage]


def array_slots(position: int, length: int, *, width: int = 1, word: int = 0) -> list[int]:
    """Slot of word `word` of each element of a dynamic array at `position`, elements `width` words long."""
    first = int.from_bytes(keccak(position.to_bytes(32, "big")), "big")
    return [(first + index * width + word) % (1 << 256) for index in range(length)]


def proven_array(  # noqa: PLR0913 - where an array lies
    chain: LocalChain, address: str, position: int, header: SealedHeader, *, width: int = 1, words: int = 1
) -> list[tuple[bytes, ...]]:
    """Every element of a dynamic array: its first `words` words of 32 bytes. Raises ProofError."""
    (length,) = proven_words(chain, address, [position], header)
    columns = [
        proven_words(chain, address, array_slots(position, length, width=width, word=word), header)
        for word in range(words)
    ]
    return [tuple(value.to_bytes(32, "big") for value in element) for element in zip(*columns, strict=True)]
