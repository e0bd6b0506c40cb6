"""The relayer as operators start it, three nodes behind HTTP, PostgreSQL behind it, and blocks that are taken back."""

from tests.soak.network import EAST, FINAL_UNDER, SETTLEMENT, WEST
from tests.soak.replicas import eventually, write_config
from tests.soak.verdict import judge

SECONDS = 120


def settled(network):
    return network.unanswered() == 0 and not judge(network).wrong


def test_one_process_carries_everything_and_reorganisations_lose_nothing(network, postgres, tmp_path, start):
    network.deposit(EAST, [1, 2, 3])
    network.deposit(WEST, [4], seconds=2)
    network.spray(WEST, SETTLEMENT, 12)
    replica = start(write_config(network, tmp_path, store=postgres.new_url()))
    taken_out = network.take_out(SETTLEMENT, network.signer, replica)
    network.spray(SETTLEMENT, EAST, 3)
    for number in network.nodes:
        network.reorganise(number, FINAL_UNDER - 1)
    eventually(lambda: settled(network), SECONDS, [replica])
    eventually(lambda: replica.get("/ready").status_code == 200, SECONDS, [replica])
    assert replica.metrics()["clearspan_relayer_ready"] == 1
    assert replica.stop() == 0

    verdict = judge(network, relayers=[network.signer, network.carrier])
    assert verdict.wrong == []
    assert (verdict.packets, verdict.delivered, verdict.refunded) in {(19, 18, 1), (16, 15, 1)}  # sent, and taken back
    lines = replica.lines()
    assert taken_out <= {line["packet_id"] for line in lines if line.get("event") in {"reorganised", "finalized"}}
    assert any(line.get("event") == "reorganised" for line in lines)
    assert not [line for line in lines if line.get("event") in {"step failed", "endpoint fault"}]
