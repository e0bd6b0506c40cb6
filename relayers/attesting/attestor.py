"""Signs what one chain finally says, for one client on another: each height once, one state for each height."""

from eth_account.signers.local import LocalAccount

from bridge.attestations import Attestation, AttestationDomain, approve
from bridge.clients import consensus_state
from bridge.errors import BridgeError
from chains.chain import Chain
from chains.errors import ChainError
from chains.sign_record import SignRecord
from relayers.attesting.approvals import ApprovalBook, KeptApproval
from relayers.attesting.attested_client import AttestedClient
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store


class Attestor:
    """Signs the newest final header when the client is asked for it, or `interval_seconds` after the last one.

    record: what this key has ever signed about the chain, outside the database and fenced; another state at a height
    it holds is refused there, whatever the nodes, the database or the operator say. approval_seconds: how long a
    signature lives. The chain should be a QuorumChain: a signature is the one thing that cannot be taken back.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        *,
        client: AttestedClient,
        follows: Chain,
        domain: AttestationDomain,
        key: LocalAccount,
        record: SignRecord,
        interval_seconds: int = 60,
        approval_seconds: int = 1_800,
    ) -> None:
        self.book = ApprovalBook(store, client.key)
        self._store = store
        self._client = client
        self._follows = follows
        self._domain = domain
        self._key = key
        self._record = record
        self._interval_seconds = interval_seconds
        self._approval_seconds = approval_seconds

    def step(self) -> StepReport:
        """Sign at most one header."""
        journal = Journal()
        try:
            self._attest(journal)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._client.key, str(error))
        return journal.report()

    def _attest(self, journal: Journal) -> None:
        header = self._follows.finalized_header()
        if header.number < self.book.next_height or not self._is_time(header.number, header.timestamp):
            return
        state = consensus_state(header)
        attestation = Attestation(
            epoch=self._client.epoch(),
            height=header.number,
            state=state,
        )
        self._record.claim(header.number, 0, state.digest)
        expiry = max(self._client.chain.head().timestamp, self._client.chain.clock.now()) + self._approval_seconds
        approval = approve(self._domain, attestation, expiry=expiry, signer=self._key)
        self.book.put(KeptApproval.of(attestation, approval))
        journal.did(Did.PUBLISHED, self._client.key, f"height {header.number}")

    def _is_time(self, height: int, timestamp: int) -> bool:
        demanded = self._store.demanded(self._client.key) or 0
        latest = self._client.latest_height()
        if latest < demanded <= height:
            return True
        return timestamp - self._follows.header(latest).timestamp >= self._interval_seconds
