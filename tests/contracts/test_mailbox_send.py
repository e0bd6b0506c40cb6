"""Sending: what the mailbox commits to and what it refuses; and its routes."""

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from bridge.attributes import GAS_LIMIT, TIMEOUT_TIMESTAMP, encode_attributes
from bridge.packets import Packet, packet_id
from tests.contracts.conversing import converse
from tests.contracts.harness import (
    FAR,
    MAX_GAS,
    MAX_PAYLOAD,
    MAX_TIMEOUT,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    ZERO,
    deploy,
    interoperable,
    new_chain,
    new_link,
    refused,
    route,
)


@pytest.fixture
def link():
    return new_link()


def send(link, recipient=None, payload=b"", attributes=()):
    target = interoperable(FAR, STRANGER.address) if recipient is None else recipient
    return link.mailboxes[NEAR].functions.sendMessage(target, payload, list(attributes))


def test_a_message_becomes_a_committed_packet(link):
    mailbox = link.mailboxes[NEAR]
    deadline = link.clock.now() + 500
    call = send(link, payload=b"words", attributes=encode_attributes(gas_limit=70_000, timeout_timestamp=deadline))
    receipt = link.near.transact(call, RELAYER)
    (packet,) = link.sent(link.near, receipt)
    assert packet == Packet(
        source_chain=NEAR,
        source_mailbox=mailbox.address,
        destination_chain=FAR,
        destination_mailbox=link.mailboxes[FAR].address,
        route_epoch=1,
        nonce=0,
        sender=RELAYER.address,
        recipient=STRANGER.address,
        timeout_timestamp=deadline,
        gas_limit=70_000,
        payload=b"words",
    )
    identifier = packet_id(packet)
    assert link.near.call(mailbox.functions.commitments(identifier)) == identifier
    (message,) = link.near.logs(mailbox.events.MessageSent(), receipt["blockNumber"], receipt["blockNumber"])
    assert message["args"]["sendId"] == identifier
    assert message["args"]["sender"] == interoperable(NEAR, RELAYER.address)
    assert message["args"]["value"] == 0


def test_the_route_gives_what_the_sender_leaves_out(link):
    (packet,) = link.sent(link.near, (receipt := link.near.transact(send(link), RELAYER)))
    sent_at = link.near.header(receipt["blockNumber"]).timestamp
    assert (packet.gas_limit, packet.timeout_timestamp) == (MAX_GAS, sent_at + MAX_TIMEOUT)


def test_equal_messages_are_different_packets(link):
    first, second = (link.sent(link.near, link.near.transact(send(link), RELAYER))[0] for _ in range(2))
    assert (first.nonce, second.nonce) == (0, 1)
    assert packet_id(first) != packet_id(second)


def test_no_ether_travels_along(link):
    refused(link.near, send(link), "WrongFee(1, 0)", value=1)


CANONICAL = interoperable(FAR, STRANGER.address)


@pytest.mark.parametrize(
    "recipient",
    [
        b"",
        CANONICAL[:-1],
        CANONICAL + b"\x00",
        CANONICAL[:4] + b"\x03\x00" + CANONICAL[5:],
        b"\x00\x02" + CANONICAL[2:],
        b"\x00\x01\x00\x02" + CANONICAL[4:],
        interoperable(FAR, ZERO),
        b"\x00\x01\x00\x00\x02\x03\xea\x00",
        b"\x00\x01\x00\x00\x00\x14" + bytes(19) + b"\x01",
        b"\x00\x01\x00\x00\x09\x01" + bytes(8) + b"\x14" + bytes(19) + b"\x01",
        b"\x00\x01\x00\x00\x03\x00\x03\xea\x14" + bytes(19) + b"\x01",
    ],
)
def test_a_recipient_has_one_spelling(link, recipient):
    with pytest.raises(Exception, match=r"InvalidRecipient|UnknownRoute\(0"):
        link.near.transact(send(link, recipient), RELAYER)


