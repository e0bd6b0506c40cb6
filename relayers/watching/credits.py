"""Whether what the exchange was credited was ever locked."""

import json
from collections.abc import Iterator, Mapping

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.errors import Rejected
from bridge.payloads import DepositMessage
from bridge.registry import Deployment
from bridge.settlement import ForcedQueue, ItemKind
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore
from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.checks import FOREVER, unread
from relayers.watching.sent_packets import SentPackets

Locked = tuple[int, ChecksumAddress, int, ChecksumAddress]
"""Chain, token, base units, owner."""


class CreditCheck:
    """I1, I3: every deposit in the queue is a packet that its chain's vault sent, of as much, for the same owner."""

    def __init__(self, store: Store, queue: ForcedQueue, deployment: Deployment, sent: SentPackets) -> None:
        self._open = TaskStore(store, "watched credits")
        self._queue = queue
        self._sent = sent
        self._first_block = deployment.settlement.deployed_at
        self._assets = {asset.asset: (asset.chain_id, asset.token) for asset in deployment.assets}
        self._vaults: Mapping[int, ChecksumAddress] = {entry.chain_id: entry.vault for entry in deployment.vaults}

    def look(self) -> Iterator[Alarm]:
        """See Check."""
        chain = self._queue.chain
        for first, last in unread(self._open, self._first_block, chain.finalized_header().number):
            found = [
                Task(
                    key=item.index.to_bytes(8) + item.packet_id,
                    position=item.enqueued_at,
                    body=json.dumps([*self._assets.get(item.asset, (0, item.owner)), item.amount, item.owner]).encode(),
                )
                for item in self._queue.items(first, last)
                if item.kind is ItemKind.DEPOSIT
            ]
            self._open.record(found, last + 1)
        for task in self._open.unfinished(FOREVER):
            chain_id, token, amount, owner = json.loads(task.body)
            credited: Locked = (chain_id, to_checksum_address(token), amount, to_checksum_address(owner))
            packet_id = task.key[8:]
            locked = self._locked(packet_id)
            if locked == credited:
                self._open.move(task.key, TaskState.DONE)
            elif locked is not None or self._sent.would_know(task.position, besides=chain.chain_id):
                self._open.move(task.key, TaskState.DONE)
                yield Alarm(
                    kind=AlarmKind.UNMATCHED_CREDIT,
                    chain_id=chain.chain_id,
                    subject="0x" + packet_id.hex(),
                    detail=f"item {int.from_bytes(task.key[:8])} credits {credited}, locked was {locked}",
                )

    def _locked(self, packet_id: bytes) -> Locked | None:
        """What the packet says that its vault locked; None where no vault has sent it, as far as is known."""
        packet = self._sent.find(packet_id, besides=self._queue.chain.chain_id)
        if packet is None or self._vaults.get(packet.source_chain) != packet.sender:
            return None
        try:
            message = DepositMessage.decode(packet.payload)
        except Rejected:
            return None
        return (packet.source_chain, message.asset, message.amount, message.owner)
