from dataclasses import replace

import pytest

from bridge.clients import encode_proof
from bridge.packets import Status, commitment_slot, encode_packet, packet_id
from bridge.parameters import USDC
from chains import Depth, TransactionReverted
from relayers.reports import Did, WaitsFor
from relayers.states import AbandonReason, PacketState
from relayers.submission import BATCH_ITEMS_MAX
from relayers.submitter.node import Node

SETTLEMENT, EAST, WEST = 100, 101, 102
ACCEPT, FAIL, RETURN_BOMB, WRONG_SELECTOR, BURN_GAS, REENTER = range(6)


def counts(reports, did):
    return sum(report.count(did) for round_ in reports for report in round_)


def state(network, source, destination, sent):
    return network.relayer(source, destination).packets.state_of(sent.packet_id)


def answers(network, chain_id):
    return network.mailbox(chain_id).answered(0, network.chains[chain_id].head().number)


def acknowledgements(network, chain_id):
    return network.mailbox(chain_id).acknowledged(0, network.chains[chain_id].head().number)


def test_a_deposit_is_delivered_acknowledged_and_queued(network):
    sent = network.deposit(EAST, 5_000_000)
    reports = network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED
    assert [counts(reports, did) for did in (Did.SEEN, Did.DELIVERED, Did.ANSWERED, Did.ACKNOWLEDGED)] == [1, 1, 1, 1]
    (item,) = network.queue.items(0, network.settlement.head().number)
    assert (item.index, item.owner, item.amount, item.packet_id) == (0, network.user.address, 5_000_000, sent.packet_id)
    assert item.digest == network.queue.item_hash(0)
    assert network.mailbox(EAST).commitment(sent.packet_id) == bytes(32)
    assert network.mailbox(SETTLEMENT).receipt(sent.packet_id) != bytes(32)
    assert network.vault(EAST).entitlement(sent.packet_id) is None
    (told,) = acknowledgements(network, EAST)
    assert (told.packet_id, told.status, told.sender_told) == (sent.packet_id, Status.SUCCESS, True)


def test_many_packets_share_one_delivery(network):
    sent = [network.deposit(EAST, amount) for amount in range(1, 5)]
    before = network.settlement.w3.eth.get_transaction_count(network.signer.address)
    network.run()
    assert {state(network, EAST, SETTLEMENT, item) for item in sent} == {PacketState.ACKNOWLEDGED}
    assert network.queue.count() == 4
    used = network.settlement.w3.eth.get_transaction_count(network.signer.address) - before
    assert used == 2  # one client update, one delivery


def test_more_packets_than_a_batch_holds_all_arrive(network):
    recipient, sender = network.recipient(SETTLEMENT), network.recipient(EAST)
    for _ in range(BATCH_ITEMS_MAX + 3):
        network.send(sender, EAST, recipient, SETTLEMENT, gas_limit=300_000)
    network.run()
    assert recipient.functions.received().call() == BATCH_ITEMS_MAX + 3
    assert sender.functions.answered().call() == BATCH_ITEMS_MAX + 3


def test_messages_go_both_ways_between_contracts(network):
    east, home = network.recipient(EAST), network.recipient(SETTLEMENT)
    there = network.send(east, EAST, home, SETTLEMENT, b"there")
    back = network.send(home, SETTLEMENT, east, EAST, b"back")
    network.run()
    assert home.functions.lastPayload().call() == b"there"
    assert east.functions.lastPayload().call() == b"back"
    assert state(network, EAST, SETTLEMENT, there) is PacketState.ACKNOWLEDGED
    assert state(network, SETTLEMENT, EAST, back) is PacketState.ACKNOWLEDGED


def test_a_replayed_packet_is_a_no_op(network):
    sent = network.deposit(EAST, 5)
    network.run()
    receipt = network.mailbox(SETTLEMENT).receipt(sent.packet_id)
    header = network.chains[EAST].header(network.relayer(EAST, SETTLEMENT).lane.destination.client.latest_height())
    proof = network.chains[EAST].get_proof(
        network.mailbox(EAST).address, [commitment_slot(sent.packet_id)], header.number
    )
    call = network.mailbox(SETTLEMENT).contract.functions.receivePackets(
        [sent.packet.as_abi()], encode_proof(header, proof), network.user.address
    )
    network.settlement.transact(call, network.user)
    assert network.mailbox(SETTLEMENT).receipt(sent.packet_id) == receipt
    assert network.queue.count() == 1
    assert len(answers(network, SETTLEMENT)) == 1


