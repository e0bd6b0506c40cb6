"""What a daemon asks a submitter for, and what it gets back."""

from dataclasses import dataclass
from enum import StrEnum

from relayers.submitter.fees import FeeOffer
from relayers.submitter.states import Outcome, SubmissionState, outcome_of


class ErrandKind(StrEnum):
    """What a transaction is for."""

    DELIVER = "deliver"
    EXPIRE = "expire"
    ACKNOWLEDGE = "acknowledge"
    UPDATE_CLIENT = "update client"
    PAY = "pay"
    POST = "post"
    RELEASE = "release"
    CLAIM_FEES = "claim fees"
    REPORT_HEALTH = "report health"
    ACCUSE = "accuse"
    PAUSE = "pause"
    SWAP = "swap"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One call to be made once.

    subjects: what it is about, by which its outcome is found again. route: a lane's key, by which it can be paused.
    gas: the most it may take, estimated where None. deadline: seconds; the nearer, the more is offered. value: wei.
    """

    kind: ErrandKind
    subjects: tuple[bytes, ...]
    route: str = ""
    gas: int | None = None
    value: int = 0
    deadline: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One signed transaction."""

    number: int
    hash: bytes
    raw: bytes
    offer: FeeOffer
    signed_at: int
    broadcast_at: int | None
    cancels: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One errand under way or over, with its transactions, oldest first. Costs in wei, None until included."""

    id: int
    chain_id: int
    signer: str
    nonce: int
    kind: ErrandKind
    route: str
    recipient: str
    value: int
    payload: bytes
    gas: int
    deadline: int | None
    state: SubmissionState
    reason: str
    created_at: int
    included_at: int | None
    finalized_at: int | None
    block: int | None
    block_hash: bytes | None
    gas_used: int | None
    succeeded: bool | None
    cost_wei: int | None
    reorganised: int
    attempts: tuple[Attempt, ...]

    @property
    def outcome(self) -> Outcome:
        """What it means to whoever asked for it."""
        return outcome_of(self.state, succeeded=self.succeeded)
