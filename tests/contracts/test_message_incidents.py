"""What went wrong elsewhere, tried on our messages, each beside the variant that falls; see docs/incidents.md."""

import re

import pytest
from eth_utils.abi import function_abi_to_4byte_selector

import contracts
from bridge.abi import abi_encode
from bridge.attributes import encode_attributes
from bridge.packets import Fees, Status, commitment_slot, packet_id
from bridge.payloads import DepositMessage, ReleaseMessage
from chains.errors import TransactionReverted
from tests.contracts.conversing import Mode, altered, as_abi, converse
from tests.contracts.harness import (
    FAR,
    NEAR,
    NOT_PROVEN,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    answer_of,
    deploy,
    interoperable,
    new_house,
    new_link,
    refused,
    route,
)
from tests.contracts.test_mailbox_receive import bomb, deliver_elsewhere, starve
from tests.contracts.test_strangers import FOR_TESTS, PLACES, instances
from tests.contracts.vaulting import dress


def talk_with(twin):
    return converse(twins=twin and {"Mailbox": twin})


def house_with(contract, twin):
    return new_house(twins=twin and {contract: twin})


def deposit_payload(house, amount=10**9):
    return DepositMessage(
        asset=house.token.address, amount=amount, owner=STRANGER.address, refund_to=STRANGER.address
    ).encode()


def queued(house):
    return house.link.near.call(house.queue.functions.count())


def refused_with(chain, call, *errors, value=0):
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(call, STRANGER, value=value)
    assert caught.value.error_name in errors, caught.value.error


# 12: the verifier is whoever the attacker says


def own_verifier(twin):
    """An invented packet, proven to a client the attacker deployed and names first thing in the proof."""
    talk = talk_with(twin)
    invented = altered(talk.send(), payload=b"pay me")
    gullible = deploy(talk.link.far, "TestClient")
    proof = abi_encode(["uint64", "bytes"], [1, bytes.fromhex(gullible.address[2:]) + bytes(300)])
    return talk, talk.link.delivery([invented], proof)


def test_incident_12_nobody_chooses_the_verifier():
    talk, call = own_verifier(None)
    refused(talk.link.far, call, "UnknownHeight")
    talk, call = own_verifier("mailbox-caller-chosen-verifier")
    talk.link.far.transact(call, STRANGER)
    assert talk.heard("lastPayload") == b"pay me"


# 18: a timeout is forged for what was received


def forged_timeout(twin):
    house = house_with("Mailbox", twin)
    link = house.link
    sent = link.far.transact(house.vault.functions.deposit(house.token.address, 500, TRADER.address, 0), TRADER)
    (packet,) = link.sent(link.far, sent)
    link.deliver(packet)
    return house, packet, link.acknowledgement([answer_of(packet, Status.EXPIRED)])


def test_incident_18_what_was_received_cannot_be_refunded():
    house, packet, call = forged_timeout(None)
    refused(house.link.far, call, "ValueMismatch")
    house, packet, call = forged_timeout("mailbox-unproven-answer")
    house.link.far.transact(call, STRANGER)
    _, refund_to, amount = house.link.far.call(house.vault.functions.entitlements(packet_id(packet)))
    assert (refund_to, amount, queued(house)) == (TRADER.address, 500, 1)


# 27: the zero word is trusted


def unsent(twin):
    talk = talk_with(twin)
    talk.send()
    never = altered(talk.send(), nonce=99, payload=b"from nowhere")
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(never))])
    return talk, never, talk.link.delivery([never], proof)


def test_incident_27_a_packet_nobody_sent_is_not_proven_by_an_empty_slot():
    talk, never, call = unsent(None)
    refused(talk.link.far, call, *NOT_PROVEN)
    client, peer = talk.link.clients[FAR], talk.link.mailboxes[NEAR]
    slot = commitment_slot(packet_id(never)).to_bytes(32, "big")
    header = talk.link.update(talk.link.far)
    proof = talk.link.prove(talk.link.far, [int.from_bytes(slot, "big")])[96:]
    verify = client.functions.verifyStorage(header.number, peer.address, [slot], [bytes(32)], proof)
    with pytest.raises(TransactionReverted) as caught:
        talk.link.far.call(verify, block="pending")
    assert caught.value.error_name in {"ZeroValue", "UnknownHeight"}
    talk, _, call = unsent("mailbox-unproven-packet")
    talk.link.far.transact(call, STRANGER)
    assert talk.heard("lastPayload") == b"from nowhere"


