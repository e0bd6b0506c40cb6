"""Attestors: who signs what a chain finally says, who keeps the signatures, and who carries them to a client."""

from relayers.attesting.approvals import ApprovalBook, ApprovalSource, HttpApprovals, KeptApproval
from relayers.attesting.attested_client import AttestedClient
from relayers.attesting.attestor import Attestor
from relayers.attesting.carrier import AttestationCarrier

__all__ = [
    "ApprovalBook",
    "ApprovalSource",
    "AttestationCarrier",
    "AttestedClient",
    "Attestor",
    "HttpApprovals",
    "KeptApproval",
]
