"""One packet carried by hand, and what the verbs say when it is not its time."""

import pytest
from eth_utils import to_checksum_address

from bridge.errors import Reason, Rejected, Unavailable, WaitReason
from bridge.packets import Status, packet_id
from bridge.relaying import (
    Way,
    acknowledge,
    deliver,
    expire,
    packets_in,
    prove_commitments,
    send_message,
    update_client,
)
from chains import TransactionReverted, Validator

SETTLEMENT, EAST, WEST = 100, 101, 102


@pytest.fixture(name="way", scope="module")
def _way(network):
    return Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT)


@pytest.fixture(name="home", scope="module")
def _home(network):
    return network.recipient(SETTLEMENT)


def test_a_packet_goes_there_and_its_answer_back_by_hand(network, home):
    user = network.user
    way = Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT)
    packet = send_message(way, home.address, b"by hand", user)
    update_client(way.forward, way.source.chain, user)
    (answer,) = deliver(way, [packet], user)
    update_client(way.backward, way.destination.chain, user)
    acknowledge(way, [answer], user)
    assert (answer.status, answer.payee) == (Status.SUCCESS, user.address)
    assert home.functions.lastPayload().call() == b"by hand"
    assert way.source.commitment(packet_id(packet)) == bytes(32)


def test_an_expired_packet_comes_back_by_hand(network, way, home):
    deadline = network.clock.now() + 500
    packet = send_message(way, home.address, b"late", network.user, timeout_timestamp=deadline)
    with pytest.raises(TransactionReverted) as refusal:
        expire(way, [packet], network.user)
    assert refusal.value.error_name == "NotYetExpired"
    network.tick(500)
    update_client(way.forward, way.source.chain, network.user)
    assert deliver(way, [packet], network.user) == ()
    (answer,) = expire(way, [packet], network.user)
    assert (answer.status, answer.ack) == (Status.EXPIRED, b"")
    update_client(way.backward, way.destination.chain, network.user)
    acknowledge(way, [answer], network.user)
    assert way.source.commitment(packet_id(packet)) == bytes(32)


def test_several_packets_share_a_delivery_and_a_second_delivery_does_nothing(network, way, home):
    packets = [send_message(way, home.address, bytes([number]), network.user) for number in range(3)]
    update_client(way.forward, way.source.chain, network.user)
    answers = deliver(way, packets, network.user, payee=network.owner.address)
    assert [packet_id(answer.packet) for answer in answers] == [packet_id(packet) for packet in packets]
    assert {answer.payee for answer in answers} == {network.owner.address}
    assert deliver(way, packets, network.user) == ()
    update_client(way.backward, way.destination.chain, network.user)
    acknowledge(way, answers, network.user)
    assert [way.source.commitment(packet_id(packet)) for packet in packets] == [bytes(32)] * 3


def test_what_the_client_does_not_know_yet_cannot_be_proven_yet(network, way, home):
    packet = send_message(way, home.address, b"early", network.user)
    with pytest.raises(Unavailable) as early:
        deliver(way, [packet], network.user)
    assert early.value.reason is WaitReason.CLIENT_BEHIND
    assert update_client(way.forward, way.source.chain, network.user)
    assert prove_commitments(way, [packet])
    assert update_client(way.forward, way.source.chain, network.user) == ()


def test_what_was_never_sent_is_rejected(network, way, home):
    packet = send_message(way, home.address, b"genuine", network.user)
    update_client(way.forward, way.source.chain, network.user)
    forged = type(packet)(**{name: getattr(packet, name) for name in packet.__slots__} | {"payload": b"forged"})
    with pytest.raises(Rejected) as refusal:
        deliver(way, [packet, forged], network.user)
    assert refusal.value.reason is Reason.NO_SUCH_PACKET
    (answer,) = deliver(way, [packet], network.user)
    lie = type(answer)(packet=packet, status=Status.FAILURE, ack=b"", payee=answer.payee)
    update_client(way.backward, way.destination.chain, network.user)
    with pytest.raises(Rejected) as refusal:
        acknowledge(way, [lie], network.user)
    assert refusal.value.reason is Reason.NO_SUCH_PACKET
    acknowledge(way, [answer], network.user)


def test_packets_are_read_from_the_transaction_that_sent_them(network, way, home):
    east = network.recipient(EAST)
    sent = network.send(east, EAST, home.address, SETTLEMENT, b"by a contract")
    receipt = network.chains[EAST].w3.eth.get_transaction_receipt(sent.transaction_hash)
    assert packets_in(way.source, receipt) == [sent.packet]
    other = network.chains[EAST].transact({"to": network.owner.address, "value": 1}, network.user)
    assert packets_in(way.source, other) == []


def test_a_client_skips_as_far_as_the_overlap_allows(network, way):
    chain = network.chains[EAST]
    update_client(way.forward, chain, network.user)
    started = way.forward.latest_height()
    for number in range(4):
        chain.rotate([*chain.validators.validators[1:], Validator(bytes([150 + number]) * 32)])
        for _ in range(4):
            network.tick(5)
    hops = [header.number for header in update_client(way.forward, chain, network.user)]
    assert way.forward.latest_height() == chain.finalized_header().number == hops[-1]
    assert 1 < len(hops) < hops[-1] - started
    with pytest.raises(Unavailable) as beyond:
        update_client(way.forward, chain, network.user, height=10_000)
    assert beyond.value.reason is WaitReason.NOT_FINAL


def test_there_is_no_way_between_two_vaults(network):
    with pytest.raises(Rejected) as refusal:
        Way.between(network.deployment, network.chains, source=EAST, destination=WEST)
    assert refusal.value.reason is Reason.NO_SUCH_CHAIN


def test_a_recipient_without_code_answers_failure(network, way):
    packet = send_message(way, to_checksum_address("0x" + "77" * 20), b"nobody", network.user)
    update_client(way.forward, way.source.chain, network.user)
    (answer,) = deliver(way, [packet], network.user)
    assert answer.status is Status.FAILURE
