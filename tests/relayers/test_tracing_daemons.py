"""A packet followed while daemons carry it over chains whose blocks become final only later."""

from bridge.tracing import PacketTracer, Stage
from chains import Depth

EAST = 101


def test_a_packet_is_sent_first_final_later_and_settled_when_its_acknowledgement_is_final(make_network):
    network = make_network(finality=Depth(3))
    for _ in range(3):
        network.mine()
    sent = network.deposit(EAST, 5)
    tracer = PacketTracer(network.deployment, network.chains)
    seen = [tracer.trace(sent.packet_id)]
    for turn in range(40):
        network.clock.advance(5)
        network.mine()
        if turn >= 3:
            network.fleet.round()
        seen.append(tracer.trace(sent.packet_id))
        if seen[-1].is_settled:
            break
    stages = [trace.stage for trace in seen]
    assert list(dict.fromkeys(stages)) == [
        Stage.SENT,
        Stage.FINALIZED,
        Stage.PROVEN,
        Stage.DELIVERED,
        Stage.ACKNOWLEDGED,
    ]
    assert stages.index(Stage.FINALIZED) == 3
    unsettled = [trace for trace in seen if trace.stage is Stage.ACKNOWLEDGED and not trace.is_settled]
    assert unsettled, "acknowledged in a block that is not final is not settled"
    assert seen[-1].is_settled