# 29 and 30: initialised by a stranger, or twice

PUSH1, PUSH32 = 0x60, 0x7F
CALLCODE, DELEGATECALL, SELFDESTRUCT = 0xF2, 0xF4, 0xFF


def opcodes(code):
    """Every instruction of a contract's code; constants behind it are read as instructions too."""
    position, found = 0, set()
    while position < len(code):
        opcode = code[position]
        found.add(opcode)
        position += 1 + (opcode - PUSH1 + 1 if PUSH1 <= opcode <= PUSH32 else 0)
    return found


def test_incident_29_there_is_nothing_to_initialise_and_no_borrowed_code():
    for name in set(contracts.names()) - FOR_TESTS:
        artifact = contracts.load(name)
        functions = {entry["name"] for entry in artifact.abi if entry["type"] == "function"}
        assert not {f for f in functions if re.search(r"init|upgrade|implementation|migrate", f, re.IGNORECASE)}, name
        assert not opcodes(artifact.deployed_bytecode) & {CALLCODE, DELEGATECALL}, name
    borrower = contracts.load("TestBorrower").deployed_bytecode
    assert DELEGATECALL in opcodes(borrower)  # the search finds what is there


def reinitialise(twin):
    link = new_link(twins=twin and {"Mailbox": twin})
    gullible = deploy(link.near, "TestClient")
    again = route(gullible, link.mailboxes[FAR], epoch=1)
    return link, gullible, link.mailboxes[NEAR].functions.addRoute(FAR, again)


def test_incident_30_no_route_is_set_up_twice():
    link, _, call = reinitialise(None)
    refused(link.near, call, f"RouteExists({FAR})", sender=OWNER)
    refused(link.near, call, "OwnableUnauthorizedAccount", sender=STRANGER)
    link, gullible, call = reinitialise("mailbox-readds-route")
    link.near.transact(call, OWNER)
    assert link.near.call(link.mailboxes[NEAR].functions.route(FAR, 1))[0] == gullible.address


# 36: events of calls that were rolled back


def test_incident_36_a_message_sent_in_a_call_that_failed_was_never_sent():
    talk = converse()
    link = talk.link
    send = link.mailboxes[FAR].encode_abi("sendMessage", [interoperable(NEAR, talk.speaker), b"phantom", []])
    for mode, sent in ((Mode.REENTER_AND_FAIL, 0), (Mode.REENTER, 1)):
        talk.behave(talk.listener, mode, bytes.fromhex(send[2:]))
        nonce = link.far.call(link.mailboxes[FAR].functions.nonce())
        receipt = link.far.transact(link.delivery([talk.send()]), RELAYER)
        assert len(link.sent(link.far, receipt)) == sent
        assert link.far.call(link.mailboxes[FAR].functions.nonce()) == nonce + sent


# 37, 38, 39, 41: credit without value


def generic_message(twin):
    """A deposit's payload through the generic channel, from a contract that is no vault and holds nothing."""
    house = house_with("ForcedQueue", twin)
    speaker = deploy(house.link.far, "TestRecipient")
    send = speaker.functions.send(
        house.link.mailboxes[FAR].address, interoperable(NEAR, house.queue), deposit_payload(house), []
    )
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(send, STRANGER))
    (answer,) = house.link.deliver(packet)
    return answer.status, queued(house)


def test_incident_37_a_message_shaped_like_a_deposit_credits_nothing():
    assert generic_message(None) == (Status.FAILURE, 0)
    assert generic_message("queue-any-vault") == (Status.SUCCESS, 1)


def unbacked(twin):
    house = house_with("CollateralVault", twin)
    return house, house.vault.functions.deposit(ZERO, 10**18, STRANGER.address, 0)


def test_incident_38_a_valid_proof_of_a_deposit_without_ether_is_impossible():
    house, call = unbacked(None)
    refused(house.link.far, call, "WrongValue(0)")
    house, call = unbacked("vault-ignores-value")
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, STRANGER))
    (answer,) = house.link.deliver(packet)
    assert (answer.status, queued(house), house.link.far.balance(house.vault.address)) == (Status.SUCCESS, 1, 0)


def local_context(twin):
    house = house_with("ForcedQueue", twin)
    claim = house.queue.functions.receiveMessage(bytes(32), interoperable(FAR, house.vault), deposit_payload(house))
    return house, claim


