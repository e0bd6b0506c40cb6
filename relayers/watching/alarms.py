"""What is alarming, and the durable list of what was raised: each once, open until somebody has answered it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from eth_utils.crypto import keccak

from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore

_FOREVER = (1 << 31) - 1


class AlarmKind(StrEnum):
    """Why the watcher cries out."""

    UNPROVEN_ANSWER = "UnprovenAnswer"
    """A mailbox executed a packet that no chain has sent in a final block."""
    ANSWERED_TWICE = "AnsweredTwice"
    """A mailbox answered a packet a second time."""
    UNMATCHED_CREDIT = "UnmatchedCredit"
    """The exchange was credited what no vault has locked."""
    SHORTFALL = "Shortfall"
    """A vault has less of an asset than its books say."""
    UNMATCHED_RELEASE = "UnmatchedRelease"
    """A vault owes what no withdrawal, or no deposit to be refunded, accounts for."""
    FORGED_HEADER = "ForgedHeader"
    """A light client took a header that the chain it follows does not have."""
    CLIENT_FROZEN = "ClientFrozen"
    """A light client froze: somebody proved misbehaviour."""
    PRIVILEGED_CALLS = "PrivilegedCalls"
    """Somebody keeps trying calls that only owners may make."""
    OUTFLOW = "Outflow"
    """A vault paid out more within a window than is expected of it."""


ANSWERED_BY_PAUSE = frozenset(
    {
        AlarmKind.UNPROVEN_ANSWER,
        AlarmKind.ANSWERED_TWICE,
        AlarmKind.UNMATCHED_CREDIT,
        AlarmKind.SHORTFALL,
        AlarmKind.UNMATCHED_RELEASE,
        AlarmKind.FORGED_HEADER,
        AlarmKind.OUTFLOW,
    }
)
"""What the guardian pauses the vaults for: money may be leaving."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm: what, about what, on which chain; the same three are the same alarm."""

    kind: AlarmKind
    chain_id: int
    subject: str
    detail: str = ""

    @property
    def key(self) -> bytes:
        """Names the alarm in the database."""
        return keccak(f"{self.kind} {self.chain_id} {self.subject}".encode())


class AlarmBook:
    """Alarms by key: WAITING until answered."""

    def __init__(self, store: Store) -> None:
        self._tasks = TaskStore(store, "alarms")

    def raise_alarm(self, alarm: Alarm) -> bool:
        """Keep an alarm; false where it was raised before."""
        if self._tasks.state_of(alarm.key) is not None:
            return False
        body = json.dumps([alarm.kind, alarm.chain_id, alarm.subject, alarm.detail]).encode()
        self._tasks.record([Task(key=alarm.key, position=alarm.chain_id, body=body)], 0)
        return True

    def unanswered(self) -> Iterator[Alarm]:
        """Those nobody has answered yet."""
        for task in self._tasks.unfinished(_FOREVER):
            kind, chain_id, subject, detail = json.loads(task.body)
            yield Alarm(kind=AlarmKind(kind), chain_id=chain_id, subject=subject, detail=detail)

    def answered(self, alarm: Alarm) -> None:
        """Somebody did what there was to do."""
        self._tasks.move(alarm.key, TaskState.DONE)