def test_an_expired_packet_is_answered_so_and_refunded(network):
    sent = network.deposit(EAST, 9_000, timeout=network.clock.now() + 100)
    network.clock.advance(200)
    reports = network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED
    assert counts(reports, Did.EXPIRED) == 1
    assert counts(reports, Did.DELIVERED) == 0
    assert [answer.status for answer in answers(network, SETTLEMENT)] == [Status.EXPIRED]
    assert network.queue.count() == 0
    assert network.token(EAST).functions.balanceOf(network.user.address).call() == 9_000
    assert network.vault(EAST).holdings(network.token(EAST).address) == 0


def test_a_packet_is_not_expired_a_second_too_early(network):
    deadline = network.clock.now() + 500
    sent = network.deposit(EAST, 9_000, timeout=deadline)
    expire = network.mailbox(SETTLEMENT).contract.functions.expire([sent.packet.as_abi()], network.user.address)
    network.clock.advance(deadline - 1 - network.clock.now())
    with pytest.raises(TransactionReverted) as refusal:
        network.settlement.transact(expire, network.user)
    assert refusal.value.error_name == "NotYetExpired"
    network.settlement.transact(expire, network.user)
    assert network.settlement.head().timestamp == deadline
    assert [answer.status for answer in answers(network, SETTLEMENT)] == [Status.EXPIRED]


def test_a_deposit_above_its_chains_credit_fails_and_is_refunded(network):
    too_much = USDC.credit_window_cap * 10**USDC.decimals + 1
    network.deposit(EAST, too_much)
    balance = network.token(EAST).functions.balanceOf(network.user.address)
    assert balance.call() == 0
    network.run()
    assert [answer.status for answer in answers(network, SETTLEMENT)] == [Status.FAILURE]
    assert network.queue.count() == 0
    assert balance.call() == too_much


@pytest.mark.parametrize("mode", [FAIL, RETURN_BOMB, WRONG_SELECTOR, BURN_GAS])
def test_a_failing_recipient_is_an_answer_and_blocks_nobody(network, mode):
    east, home, good = network.recipient(EAST), network.recipient(SETTLEMENT), network.recipient(SETTLEMENT)
    network.settlement.transact(home.functions.configure(mode, b""), network.user)
    bad = network.send(east, EAST, home, SETTLEMENT, gas_limit=150_000)
    fine = network.send(east, EAST, good, SETTLEMENT, gas_limit=150_000)
    network.run()
    assert {answer.packet_id: answer.status for answer in answers(network, SETTLEMENT)} == {
        bad.packet_id: Status.FAILURE,
        fine.packet_id: Status.SUCCESS,
    }
    assert all(len(answer.ack) <= 256 for answer in answers(network, SETTLEMENT))
    assert {state(network, EAST, SETTLEMENT, sent) for sent in (bad, fine)} == {PacketState.ACKNOWLEDGED}
    assert east.functions.answered().call() == 2


def test_a_sender_that_cannot_be_told_is_acknowledged_all_the_same(network):
    east, home = network.recipient(EAST), network.recipient(SETTLEMENT)
    sent = network.send(east, EAST, home, SETTLEMENT)
    network.chains[EAST].transact(east.functions.configure(FAIL, b""), network.user)
    network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED
    (told,) = acknowledgements(network, EAST)
    assert (told.packet_id, told.sender_told) == (sent.packet_id, False)


def test_a_packet_for_another_chain_is_left_alone_and_refused(make_network):
    network = make_network(vaults=(EAST, WEST))
    home, west = network.recipient(SETTLEMENT), network.recipient(WEST)
    sent = network.send(home, SETTLEMENT, west, WEST)
    network.run()
    assert state(network, SETTLEMENT, EAST, sent) is None
    assert state(network, SETTLEMENT, WEST, sent) is PacketState.ACKNOWLEDGED
    header = network.settlement.finalized_header()
    again = network.send(home, SETTLEMENT, west, WEST)
    network.clock.advance(10)
    network.run()
    proof = network.settlement.get_proof(
        network.mailbox(SETTLEMENT).address, [commitment_slot(again.packet_id)], header.number
    )
    call = network.mailbox(EAST).contract.functions.receivePackets(
        [again.packet.as_abi()], encode_proof(header, proof), network.user.address
    )
    with pytest.raises(TransactionReverted) as refusal:
        network.chains[EAST].transact(call, network.user)
    assert refusal.value.error_name == "WrongPacket"