def test_incident_39_a_local_contract_cannot_speak_for_a_remote_one():
    house, claim = local_context(None)
    refused(house.link.near, claim, f"OnlyMailbox({RELAYER.address})")
    talk = converse()
    local = altered(talk.send(), source_chain=FAR, source_mailbox=talk.link.mailboxes[FAR].address)
    refused(talk.link.far, talk.link.delivery([local], b""), f"UnknownRoute({FAR}, 1)")
    house, claim = local_context("queue-direct-deposit")
    house.link.near.transact(claim, STRANGER)
    assert queued(house) == 1


def borrowed_exit(twin):
    """The vault's code run on the attacker's storage: the tokens stay with the attacker, the message goes out."""
    house = house_with("ForcedQueue", twin)
    link = house.link
    borrower = deploy(link.far, "TestBorrower")
    link.far.transact(house.token.functions.approve(borrower.address, 2**256 - 1), TRADER)
    dress(house, borrower)
    arguments = [house.token.address, 500, TRADER.address, 0]
    call = house.vault.encode_abi("deposit(address,uint256,address,uint64)", arguments)
    receipt = link.far.transact(borrower.functions.borrow(house.vault.address, bytes.fromhex(call[2:])), TRADER)
    (packet,) = link.sent(link.far, receipt)
    assert packet.sender == borrower.address
    assert link.far.call(house.token.functions.balanceOf(house.vault.address)) == 0
    (answer,) = link.deliver(packet)
    return answer.status, queued(house)


def test_incident_41_the_vaults_code_on_other_storage_credits_nothing():
    assert borrowed_exit(None) == (Status.FAILURE, 0)
    assert borrowed_exit("queue-any-vault") == (Status.SUCCESS, 1)


def test_incident_41_the_mailbox_sends_for_nobody_by_delegation_or_in_a_static_call():
    talk = converse()
    borrower = deploy(talk.link.near, "TestBorrower")
    mailbox = talk.link.mailboxes[NEAR]
    call = bytes.fromhex(mailbox.encode_abi("sendMessage", [interoperable(FAR, talk.listener), b"", []])[2:])
    refused(talk.link.near, borrower.functions.borrow(mailbox.address, call), f"UnknownRoute({FAR}, 0)")
    with pytest.raises(TransactionReverted):
        talk.link.near.call(borrower.functions.peek(mailbox.address, call))
    assert talk.link.near.call(mailbox.functions.nonce()) == 0


# 42, 43, 44, 45: who is speaking


def call_the_vault(twin):
    """A message whose payload is a call that the vault takes from its mailbox alone."""
    house = house_with("Mailbox", twin)
    link = house.link
    link.far.transact(house.vault.functions.deposit(house.token.address, 500, TRADER.address, 0), TRADER)
    release = ReleaseMessage(withdrawal_id=1, asset=house.token.address, amount=500, recipient=STRANGER.address)
    call = house.vault.encode_abi("receiveMessage", [bytes(32), interoperable(NEAR, house.outbox), release.encode()])
    send = link.mailboxes[NEAR].functions.sendMessage(interoperable(FAR, house.vault), bytes.fromhex(call[2:]), [])
    link.deliver(*link.sent(link.near, link.near.transact(send, STRANGER)))
    return link.far.call(house.vault.functions.entitlements(bytes(32)))[2]


def test_incident_42_a_payload_is_never_a_call():
    assert call_the_vault(None) == 0
    assert call_the_vault("mailbox-calls-payload") == 500


def test_incident_42_no_message_moves_any_contract_of_the_bridge():
    """Every function of every contract, as a payload for each contract at the other end."""
    house = new_house()
    link = house.link
    selectors = sorted(
        {
            function_abi_to_4byte_selector(entry)
            for name in PLACES
            for entry in contracts.load(name).abi
            if entry["type"] == "function"
        }
    )
    argument = bytes(12) + bytes.fromhex(STRANGER.address[2:])
    targets = [contract for name, contract in instances(house).items() if PLACES[name] == NEAR]
    kept = [target.address for target in targets if target is not link.clients[NEAR]]  # the client is updated meanwhile
    before = [bytes(link.near.w3.eth.get_storage_at(address, slot)) for address in kept for slot in range(12)]
    send = link.mailboxes[FAR].functions.sendMessage
    statuses = set()
    for index, selector in enumerate(selectors):
        target = interoperable(NEAR, targets[index % len(targets)])
        call = send(target, selector + argument * 4, encode_attributes(gas_limit=100_000))
        (packet,) = link.sent(link.far, link.far.transact(call, STRANGER))
        statuses |= {answer.status for answer in link.deliver(packet)}
    after = [bytes(link.near.w3.eth.get_storage_at(address, slot)) for address in kept for slot in range(12)]
    assert len(selectors) > 50
    assert (statuses, after) == ({Status.FAILURE}, before)


