"""Receiving: proven, once, in time, with the gas promised, whatever the recipient does."""

import pytest
from eth_utils.crypto import keccak

from bridge.clients import encode_proof
from bridge.packets import Status, commitment_slot, packet_id, receipt_hash
from chains.errors import TransactionReverted
from tests.contracts.conversing import Mode, altered, as_abi, converse
from tests.contracts.harness import (
    FAR,
    MAX_PROOF_AGE,
    NEAR,
    NOT_PROVEN,
    OWNER,
    RELAYER,
    STRANGER,
    ZERO,
    interoperable,
    refused,
    route,
)

ACCEPTED = ([Status.SUCCESS], [b""])


def outcome(answers):
    return [answer.status for answer in answers], [answer.ack for answer in answers]


def receipt_of(talk, packet):
    return bytes(talk.link.far.call(talk.link.mailboxes[FAR].functions.receipts(packet_id(packet))))


def test_a_proven_packet_reaches_its_recipient():
    talk = converse()
    packet = talk.send(b"words")
    assert outcome(talk.link.deliver(packet)) == ACCEPTED
    assert (talk.heard(), talk.heard("lastId"), talk.heard("lastPayload")) == (1, packet_id(packet), b"words")
    assert talk.heard("lastSender") == interoperable(NEAR, talk.speaker)
    assert receipt_of(talk, packet) == receipt_hash(packet_id(packet), Status.SUCCESS, b"", RELAYER.address)


def test_many_packets_under_one_proof_one_of_which_fails():
    talk = converse()
    packets = [talk.send(bytes([index]), to=STRANGER.address if index == 1 else None) for index in range(4)]
    statuses, _ = outcome(talk.link.deliver(*packets))
    assert statuses == [Status.SUCCESS, Status.FAILURE, Status.SUCCESS, Status.SUCCESS]
    assert talk.heard() == 3


def replay(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send()
    talk.link.deliver(packet)
    talk.link.deliver(packet)
    return talk.heard()


def test_a_packet_is_executed_once():
    assert replay(None) == 1
    assert replay("mailbox-replay") == 2


def test_a_packet_twice_in_one_batch_is_executed_once():
    talk = converse()
    packet = talk.send()
    assert outcome(talk.link.deliver(packet, packet))[0] == [Status.SUCCESS] * 2  # one answer, found for both
    assert talk.heard() == 1


def test_a_batch_of_known_packets_changes_nothing_and_needs_no_proof():
    talk = converse()
    packet = talk.send()
    talk.link.deliver(packet)
    before = receipt_of(talk, packet)
    talk.link.far.transact(talk.link.delivery([packet], b""), STRANGER)
    assert (receipt_of(talk, packet), talk.heard()) == (before, 1)


def test_a_known_packet_does_not_hold_up_a_new_one():
    talk = converse()
    first, second = talk.send(b"1"), talk.send(b"2")
    talk.link.deliver(first)
    assert outcome(talk.link.deliver(first, second)) == ACCEPTED
    assert talk.heard() == 2


def test_an_empty_batch_is_refused():
    talk = converse()
    receive = talk.link.mailboxes[FAR].functions.receivePackets
    refused(talk.link.far, receive([], b"", RELAYER.address), "EmptyBatch()")


def deliver_unproven(twin):
    """A packet nobody sent, under a proof of one somebody did."""
    talk = converse(twins=twin and {"Mailbox": twin})
    real = talk.send()
    invented = altered(real, payload=b"pay me")
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(real))])
    return talk, talk.link.delivery([invented], proof)


def test_a_packet_that_was_not_sent_is_refused():
    talk, call = deliver_unproven(None)
    refused(talk.link.far, call, *NOT_PROVEN)
    talk, call = deliver_unproven("mailbox-unproven-packet")
    talk.link.far.transact(call, STRANGER)
    assert talk.heard("lastPayload") == b"pay me"


