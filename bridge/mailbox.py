"""Reads a mailbox: packets and answers of a block range, words and routes at a block."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.types import BlockIdentifier

from bridge.attributes import decode_attributes
from bridge.contract_reader import ContractReader
from bridge.errors import Reason, Rejected
from bridge.interoperable import decode_evm
from bridge.packets import Packet, Status, packet_id
from chains.word_reading import read_words


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPacket:
    """What the events of one sending say. `packet` is None where they contradict its id, and `problem` says how.

    Events are hints: only the commitment in storage proves that the packet was sent.
    """

    packet_id: bytes
    destination_chain: int
    route_epoch: int
    nonce: int
    block: int
    transaction_hash: bytes
    packet: Packet | None
    problem: Reason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredPacket:
    """What the event of an answer says; only the receipt in storage proves it."""

    packet_id: bytes
    status: Status
    ack: bytes
    payee: ChecksumAddress
    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedPacket:
    """What the event of an acknowledgement says. `sender_told`: whether the sender's callback went through."""

    packet_id: bytes
    status: Status
    sender_told: bool
    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How packets of one remote chain are proven and bounded; times in seconds."""

    client: ChecksumAddress
    peer: ChecksumAddress
    epoch: int
    max_timeout_seconds: int
    max_proof_age_seconds: int
    max_gas_limit: int
    max_payload_bytes: int


COMMITMENTS, RECEIPTS = (keccak(text=f"{name}(bytes32)")[:4] for name in ("commitments", "receipts"))


class Mailbox(ContractReader):
    """A `Mailbox` on a chain."""

    artifact = "Mailbox"

    def sent(self, from_block: int, to_block: int) -> list[SentPacket]:
        """Packets whose events lie in the range, in the order they were sent."""
        events = self.contract.events
        messages = {
            (bytes(log["transactionHash"]), bytes(log["args"]["sendId"])): log["args"]
            for log in self.chain.logs(events.MessageSent(), from_block, to_block)
        }
        return [
            self._sent(log, messages.get((bytes(log["transactionHash"]), bytes(log["args"]["packetId"]))))
            for log in self.chain.logs(events.PacketSent(), from_block, to_block)
        ]

    def _sent(self, log: Any, message: Any) -> SentPacket:
        args = log["args"]
        identifier = bytes(args["packetId"])
        packet, problem = None, None
        try:
            packet = self._rebuild(args, message)
            if packet_id(packet) != identifier:
                packet, problem = None, Reason.NOT_CANONICAL
        except Rejected as refusal:
            problem = refusal.reason
        return SentPacket(
            packet_id=identifier,
            destination_chain=args["destinationChain"],
            route_epoch=args["routeEpoch"],
            nonce=args["nonce"],
            block=log["blockNumber"],
            transaction_hash=bytes(log["transactionHash"]),
            packet=packet,
            problem=problem,
        )

    def _rebuild(self, args: Any, message: Any) -> Packet:
        if message is None:
            raise Rejected(Reason.NO_SUCH_PACKET, "no MessageSent beside PacketSent")
        sender_chain, sender = decode_evm(bytes(message["sender"]))
        recipient_chain, recipient = decode_evm(bytes(message["recipient"]))
        if (sender_chain, recipient_chain) != (self.chain.chain_id, args["destinationChain"]):
            raise Rejected(Reason.NO_SUCH_CHAIN, f"{sender_chain} to {recipient_chain}")
        return Packet(
            source_chain=self.chain.chain_id,
            source_mailbox=self.address,
            destination_chain=args["destinationChain"],
            destination_mailbox=to_checksum_address(args["destinationMailbox"]),
            route_epoch=args["routeEpoch"],
            nonce=args["nonce"],
            sender=sender,
            recipient=recipient,
            timeout_timestamp=args["timeoutTimestamp"],
            gas_limit=args["gasLimit"],
            fees=decode_attributes([bytes(attribute) for attribute in message["attributes"]]).fees,
            payload=bytes(message["payload"]),
        )

    def answered(self, from_block: int, to_block: int) -> list[AnsweredPacket]:
        """Answers whose events lie in the range; one with an unknown status is left out."""
        known = {int(status) for status in Status} - {int(Status.NONE)}
        return [
            AnsweredPacket(
                packet_id=bytes(log["args"]["packetId"]),
                status=Status(log["args"]["status"]),
                ack=bytes(log["args"]["ack"]),
                payee=to_checksum_address(log["args"]["payee"]),
                block=log["blockNumber"],
                transaction_hash=bytes(log["transactionHash"]),
            )
            for log in self.chain.logs(self.contract.events.PacketAnswered(), from_block, to_block)
            if log["args"]["status"] in known
        ]

    def acknowledged(self, from_block: int, to_block: int) -> list[AcknowledgedPacket]:
        """Acknowledgements whose events lie in the range."""
        return [
            AcknowledgedPacket(
                packet_id=bytes(log["args"]["packetId"]),
                status=Status(log["args"]["status"]),
                sender_told=log["args"]["senderTold"],
                block=log["blockNumber"],
                transaction_hash=bytes(log["transactionHash"]),
            )
            for log in self.chain.logs(self.contract.events.PacketAcknowledged(), from_block, to_block)
        ]

    def owed(self, payee: ChecksumAddress, *, block: int | None = None) -> int:
        """Wei of fees that `withdrawFees` would pay."""
        return int(self._read(self.contract.functions.owed(payee), block))

    def commitment(self, identifier: bytes, *, block: int | None = None) -> bytes:
        """The packet id while it is unanswered here, else 32 zero bytes."""
        return bytes(self._read(self.contract.functions.commitments(identifier), block))

    def receipt(self, identifier: bytes, *, block: int | None = None) -> bytes:
        """The receipt hash if the packet was answered here, else 32 zero bytes."""
        return bytes(self._read(self.contract.functions.receipts(identifier), block))

    def commitments(self, identifiers: Sequence[bytes], *, block: BlockIdentifier | None = None) -> dict[bytes, bytes]:
        """`commitment` of each, all in one call; `block` may be "pending"."""
        return self._words(COMMITMENTS, identifiers, block)

    def receipts(self, identifiers: Sequence[bytes], *, block: BlockIdentifier | None = None) -> dict[bytes, bytes]:
        """`receipt` of each, all in one call; `block` may be "pending"."""
        return self._words(RECEIPTS, identifiers, block)

    def _words(
        self, selector: bytes, identifiers: Sequence[bytes], block: BlockIdentifier | None
    ) -> dict[bytes, bytes]:
        place: BlockIdentifier = "latest" if block is None else block
        words = read_words(self.chain.w3, self.address, selector, identifiers, block=place)
        return dict(zip(identifiers, words, strict=True))

    def packet_count(self, *, block: int | None = None) -> int:
        """How many packets were ever sent from here, to any chain: the nonce of the next one."""
        return int(self._read(self.contract.functions.nonce(), block))

    def latest_epoch(self, chain_id: int) -> int:
        """Epoch in which packets to the chain are sent; 0 while there is no route."""
        return int(self._read(self.contract.functions.latestEpoch(chain_id)))

    def closes_at(self, chain_id: int, epoch: int) -> int:
        """When the route stops, or stopped, to receive; 0 while it is open without end."""
        return int(self._read(self.contract.functions.closesAt(chain_id, epoch)))

    def route(self, chain_id: int, epoch: int) -> Route:
        """The route to a chain; all zero if there is none."""
        fields: Sequence[Any] = self._read(self.contract.functions.route(chain_id, epoch), None)
        client, peer, route_epoch, timeout, proof_age, gas, payload = fields
        return Route(
            client=to_checksum_address(client),
            peer=to_checksum_address(peer),
            epoch=route_epoch,
            max_timeout_seconds=timeout,
            max_proof_age_seconds=proof_age,
            max_gas_limit=gas,
            max_payload_bytes=payload,
        )
