"""What a step says about itself."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Did(StrEnum):
    """Something a step changed, in a database or on a chain.

    SUBMITTED, DELIVERED, EXPIRED and FAILED are attempts; the others are facts.
    """

    SEEN = "seen"
    SUBMITTED = "submitted"
    DELIVERED = "delivered"
    EXPIRED = "expired"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"
    ABANDONED = "abandoned"
    FAILED = "failed"
    CLIENT_UPDATED = "client updated"
    PAID = "paid"
    TAKEN = "taken"
    POSTED = "posted"
    RELEASED = "released"
    RECUT = "cut anew"
    PUBLISHED = "published"
    SET_ASIDE = "set aside"
    INCLUDED = "included"
    FINALIZED = "finalized"
    REPLACED = "replaced"
    RESENT = "resent"
    REORGANISED = "reorganised"
    DISPLACED = "displaced"
    SETTLED = "settled"
    ALARMED = "alarm"
    PRUNED = "pruned"


class WaitsFor(StrEnum):
    """Why there is something left to do that this step could not."""

    SOURCE_FINALITY = "finality of the source chain"
    DESTINATION_FINALITY = "finality of the destination chain"
    CLIENT_UPDATE = "a client update"
    CLIENT_FROZEN = "a frozen or expired client"
    RECOVERY = "the end of a chain's recovery"
    RETRY = "the next attempt"
    VAULT = "a vault's window, inventory or pause"
    CHAIN = "an unavailable chain"
    CHALLENGE = "the challenge period"
    SEQUENCER = "the sequencer"
    PRICE = "a price"
    TRUST = "headers sealed by trusted validators"
    INCLUSION = "a transaction on its way"
    FEES = "lower fees"
    PROFIT = "a fee that pays for the packet"
    BUDGET = "the day's budget"
    FUNDS = "wei in a wallet"
    SIGNER = "a free signer"
    TURN = "its turn among relayers"
    LEADER = "the replica that leads"
    PAUSE = "an operator who paused it"
    EVENTS = "events that are missing"
    COMPANY = "others to share a transaction with"
    SWAP = "the other party of a swap, or a deadline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing done; `subject` is a packet id, a height, an index."""

    did: Did
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One thing waited for."""

    waits_for: WaitsFor
    subject: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """Everything one step did, in order, and what it waits for."""

    actions: tuple[Action, ...] = ()
    waiting: tuple[Wait, ...] = ()

    @property
    def did(self) -> int:
        """How many things were done."""
        return len(self.actions)

    @property
    def idle(self) -> bool:
        """Whether nothing was done and nothing is waited for."""
        return not self.actions and not self.waiting

    def count(self, did: Did) -> int:
        """How many things of one sort were done."""
        return sum(action.did is did for action in self.actions)


class Daemon(Protocol):
    """Something that makes progress one step at a time and may be killed at any line of it."""

    def step(self) -> StepReport:
        """Read, decide, persist, act, confirm; never raises for what a later step can mend."""
        ...


class Journal:
    """Collects the report of the step that is running."""

    def __init__(self) -> None:
        self._actions: list[Action] = []
        self._waiting: list[Wait] = []

    def did(self, did: Did, subject: object, detail: str = "") -> None:
        """Note something done."""
        self._actions.append(Action(did=did, subject=_name(subject), detail=detail))

    def waits_for(self, waits_for: WaitsFor, subject: object, detail: str = "") -> None:
        """Note something waited for."""
        self._waiting.append(Wait(waits_for=waits_for, subject=_name(subject), detail=detail))

    def include(self, report: StepReport) -> None:
        """Note what another step within this one did and waits for."""
        self._actions.extend(report.actions)
        self._waiting.extend(report.waiting)

    def report(self) -> StepReport:
        """What was noted."""
        return StepReport(actions=tuple(self._actions), waiting=tuple(self._waiting))


def _name(subject: object) -> str:
    return "0x" + subject.hex() if isinstance(subject, bytes) else str(subject)