@pytest.mark.parametrize("chain_id", [NEAR, 1, 1003, 2**64 - 1])
def test_there_must_be_a_route_and_none_leads_home(link, chain_id):
    refused(link.near, send(link, interoperable(chain_id, STRANGER.address)), f"UnknownRoute({chain_id}, 0)")


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ([b""], "UnsupportedAttribute"),
        ([keccak(b"value(uint256)")[:4] + encode(["uint256"], [1])], "UnsupportedAttribute"),
        ([GAS_LIMIT], "InvalidAttribute"),
        ([GAS_LIMIT + bytes(31)], "InvalidAttribute"),
        ([GAS_LIMIT + bytes(32)], "InvalidAttribute"),
        ([GAS_LIMIT + encode(["uint256"], [2**64])], "InvalidAttribute"),
        ([GAS_LIMIT + encode(["uint256", "uint256"], [1, 1])], "InvalidAttribute"),
        ([TIMEOUT_TIMESTAMP + bytes(32)], "InvalidAttribute"),
        (encode_attributes(gas_limit=1) * 2, "InvalidAttribute"),
        (encode_attributes(timeout_timestamp=2**40) * 2, "InvalidAttribute"),
        (encode_attributes(gas_limit=MAX_GAS + 1), "GasLimitOutOfRange"),
        (encode_attributes(timeout_timestamp=1), "TimeoutOutOfRange"),
        (encode_attributes(timeout_timestamp=2**64 - 1), "TimeoutOutOfRange"),
    ],
)
def test_attributes_are_known_bounded_and_given_once(link, attributes, error):
    refused(link.near, send(link, attributes=attributes), error)


def test_deadlines_lie_between_now_and_the_routes_longest(link):
    now = link.near.next_context().timestamp
    for deadline, error in ((now, "TimeoutOutOfRange"), (now + MAX_TIMEOUT + 2, "TimeoutOutOfRange")):
        refused(link.near, send(link, attributes=encode_attributes(timeout_timestamp=deadline)), error)
        now = link.near.next_context().timestamp
    link.near.transact(send(link, attributes=encode_attributes(timeout_timestamp=now + 1)), RELAYER)
    now = link.near.next_context().timestamp
    link.near.transact(send(link, attributes=encode_attributes(timeout_timestamp=now + MAX_TIMEOUT)), RELAYER)


def test_payloads_are_capped(link):
    link.near.transact(send(link, payload=bytes(MAX_PAYLOAD)), RELAYER)
    refused(link.near, send(link, payload=bytes(MAX_PAYLOAD + 1)), f"PayloadTooLong({MAX_PAYLOAD + 1}, {MAX_PAYLOAD})")


def test_it_says_which_attributes_it_knows(link):
    supports = link.mailboxes[NEAR].functions.supportsAttribute
    assert [link.near.call(supports(selector)) for selector in (GAS_LIMIT, TIMEOUT_TIMESTAMP, b"\0\0\0\0")] == [
        True,
        True,
        False,
    ]


def test_the_sender_in_a_packet_is_the_caller_whatever_the_payload_says():
    talk = converse()
    assert talk.send(interoperable(NEAR, OWNER.address)).sender == talk.speaker.address


@pytest.mark.parametrize(
    "changed",
    [
        {"client": ZERO},
        {"client": STRANGER.address},
        {"peer": ZERO},
        {"epoch": 0},
        {"epoch": 2},
        {"timeout": 0},
        {"proof_age": 0},
        {"gas": 0},
        {"payload": 0},
    ],
)
def test_a_route_has_no_zero_and_no_client_without_code(link, changed):
    described = route(link.clients[NEAR], link.mailboxes[FAR], **changed)
    add = link.mailboxes[NEAR].functions.addRoute(1003, described)
    refused(link.near, add, "InvalidRoute()", sender=OWNER)


def test_routes_are_added_by_the_owner_once_per_chain(link):
    mailbox = link.mailboxes[NEAR]
    described = route(link.clients[NEAR], link.mailboxes[FAR])
    refused(link.near, mailbox.functions.addRoute(1003, described), "OwnableUnauthorizedAccount", sender=STRANGER)
    refused(link.near, mailbox.functions.addRoute(FAR, described), f"RouteExists({FAR})", sender=OWNER)
    refused(link.near, mailbox.functions.addRoute(NEAR, described), "InvalidRoute()", sender=OWNER)
    refused(link.near, mailbox.functions.addRoute(0, described), "InvalidRoute()", sender=OWNER)
    link.near.transact(mailbox.functions.addRoute(1003, described), OWNER)
    assert tuple(link.near.call(mailbox.functions.route(1003, 1))) == described
    assert link.near.call(mailbox.functions.latestEpoch(1003)) == 1
    assert tuple(link.near.call(mailbox.functions.route(1003, 2))) == (ZERO, ZERO, 0, 0, 0, 0, 0)


def test_ownership_moves_in_two_steps():
    link = new_link()
    mailbox = link.mailboxes[NEAR]
    link.near.transact(mailbox.functions.transferOwnership(STRANGER.address), OWNER)
    assert link.near.call(mailbox.functions.owner()) == OWNER.address
    link.near.transact(mailbox.functions.acceptOwnership(), STRANGER)
    assert link.near.call(mailbox.functions.owner()) == STRANGER.address


def test_there_is_an_owner():
    chain = new_chain(new_link().clock)
    with pytest.raises(Exception, match="OwnableInvalidOwner"):
        deploy(chain, "Mailbox", ZERO, ZERO, 1)
