"""A packet followed through every stage, on both chains."""

import pytest

from bridge.errors import Reason, Rejected
from bridge.packets import Status, packet_id
from bridge.relaying import Way, acknowledge, deliver, expire, packets_in, send_message, update_client
from bridge.tracing import PacketTracer, Stage, trace_packet

SETTLEMENT, EAST, WEST = 100, 101, 102


@pytest.fixture(name="way", scope="module")
def _way(network):
    return Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT)


@pytest.fixture(name="home", scope="module")
def _home(network):
    return network.recipient(SETTLEMENT)


@pytest.fixture(name="tracer")
def _tracer(network):
    return PacketTracer(network.deployment, network.chains)


def stages(trace):
    return [step.stage.value for step in trace.steps]


def deposit(network, asset, amount, timeout=0):
    vault = network.chains[EAST].contract("CollateralVault", network.deployment.vault(EAST).vault)
    call = vault.functions.deposit(asset, amount, network.user.address, timeout)
    receipt = network.chains[EAST].transact(call, network.user, value=amount)
    (packet,) = packets_in(
        Way.between(network.deployment, network.chains, source=EAST, destination=100).source, receipt
    )
    return packet


def test_every_stage_with_its_block_its_time_and_its_transaction(network, way, home, tracer):
    user, east, settlement = network.user, network.chains[EAST], network.chains[SETTLEMENT]
    packet = send_message(way, home.address, b"followed", user)
    identifier = packet_id(packet)
    assert stages(tracer.trace(identifier)) == ["sent", "finalized"]
    update_client(way.forward, east, user)
    assert stages(tracer.trace(identifier)) == ["sent", "finalized", "proven"]
    (answer,) = deliver(way, [packet], user)
    trace = tracer.trace(identifier)
    assert stages(trace) == ["sent", "finalized", "proven", "delivered"]
    assert (trace.status, trace.payee, trace.sender_told, trace.is_settled) == (
        Status.SUCCESS,
        user.address,
        None,
        False,
    )
    update_client(way.backward, settlement, user)
    receipt = acknowledge(way, [answer], user)
    trace = tracer.trace(identifier)
    assert stages(trace) == ["sent", "finalized", "proven", "delivered", "acknowledged"]
    assert (trace.stage, trace.is_settled) == (Stage.ACKNOWLEDGED, True)
    assert [step.chain_id for step in trace.steps] == [EAST, EAST, SETTLEMENT, SETTLEMENT, EAST]
    assert trace.step(Stage.ACKNOWLEDGED).transaction_hash == bytes(receipt["transactionHash"])
    for step in trace.steps:
        chain = network.chains[step.chain_id]
        assert step.timestamp == chain.header(step.block).timestamp
        if step.transaction_hash is None:
            assert step.stage is Stage.FINALIZED
        else:
            assert chain.w3.eth.get_transaction_receipt(step.transaction_hash)["blockNumber"] == step.block
    assert trace_packet(network.deployment, network.chains, identifier) == trace


def test_a_failed_deposit_ends_refunded(network, way, tracer):
    user = network.user
    packet = deposit(network, "0x" + "00" * 20, 7, timeout=network.clock.now() + 300)
    identifier = packet_id(packet)
    network.tick(400)
    (answer,) = expire(way, [packet], user)
    trace = tracer.trace(identifier)
    assert stages(trace) == ["sent", "finalized", "expired"]
    assert trace.status is Status.EXPIRED
    update_client(way.forward, way.source.chain, user)
    assert stages(tracer.trace(identifier)) == ["sent", "finalized", "expired"]  # known too late to matter
    update_client(way.backward, way.destination.chain, user)
    acknowledge(way, [answer], user)
    trace = tracer.trace(identifier)
    assert (trace.stage, trace.is_settled) == (Stage.ACKNOWLEDGED, False)
    vault = network.chains[EAST].contract("CollateralVault", network.deployment.vault(EAST).vault)
    receipt = network.chains[EAST].transact(vault.functions.drainRefunds("0x" + "00" * 20, 1), user)
    trace = tracer.trace(identifier)
    assert (trace.stage, trace.is_settled) == (Stage.REFUNDED, True)
    assert trace.steps[-1].transaction_hash == bytes(receipt["transactionHash"])
    assert user.address in trace.steps[-1].detail


def test_a_deposit_that_was_taken_is_settled_without_a_refund(network, way, tracer):
    packet = deposit(network, "0x" + "00" * 20, 10**15)
    update_client(way.forward, way.source.chain, network.user)
    (answer,) = deliver(way, [packet], network.user)
    update_client(way.backward, way.destination.chain, network.user)
    acknowledge(way, [answer], network.user)
    trace = tracer.trace(packet_id(packet))
    assert (trace.status, trace.stage, trace.is_settled) == (Status.SUCCESS, Stage.ACKNOWLEDGED, True)


def test_no_final_block_is_read_twice(network, way, home, tracer, monkeypatch):
    packet = send_message(way, home.address, b"polled", network.user)
    tracer.trace(packet_id(packet))
    ranges = []
    for chain in network.chains.values():
        read = chain.logs
        monkeypatch.setattr(
            chain,
            "logs",
            lambda event, first, last, read=read: ranges.append((first, last)) or read(event, first, last),
            raising=False,
        )
    tracer.trace(packet_id(packet))
    assert ranges == []
    network.tick()
    heads = {chain.head().number for chain in network.chains.values()}
    tracer.trace(packet_id(packet))
    assert ranges
    assert {last for _, last in ranges} <= heads
    assert {last - first for first, last in ranges} == {0}


def test_windows_bound_every_query(network, way, home, monkeypatch):
    packet = send_message(way, home.address, b"in windows", network.user)
    expected = trace_packet(network.deployment, network.chains, packet_id(packet))
    lengths = []
    for chain in network.chains.values():
        read = chain.logs
        monkeypatch.setattr(
            chain,
            "logs",
            lambda event, first, last, read=read: lengths.append(last - first + 1) or read(event, first, last),
            raising=False,
        )
    assert PacketTracer(network.deployment, network.chains, window_blocks=4).trace(packet_id(packet)) == expected
    assert max(lengths) == 4


def test_all_packets_of_the_network_are_listed(network, way, home, tracer):
    first = send_message(way, home.address, b"first", network.user)
    second = send_message(way, home.address, b"second", network.user)
    listed = [trace.packet_id for trace in tracer.traces()]
    assert listed.index(packet_id(first)) + 1 == listed.index(packet_id(second))
    assert len(listed) == len(set(listed))


def test_an_unknown_packet_has_no_trace(network, tracer):
    with pytest.raises(Rejected) as refusal:
        tracer.trace(b"\7" * 32)
    assert refusal.value.reason is Reason.NO_SUCH_PACKET


def test_an_event_that_storage_contradicts_is_not_believed(network, way, home, tracer, monkeypatch):
    packet = send_message(way, home.address, b"contradicted", network.user)
    monkeypatch.setattr(type(way.source), "commitment", lambda *_, **__: bytes(32))
    with pytest.raises(Rejected) as refusal:
        tracer.trace(packet_id(packet))
    assert refusal.value.reason is Reason.NO_SUCH_PACKET
    monkeypatch.undo()
    assert tracer.trace(packet_id(packet)).packet == packet