def express(twin):
    house = house_with("CollateralVault", twin)
    house.link.far.transact(house.vault.functions.deposit(house.token.address, 500, TRADER.address, 0), TRADER)
    message = ReleaseMessage(withdrawal_id=1, asset=house.token.address, amount=500, recipient=STRANGER.address)
    call = house.vault.functions.receiveMessage(b"\x01" * 32, interoperable(NEAR, house.outbox), message.encode())
    return house, call


def test_incident_43_nobody_calls_a_receive_function_directly():
    """The sweep over all functions is in test_strangers.py."""
    house, call = express(None)
    refused(house.link.far, call, f"OnlyMailbox({RELAYER.address})")
    house, call = express("vault-direct-release")
    house.link.far.transact(call, STRANGER)
    assert house.link.far.call(house.vault.functions.entitlements(b"\x01" * 32))[2] == 500


def fake_peer(twin):
    """A release from a contract that is not the outbox, on the right chain, through the right mailbox."""
    house = house_with("CollateralVault", twin)
    link = house.link
    link.far.transact(house.vault.functions.deposit(house.token.address, 500, TRADER.address, 0), TRADER)
    message = ReleaseMessage(withdrawal_id=1, asset=house.token.address, amount=500, recipient=STRANGER.address)
    send = link.mailboxes[NEAR].functions.sendMessage(interoperable(FAR, house.vault), message.encode(), [])
    (packet,) = link.sent(link.near, link.near.transact(send, STRANGER))
    (answer,) = link.deliver(packet)
    return answer.status


def test_incident_44_a_peer_is_an_address_on_a_chain():
    """The peer that changes while packets are under way is in test_mailbox_routes.py."""
    assert fake_peer(None) is Status.FAILURE
    assert fake_peer("vault-any-peer") is Status.SUCCESS


def claimed_sender(twin):
    talk = talk_with(twin)
    talk.link.deliver(talk.send(bytes.fromhex(OWNER.address[2:]) + b" says: pay"))
    return talk, talk.heard("lastSender")


def test_incident_45_the_sender_is_in_the_envelope_not_in_the_payload():
    talk, sender = claimed_sender(None)
    assert sender == interoperable(NEAR, talk.speaker)
    _, sender = claimed_sender("mailbox-sender-from-payload")
    assert sender == interoperable(NEAR, OWNER.address)


# 48, 49, 50, 56: twice, misread, elsewhere, stuck


def acknowledged_again(twin):
    """The sender, on being told, brings the same answer back; and so does somebody else afterwards."""
    talk = talk_with(twin)
    mailbox = talk.link.mailboxes[NEAR]
    packet = talk.send(fees=Fees(deliver=5, acknowledge=5, refund_to=STRANGER.address))
    talk.send(fees=Fees(deliver=5, acknowledge=5, refund_to=STRANGER.address))
    (answer,) = talk.link.deliver(packet)
    again = mailbox.encode_abi("acknowledge", [[answer.as_abi()], b"", RELAYER.address])
    talk.behave(talk.speaker, Mode.REENTER, bytes.fromhex(again[2:]))
    talk.link.acknowledge(answer)
    assert talk.told("reentered") is False
    talk.link.acknowledge(answer)
    return talk.told(), talk.link.near.call(mailbox.functions.owed(RELAYER.address))


def test_incident_48_an_answer_is_told_and_paid_once_whoever_re_enters():
    assert acknowledged_again(None) == (1, 10)
    assert acknowledged_again("mailbox-keeps-commitment") == (2, 20)


def refund_of_success(twin):
    house = house_with("CollateralVault", twin)
    link = house.link
    sent = link.far.transact(house.vault.functions.deposit(house.token.address, 500, TRADER.address, 0), TRADER)
    (packet,) = link.sent(link.far, sent)
    link.acknowledge(*link.deliver(packet))
    return link.far.call(house.vault.functions.entitlements(packet_id(packet)))[2], queued(house)