@pytest.mark.parametrize(
    "changes",
    [
        {"source_mailbox": STRANGER.address},
        {"destination_mailbox": STRANGER.address},
        {"destination_chain": 1003},
        {"destination_chain": NEAR},
    ],
)
def test_every_address_of_the_envelope_is_checked(changes):
    talk = converse()
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    receive = talk.link.mailboxes[FAR].functions.receivePackets
    wrong = altered(packet, **changes)
    refused(talk.link.far, receive(as_abi([wrong]), proof, RELAYER.address), "WrongPacket")
    refused(talk.link.far, receive(as_abi([packet, wrong]), proof, RELAYER.address), "WrongPacket")


@pytest.mark.parametrize(("changes"), [{"source_chain": 1003}, {"route_epoch": 2}, {"route_epoch": 0}])
def test_a_packet_of_an_unknown_route_is_refused(changes):
    talk = converse()
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    receive = talk.link.mailboxes[FAR].functions.receivePackets
    wrong = altered(packet, **changes)
    refused(talk.link.far, receive(as_abi([wrong]), proof, RELAYER.address), "UnknownRoute")
    refused(talk.link.far, receive(as_abi([packet, wrong]), proof, RELAYER.address), "WrongPacket")


def test_another_version_is_refused():
    talk = converse()
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    fields = (2, *packet.as_abi()[1:])
    receive = talk.link.mailboxes[FAR].functions.receivePackets
    refused(talk.link.far, receive([fields], proof, RELAYER.address), "WrongPacket")


@pytest.mark.parametrize("field", ["nonce", "timeout_timestamp", "gas_limit", "sender", "recipient", "payload"])
def test_every_other_field_is_bound_by_the_proof(field):
    talk = converse()
    packet = talk.send()
    value = getattr(packet, field)
    changed = value + 1 if isinstance(value, int) else STRANGER.address if isinstance(value, str) else value + b"\0"
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    refused(talk.link.far, talk.link.delivery([altered(packet, **{field: changed})], proof), *NOT_PROVEN)


def deliver_elsewhere(twin):
    """A packet for a third chain, whose mailbox has the same address as ours, delivered here."""
    talk = converse(twins=twin and {"Mailbox": twin})
    link = talk.link
    assert link.mailboxes[NEAR].address == link.mailboxes[FAR].address
    add = link.mailboxes[NEAR].functions.addRoute(1003, route(link.clients[NEAR], link.mailboxes[FAR]))
    link.near.transact(add, OWNER)
    target = interoperable(1003, talk.listener)
    send = talk.speaker.functions.send(link.mailboxes[NEAR].address, target, b"for 1003", [])
    (packet,) = link.sent(link.near, link.near.transact(send, RELAYER))
    proof = link.prove(link.far, [commitment_slot(packet_id(packet))])
    receive = link.mailboxes[FAR].functions.receivePackets
    return talk, receive(as_abi([packet]), proof, RELAYER.address)


def test_a_packet_for_another_chain_is_refused():
    talk, call = deliver_elsewhere(None)
    refused(talk.link.far, call, "WrongPacket")
    talk, call = deliver_elsewhere("mailbox-other-chain")
    talk.link.far.transact(call, STRANGER)
    assert talk.heard("lastPayload") == b"for 1003"


def test_a_proof_of_another_mailbox_is_refused():
    talk = converse()
    packet = talk.send()
    header = talk.link.update(talk.link.far)
    proof = talk.link.near.get_proof(talk.speaker.address, [commitment_slot(packet_id(packet))], header.number)
    refused(talk.link.far, talk.link.delivery([packet], encode_proof(header, proof)), *NOT_PROVEN)


@pytest.mark.parametrize("proof", [b"", bytes(32), bytes(63), b"\xff" * 64, (2**64).to_bytes(32, "big") + bytes(64)])
def test_bytes_that_are_no_proof_get_a_named_error(proof):
    talk = converse()
    refused(talk.link.far, talk.link.delivery([talk.send()], proof), "MalformedEncoding()")


