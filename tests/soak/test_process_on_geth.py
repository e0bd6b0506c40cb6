"""The relayer as operators start it, on three geth in developer mode."""

import threading
import time
from contextlib import nullcontext

import pytest
from eth_account import Account
from web3 import Web3

from tests.chains.geth import Geth, require_binary
from tests.soak.network import EAST, ETHER, NAMES, SETTLEMENT, WEST, Network
from tests.soak.replicas import eventually, write_config
from tests.soak.verdict import judge

SECONDS = 120
NOBODY = Account.from_key("0x" + "ab" * 32)


class GethNode(Geth):
    """Makes a block when there is a transaction, so that time passes by somebody's sending nothing to himself."""

    def __init__(self, chain_id, folder, balances):
        super().__init__(chain_id, folder, balances | {NOBODY.address: ETHER}, period=0)
        self.lock = threading.RLock()
        self.block()
        deadline = time.monotonic() + SECONDS
        while "error" in self.respond("eth_getTransactionReceipt", "0x" + "00" * 32):  # its index is not there yet
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def mining_at_once(self):
        return nullcontext()

    def block(self):
        with self.lock:
            nonce = int(self.ask("eth_getTransactionCount", NOBODY.address, "latest"), 16)
            fields = {
                "type": 2, "chainId": self.chain_id, "nonce": nonce, "gas": 21_000, "maxFeePerGas": 10**10,
                "maxPriorityFeePerGas": 10**9, "to": NOBODY.address, "value": 0, "data": b"",
            }  # fmt: skip
            signed = NOBODY.sign_transaction(fields)
            self.respond("eth_sendRawTransaction", Web3.to_hex(signed.raw_transaction))

    def settle(self, hashes):
        """Receipts, as soon as all are there."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = [self.ask("eth_getTransactionReceipt", one) for one in hashes]
            if None not in found or time.monotonic() > deadline:
                return found
            time.sleep(0.05)


@pytest.fixture(name="geth_network")
def _geth_network(tmp_path):
    require_binary()
    network = Network(lambda balances: {one: GethNode(one, tmp_path / NAMES[one], balances) for one in NAMES})
    yield network
    network.stop()


def test_one_process_carries_everything(geth_network, postgres, tmp_path, start):
    network = geth_network
    network.deposit(EAST, [1, 2, 3])
    network.deposit(WEST, [4], seconds=4)
    network.spray(WEST, SETTLEMENT, 12)
    network.spray(SETTLEMENT, EAST, 3)
    replica = start(write_config(network, tmp_path / "relayer", store=postgres.new_url()))
    eventually(lambda: network.unanswered() == 0 and not judge(network).wrong, SECONDS, [replica])
    eventually(lambda: replica.get("/ready").status_code == 200, SECONDS, [replica])
    assert replica.stop() == 0

    verdict = judge(network, relayers=[network.signer, network.carrier])
    assert verdict.wrong == []
    assert (verdict.packets, verdict.delivered, verdict.refunded) == (19, 18, 1)
    assert verdict.wasted == []
    assert not [line for line in replica.lines() if line.get("event") in {"step failed", "endpoint fault"}]
