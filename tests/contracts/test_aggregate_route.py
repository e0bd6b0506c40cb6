"""Packets over a route whose client is an aggregate of a header client and attestors; nothing else differs."""

from dataclasses import dataclass

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.attestations import Attestation, AttestationDomain, approve, encode_attestation, encode_member
from bridge.clients import consensus_state, encode_proof, encode_update
from bridge.mailbox import Mailbox
from bridge.packets import Packet, Status, commitment_slot, packet_id
from chains.clock import VirtualClock
from chains.local import LocalChain
from tests.contracts.attesting import MAX_APPROVAL, addresses, parameters, signers
from tests.contracts.harness import (
    DELAY_BLOCKS,
    FAR,
    GUARDIAN,
    NEAR,
    OWNER,
    RELAYER,
    TRADER,
    client_arguments,
    deploy,
    interoperable,
    new_chain,
    refused,
    route,
)

TEAM = signers(4)


@dataclass(slots=True, kw_only=True)
class Route:
    """Packets go from `far` to `near`, where `client` proves them."""

    clock: VirtualClock
    near: LocalChain
    far: LocalChain
    sending: object
    receiving: object
    sink: object
    headers: object
    attestors: object
    client: object
    trusted: object

    def settle_clock(self):
        self.clock.advance(max(0, max(self.near.head().timestamp, self.far.head().timestamp) - self.clock.now()))

    def send(self, count) -> list[Packet]:
        """Packets in one block, in the order of their hashed slots."""
        call = self.sending.functions.sendMessage(interoperable(NEAR, self.sink), b"\x01" * 32, [])
        hashes = [self.far.send(call, TRADER, gas=300_000) for _ in range(count)]
        self.far.mine()
        block = self.far.wait(hashes[0])["blockNumber"]
        found = [entry.packet for entry in Mailbox(self.far, self.sending.address).sent(block, block)]
        assert len(found) == count
        return sorted(found, key=lambda packet: keccak(commitment_slot(packet_id(packet)).to_bytes(32, "big")))

    def update_headers(self, header):
        trusted = self.far.header(self.near.call(self.headers.functions.latestHeight()))
        self.near.transact(self.headers.functions.update(encode_update(header, trusted.validators)), RELAYER)
        self.settle_clock()

    def update_attestors(self, header):
        said = Attestation(epoch=1, height=header.number, state=consensus_state(header))
        domain = AttestationDomain(
            client_chain_id=NEAR,
            client=to_checksum_address(self.attestors.address),
            attested_chain_id=FAR,
            attested_contract=to_checksum_address(self.sending.address),
        )
        expiry = self.clock.now() + MAX_APPROVAL // 2
        given = [approve(domain, said, expiry=expiry, signer=signer) for signer in TEAM[:3]]
        self.near.transact(self.attestors.functions.update(encode_attestation(said, addresses(TEAM), given)), RELAYER)
        self.settle_clock()

    def delivery(self, packets, header):
        slots = [commitment_slot(packet_id(packet)) for packet in packets]
        proof = encode_proof(header, self.far.get_proof(self.sending.address, slots, header.number))
        return self.receiving.functions.receivePackets([packet.as_abi() for packet in packets], proof, RELAYER.address)

    def delivered(self, packets, block):
        answers = Mailbox(self.near, self.receiving.address).answered(block, block)
        return [answer.status for answer in answers] == [Status.SUCCESS] * len(packets)


def new_route(kind="aggregate"):
    clock = VirtualClock()
    near, far = new_chain(clock, NEAR), new_chain(clock, FAR)
    receiving, sending = (
        deploy(chain, "Mailbox", OWNER.address, GUARDIAN.address, DELAY_BLOCKS) for chain in (near, far)
    )
    trusted = far.finalized_header()
    headers = deploy(near, "QbftLightClient", *client_arguments(trusted))
    attestors = deploy(near, "AttestationClient", parameters(sending.address), addresses(TEAM), 3)
    members = sorted([headers.address, attestors.address], key=lambda address: int(address, 16))
    aggregate = deploy(near, "AggregateClient", members, 2)
    back = deploy(far, "QbftLightClient", *client_arguments(near.finalized_header(), chain_id=NEAR))
    client = {"aggregate": aggregate, "headers": headers, "attestors": attestors}[kind]
    near.transact(receiving.functions.addRoute(FAR, route(client, sending)), OWNER)
    far.transact(sending.functions.addRoute(NEAR, route(back, receiving)), OWNER)
    made = Route(
        clock=clock,
        near=near,
        far=far,
        sending=sending,
        receiving=receiving,
        sink=deploy(near, "TestSink"),
        headers=headers,
        attestors=attestors,
        client=client,
        trusted=trusted,
    )
    made.settle_clock()
    return made


def test_a_packet_arrives_when_both_know_its_header_and_not_before():
    made = new_route()
    (packet,) = made.send(1)
    header = made.far.finalized_header()
    made.settle_clock()
    call = made.delivery([packet], header)
    refused(made.near, call, "MembersNotReached(0, 2)")
    made.update_headers(header)
    refused(made.near, call, "MembersNotReached(1, 2)")
    made.update_attestors(header)
    receipt = made.near.transact(call, RELAYER)
    assert made.delivered([packet], receipt["blockNumber"])


def test_updates_go_through_the_aggregate_too():
    made = new_route()
    (packet,) = made.send(1)
    header = made.far.finalized_header()
    made.settle_clock()
    place = made.near.call(made.client.functions.members()).index(made.headers.address)
    routed = encode_member(place, encode_update(header, made.trusted.validators))
    made.near.transact(made.client.functions.update(routed), RELAYER)
    made.settle_clock()
    made.update_attestors(header)
    assert made.delivered([packet], made.near.transact(made.delivery([packet], header), RELAYER)["blockNumber"])


# Gas, which is deterministic: bounds with a little room

BOUNDS = {
    ("headers", 1): 140_000,
    ("headers", 10): 70_000,
    ("headers", 50): 60_000,
    ("attestors", 1): 140_000,
    ("attestors", 50): 60_000,
    ("aggregate", 1): 190_000,
    ("aggregate", 50): 75_000,
}


def measure(kind, count, before=0):
    """Gas of delivering `count` packets, each, into a mailbox that sent `before` others."""
    made = new_route(kind)
    for _ in range(before // 50):
        made.send(50)
    packets = made.send(count)
    header = made.far.finalized_header()
    made.settle_clock()
    made.update_headers(header)
    made.update_attestors(header)
    receipt = made.near.transact(made.delivery(packets, header), RELAYER, gas=25_000_000)
    assert made.delivered(packets, receipt["blockNumber"])
    return receipt["gasUsed"] // count


@pytest.mark.parametrize(("kind", "count"), BOUNDS, ids=str)
def test_gas_of_a_delivered_packet(kind, count):
    assert measure(kind, count, before=100) < BOUNDS[kind, count]
