"""Whether a vault pays out more than is expected of it."""

from collections.abc import Iterator, Mapping

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.abi import ZERO_ADDRESS
from bridge.vaults import Vault
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore
from relayers.watching.alarms import Alarm, AlarmKind
from relayers.watching.checks import FOREVER, unread


class OutflowCheck:
    """What a vault paid of an asset within a window stays below what is expected of it; ether is the zero address."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        limits: Mapping[ChecksumAddress, int],
        *,
        window_seconds: int,
        first_block: int,
    ) -> None:
        self._cursor = TaskStore(store, f"watched payments {vault.chain.chain_id}/{vault.address}")
        self._vault = vault
        self._limits = limits
        self._window_seconds = window_seconds
        self._first_block = first_block

    def look(self) -> Iterator[Alarm]:
        """See Check. Payments leave the database with their window."""
        chain = self._vault.chain
        final = chain.finalized_header()
        for first, last in unread(self._cursor, self._first_block, final.number):
            found = []
            for number, payment in enumerate(self._vault.paid(first, last)):
                if payment.asset in self._limits:
                    key = payment.transaction_hash + payment.identifier + number.to_bytes(4, "big")
                    body = f"{payment.asset} {payment.amount}".encode()
                    found.append(Task(key=key, position=chain.header(payment.block).timestamp, body=body))
            self._cursor.record(found, last + 1)
        sums = dict.fromkeys(self._limits, 0)
        for task in self._cursor.unfinished(FOREVER):
            if task.position <= final.timestamp - self._window_seconds:
                self._cursor.move(task.key, TaskState.DONE)
                continue
            asset, amount = task.body.decode().split()
            sums[to_checksum_address(asset)] += int(amount)
        for asset, paid in sums.items():
            if paid > self._limits[asset]:
                name = "ether" if asset == ZERO_ADDRESS else asset
                window = final.timestamp // self._window_seconds
                yield Alarm(
                    kind=AlarmKind.OUTFLOW,
                    chain_id=chain.chain_id,
                    subject=f"{self._vault.address} {name} window {window}",
                    detail=f"{paid} paid within {self._window_seconds} s, at most {self._limits[asset]} expected",
                )
