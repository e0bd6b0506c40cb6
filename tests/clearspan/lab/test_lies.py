"""Lies stand on other lies without breaking down themselves."""

import pytest

from clearspan.lab.faults import VOCABULARY
from clearspan.lab.faults.rpc import HugeAnswers, NodeFault
from clearspan.lab.world import World, WorldConfig

KINDS = sorted(word for word, kind in VOCABULARY.items() if word.startswith("rpc:") and issubclass(kind, NodeFault))
QUESTIONS = (
    ("eth_getBlockByNumber", ["latest", False]),
    ("eth_getTransactionReceipt", ["0x" + "11" * 32]),
    ("eth_getLogs", [{"fromBlock": "0x0", "toBlock": "latest"}]),
    ("eth_getProof", ["0x" + "22" * 20, [], "latest"]),
)


@pytest.fixture(scope="module")
def world():
    with World(1, WorldConfig(relayers=0, trades=False)) as made:
        yield made


@pytest.mark.parametrize("word", KINDS)
def test_a_lie_about_what_is_no_answer_leaves_it_as_it_is(world, word):
    link = world.processes["venue"].links[world.deployment.vaults[0].chain_id]
    kept = list(link.conditions)
    for kind in (HugeAnswers, VOCABULARY[word]):
        kind("venue", world.deployment.vaults[0].chain_id).inject(world)
    try:
        for method, params in QUESTIONS:
            try:
                link.make_request(method, params)
            except (OSError, ValueError):
                continue  # as a broken transport does
    finally:
        link.conditions[:] = kept
