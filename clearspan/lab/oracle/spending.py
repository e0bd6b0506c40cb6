"""I14: relayers spend within their budget, and for one packet's delivery one is paid and none pays twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cache

from eth_abi.abi import encode
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.crypto import keccak

from bridge.packets import PACKET_TYPE
from chains.blocks import Block, Transaction
from chains.local import LocalChain
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.final_events import Event, decode_call
from clearspan.lab.oracle.violations import Invariant
from contracts import load

DAY_SECONDS = 86_400
DELIVER = "receivePackets"


class Spending(Book):
    """Every transaction of a relayer's key in a final block. budget: wei a chain and day; None for no limit."""

    READS = frozenset({"Mailbox"})

    def __init__(
        self, accuse: Accuse, mailboxes: Mapping[int, bytes], relayers: Collection[bytes], budget: int | None
    ) -> None:
        super().__init__(accuse)
        self._mailboxes = mailboxes
        self._relayers = relayers
        self._budget = budget
        self.spent: defaultdict[tuple[int, bytes, int], int] = defaultdict(int)
        self.wasted = self.count = 0
        self._shared: set[bytes] = set()
        self._delivered: dict[bytes, bytes] = {}
        self._answering: set[bytes] = set()

    def take(self, event: Event) -> None:
        """A packet was answered, or its fees were shared."""
        if event.name == "PacketAnswered":
            self._answering.add(event.transaction.hash)
            self._delivered.setdefault(bytes(event.arguments["packetId"]), event.transaction.sender)
        elif event.name == "FeesShared":
            identifier = bytes(event.arguments["packetId"])
            if identifier in self._shared:
                self.accuse(Invariant.BUDGET, event, identifier.hex(), "its fees are shared a second time")
            self._shared.add(identifier)

    def read(self, chain: LocalChain, block: Block) -> None:
        """What the block cost each relayer, and deliveries that delivered nothing."""
        for index, transaction in enumerate(block.transactions):
            if transaction.sender not in self._relayers:
                continue
            self.count += 1
            about = self._event(chain, block, transaction)
            self._count(about, block.gas_used_by(index) * transaction.gas_price(block.header.base_fee))
            if transaction.to == self._mailboxes[chain.chain_id] and transaction.hash not in self._answering:
                self._check_waste(about, transaction)
        self._answering.clear()

    def _count(self, about: Event, cost: int) -> None:
        key = (about.chain_id, about.transaction.sender, about.time // DAY_SECONDS)
        before = self.spent[key]
        self.spent[key] += cost
        if self._budget is not None and before <= self._budget < self.spent[key]:
            text = f"spent {self.spent[key]} wei of {self._budget} in a day"
            self.accuse(Invariant.BUDGET, about, "0x" + key[1].hex(), text)

    def _check_waste(self, about: Event, transaction: Transaction) -> None:
        """Two relayers may race once; nobody delivers what he delivered himself."""
        if transaction.input[:4] != _selector(DELIVER):
            return
        self.wasted += 1
        for packet_id in _packet_ids(transaction.input):
            if self._delivered.get(packet_id) == transaction.sender:
                self.accuse(Invariant.BUDGET, about, packet_id.hex(), "is delivered again by who delivered it")

    @staticmethod
    def _event(chain: LocalChain, block: Block, transaction: Transaction) -> Event:
        return Event(
            chain_id=chain.chain_id,
            block=block.header.number,
            time=block.header.timestamp,
            contract="",
            address=transaction.to or b"",
            name="",
            arguments={},
            transaction=transaction,
        )


@cache
def _selector(name: str) -> bytes:
    entry = next(one for one in load("Mailbox").abi if one["type"] == "function" and one["name"] == name)
    return bytes(function_abi_to_4byte_selector(entry))  # type: ignore[arg-type]


def _packet_ids(payload: bytes) -> list[bytes]:
    packets = decode_call("Mailbox", DELIVER, payload)[0]
    return [keccak(encode([PACKET_TYPE], [packet])) for packet in packets]