def test_incident_49_a_success_is_no_refund():
    assert refund_of_success(None) == (0, 1)
    assert refund_of_success("vault-refunds-success") == (500, 1)


@pytest.mark.parametrize("status", [0, 4, 255])
def test_incident_49_an_unknown_status_is_neither_success_nor_refund(status):
    talk = converse()
    packet = talk.send()
    talk.link.deliver(packet)
    mailbox = talk.link.mailboxes[NEAR]
    call = mailbox.functions.acknowledge([(packet.as_abi(), status, b"", RELAYER.address)], b"", RELAYER.address)
    with pytest.raises(TransactionReverted):
        talk.link.near.transact(call, STRANGER)
    for ack in (b"\0", b"\x01", bytes(32), b"{}"):
        refused(talk.link.near, talk.link.acknowledgement([answer_of(packet, Status.SUCCESS, ack)]), "ValueMismatch")
    assert talk.told() == 0
    assert any(talk.link.near.call(mailbox.functions.commitments(packet_id(packet))))


def test_incident_50_the_same_address_on_another_chain_is_somebody_else():
    talk, call = deliver_elsewhere(None)
    refused(talk.link.far, call, "WrongPacket")
    talk, call = deliver_elsewhere("mailbox-other-chain")
    talk.link.far.transact(call, STRANGER)
    assert talk.heard() == 1


def test_incident_56_too_little_gas_reverts_and_enough_gas_delivers():
    talk, answer = starve(None, 5_000_000)
    assert (answer.status, talk.heard()) == (Status.SUCCESS, 1)
    with pytest.raises(TransactionReverted, match=r"InsufficientGas\(4000000\)"):
        starve(None, 2_500_000)
    _, answer = starve("mailbox-starved-call", 2_500_000)
    assert answer.status is Status.FAILURE


def test_incident_56_a_return_bomb_is_its_own_senders_problem():
    assert bomb(None, 3_400_000)[0] == [Status.FAILURE]
    with pytest.raises(TransactionReverted, match="OutOfGas"):
        bomb("mailbox-return-bomb", 3_400_000)


@pytest.mark.parametrize("mode", [Mode.FAIL, Mode.RETURN_BOMB, Mode.BURN_GAS, Mode.WRONG_SELECTOR])
def test_incident_56_a_poison_message_stops_nobody_else(mode):
    talk = converse(gas=4_000_000)
    poison = deploy(talk.link.far, "TestRecipient")
    talk.link.far.transact(poison.functions.configure(mode, b""), RELAYER)
    packets = [
        talk.send(b"before", gas_limit=500_000),
        talk.send(b"\xff\xfe" * 2_000, to=poison.address, gas_limit=1_200_000),
        talk.send(b"after", gas_limit=500_000),
    ]
    answers = talk.link.deliver(*packets)
    assert [answer.status for answer in answers] == [Status.SUCCESS, Status.FAILURE, Status.SUCCESS]
    talk.link.acknowledge(*answers)
    assert (talk.heard(), talk.told()) == (2, 3)


# 20: other encodings of the same proof


def padded_proof(twin):
    talk = talk_with(twin)
    packet = talk.send()
    proof = talk.link.prove(talk.link.far, [commitment_slot(packet_id(packet))])
    return talk, packet, proof


def test_incident_20_a_proof_has_one_encoding_and_a_packet_is_received_once_under_any():
    talk, packet, proof = padded_proof(None)
    refused(talk.link.far, talk.link.delivery([packet], proof + bytes(32)), "MalformedEncoding")
    moved = proof[:32] + (96).to_bytes(32, "big") + bytes(32) + proof[64:]
    refused(talk.link.far, talk.link.delivery([packet], moved), "MalformedEncoding")
    trailing = bytes.fromhex(
        talk.link.mailboxes[FAR].encode_abi("receivePackets", [as_abi([packet]), proof, RELAYER.address])[2:]
    )
    for _ in range(2):  # bytes behind the call are nobody's: the packet's id does not depend on them
        talk.link.far.transact({"to": talk.link.mailboxes[FAR].address, "data": trailing + b"\x01" * 7}, RELAYER)
    assert talk.heard() == 1
    talk, packet, proof = padded_proof("mailbox-loose-proof")
    talk.link.far.transact(talk.link.delivery([packet], proof + bytes(32)), RELAYER)
    talk.link.far.transact(talk.link.delivery([packet], proof), RELAYER)
    assert talk.heard() == 1  # even then: what is spent is the packet's id, never a hash of its proof
