"""What the bridge's events on one chain say. Each block is read once, after it is final; only later ones again."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.light_clients import KnownHeight, LightClient
from bridge.mailbox import AcknowledgedPacket, AnsweredPacket, Mailbox, SentPacket
from bridge.registry import SettlementEntry, VaultEntry
from bridge.vaults import Payment, Vault
from chains.chain import Chain

WINDOW_BLOCKS = 2_000
"""Blocks of one query; nodes refuse longer ranges."""


@dataclass(slots=True)
class _Events:
    """Events by packet id, or by followed chain, each in chain order."""

    sent: dict[bytes, SentPacket] = field(default_factory=dict)
    answered: dict[bytes, list[AnsweredPacket]] = field(default_factory=dict)
    acknowledged: dict[bytes, AcknowledgedPacket] = field(default_factory=dict)
    paid: dict[bytes, Payment] = field(default_factory=dict)
    learned: dict[int, list[KnownHeight]] = field(default_factory=dict)


class ChainHistory:
    """The events of a network's mailbox, clients and vault on one chain."""

    def __init__(
        self, chain: Chain, entry: SettlementEntry | VaultEntry, *, window_blocks: int = WINDOW_BLOCKS
    ) -> None:
        self.chain = chain
        self.mailbox = Mailbox(chain, entry.mailbox)
        self.vault = Vault(chain, entry.vault) if isinstance(entry, VaultEntry) else None
        self._clients = {followed: LightClient(chain, address) for followed, address in entry.clients.items()}
        self._window_blocks = window_blocks
        self._final = _Events()
        self._recent = _Events()
        self._next_block = entry.deployed_at
        self.final_block = self.head_block = entry.deployed_at - 1

    def refresh(self) -> None:
        """Read what has become final since the last time, and anew what is not final yet."""
        self.final_block = self.chain.finalized_header().number
        self.head_block = self.chain.head().number
        self._read(self._final, self._next_block, self.final_block)
        self._next_block = max(self._next_block, self.final_block + 1)
        self._recent = _Events()
        self._read(self._recent, self._next_block, self.head_block)

    def sent(self) -> Iterator[SentPacket]:
        """Packets sent here, in order."""
        for events in (self._final, self._recent):
            yield from events.sent.values()

    def sent_packet(self, packet_id: bytes) -> SentPacket | None:
        """The packet's sending, if it was here."""
        return self._final.sent.get(packet_id) or self._recent.sent.get(packet_id)

    def answers(self, packet_id: bytes) -> list[AnsweredPacket]:
        """What events say of the packet's answer, which only the receipt in storage proves."""
        return [*self._final.answered.get(packet_id, ()), *self._recent.answered.get(packet_id, ())]

    def acknowledgement(self, packet_id: bytes) -> AcknowledgedPacket | None:
        """How the packet's answer came back, if it did."""
        return self._final.acknowledged.get(packet_id) or self._recent.acknowledged.get(packet_id)

    def payment(self, identifier: bytes) -> Payment | None:
        """What the vault paid for a packet, if it did."""
        return self._final.paid.get(identifier) or self._recent.paid.get(identifier)

    def learned(self, followed: int, height: int) -> KnownHeight | None:
        """How the client of another chain first came to know a height from this one on."""
        for events in (self._final, self._recent):
            for known in events.learned.get(followed, ()):
                if known.height >= height:
                    return known
        return None

    def _read(self, events: _Events, first_block: int, last_block: int) -> None:
        for first in range(first_block, last_block + 1, self._window_blocks):
            last = min(first + self._window_blocks - 1, last_block)
            events.sent.update((sent.packet_id, sent) for sent in self.mailbox.sent(first, last))
            for answered in self.mailbox.answered(first, last):
                events.answered.setdefault(answered.packet_id, []).append(answered)
            for acknowledged in self.mailbox.acknowledged(first, last):
                events.acknowledged[acknowledged.packet_id] = acknowledged
            if self.vault is not None:
                payments = self.vault.paid(first, last)
                events.paid.update((payment.identifier, payment) for payment in payments if payment.left == 0)
            for followed, client in self._clients.items():
                events.learned.setdefault(followed, []).extend(client.learned(first, last))
