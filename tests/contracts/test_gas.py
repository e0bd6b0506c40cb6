"""Gas against the committed snapshot, exactly; and the bounds the design promises."""

import json

import pytest

from tests.contracts.gas import SNAPSHOT, measure, render


@pytest.fixture(scope="module")
def used():
    return measure()


def test_gas_is_what_the_snapshot_says(used):
    committed = json.loads(SNAPSHOT.read_text())
    changed = {
        name: (committed.get(name), used.get(name))
        for name in sorted(committed.keys() | used.keys())
        if committed.get(name) != used.get(name)
    }
    assert not changed, "rewrite contracts/gas-snapshot.json with `python -m tests.contracts.gas`"
    assert SNAPSHOT.read_text() == render(used)


def test_an_update_with_four_validators_stays_cheap(used):
    assert used["QbftLightClient.update, 4 validators"] < 110_000
    assert used["QbftLightClient.update, 22 validators"] < 300_000


def test_a_posted_order_costs_little_more_than_its_bytes(used):
    """148 bytes and their length at Prague's calldata floor of 40 gas a byte."""
    orders = 24 * 32
    assert used["Rollup.postBatch, 24 x 32 orders"] / orders < 150 * 40 * 1.1


def test_a_batch_shares_its_account_proof(used):
    assert used["Mailbox.receivePackets, 10 packets"] < 6 * used["Mailbox.receivePackets, 1 packet"]


def test_a_message_costs_what_was_aimed_at(used):
    """Every message but a mailbox's first, whose counter is written from zero; docs/benchmarks.md has batches of 50."""
    assert used["Mailbox.sendMessage, with attributes"] < 75_000
    assert used["Mailbox.receivePackets, 1 packet"] < 220_000
    assert used["Mailbox.receivePackets, 10 packets"] < 10 * 80_000
    assert used["Mailbox.sendMessage, with fees"] < 75_000 + 5_000
