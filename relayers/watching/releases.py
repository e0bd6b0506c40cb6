"""Whether what a vault owes is accounted for."""

from collections.abc import Iterator, Mapping

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.errors import Rejected
from bridge.payloads import DepositMessage, ReleaseMessage
from bridge.vaults import Vault
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore
from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.checks import FOREVER, unread
from relayers.watching.sent_packets import SentPackets


class ReleaseCheck:
    """I1: what a vault owes is a withdrawal the outbox released, or a deposit that comes back, to the last unit."""

    def __init__(  # noqa: PLR0913 - what a release is compared with
        self,
        store: Store,
        vault: Vault,
        sent: SentPackets,
        *,
        settlement_chain: int,
        outbox: ChecksumAddress,
        first_block: int,
    ) -> None:
        self._open = TaskStore(store, f"watched releases {vault.chain.chain_id}/{vault.address}")
        self._vault = vault
        self._sent = sent
        self._settlement_chain = settlement_chain
        self._outbox = outbox
        self._first_block = first_block

    def look(self) -> Iterator[Alarm]:
        """See Check."""
        chain, events = self._vault.chain, self._vault.contract.events
        for first, last in unread(self._open, self._first_block, chain.finalized_header().number):
            found = [
                _claim(log["args"]["id"], log["blockNumber"], b"release", log["args"], "recipient")
                for log in chain.logs(events.ReleaseEntitled(), first, last)
            ]
            found += [
                _claim(log["args"]["packetId"], log["blockNumber"], b"refund", log["args"], "refundTo")
                for log in chain.logs(events.RefundEntitled(), first, last)
            ]
            self._open.record(found, last + 1)
        for task in self._open.unfinished(FOREVER):
            kind, asset, recipient, amount = task.body.decode().split()
            packet_id = bytes.fromhex(task.key.decode().partition(" ")[0])
            claim = (to_checksum_address(asset), to_checksum_address(recipient), int(amount))
            is_accounted = self._was_released if kind == "release" else self._was_deposited
            if is_accounted(packet_id, claim):
                self._open.move(task.key, TaskState.DONE)
            elif kind == "refund" or self._sent.would_know(
                chain.header(task.position).timestamp, besides=chain.chain_id
            ):
                self._open.move(task.key, TaskState.DONE)
                yield Alarm(
                    kind=AlarmKind.UNMATCHED_RELEASE,
                    chain_id=chain.chain_id,
                    subject="0x" + packet_id.hex(),
                    detail=f"{kind} of {amount} of {asset} to {recipient} in block {task.position}",
                )

    def _was_released(self, packet_id: bytes, claim: tuple[ChecksumAddress, ChecksumAddress, int]) -> bool:
        packet = self._sent.find(packet_id, besides=self._vault.chain.chain_id)
        if packet is None or (packet.source_chain, packet.sender) != (self._settlement_chain, self._outbox):
            return False
        try:
            message = ReleaseMessage.decode(packet.payload)
        except Rejected:
            return False
        return (message.asset, message.recipient, message.amount) == claim

    def _was_deposited(self, packet_id: bytes, claim: tuple[ChecksumAddress, ChecksumAddress, int]) -> bool:
        packet = self._sent.find(packet_id, besides=self._settlement_chain)
        if packet is None or (packet.source_chain, packet.sender) != (self._vault.chain.chain_id, self._vault.address):
            return False
        try:
            message = DepositMessage.decode(packet.payload)
        except Rejected:
            return False
        return (message.asset, message.refund_to, message.amount) == claim


def _claim(identifier: bytes, block: int, kind: bytes, args: Mapping[str, object], recipient: str) -> Task:
    body = f"{kind.decode()} {args['asset']} {args[recipient]} {args['amount']}"
    return Task(key=f"{bytes(identifier).hex()} {kind.decode()}".encode(), position=block, body=body.encode())
