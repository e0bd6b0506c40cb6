"""Packets wait for company as long as the policy says, and for nobody once they have it, pay, or are late."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from bridge.packets import Fees
from relayers.batching import BATCHING, DEADLINE_SECONDS, Batching, HoldDown
from relayers.reports import Did, WaitsFor
from relayers.states import PacketState
from tests.relayers.conftest import EAST, SETTLEMENT

NOW = 10_000
PAID = Fees(deliver=10**16, acknowledge=10**16, expire=0, refund_to="0x" + "22" * 20)
HOLD = HoldDown(seconds=30, packets=3)
PATIENT = Batching(deliver=HOLD, acknowledge=HOLD)


def seen(number, *, age=0, attempts=0, left=100_000):
    return SimpleNamespace(
        packet_id=bytes([number]),
        attempts=attempts,
        first_seen=NOW - age,
        packet=SimpleNamespace(nonce=number, timeout_timestamp=NOW + left),
    )


def pressing(*packets, hold=HOLD, pays=()):
    chosen = hold.pressing(
        packets, since=lambda one: one.first_seen, now=NOW, pays_alone=lambda one: one.packet.nonce in pays
    )
    return sorted(one.packet.nonce for one in chosen)


@pytest.mark.parametrize(
    ("packets", "expected"),
    [
        ([seen(1), seen(2)], []),
        ([seen(1, age=29)], []),
        ([seen(1, age=30), seen(2)], [1]),
        ([seen(1), seen(2), seen(3)], [1, 2, 3]),
        ([seen(4), seen(1, age=3), seen(2, age=2), seen(3, age=1)], [1, 2, 3]),
        ([seen(1, attempts=1), seen(2)], [1]),
        ([seen(1, left=DEADLINE_SECONDS), seen(2, left=DEADLINE_SECONDS + 1)], [1]),
    ],
)
def test_who_is_a_reason_to_send(packets, expected):
    assert pressing(*packets) == expected


def test_who_pays_for_a_transaction_of_its_own_waits_for_nobody():
    assert pressing(seen(1), seen(2), pays=(2,)) == [2]


def test_without_a_hold_down_everybody_is():
    assert pressing(seen(1), seen(2), hold=HoldDown()) == [1, 2]


def test_what_holds_for_ever_or_for_nobody_at_all_is_refused():
    for wrong in ({"seconds": -1}, {"packets": 0}):
        with pytest.raises(ValueError, match="hold-down"):
            HoldDown(**wrong)


def test_the_named_policies_trade_latency_for_gas():
    waits = [BATCHING[name].deliver.seconds for name in ("prompt", "balanced", "thrifty")]
    assert waits == sorted(waits)
    assert waits[0] == 0


def state_of(network, sent):
    return network.relayer(EAST, SETTLEMENT).packets.state_of(sent.packet_id)


def seconds_until(network, state, *packets):
    began = network.clock.now()
    while not all(state_of(network, sent) is state for sent in packets):
        network.round()
        assert network.clock.now() - began < 300
    return network.clock.now() - began


def test_a_lone_packet_waits_and_arrives_and_its_answer_too(network):
    network.start(batching=PATIENT)
    sent = network.deposit(EAST, 5_000_000)
    reports = network.round()
    assert sum(report.count(Did.DELIVERED) for report in reports) == 0
    assert WaitsFor.COMPANY in {wait.waits_for for report in reports for wait in report.waiting}
    assert HOLD.seconds <= seconds_until(network, PacketState.ANSWERED, sent) <= HOLD.seconds + 25
    assert HOLD.seconds - 5 <= seconds_until(network, PacketState.ACKNOWLEDGED, sent) <= HOLD.seconds + 25


def test_enough_of_them_wait_for_nobody(network):
    network.start(batching=PATIENT)
    sent = [network.deposit(EAST, 5_000_000) for _ in range(HOLD.packets)]
    assert seconds_until(network, PacketState.ACKNOWLEDGED, *sent) < HOLD.seconds


def test_a_fee_that_pays_for_it_buys_the_next_block(network):
    network.start(batching=PATIENT)
    sender, recipient = network.recipient(EAST), network.recipient(SETTLEMENT)
    common = {"gas_limit": 200_000}
    poor = network.send(sender, EAST, recipient, SETTLEMENT, **common)
    began = network.clock.now()
    while state_of(network, poor) is not PacketState.ANSWERED:
        network.round()
    assert network.clock.now() - began >= HOLD.seconds
    rich = network.send(sender, EAST, recipient, SETTLEMENT, **common, fees=PAID)
    assert seconds_until(network, PacketState.ANSWERED, rich) < HOLD.seconds


def test_steady_traffic_costs_fewer_transactions(network):
    """The same packets, one with every block."""

    def transactions(batching):
        network.start(batching=batching)
        sent = []
        first = {number: chain.head().number for number, chain in network.chains.items()}
        for _ in range(6):
            sent.append(network.deposit(EAST, 1_000))
            network.round()
        seconds_until(network, PacketState.ACKNOWLEDGED, *sent)
        return sum(
            transaction["from"] == network.signer.address
            for number, chain in network.chains.items()
            for block in range(first[number] + 1, chain.head().number + 1)
            for transaction in chain.w3.eth.get_block(block, full_transactions=True)["transactions"]
        )

    prompt = transactions(Batching())
    held = transactions(replace(PATIENT, deliver=HoldDown(seconds=30), acknowledge=HoldDown(seconds=30)))
    assert held * 2 < prompt
