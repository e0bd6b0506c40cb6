"""Carries calls to one chain: nonces, fees, inclusion, finality, budgets."""

from relayers.submitter.errands import Attempt, Errand, ErrandKind, Submission
from relayers.submitter.fees import FeeMarket, FeeOffer, FeePolicy
from relayers.submitter.ledger import DaySpending, Entry, Total, days, entries, totals
from relayers.submitter.policy import SubmitterPolicy
from relayers.submitter.states import Outcome, SubmissionState
from relayers.submitter.submitter import Signing, Submitter

__all__ = [
    "Attempt",
    "DaySpending",
    "Entry",
    "Errand",
    "ErrandKind",
    "FeeMarket",
    "FeeOffer",
    "FeePolicy",
    "Outcome",
    "Signing",
    "Submission",
    "SubmissionState",
    "Submitter",
    "SubmitterPolicy",
    "Total",
    "days",
    "entries",
    "totals",
]
