"""geth in developer mode, where it is installed: a node of the most used kind, which makes a block a second."""

import json
import shutil
import subprocess
import time

import pytest
import requests

from tests.chains.anvil import die_with_parent, free_port

BLOCK_SECONDS = 1
GAS_LIMIT = 60_000_000
FORKS = (
    "homesteadBlock", "eip150Block", "eip155Block", "eip158Block", "byzantiumBlock", "constantinopleBlock",
    "petersburgBlock", "istanbulBlock", "muirGlacierBlock", "berlinBlock", "londonBlock", "arrowGlacierBlock",
    "grayGlacierBlock", "terminalTotalDifficulty", "shanghaiTime", "cancunTime",
)  # fmt: skip
BLOBS = {"cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477}}


def require_binary():
    """Where geth is; skips where it is not."""
    found = shutil.which("geth")
    return found or pytest.skip("geth is not installed (https://geth.ethereum.org/downloads)")


def genesis(chain_id, balances, genesis_time):
    """Every fork up to Cancun from the start, and money."""
    config = {"chainId": chain_id, **dict.fromkeys(FORKS, 0), "blobSchedule": BLOBS}
    return {
        "config": config, "difficulty": "0x0", "gasLimit": hex(GAS_LIMIT), "timestamp": hex(genesis_time),
        "baseFeePerGas": hex(10**9), "alloc": {address: {"balance": hex(wei)} for address, wei in balances.items()},
    }  # fmt: skip


class Geth:
    """One geth process with a chain of its own in `folder`; with period 0 a block is made for each transaction."""

    def __init__(self, chain_id, folder, balances, *, period=BLOCK_SECONDS):
        binary = require_binary()
        self.chain_id, self._session = chain_id, requests.Session()
        folder.mkdir(parents=True, exist_ok=True)
        start = folder / "genesis.json"
        start.write_text(json.dumps(genesis(chain_id, balances, int(time.time()) - 1)))
        home = ["--datadir", str(folder / "chain"), "--state.scheme", "hash"]
        subprocess.run([binary, "init", *home, start], check=True, capture_output=True)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        options = [
            "--dev", "--dev.period", str(period), "--miner.gaslimit", str(GAS_LIMIT), "--port", "0", "--nodiscover",
            "--maxpeers", "0", "--ipcdisable", "--authrpc.port", str(free_port()), "--http", "--http.port", str(port),
            "--http.api", "eth,net,web3,debug,txpool", "--gcmode", "archive", "--cache", "64", "--verbosity", "1",
        ]  # fmt: skip
        self.process = subprocess.Popen(
            [binary, *home, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock
        )
        self._await_answer()

    def _await_answer(self):
        for _ in range(300):
            try:
                assert self.ask("eth_chainId") == hex(self.chain_id)
            except requests.ConnectionError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
            else:
                return
        self.stop()
        pytest.fail(f"geth does not answer, exit code {self.process.returncode}")

    def respond(self, method, *params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self._session.post(self.url, json=body, timeout=10).json()

    def ask(self, method, *params):
        response = self.respond(method, *params)
        assert "error" not in response, response
        return response["result"]

    def stop(self):
        self._session.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
