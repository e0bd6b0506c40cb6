"""What operators decide: profit, lists, pauses, skipping; and events that a node kept back."""

from fractions import Fraction

import pytest

from bridge.packets import encode_packet
from chains import TransactionReverted
from relayers import operations
from relayers.operations import Filters, NoSuchPacket, NotPossible
from relayers.packet_store import POISON_ATTEMPTS
from relayers.profit import ProfitRule, Racing
from relayers.reports import WaitsFor
from relayers.states import AsideReason, PacketState
from relayers.store import Store
from relayers.submitter.node import Node

SETTLEMENT, EAST = 100, 101
LANE = f"{EAST}->{SETTLEMENT}/1"


def state(network, sent):
    return network.relayer(EAST, SETTLEMENT).packets.state_of(sent.packet_id)


def test_an_event_a_node_kept_back_is_found_later_and_holds_up_nobody(network, monkeypatch):
    sent = [network.deposit(EAST, amount) for amount in (1, 2, 3)]
    mailbox = network.relayer(EAST, SETTLEMENT).lane.source.mailbox
    honest = mailbox.sent
    monkeypatch.setattr(mailbox, "sent", lambda *blocks: [one for one in honest(*blocks) if one.nonce != 1])
    waits = set()
    for _ in range(6):
        waits |= {wait.waits_for for report in network.round() for wait in report.waiting}
    assert [state(network, one) for one in sent] == [PacketState.ACKNOWLEDGED, None, PacketState.ACKNOWLEDGED]
    assert WaitsFor.EVENTS in waits
    packets = network.relayer(EAST, SETTLEMENT).packets
    ((_, gap),) = packets.gaps(due_at=10**12)
    assert (gap.first_nonce, gap.last_nonce) == (1, 1)
    monkeypatch.setattr(mailbox, "sent", honest)
    network.clock.advance(3_600)
    network.run()
    assert state(network, sent[1]) is PacketState.ACKNOWLEDGED
    assert packets.gaps(due_at=10**12) == []


def test_a_packet_that_does_not_pay_waits_and_an_allowed_sender_does_not(network):
    rule = ProfitRule(minimum_share=Fraction(1))
    network.start(profit=rule)
    poor = network.deposit(EAST, 1)
    for _ in range(5):
        reports = network.round()
    assert state(network, poor) is PacketState.SENT
    (view,) = operations.pending(network.store, Filters(reason="pays for"), now=network.clock.now())
    assert (view.packet_id, view.waits) == (poor.packet_id, WaitsFor.PROFIT)
    assert reports
    network.start(profit=ProfitRule(minimum_share=Fraction(1), allow_senders=frozenset({poor.packet.sender})))
    network.clock.advance(60)
    network.run()
    assert state(network, poor) is PacketState.ACKNOWLEDGED


def test_a_denied_sender_is_set_aside(network):
    sent = network.deposit(EAST, 1)
    network.start(profit=ProfitRule(deny_senders=frozenset({sent.packet.sender.lower()})))
    network.run()
    assert state(network, sent) is PacketState.SET_ASIDE
    assert operations.show(network.store, sent.packet_id).packet.reason == AsideReason.DENIED


def test_a_paused_route_costs_nothing_until_it_is_resumed(network):
    operations.pause(network.store, operations.route_scope(LANE), now=0)
    sent = network.deposit(EAST, 1)
    for _ in range(4):
        reports = network.round()
    assert state(network, sent) is PacketState.SENT
    assert WaitsFor.PAUSE in {wait.waits_for for report in reports for wait in report.waiting}
    assert operations.resume(network.store, operations.route_scope(LANE))
    network.run()
    assert state(network, sent) is PacketState.ACKNOWLEDGED


def test_a_skipped_packet_stays_and_one_tried_anew_arrives(network):
    sent = network.deposit(EAST, 1)
    network.round()
    operations.skip(network.store, sent.packet_id, note="under inquiry")
    network.run()
    assert state(network, sent) is PacketState.SET_ASIDE
    operations.retry(network.store, sent.packet_id)
    network.run()
    detail = operations.show(network.store, sent.packet_id)
    assert detail.packet.state is PacketState.ACKNOWLEDGED
    assert len(detail.submissions) == len(detail.entries) == 2
    with pytest.raises(NotPossible):
        operations.retry(network.store, sent.packet_id)
    with pytest.raises(NoSuchPacket):
        operations.show(network.store, bytes(32))


@pytest.mark.parametrize("reason", ["denied", "skipped"])
def test_what_is_set_aside_here_and_seen_through_by_others_is_acknowledged_and_shown_so(network, reason):
    sent = network.deposit(EAST, 1)
    denied = frozenset({sent.packet.sender.lower()}) if reason == "denied" else frozenset()
    network.start(profit=ProfitRule(deny_senders=denied))
    network.round()
    if reason == "skipped":
        operations.skip(network.store, sent.packet_id)
    network.run()
    assert state(network, sent) is PacketState.SET_ASIDE
    mine, others = network.fleet, network.build(Store())
    network.fleet = others
    network.run()
    network.fleet = mine
    network.run()
    view = operations.show(network.store, sent.packet_id).packet
    assert (view.state, view.reason) == (PacketState.ACKNOWLEDGED, "")
    assert operations.pending(network.store, now=0) == []


def test_an_answer_that_cannot_be_taken_back_is_set_aside_with_its_reason_and_blocks_nothing(network, monkeypatch):
    poison = network.deposit(EAST, 1)
    honest, encoded = Node.simulate, encode_packet(poison.packet)[32:]
    source = network.mailbox(EAST).address

    def refusing(node, message, *arguments, **options):
        if message.recipient == source and encoded in message.payload:
            raise TransactionReverted("Poison", (), error="Poison()")
        return honest(node, message, *arguments, **options)

    monkeypatch.setattr(Node, "simulate", refusing)
    for _ in range(POISON_ATTEMPTS + 6):
        network.round(seconds=3_600)
    view = operations.show(network.store, poison.packet_id).packet
    assert (view.state, view.reason) == (PacketState.SET_ASIDE, AsideReason.UNACKNOWLEDGED)
    assert "Poison()" in view.last_error
    sent = network.deposit(EAST, 2)
    network.run()
    assert state(network, sent) is PacketState.ACKNOWLEDGED
    monkeypatch.setattr(Node, "simulate", honest)
    operations.retry(network.store, poison.packet_id)
    network.run()
    assert state(network, poison) is PacketState.ACKNOWLEDGED


@pytest.mark.parametrize("racers", [1, 2, 5])
def test_every_packet_is_one_racers_first_and_everybodys_in_the_end(racers):
    for number in range(20):
        waits = [
            Racing(rank=rank, racers=racers).wait_seconds(bytes(24) + number.to_bytes(8, "big"))
            for rank in range(racers)
        ]
        assert sorted(waits) == [12 * turn for turn in range(racers)]