def wait_with_proof(twin, seconds):
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    talk.link.until(talk.link.near.head().timestamp + seconds, talk.link.far)
    return talk, talk.link.delivery([packet], proof)


def test_a_proof_has_a_maximum_age():
    talk, call = wait_with_proof(None, MAX_PROOF_AGE)
    talk.link.far.transact(call, RELAYER)
    assert talk.heard() == 1
    talk, call = wait_with_proof(None, MAX_PROOF_AGE + 1)
    refused(talk.link.far, call, "ProofTooOld")
    talk, call = wait_with_proof("mailbox-old-proof", MAX_PROOF_AGE + 1)
    talk.link.far.transact(call, RELAYER)
    assert talk.heard() == 1


def at_deadline(twin, offset):
    """Deliver in a block this many seconds from the deadline."""
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send(timeout_timestamp=talk.link.clock.now() + 100)
    call = talk.link.delivery([packet])
    talk.link.until(packet.timeout_timestamp + offset, talk.link.far)
    talk.link.far.transact(call, RELAYER)
    return talk.heard()


def test_a_packet_is_receivable_before_its_deadline_and_not_at_it():
    assert at_deadline(None, -1) == 1
    assert at_deadline(None, 0) == 0
    assert at_deadline("mailbox-late-receipt", 0) == 1


def test_a_late_packet_does_not_hold_up_the_others():
    talk = converse()
    late, early = talk.send(b"late", timeout_timestamp=talk.link.clock.now() + 50), talk.send(b"early")
    call = talk.link.delivery([late, early])
    talk.link.until(late.timeout_timestamp, talk.link.far)
    talk.link.far.transact(call, RELAYER)
    assert (talk.heard(), talk.heard("lastPayload")) == (1, b"early")
    assert receipt_of(talk, late) == bytes(32)


# What recipients do


def test_an_account_without_code_is_answered_with_a_failure():
    talk = converse()
    for nobody in (STRANGER.address, "0x" + "00" * 19 + "01", "0x" + "00" * 19 + "04"):
        assert outcome(talk.link.deliver(talk.send(to=nobody))) == ([Status.FAILURE], [b""])


@pytest.mark.parametrize("contract", ["mailbox", "client"])
def test_a_packet_for_the_bridges_own_contracts_does_nothing(contract):
    talk = converse()
    own = talk.link.mailboxes[FAR] if contract == "mailbox" else talk.link.clients[FAR]
    payload = talk.link.mailboxes[FAR].encode_abi("transferOwnership", [STRANGER.address]).encode()
    assert outcome(talk.link.deliver(talk.send(payload, to=own.address))) == ([Status.FAILURE], [b""])


def test_a_revert_is_a_failure_whose_first_256_bytes_travel_back():
    talk = converse()
    talk.behave(talk.listener, Mode.FAIL)
    (answer,) = talk.link.deliver(talk.send())
    assert answer.status is Status.FAILURE
    assert len(answer.ack) == 256
    assert answer.ack[:4] == keccak(b"Refused(bytes)")[:4]
    assert talk.heard() == 0


