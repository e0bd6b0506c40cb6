"""Every packet that any chain has sent in a final block, by id: what all else is compared with."""

from collections.abc import Mapping

from bridge.mailbox import Mailbox
from bridge.packets import Packet, decode_packet, encode_packet
from relayers.states import TaskState
from relayers.store import Store
from relayers.tables import TaskRow
from relayers.task_store import Task, TaskStore

SCAN_BLOCKS_MAX = 1_000
SETTLED_MAX = 100


class SentPackets:
    """Reads each mailbox's final blocks once. `first_blocks`: where each mailbox was deployed, by chain id."""

    def __init__(self, store: Store, mailboxes: Mapping[int, Mailbox], first_blocks: Mapping[int, int]) -> None:
        self._store = store
        self._mailboxes = mailboxes
        self._first_blocks = first_blocks
        self._queues = {chain_id: TaskStore(store, _queue(chain_id)) for chain_id in mailboxes}
        self._final_times: dict[int, int] = {}
        self._settled: dict[int, tuple[int, bytes]] = {}

    def read(self, chain_id: int) -> None:
        """Up to the chain's newest final block; raises ChainError."""
        mailbox, queue = self._mailboxes[chain_id], self._queues[chain_id]
        final = mailbox.chain.finalized_header()
        first = queue.cursor(self._first_blocks[chain_id])
        while first <= final.number:
            last = min(first + SCAN_BLOCKS_MAX - 1, final.number)
            found = [
                Task(key=sent.packet_id, position=sent.block, body=encode_packet(sent.packet))
                for sent in mailbox.sent(first, last)
                if sent.packet is not None
            ]
            queue.record(found, last + 1)
            first = last + 1
        self._final_times[chain_id] = final.timestamp

    def settle(self, chain_id: int) -> None:
        """Mark as done what its source has an answer to in a final block: nothing about it can happen any more.

        Some rows at a time, over and over; raises ChainError.
        """
        queue, mailbox = self._queues[chain_id], self._mailboxes[chain_id]
        tasks = queue.page(self._settled.get(chain_id, (0, b"")), SETTLED_MAX)
        self._settled[chain_id] = (tasks[-1].position, tasks[-1].key) if len(tasks) == SETTLED_MAX else (0, b"")
        final = mailbox.chain.finalized_header().number
        commitments = mailbox.commitments([task.key for task in tasks], block=final)
        for task in tasks:
            if not any(commitments[task.key]):
                queue.move(task.key, TaskState.DONE)

    def find(self, packet_id: bytes, *, besides: int) -> Packet | None:
        """The packet of that id that some chain but this one has sent, or None."""
        for chain_id in self._queues:
            body = None if chain_id == besides else self._body(chain_id, packet_id)
            if body is not None:
                return decode_packet(body)
        return None

    def _body(self, chain_id: int, packet_id: bytes) -> bytes | None:
        with self._store.transaction() as session:
            row = session.get(TaskRow, (_queue(chain_id), packet_id))
            return None if row is None else row.body

    def would_know(self, timestamp: int, *, besides: int) -> bool:
        """Whether a packet that could be proven at that time (seconds) would be here by now."""
        others = [chain_id for chain_id in self._mailboxes if chain_id != besides]
        return all(self._final_times.get(chain_id, -1) >= timestamp for chain_id in others)


def _queue(chain_id: int) -> str:
    return f"watched packets {chain_id}"
