"""Fetches proofs of a mailbox's words and checks them before anybody pays for them."""

from collections.abc import Mapping
from dataclasses import replace

from bridge.mailbox import Mailbox
from chains.headers import SealedHeader
from chains.proofs import AccountProof, verify_account, verify_storage


def held_words(mailbox: Mailbox, header: SealedHeader, expected: Mapping[int, bytes]) -> AccountProof:
    """The proof of those slots that hold their expected, non-zero value at the header, in the order they were given.

    Raises `ProofError` when the chain serves a proof that does not hold.
    """
    proof = mailbox.chain.get_proof(mailbox.address, list(expected), header.number)
    storage_hash = verify_account(header.state_root, proof).storage_hash
    wanted = tuple(
        storage for storage in proof.storage if storage.value == int.from_bytes(expected[storage.slot], "big")
    )
    for storage in wanted:
        verify_storage(storage_hash, storage)
    return replace(proof, storage=wanted)
