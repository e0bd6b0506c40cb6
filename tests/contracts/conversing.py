"""Recipients at both ends of a link, and packets between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from web3.contract import Contract

from bridge.attributes import encode_attributes
from bridge.packets import NO_FEES, Fees, Packet
from tests.contracts.harness import FAR, NEAR, RELAYER, Link, deploy, interoperable, new_link


class Mode(IntEnum):
    """What a `TestRecipient` does when it is called."""

    ACCEPT = 0
    FAIL = 1
    RETURN_BOMB = 2
    WRONG_SELECTOR = 3
    BURN_GAS = 4
    REENTER = 5
    REENTER_AND_FAIL = 6


@dataclass(slots=True, kw_only=True)
class Conversation:
    """`speaker` on `near` talks to `listener` on `far`."""

    link: Link
    speaker: Contract
    listener: Contract

    def send(
        self, payload: bytes = b"hello", *, to: str | None = None, fees: Fees = NO_FEES, **attributes: int
    ) -> Packet:
        """A packet from the speaker, fees paid by the relayer."""
        call = self.speaker.functions.send(
            self.link.mailboxes[NEAR].address,
            interoperable(FAR, to or self.listener),
            payload,
            encode_attributes(fees=fees, **attributes),
        )
        sent = self.link.near.transact(call, RELAYER, value=fees.escrow)
        (packet,) = self.link.sent(self.link.near, sent)
        return packet

    def behave(self, recipient: Contract, mode: Mode, call: bytes = b"") -> None:
        """Have a recipient misbehave from now on."""
        chain = self.link.near if recipient is self.speaker else self.link.far
        chain.transact(recipient.functions.configure(mode, call), RELAYER)

    def heard(self, name: str = "received") -> Any:
        """What the listener remembers."""
        return self.link.far.call(self.listener.functions[name]())

    def told(self, name: str = "answered") -> Any:
        """What the speaker remembers."""
        return self.link.near.call(self.speaker.functions[name]())


def converse(*, twins: Mapping[str, str] | None = None, **routes: Any) -> Conversation:
    """A fresh link with a recipient at each end."""
    link = new_link(twins=twins, **routes)
    speaker, listener = deploy(link.near, "TestRecipient"), deploy(link.far, "TestRecipient")
    if speaker.address == listener.address:  # the same nonce on both chains
        listener = deploy(link.far, "TestRecipient")
    link.settle_clock()
    return Conversation(link=link, speaker=speaker, listener=listener)


def altered(packet: Packet, **changes: Any) -> Packet:
    """The packet with other fields."""
    return replace(packet, **changes)


def as_abi(packets: Sequence[Packet]) -> list[tuple[Any, ...]]:
    """Packets as web3 takes them."""
    return [packet.as_abi() for packet in packets]
