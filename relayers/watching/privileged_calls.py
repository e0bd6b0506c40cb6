"""Whether somebody rattles at the doors that only owners may open."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes

from chains.chain import Chain
from chains.headers import SealedHeader
from relayers.watching.alarms import Alarm, AlarmKind


class PrivilegedCallCheck:
    """Incident 7: failed calls that only owners and guardians may make, `limit` of them within a window."""

    def __init__(
        self, chain: Chain, selectors: Mapping[ChecksumAddress, frozenset[bytes]], *, limit: int, window_seconds: int
    ) -> None:
        self._chain = chain
        self._selectors = selectors
        self._limit = limit
        self._window_seconds = window_seconds
        self._next_block: int | None = None
        self._failures: deque[tuple[int, str]] = deque()

    def look(self) -> Iterator[Alarm]:
        """See Check. Kept in memory: a new process reads the last window's blocks again."""
        final = self._chain.finalized_header()
        first = self._first_block(final) if self._next_block is None else self._next_block
        for number in range(first, final.number + 1):
            block: Any = self._chain.w3.eth.get_block(number, full_transactions=True)
            for transaction in block["transactions"]:
                if self._is_privileged(transaction) and not self._succeeded(transaction["hash"]):
                    self._failures.append((block["timestamp"], f"{transaction['from']} at {transaction['to']}"))
                    yield from self._judge(number)
            self._next_block = number + 1

    def _judge(self, number: int) -> Iterator[Alarm]:
        newest, who = self._failures[-1]
        while self._failures[0][0] <= newest - self._window_seconds:
            self._failures.popleft()
        if len(self._failures) >= self._limit:
            detail = f"{len(self._failures)} failed within {self._window_seconds} s, the last by {who}"
            self._failures.clear()
            yield Alarm(
                kind=AlarmKind.PRIVILEGED_CALLS, chain_id=self._chain.chain_id, subject=f"block {number}", detail=detail
            )

    def _first_block(self, final: SealedHeader) -> int:
        first = final.number
        while first > 0 and self._chain.header(first).timestamp > final.timestamp - self._window_seconds:
            first = max(0, first - 16)
        return first

    def _is_privileged(self, transaction: Mapping[str, Any]) -> bool:
        recipient, payload = transaction.get("to"), transaction["input"]
        known = self._selectors.get(to_checksum_address(str(recipient))) if recipient else None
        return known is not None and bytes(payload)[:4] in known

    def _succeeded(self, transaction_hash: HexBytes) -> bool:
        return self._chain.w3.eth.get_transaction_receipt(transaction_hash)["status"] == 1
