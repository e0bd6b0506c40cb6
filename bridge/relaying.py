"""The protocol's verbs without daemons.

Whoever has two chains and a deployment can carry a packet by hand:

    way = Way.between(deployment, chains, source=101, destination=100)
    packet = send_message(way, recipient, b"hello", signer)
    update_client(way.forward, way.source.chain, signer)
    (answer,) = deliver(way, [packet], signer)
    update_client(way.backward, way.destination.chain, signer)
    acknowledge(way, [answer], signer)

and `expire` in the place of `deliver` once the packet's deadline has passed. Every verb is one or more transactions
from `signer` and waits for them; chain errors pass through, contract errors as `TransactionReverted`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3.types import TxReceipt

from bridge.attributes import encode_attributes
from bridge.clients import encode_proof, encode_update
from bridge.errors import Reason, Rejected, Unavailable, WaitReason
from bridge.interoperable import encode_evm
from bridge.light_clients import LightClient, reachable_header
from bridge.mailbox import Mailbox
from bridge.packets import NO_FEES, Answer, Fees, Packet, commitment_slot, packet_id, receipt_hash, receipt_slot
from bridge.proving import held_words
from bridge.registry import Deployment
from chains.chain import Chain
from chains.headers import SealedHeader

BASE_GAS = 1_000_000
PACKET_GAS = 500_000
ANSWER_GAS = 800_000
EXPIRY_GAS = 100_000
"""Gas a transaction offers, at the start and for each packet: proof, bookkeeping and the mailbox's fixed allowances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One direction between two chains. `forward` follows the source at the destination, `backward` the other way."""

    source: Mailbox
    destination: Mailbox
    forward: LightClient
    backward: LightClient

    @classmethod
    def between(cls, deployment: Deployment, chains: Mapping[int, Chain], *, source: int, destination: int) -> Self:
        """The way between two chains of a network; raises `Rejected(NO_SUCH_CHAIN)` where there is none."""
        here, there = deployment.chain(source), deployment.chain(destination)
        if destination not in here.clients or source not in there.clients:
            raise Rejected(Reason.NO_SUCH_CHAIN, f"no route between {source} and {destination}")
        return cls(
            source=Mailbox(chains[source], here.mailbox),
            destination=Mailbox(chains[destination], there.mailbox),
            forward=LightClient(chains[destination], there.clients[source]),
            backward=LightClient(chains[source], here.clients[destination]),
        )


def send_message(  # noqa: PLR0913 - what a message consists of
    way: Way,
    recipient: ChecksumAddress,
    payload: bytes,
    signer: LocalAccount,
    *,
    gas_limit: int | None = None,
    timeout_timestamp: int | None = None,
    fees: Fees = NO_FEES,
) -> Packet:
    """Send a message as `signer` and return its packet; the route's gas limit and deadline apply where none is given.

    The signer pays the fees' escrow. A message of a contract is sent by a call to that contract; see `packets_in`.
    """
    call = way.source.contract.functions.sendMessage(
        encode_evm(way.destination.chain.chain_id, recipient),
        payload,
        encode_attributes(gas_limit=gas_limit, timeout_timestamp=timeout_timestamp, fees=fees),
    )
    (packet,) = packets_in(way.source, way.source.chain.transact(call, signer, value=fees.escrow))
    return packet


def packets_in(mailbox: Mailbox, receipt: TxReceipt) -> list[Packet]:
    """The packets that a transaction sent, in order.

    Raises `Rejected(NO_SUCH_PACKET)` for events that contradict their id.
    """
    block = receipt["blockNumber"]
    found = []
    for sent in mailbox.sent(block, block):
        if sent.transaction_hash != bytes(receipt["transactionHash"]):
            continue
        if sent.packet is None:
            raise Rejected(Reason.NO_SUCH_PACKET, f"its events contradict its id: {sent.problem}")
        found.append(sent.packet)
    return found


def update_client(
    client: LightClient, follows: Chain, signer: LocalAccount, *, height: int | None = None
) -> tuple[SealedHeader, ...]:
    """Bring a client to a final height of the chain it follows, the newest where none is given.

    Each header skips as far as the validators the client trusts allow. Returns the headers submitted, none where the
    client knows as much already. Raises `Unavailable`: NOT_FINAL for a height that is not final yet, TRUST_GAP when
    not even the next header is sealed by enough trusted validators.
    """
    target = follows.finalized_header()
    if height is not None:
        if height > target.number:
            raise Unavailable(WaitReason.NOT_FINAL, f"height {height}, final is {target.number}")
        target = follows.header(height)
    numerator, denominator = client.trust_level()
    submitted: list[SealedHeader] = []
    while (known := client.latest_height()) < target.number:
        trusted = follows.header(known)
        header = reachable_header(
            follows.header, trusted=trusted, target=target, numerator=numerator, denominator=denominator
        )
        update = client.contract.functions.update(encode_update(header, trusted.validators))
        client.chain.transact(update, signer)
        submitted.append(header)
    return tuple(submitted)