def test_a_forged_commitment_event_is_abandoned(network, monkeypatch):
    """Events are hints: one without a commitment in storage delivers nothing."""
    real = network.deposit(EAST, 5)
    forged = replace(real.packet, nonce=99, payload=b"\1" * 160)
    lie = replace(real, packet=forged, packet_id=packet_id(forged), nonce=99)
    mailbox = network.relayer(EAST, SETTLEMENT).lane.source.mailbox
    honest = mailbox.sent
    monkeypatch.setattr(
        mailbox,
        "sent",
        lambda first, last: [*honest(first, last), lie] if first <= real.block <= last else honest(first, last),
    )
    network.run()
    assert state(network, EAST, SETTLEMENT, real) is PacketState.ACKNOWLEDGED
    assert state(network, EAST, SETTLEMENT, lie) is PacketState.ABANDONED
    assert network.relayer(EAST, SETTLEMENT).packets.reason_of(lie.packet_id) == AbandonReason.NOT_COMMITTED
    assert network.queue.count() == 1


def test_events_that_contradict_the_id_are_abandoned(network, monkeypatch):
    mailbox = network.relayer(EAST, SETTLEMENT).lane.source.mailbox
    honest = mailbox.chain.logs

    def lying(event, first, last):
        found = honest(event, first, last)
        if event.event_name == "MessageSent":
            return tuple({**log, "args": {**log["args"], "payload": b"other"}} for log in found)
        return found

    monkeypatch.setattr(mailbox.chain, "logs", lying)
    call = network.vault(EAST).contract.functions.deposit("0x" + "00" * 20, 5, network.user.address, 0)
    network.chains[EAST].transact(call, network.user, value=5)
    (sent,) = mailbox.sent(0, network.chains[EAST].head().number)
    assert sent.packet is None
    network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ABANDONED
    assert network.queue.count() == 0


def test_a_packet_for_a_wrong_peer_is_abandoned(network, monkeypatch):
    real = network.deposit(EAST, 5)
    astray = replace(real.packet, destination_mailbox=network.user.address)
    lie = replace(real, packet=astray, packet_id=packet_id(astray))
    mailbox = network.relayer(EAST, SETTLEMENT).lane.source.mailbox
    monkeypatch.setattr(mailbox, "sent", lambda first, last: [lie] if first <= real.block <= last else [])
    network.run()
    assert network.relayer(EAST, SETTLEMENT).packets.reason_of(lie.packet_id) == AbandonReason.WRONG_PEER


def test_a_forged_answer_event_moves_nothing(network, monkeypatch):
    sent = network.deposit(EAST, 5, timeout=network.clock.now() + 100)
    mailbox = network.relayer(EAST, SETTLEMENT).lane.destination.mailbox
    honest = mailbox.answered

    def lying(first, last):
        found = honest(first, last)
        return [replace(answer, status=Status.FAILURE) for answer in found]

    monkeypatch.setattr(mailbox, "answered", lying)
    reports = network.run()
    assert counts(reports, Did.DELIVERED) == 1
    assert counts(reports, Did.ANSWERED) == 0
    assert network.mailbox(EAST).commitment(sent.packet_id) == sent.packet_id
    assert network.vault(EAST).entitlement(sent.packet_id) is None
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.DELIVERING


def test_a_proof_from_a_lying_node_is_not_sent(network, monkeypatch):
    sent = network.deposit(EAST, 5)
    chain = network.chains[EAST]
    honest = chain.get_proof

    def lying(address, slots, block_number):
        proof = honest(address, slots, block_number)
        spoiled = tuple(
            replace(storage, nodes=(b"\0" + storage.nodes[0][1:], *storage.nodes[1:])) for storage in proof.storage
        )
        return replace(proof, storage=spoiled)

    monkeypatch.setattr(chain, "get_proof", lying)
    network.round()
    network.round()
    report = network.round()[len(network.fleet.submitters)]
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.SENT
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.CHAIN]
    assert "HashMismatch" in report.waiting[0].detail
    monkeypatch.setattr(chain, "get_proof", honest)
    network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED


