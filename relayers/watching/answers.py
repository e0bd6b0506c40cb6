"""Whether what a mailbox executed was ever sent."""

from collections.abc import Iterator

from bridge.mailbox import Mailbox
from bridge.packets import Status
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore
from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.checks import FOREVER, unread
from relayers.watching.sent_packets import SentPackets

EXPIRED = Status.EXPIRED.name.encode()
"""Nothing was executed, and nothing has to be proven."""


class AnswerCheck:
    """I2, I3: what a mailbox executed, another chain has sent, in a block that is final, and it answered once."""

    def __init__(self, store: Store, mailbox: Mailbox, sent: SentPackets, first_block: int) -> None:
        self._open = TaskStore(store, f"watched answers {mailbox.chain.chain_id}")
        self._mailbox = mailbox
        self._sent = sent
        self._first_block = first_block

    def look(self) -> Iterator[Alarm]:
        """See Check."""
        chain = self._mailbox.chain
        for first, last in unread(self._open, self._first_block, chain.finalized_header().number):
            found: dict[bytes, Task] = {}
            for answer in self._mailbox.answered(first, last):
                if answer.packet_id in found or self._open.state_of(answer.packet_id) is not None:
                    yield Alarm(
                        kind=AlarmKind.ANSWERED_TWICE,
                        chain_id=chain.chain_id,
                        subject="0x" + answer.packet_id.hex(),
                        detail=f"answered {answer.status.name} again in block {answer.block}",
                    )
                found.setdefault(
                    answer.packet_id,
                    Task(key=answer.packet_id, position=answer.block, body=answer.status.name.encode()),
                )
            self._open.record(found.values(), last + 1)
        for task in self._open.unfinished(FOREVER):
            if task.body == EXPIRED or self._sent.find(task.key, besides=chain.chain_id) is not None:
                self._open.move(task.key, TaskState.DONE)
            elif self._sent.would_know(chain.header(task.position).timestamp, besides=chain.chain_id):
                self._open.move(task.key, TaskState.DONE)
                yield Alarm(
                    kind=AlarmKind.UNPROVEN_ANSWER,
                    chain_id=chain.chain_id,
                    subject="0x" + task.key.hex(),
                    detail=f"executed in block {task.position}, sent by nobody",
                )
