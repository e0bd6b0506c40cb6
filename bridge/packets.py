"""Packets and their answers: the one encoding, the id, the receipt and the words that prove them."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import ZERO_ADDRESS, abi_decode, abi_encode, hash_words, mapping_slot, require_address, require_uint
from bridge.errors import Reason, Rejected
from contracts import storage_slot

PACKET_VERSION = 1
FEES_TYPE = "(uint96,uint96,uint96,address)"
PACKET_TYPE = f"(uint8,uint64,address,uint64,address,uint32,uint64,address,address,uint64,uint64,{FEES_TYPE},bytes)"
RECEIPT_DOMAIN = keccak(b"clearspan.receipt.v1")
ACK_BYTES_MAX = 256


class Status(IntEnum):
    """How a packet was answered at its destination."""

    NONE = 0
    SUCCESS = 1
    FAILURE = 2
    EXPIRED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fees:
    """Fee shares in wei, fixed and escrowed when the packet is sent; what is not earned goes to `refund_to`."""

    deliver: int = 0
    acknowledge: int = 0
    expire: int = 0
    refund_to: ChecksumAddress = ZERO_ADDRESS

    def __post_init__(self) -> None:
        for name in ("deliver", "acknowledge", "expire"):
            require_uint(getattr(self, name), 96, f"fees.{name}")
        require_address(self.refund_to)

    @property
    def escrow(self) -> int:
        """Wei that travel with `sendMessage`."""
        return self.acknowledge + max(self.deliver, self.expire)

    def as_abi(self) -> tuple[int, int, int, ChecksumAddress]:
        """The fields in Solidity's order."""
        return (self.deliver, self.acknowledge, self.expire, self.refund_to)


NO_FEES = Fees()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One message from a contract on one chain to a contract on another.

    Chain ids are EIP-155, times are seconds, addresses are in checksum form. Raises `Rejected` for a field outside
    its type.
    """

    version: int = PACKET_VERSION
    source_chain: int
    source_mailbox: ChecksumAddress
    destination_chain: int
    destination_mailbox: ChecksumAddress
    route_epoch: int
    nonce: int
    sender: ChecksumAddress
    recipient: ChecksumAddress
    timeout_timestamp: int
    gas_limit: int
    fees: Fees = NO_FEES
    payload: bytes

    def __post_init__(self) -> None:
        if self.version != PACKET_VERSION:
            raise Rejected(Reason.UNKNOWN_VERSION, f"packet version {self.version}")
        for name in ("source_chain", "destination_chain", "nonce", "timeout_timestamp", "gas_limit"):
            require_uint(getattr(self, name), 64, name)
        require_uint(self.route_epoch, 32, "route_epoch")
        for name in ("source_mailbox", "destination_mailbox", "sender", "recipient"):
            require_address(getattr(self, name))

    def as_abi(self) -> tuple[Any, ...]:
        """The fields in Solidity's order, as web3 and eth_abi take them."""
        return (
            self.version,
            self.source_chain,
            self.source_mailbox,
            self.destination_chain,
            self.destination_mailbox,
            self.route_epoch,
            self.nonce,
            self.sender,
            self.recipient,
            self.timeout_timestamp,
            self.gas_limit,
            self.fees.as_abi(),
            self.payload,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What is carried back to the source: the packet and the parts of its receipt."""

    packet: Packet
    status: Status
    ack: bytes
    payee: ChecksumAddress

    def __post_init__(self) -> None:
        if self.status is Status.NONE:
            raise Rejected(Reason.UNKNOWN_STATUS, "an answer has a status")
        require_address(self.payee)

    def as_abi(self) -> tuple[Any, ...]:
        """The fields in Solidity's order."""
        return (self.packet.as_abi(), int(self.status), self.ack, self.payee)


def encode_packet(packet: Packet) -> bytes:
    """`abi.encode(packet)`, one dynamic tuple; injective."""
    return abi_encode([PACKET_TYPE], [packet.as_abi()])


def decode_packet(encoded: bytes) -> Packet:
    """The packet of its one encoding; raises `Rejected` for any other bytes, trailing or padded ones included."""
    (fields,) = abi_decode([PACKET_TYPE], encoded)
    deliver, acknowledge, expire, refund_to = fields[11]
    return Packet(
        version=fields[0],
        source_chain=fields[1],
        source_mailbox=to_checksum_address(fields[2]),
        destination_chain=fields[3],
        destination_mailbox=to_checksum_address(fields[4]),
        route_epoch=fields[5],
        nonce=fields[6],
        sender=to_checksum_address(fields[7]),
        recipient=to_checksum_address(fields[8]),
        timeout_timestamp=fields[9],
        gas_limit=fields[10],
        fees=Fees(deliver=deliver, acknowledge=acknowledge, expire=expire, refund_to=to_checksum_address(refund_to)),
        payload=fields[12],
    )


def packet_id(packet: Packet) -> bytes:
    """`keccak256` of the encoding, 32 bytes."""
    return keccak(encode_packet(packet))


def receipt_hash(identifier: bytes, status: Status, ack: bytes, payee: ChecksumAddress) -> bytes:
    """The word a destination mailbox keeps for an answered packet, 32 bytes."""
    return hash_words(
        ["bytes32", "bytes32", "uint8", "bytes32", "address"],
        [RECEIPT_DOMAIN, identifier, int(status), keccak(ack), payee],
    )


@cache
def _position(variable: str) -> int:
    return storage_slot("Mailbox", variable)


def commitment_slot(identifier: bytes) -> int:
    """Slot of the source mailbox that holds the packet id while the packet is unanswered."""
    return mapping_slot(identifier, _position("commitments"))


def receipt_slot(identifier: bytes) -> int:
    """Slot of the destination mailbox that holds the receipt hash."""
    return mapping_slot(identifier, _position("receipts"))