def return_wrong(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    talk.behave(talk.listener, Mode.WRONG_SELECTOR)
    return outcome(talk.link.deliver(talk.send()))


def test_only_the_selector_of_erc_7786_is_a_success():
    assert return_wrong(None) == ([Status.FAILURE], [b""])
    assert return_wrong("mailbox-any-return") == ACCEPTED


def test_a_recipient_that_burns_its_gas_fails_alone():
    talk = converse()
    talk.behave(talk.listener, Mode.BURN_GAS)
    burner, fine = talk.send(gas_limit=200_000), talk.send(to=talk.link.mailboxes[FAR].address)
    assert outcome(talk.link.deliver(burner, fine)) == ([Status.FAILURE] * 2, [b"", b""])


def bomb(twin, gas):
    talk = converse(twins=twin and {"Mailbox": twin}, gas=4_000_000)
    talk.behave(talk.listener, Mode.RETURN_BOMB)
    return outcome(talk.link.deliver(talk.send(gas_limit=3_000_000), gas=gas))


def test_a_return_bomb_costs_the_relayer_nothing():
    status, (ack,) = bomb(None, 3_400_000)
    assert (status, ack) == ([Status.FAILURE], bytes(256))
    with pytest.raises(TransactionReverted, match="OutOfGas"):
        bomb("mailbox-return-bomb", 3_400_000)


def starve(twin, gas):
    """Deliver 4 kB, which take three million gas to store, with as much gas as is given."""
    talk = converse(twins=twin and {"Mailbox": twin}, gas=4_000_000)
    packet = talk.send(bytes([1]) * 4_096, gas_limit=4_000_000)
    (answer,) = talk.link.deliver(packet, gas=gas)
    return talk, answer


def test_a_relayer_cannot_make_a_recipient_fail_by_saving_gas():
    talk, answer = starve(None, 5_000_000)
    assert (answer.status, talk.heard()) == (Status.SUCCESS, 1)
    with pytest.raises(TransactionReverted, match=r"InsufficientGas\(4000000\)"):
        starve(None, 2_500_000)
    talk, answer = starve("mailbox-starved-call", 2_500_000)
    assert (answer.status, talk.heard()) == (Status.FAILURE, 0)


def test_the_recipient_gets_exactly_its_gas_or_the_call_reverts():
    talk = converse()
    seen = set()
    for gas in range(900_000, 1_100_000, 15_000):
        packet = talk.send(gas_limit=800_000)
        try:
            (answer,) = talk.link.deliver(packet, gas=gas)
        except TransactionReverted as error:
            seen.add(error.error_name)
            continue
        assert answer.status is Status.SUCCESS
        seen.add(talk.heard("gasSeen"))
    # Either reverted, or one and the same amount: the limit less what entering the function costs.
    assert len(seen) == 2
    assert "InsufficientGas" in seen
    (amount,) = seen - {"InsufficientGas"}
    assert 800_000 - 2_000 < amount < 800_000


@pytest.mark.parametrize("function", ["receivePackets", "acknowledge", "expire"])
def test_a_recipient_cannot_re_enter(function):
    talk = converse()
    mailbox = talk.link.mailboxes[FAR]
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    arguments = {
        "receivePackets": [as_abi([packet]), proof, RELAYER.address],
        "acknowledge": [[(packet.as_abi(), 1, b"", RELAYER.address)], proof, RELAYER.address],
        "expire": [as_abi([packet]), RELAYER.address],
    }[function]
    talk.behave(talk.listener, Mode.REENTER, bytes.fromhex(mailbox.encode_abi(function, arguments)[2:]))
    talk.link.far.transact(
        talk.link.delivery([packet], talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])), RELAYER
    )
    assert (talk.heard(), talk.heard("reentered")) == (1, False)


def test_a_recipient_may_answer_with_a_message_of_its_own():
    talk = converse()
    send = talk.link.mailboxes[FAR].encode_abi("sendMessage", [interoperable(NEAR, talk.speaker), b"back", []])
    talk.behave(talk.listener, Mode.REENTER, bytes.fromhex(send[2:]))
    packet = talk.send()
    receipt = talk.link.far.transact(talk.link.delivery([packet]), RELAYER)
    (reply,) = talk.link.sent(talk.link.far, receipt)
    assert (reply.sender, reply.payload) == (talk.listener.address, b"back")
    assert outcome(talk.link.deliver(reply)) == ACCEPTED


def test_the_payee_is_whom_the_relayer_names():
    talk = converse()
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    receive = talk.link.mailboxes[FAR].functions.receivePackets
    talk.link.far.transact(receive(as_abi([packet]), proof, ZERO), RELAYER)
    assert receipt_of(talk, packet) == receipt_hash(packet_id(packet), Status.SUCCESS, b"", ZERO)