def test_a_forged_proof_is_refused_by_the_contract(network):
    sent = network.deposit(EAST, 5)
    network.round()
    network.clock.advance(5)
    updater = network.fleet.updaters[1]
    network.round()
    header = network.chains[EAST].header(network.relayer(EAST, SETTLEMENT).lane.destination.client.latest_height())
    assert updater is not None
    forged = replace(sent.packet, payload=b"\1" * 160)
    proof = network.chains[EAST].get_proof(
        network.mailbox(EAST).address, [commitment_slot(sent.packet_id)], header.number
    )
    call = network.mailbox(SETTLEMENT).contract.functions.receivePackets(
        [forged.as_abi()], encode_proof(header, proof), network.user.address
    )
    with pytest.raises(TransactionReverted):
        network.settlement.transact(call, network.user)
    assert network.mailbox(SETTLEMENT).receipt(packet_id(forged)) == bytes(32)


def test_a_chain_with_deep_finality_is_waited_for(make_network):
    network = make_network(finality=Depth(3))
    for _ in range(4):
        network.clock.advance(5)
        network.mine()
    sent = network.deposit(EAST, 5_000)
    network.fleet.round()
    assert state(network, EAST, SETTLEMENT, sent) is None
    for _ in range(30):
        network.round()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED
    assert len(answers(network, SETTLEMENT)) == 1


def test_a_poison_packet_never_blocks_another(network, monkeypatch):
    """Whatever makes the call revert for one packet, the others of its batch arrive, and it is tried again later."""
    sent = [network.deposit(EAST, amount) for amount in (1, 2, 3)]
    poison = sent[1]
    honest, encoded = Node.simulate, encode_packet(poison.packet)[32:]

    def refusing(node, message, *arguments, **options):
        if encoded in message.payload:
            raise TransactionReverted("Poison", (), error="Poison()")
        return honest(node, message, *arguments, **options)

    monkeypatch.setattr(Node, "simulate", refusing)
    for _ in range(6):
        network.round()
    states = [state(network, EAST, SETTLEMENT, item) for item in sent]
    assert states == [PacketState.ACKNOWLEDGED, PacketState.SENT, PacketState.ACKNOWLEDGED]
    assert network.relayer(EAST, SETTLEMENT).packets.reason_of(poison.packet_id) == "TransactionReverted: Poison()"
    monkeypatch.setattr(Node, "simulate", honest)
    network.clock.advance(3_600)
    network.run()
    assert state(network, EAST, SETTLEMENT, poison) is PacketState.ACKNOWLEDGED
    assert network.queue.count() == 3


def test_a_halted_chain_is_waited_for(network):
    sent = network.deposit(EAST, 5)
    network.round()
    for validator in network.settlement.validators.validators[:2]:
        validator.online = False
    network.clock.advance(30)
    network.chains[EAST].mine()
    waiting = [wait.waits_for for _ in range(2) for report in network.fleet.round() for wait in report.waiting]
    assert WaitsFor.INCLUSION in waiting
    assert network.queue.count() == 0
    for validator in network.settlement.validators.validators:
        validator.online = True
    network.clock.advance(30)
    network.run()
    assert network.queue.count() == 1
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED


def test_two_relayers_race_without_harm(network):
    sent = [network.deposit(EAST, amount) for amount in (1, 2)]
    network.round()
    first = network.fleet
    network.start()
    second = network.fleet
    for _ in range(8):
        network.clock.advance(5)
        network.mine()
        first.round()
        second.round()
    assert network.queue.count() == 2
    assert len(answers(network, SETTLEMENT)) == len(acknowledgements(network, EAST)) == 2
    for fleet in (first, second):
        network.fleet = fleet
        assert {state(network, EAST, SETTLEMENT, item) for item in sent} == {PacketState.ACKNOWLEDGED}


def test_a_node_that_calls_an_older_block_final_ends_no_packet(network, monkeypatch):
    early = network.chains[EAST].finalized_header()
    sent = network.deposit(EAST, 5_000_000)
    answered = (PacketState.ANSWERED, PacketState.ACKNOWLEDGING)
    while state(network, EAST, SETTLEMENT, sent) not in answered:
        network.round()
    with monkeypatch.context() as lagging:
        lagging.setattr(network.chains[EAST], "finalized_header", lambda: early)
        for _ in range(3):
            network.relayer(EAST, SETTLEMENT).step()
            assert state(network, EAST, SETTLEMENT, sent) in answered
    network.run()
    assert state(network, EAST, SETTLEMENT, sent) is PacketState.ACKNOWLEDGED
    assert len(acknowledgements(network, EAST)) == 1
