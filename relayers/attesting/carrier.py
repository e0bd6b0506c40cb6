"""Collects approvals and brings the client forward as soon as enough agree."""

from collections import defaultdict
from collections.abc import Sequence

from eth_typing import ChecksumAddress

from bridge.attestations import Approval, Attestation, AttestationDomain, encode_attestation
from bridge.errors import BridgeError
from chains.errors import ChainError
from relayers.attesting.approvals import ApprovalSource, KeptApproval
from relayers.attesting.attested_client import AttestedClient
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Signing, Submitter

EXPIRY_MARGIN_SECONDS = 60
"""An approval that dies sooner may die on its way."""


class AttestationCarrier:
    """Needs no key but one that pays for gas; a source that lies or is down is one source less.

    Of several replicas one leads. Nothing is sent while an update is on its way, its own or somebody else's.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        *,
        client: AttestedClient,
        domain: AttestationDomain,
        sources: Sequence[ApprovalSource],
        signer: Signing,
        first_block: int = 0,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._client = client
        self._domain = domain
        self._sources = sources
        self._submitter = Submitter.of(store, client.chain, signer, hook)
        self._first_block = first_block
        self._hook = hook

    def step(self) -> StepReport:
        """Submit at most one attestation."""
        journal = Journal()
        try:
            self._submitter.tend(journal)
            with self._store.leading(f"update {self._client.key}", self._client.chain.clock.now()) as lease:
                if lease is not None:
                    self._carry(journal)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._client.key, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, self._client.key, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, self._client.key, str(error))
        return journal.report()

    def _carry(self, journal: Journal) -> None:
        subject = self._client.key.encode()
        if self._submitter.is_pending(ErrandKind.UPDATE_CLIENT, subject):
            journal.waits_for(WaitsFor.INCLUSION, self._client.key)
            return
        epoch = self._client.epoch()
        signers, threshold = self._client.signers(epoch, self._first_block)
        latest = max(self._client.latest_height(), self._client.pending_height())
        best = self._best(journal, epoch, frozenset(signers), latest, threshold)
        if best is None:
            return
        attestation, approvals = best
        update = encode_attestation(attestation, signers, approvals[:threshold])
        self._hook(CrashPoint.AFTER_READ)
        self._submitter.submit(
            self._client.contract.functions.update(update),
            Errand(kind=ErrandKind.UPDATE_CLIENT, subjects=(subject,)),
        )
        self._hook(CrashPoint.AFTER_ACT)
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
