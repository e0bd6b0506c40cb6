"""Answers: proven back, told once, and expiry as the only way out of silence."""

import pytest

from bridge.packets import Status, packet_id, receipt_hash, receipt_slot
from chains.errors import TransactionReverted
from tests.contracts.conversing import Mode, altered, as_abi, converse
from tests.contracts.harness import FAR, NEAR, NOT_PROVEN, RELAYER, STRANGER, ZERO, answer_of, refused

ANSWERS = [Status.SUCCESS, Status.FAILURE, Status.EXPIRED]


def commitment_of(talk, packet):
    return bytes(talk.link.near.call(talk.link.mailboxes[NEAR].functions.commitments(packet_id(packet))))


def receipt_of(talk, packet):
    return bytes(talk.link.far.call(talk.link.mailboxes[FAR].functions.receipts(packet_id(packet))))


def acknowledged(talk):
    events = talk.link.mailboxes[NEAR].events.PacketAcknowledged()
    return [
        (Status(entry["args"]["status"]), entry["args"]["senderTold"])
        for entry in talk.link.near.logs(events, 0, talk.link.near.head().number)
    ]


def test_a_success_is_told_and_clears_the_commitment():
    talk = converse()
    packet = talk.send()
    (answer,) = talk.link.deliver(packet)
    assert commitment_of(talk, packet) == packet_id(packet)
    talk.link.acknowledge(answer)
    assert commitment_of(talk, packet) == bytes(32)
    assert (talk.told(), talk.told("lastId"), talk.told("lastStatus")) == (1, packet_id(packet), Status.SUCCESS)
    assert acknowledged(talk) == [(Status.SUCCESS, True)]


def test_a_failure_is_told_with_its_reason():
    talk = converse()
    talk.behave(talk.listener, Mode.FAIL)
    (answer,) = talk.link.deliver(talk.send())
    talk.link.acknowledge(answer)
    assert (talk.told("lastStatus"), talk.told("lastAck")) == (Status.FAILURE, answer.ack)


def test_many_answers_come_back_under_one_proof():
    talk = converse()
    packets = [talk.send(bytes([index])) for index in range(3)]
    talk.link.acknowledge(*talk.link.deliver(*packets))
    assert talk.told() == 3


def forge_answer(twin, status=Status.FAILURE):
    """Claim another answer than the one that was given."""
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send()
    talk.link.deliver(packet)
    return talk, talk.link.acknowledgement([answer_of(packet, status)])


def test_no_other_answer_than_the_one_given_is_believed():
    for status in (Status.FAILURE, Status.EXPIRED):
        talk, call = forge_answer(None, status)
        refused(talk.link.near, call, "ValueMismatch")
    talk, call = forge_answer("mailbox-unproven-answer")
    talk.link.near.transact(call, STRANGER)
    assert talk.told("lastStatus") == Status.FAILURE


@pytest.mark.parametrize("claim", [{"ack": b"\0"}, {"payee": STRANGER.address}])
def test_every_part_of_the_answer_is_bound(claim):
    talk = converse()
    packet = talk.send()
    talk.link.deliver(packet)
    forged = answer_of(packet, Status.SUCCESS, **claim)
    refused(talk.link.near, talk.link.acknowledgement([forged]), "ValueMismatch")


def test_an_answer_without_a_status_is_none():
    talk = converse()
    packet = talk.send()
    talk.link.deliver(packet)
    acknowledge = talk.link.mailboxes[NEAR].functions.acknowledge
    refused(talk.link.near, acknowledge([(packet.as_abi(), 0, b"", RELAYER.address)], b"", ZERO), "InvalidStatus")
    with pytest.raises(TransactionReverted):
        talk.link.near.transact(acknowledge([(packet.as_abi(), 4, b"", RELAYER.address)], b"", ZERO), RELAYER)
    refused(talk.link.near, acknowledge([], b"", ZERO), "EmptyBatch()")


def test_silence_is_not_an_answer():
    talk = converse()
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 50)
    talk.link.until(packet.timeout_timestamp + 100, talk.link.far)
    talk.link.far.mine()
    for status in ANSWERS:
        refused(talk.link.near, talk.link.acknowledgement([answer_of(packet, status)]), *NOT_PROVEN)
    assert commitment_of(talk, packet) == packet_id(packet)


@pytest.mark.parametrize(
    "changes", [{"source_chain": FAR}, {"source_mailbox": STRANGER.address}, {"destination_mailbox": STRANGER.address}]
)
def test_only_own_packets_are_acknowledged(changes):
    talk = converse()
    packet = talk.send()
    (answer,) = talk.link.deliver(packet)
    proof = talk.link.prove(talk.link.near, [receipt_slot(packet_id(packet))])
    acknowledge = talk.link.mailboxes[NEAR].functions.acknowledge
    wrong = answer_of(altered(packet, **changes), Status.SUCCESS)
    refused(talk.link.near, acknowledge([wrong.as_abi()], proof, ZERO), "WrongPacket")
    refused(talk.link.near, acknowledge([answer.as_abi(), wrong.as_abi()], proof, ZERO), "WrongPacket")
    unknown = answer_of(altered(packet, destination_chain=1003), Status.SUCCESS)
    refused(talk.link.near, acknowledge([unknown.as_abi()], proof, ZERO), "UnknownRoute")
    refused(talk.link.near, acknowledge([answer.as_abi(), unknown.as_abi()], proof, ZERO), "WrongPacket")