def prove_commitments(way: Way, packets: Sequence[Packet]) -> bytes:
    """The proof argument of `receivePackets`, at the destination client's latest height.

    Raises `Unavailable(CLIENT_BEHIND)` when a packet was sent after that height, `Rejected(NO_SUCH_PACKET)` when the
    source holds no commitment of it.
    """
    expected = {commitment_slot(packet_id(packet)): packet_id(packet) for packet in packets}
    return _prove(way.source, way.forward, expected)


def prove_receipts(way: Way, answers: Sequence[Answer]) -> bytes:
    """The proof argument of `acknowledge`, at the source client's latest height. Raises as `prove_commitments` does."""
    expected = {}
    for answer in answers:
        identifier = packet_id(answer.packet)
        expected[receipt_slot(identifier)] = receipt_hash(identifier, answer.status, answer.ack, answer.payee)
    return _prove(way.destination, way.backward, expected)


def deliver(
    way: Way, packets: Sequence[Packet], signer: LocalAccount, *, payee: ChecksumAddress | None = None
) -> tuple[Answer, ...]:
    """Prove packets and hand them to their recipients; returns the answers that this transaction wrote.

    One that was answered before, or is past its deadline, is skipped and missing in what is returned. `payee` is named
    in the receipts, the signer where none is given. Raises as `prove_commitments` does.
    """
    mailbox = way.destination
    call = mailbox.contract.functions.receivePackets(
        [packet.as_abi() for packet in packets], prove_commitments(way, packets), payee or signer.address
    )
    gas = BASE_GAS + sum(PACKET_GAS + packet.gas_limit * 64 // 63 for packet in packets)
    return _answers(mailbox, packets, mailbox.chain.transact(call, signer, gas=gas))


def expire(
    way: Way, packets: Sequence[Packet], signer: LocalAccount, *, payee: ChecksumAddress | None = None
) -> tuple[Answer, ...]:
    """Answer packets whose deadline has passed at the destination; needs no proof. Returns as `deliver` does."""
    mailbox = way.destination
    call = mailbox.contract.functions.expire([packet.as_abi() for packet in packets], payee or signer.address)
    return _answers(mailbox, packets, mailbox.chain.transact(call, signer, gas=BASE_GAS + EXPIRY_GAS * len(packets)))


def acknowledge(
    way: Way, answers: Sequence[Answer], signer: LocalAccount, *, payee: ChecksumAddress | None = None
) -> TxReceipt:
    """Prove answers to the source, which clears the commitments, shares out the fees and tells the senders.

    `payee` is owed the share for acknowledging, the signer where none is given.

    Raises as `prove_commitments` does, where the destination holds no such receipt.
    """
    call = way.source.contract.functions.acknowledge(
        [answer.as_abi() for answer in answers], prove_receipts(way, answers), payee or signer.address
    )
    return way.source.chain.transact(call, signer, gas=BASE_GAS + ANSWER_GAS * len(answers))


def _answers(mailbox: Mailbox, packets: Sequence[Packet], receipt: TxReceipt) -> tuple[Answer, ...]:
    by_id = {packet_id(packet): packet for packet in packets}
    block = receipt["blockNumber"]
    return tuple(
        Answer(packet=by_id[event.packet_id], status=event.status, ack=event.ack, payee=event.payee)
        for event in mailbox.answered(block, block)
        if event.packet_id in by_id and event.transaction_hash == bytes(receipt["transactionHash"])
    )


def _prove(mailbox: Mailbox, client: LightClient, expected: Mapping[int, bytes]) -> bytes:
    header = mailbox.chain.header(client.latest_height())
    proof = held_words(mailbox, header, expected)
    missing = set(expected) - {storage.slot for storage in proof.storage}
    if missing:
        newest = held_words(mailbox, mailbox.chain.head(), {slot: expected[slot] for slot in missing})
        if len(newest.storage) < len(missing):
            raise Rejected(Reason.NO_SUCH_PACKET, f"{mailbox.chain.name} does not hold the word to be proven")
        raise Unavailable(WaitReason.CLIENT_BEHIND, f"{client.key} knows height {header.number} at most")
    return encode_proof(header, proof)
