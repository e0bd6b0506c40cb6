"""Collects approvals and brings the client forward as soon as enough agree."""

from collections import defaultdict
from collections.abc import Sequence

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress

from bridge.attestations import Approval, Attestation, AttestationDomain, encode_attestation
from bridge.errors import BridgeError
from chains.errors import ChainError
from relayers.attesting.approvals import ApprovalSource, KeptApproval
from relayers.attesting.attested_client import AttestedClient
from relayers.reports import Did, Journal, StepReport, WaitsFor

EXPIRY_MARGIN_SECONDS = 60
"""An approval that dies sooner may die on its way."""


class AttestationCarrier:
    """Needs no key but one that pays for gas; a source that lies or is down is one source less."""

    def __init__(
        self,
        *,
        client: AttestedClient,
        domain: AttestationDomain,
        sources: Sequence[ApprovalSource],
        signer: LocalAccount,
        first_block: int = 0,
    ) -> None:
        self._client = client
        self._domain = domain
        self._sources = sources
        self._signer = signer
        self._first_block = first_block

    def step(self) -> StepReport:
        """Submit at most one attestation."""
        journal = Journal()
        try:
            self._carry(journal)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._client.key, str(error))
        return journal.report()

    def _carry(self, journal: Journal) -> None:
        epoch = self._client.epoch()
        signers, threshold = self._client.signers(epoch, self._first_block)
        latest = self._client.latest_height()
        best = self._best(journal, epoch, frozenset(signers), latest, threshold)
        if best is None:
            return
        attestation, approvals = best
        update = encode_attestation(attestation, signers, approvals[:threshold])
        self._client.chain.transact(self._client.contract.functions.update(update), self._signer)
        journal.did(Did.CLIENT_UPDATED, self._client.key, f"height {attestation.height}")

    def _best(
        self, journal: Journal, epoch: int, signers: frozenset[ChecksumAddress], latest: int, threshold: int
    ) -> tuple[Attestation, list[Approval]] | None:
        """The greatest height that enough signers say the same of."""
        now = max(self._client.chain.head().timestamp, self._client.chain.clock.now())
        votes: dict[Attestation, dict[ChecksumAddress, Approval]] = defaultdict(dict)
        for kept in self._collected(journal):
            is_of_use = kept.epoch == epoch and kept.height > latest and kept.expiry > now + EXPIRY_MARGIN_SECONDS
            if is_of_use and kept.signer in signers and kept.is_signed(self._domain):
                votes[kept.attestation][kept.approval.signer] = kept.approval
        enough = [attestation for attestation, given in votes.items() if len(given) >= threshold]
        if not enough:
            return None
        best = max(enough, key=lambda attestation: attestation.height)
        return best, [votes[best][signer] for signer in sorted(votes[best])]

    def _collected(self, journal: Journal) -> list[KeptApproval]:
        found: list[KeptApproval] = []
        for number, source in enumerate(self._sources):
            try:
                found += source.approvals()
            except ChainError as error:
                journal.waits_for(WaitsFor.CHAIN, f"{self._client.key} source {number}", str(error))
        return found