def test_an_answer_replayed_later_changes_nothing():
    talk = converse()
    (answer,) = talk.link.deliver(talk.send())
    talk.link.acknowledge(answer)
    talk.link.acknowledge(answer)
    talk.link.near.transact(talk.link.acknowledgement([answer], b""), STRANGER)
    assert talk.told() == 1


def answer_twice(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    (answer,) = talk.link.deliver(talk.send())
    talk.link.acknowledge(answer, answer)
    return talk.told()


def test_an_answer_twice_in_one_batch_is_told_once():
    assert answer_twice(None) == 1
    assert answer_twice("mailbox-double-answer") == 2


@pytest.mark.parametrize("mode", [Mode.FAIL, Mode.RETURN_BOMB, Mode.BURN_GAS])
def test_a_sender_that_fails_loses_only_the_notice(mode):
    talk = converse()
    packet = talk.send()
    (answer,) = talk.link.deliver(packet)
    talk.behave(talk.speaker, mode)
    talk.link.acknowledge(answer)
    assert commitment_of(talk, packet) == bytes(32)
    assert acknowledged(talk) == [(Status.SUCCESS, False)]


def test_a_sender_cannot_be_starved_of_its_notice():
    talk = converse()
    packet = talk.send()
    call = talk.link.acknowledgement(talk.link.deliver(packet))
    with pytest.raises(TransactionReverted, match=r"InsufficientGas\(200000\)"):
        talk.link.near.transact(call, RELAYER, gas=240_000)
    assert commitment_of(talk, packet) == packet_id(packet)
    talk.link.near.transact(call, RELAYER, gas=600_000)
    assert talk.told() == 1


def test_a_sender_without_code_is_acknowledged_too():
    talk = converse()
    send = talk.link.mailboxes[NEAR].functions.sendMessage
    target = bytes.fromhex("00010000") + b"\x02\x03\xea\x14" + bytes.fromhex(talk.listener.address[2:])
    (packet,) = talk.link.sent(talk.link.near, talk.link.near.transact(send(target, b"", []), STRANGER))
    talk.link.acknowledge(*talk.link.deliver(packet))
    assert acknowledged(talk) == [(Status.SUCCESS, False)]


def test_a_sender_that_re_enters_is_told_once():
    talk = converse()
    (answer,) = talk.link.deliver(talk.send())
    # Its commitment is gone by then, so without the guard this would go through as a no-op.
    again = talk.link.mailboxes[NEAR].encode_abi("acknowledge", [[answer.as_abi()], b"", ZERO])
    talk.behave(talk.speaker, Mode.REENTER, bytes.fromhex(again[2:]))
    talk.link.acknowledge(answer)
    assert (talk.told(), talk.told("reentered")) == (1, False)


# Expiry


def expire_at(twin, offset):
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    talk.link.until(packet.timeout_timestamp + offset, talk.link.far)
    call = talk.link.mailboxes[FAR].functions.expire(as_abi([packet]), RELAYER.address)
    return talk, packet, call


def test_a_packet_expires_at_its_deadline_and_not_before():
    talk, packet, call = expire_at(None, -1)
    refused(talk.link.far, call, f"NotYetExpired(0x{packet_id(packet).hex()})")
    talk, packet, call = expire_at(None, 0)
    talk.link.far.transact(call, STRANGER)
    assert receipt_of(talk, packet) == receipt_hash(packet_id(packet), Status.EXPIRED, b"", RELAYER.address)
    talk, packet, call = expire_at("mailbox-early-expiry", -1)
    talk.link.far.transact(call, STRANGER)
    assert receipt_of(talk, packet) != bytes(32)


def test_an_expired_packet_is_never_received_and_its_sender_is_told():
    talk = converse()
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    talk.link.until(packet.timeout_timestamp, talk.link.far)
    (answer,) = talk.link.expire(packet)
    assert talk.link.deliver(packet) == []
    talk.link.acknowledge(answer)
    assert (talk.heard(), talk.told("lastStatus"), talk.told("lastAck")) == (0, Status.EXPIRED, b"")
    refused(talk.link.far, talk.link.mailboxes[FAR].functions.expire([], RELAYER.address), "EmptyBatch()")


def test_a_received_packet_does_not_expire():
    talk = converse()
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    talk.link.deliver(packet)
    before = receipt_of(talk, packet)
    talk.link.until(packet.timeout_timestamp, talk.link.far)
    assert talk.link.expire(packet) == []
    assert receipt_of(talk, packet) == before


def test_a_packet_expires_once():
    talk = converse()
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    talk.link.until(packet.timeout_timestamp, talk.link.far)
    talk.link.expire(packet)
    before = receipt_of(talk, packet)
    again = talk.link.mailboxes[FAR].functions.expire(as_abi([packet]), STRANGER.address)
    talk.link.far.transact(again, STRANGER)
    assert receipt_of(talk, packet) == before


@pytest.mark.parametrize("changes", [{"destination_chain": 1003}, {"destination_mailbox": STRANGER.address}])
def test_only_packets_for_here_expire_here(changes):
    talk, packet, _ = expire_at(None, 0)
    call = talk.link.mailboxes[FAR].functions.expire(as_abi([altered(packet, **changes)]), RELAYER.address)
    refused(talk.link.far, call, "WrongPacket")


def test_expiring_what_was_never_sent_helps_nobody():
    talk, packet, _ = expire_at(None, 0)
    invented = altered(packet, nonce=99)
    (answer,) = talk.link.expire(invented)
    talk.link.near.transact(talk.link.acknowledgement([answer]), STRANGER)
    assert (talk.told(), acknowledged(talk)) == (0, [])
