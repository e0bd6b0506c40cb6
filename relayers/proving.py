"""Proves words of a mailbox at a height that a client on another chain knows, and asks for a better height."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bridge.clients import encode_proof
from bridge.light_clients import ClientStatus, LightClient
from bridge.mailbox import Mailbox
from bridge.proving import held_words
from chains.headers import SealedHeader
from chains.proofs import AccountProof
from relayers.reports import Journal, WaitsFor
from relayers.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenWords:
    """Words that hold their expected value at the header, in the order they were asked for."""

    header: SealedHeader
    proof: AccountProof

    @property
    def slots(self) -> frozenset[int]:
        """The slots that were proven."""
        return frozenset(storage.slot for storage in self.proof.storage)

    def encode(self, slots: tuple[int, ...]) -> bytes:
        """The contract's proof argument for these of the slots, in this order."""
        by_slot = {storage.slot: storage for storage in self.proof.storage}
        return encode_proof(self.header, replace(self.proof, storage=tuple(by_slot[slot] for slot in slots)))


class Prover:
    """Words of `proven`, for the `client` that follows its chain."""

    def __init__(self, store: Store, *, proven: Mailbox, client: LightClient, max_age_seconds: int) -> None:
        self._store = store
        self._proven = proven
        self._client = client
        self._max_age_seconds = max_age_seconds

    def header(self, journal: Journal, *, needed: int, now: int) -> SealedHeader | None:
        """The client's latest header, or None if the client is not active.

        Demands an update when it lies below the `needed` height, or is so old that a proof might be refused; a header
        past half its allowed age is still used while the update is on its way.
        """
        if self._client.status() is not ClientStatus.ACTIVE:
            journal.waits_for(WaitsFor.CLIENT_FROZEN, self._client.key)
            return None
        height = self._client.latest_height()
        header = self._proven.chain.header(height)
        age = now - header.timestamp
        if height < needed or 2 * age > self._max_age_seconds:
            self._store.demand(self._client.key, max(needed, height + 1))
            journal.waits_for(WaitsFor.CLIENT_UPDATE, self._client.key, f"height {max(needed, height + 1)}")
        return header if age <= self._max_age_seconds else None

    def prove(self, header: SealedHeader, expected: Mapping[int, bytes]) -> ProvenWords:
        """Those of the words that hold their expected, non-zero value; checked here before anybody pays for it.

        Raises `ProofError` when the chain serves a proof that does not hold.
        """
        return ProvenWords(header=header, proof=held_words(self._proven, header, expected))
