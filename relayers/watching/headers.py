"""Whether what a light client believes is so."""

from collections.abc import Iterator

from bridge.clients import consensus_state
from bridge.light_clients import ClientStatus, LightClient
from chains.chain import Chain
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore
from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.checks import FOREVER, unread


class HeaderCheck:
    """I11: every header a client took is one that the chain it follows has; a frozen client is told."""

    def __init__(self, store: Store, client: LightClient, follows: Chain, first_block: int) -> None:
        self._open = TaskStore(store, f"watched headers {client.key}")
        self._client = client
        self._follows = follows
        self._first_block = first_block

    def look(self) -> Iterator[Alarm]:
        """See Check."""
        chain = self._client.chain
        events = self._client.contract.events
        for first, last in unread(self._open, self._first_block, chain.finalized_header().number):
            found = [
                Task(
                    key=log["args"]["height"].to_bytes(8, "big") + bytes(log["args"]["consensusHash"]),
                    position=log["args"]["height"],
                    body=log["blockNumber"].to_bytes(8, "big"),
                )
                for log in chain.logs(events.ClientUpdated(), first, last)
            ]
            self._open.record(found, last + 1)
        final = self._follows.finalized_header()
        for task in self._open.unfinished(FOREVER):
            if task.position <= final.number:
                true = consensus_state(self._follows.header(task.position)).digest
                self._open.move(task.key, TaskState.DONE)
                if true == task.key[8:]:
                    continue
            elif final.timestamp <= chain.header(int.from_bytes(task.body, "big")).timestamp:
                continue  # this reader lags behind whoever updated the client
            else:
                self._open.move(task.key, TaskState.DONE)
            yield self._alarm(AlarmKind.FORGED_HEADER, f"height {task.position}")
        if self._client.status() is ClientStatus.FROZEN:
            yield self._alarm(AlarmKind.CLIENT_FROZEN, "frozen")

    def _alarm(self, kind: AlarmKind, what: str) -> Alarm:
        subject, detail = f"{self._client.key} {what}", f"of chain {self._follows.chain_id}"
        return Alarm(kind=kind, chain_id=self._client.chain.chain_id, subject=subject, detail=detail)
