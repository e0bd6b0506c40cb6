"""A real node for the tests: anvil from contracts/node_modules, on a free loopback port, killed at the end."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests

BINARY = Path(__file__).resolve().parents[2] / "contracts" / "node_modules" / ".bin" / "anvil"
GENESIS_TIME = 1_767_225_600
PRCTL = getattr(ctypes.CDLL(None), "prctl", lambda *_: 0)


def require_binary():
    """Skips where npm has not installed anvil; in CI that is a failure."""
    if BINARY.is_file():
        return
    reason = "anvil is not installed: run `npm ci` in contracts/ (Linux x64 only)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def die_with_parent():
    """Ends anvil even where the tests are killed before they can; Linux only, as anvil's package is."""
    PRCTL(1, signal.SIGTERM)


class Anvil:
    """One anvil process that mines when told. `options` of its command line come on top."""

    def __init__(self, chain_id, *, genesis_time=GENESIS_TIME, options=()):
        require_binary()
        self.chain_id, self._genesis_time, self._options = chain_id, genesis_time, options
        self._session = requests.Session()
        for _ in range(3):  # somebody else may take the free port first
            self._start()
            if self._answers():
                return
            self.stop()
        pytest.fail(f"anvil does not answer, exit code {self.process.returncode}")

    def _start(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            BINARY, "--silent", "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(self.chain_id),
            "--no-mining", "--base-fee", "7", "--hardfork", "prague", "--slots-in-an-epoch", "1",
            "--timestamp", str(self._genesis_time), "--threads", "1", *self._options,
        ]  # fmt: skip
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock
        )

    def _answers(self):
        for _ in range(250):
            try:
                return self.ask("eth_chainId") == hex(self.chain_id)
            except requests.ConnectionError:
                if self.process.poll() is not None:
                    return False
                time.sleep(0.02)
        return False

    def ask(self, method, *params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        response = self._session.post(self.url, json=body, timeout=10).json()
        assert "error" not in response, response
        return response["result"]

    def mine(self, clock=None):
        """One block, at the clock's time where that has moved on."""
        head = int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
        self.ask("evm_mine", {"timestamp": max(head + 1, clock.now() if clock else 0)})

    def fund(self, balances):
        """Into a block of its own, so that it is part of a state root."""
        for address, wei in balances.items():
            self.ask("anvil_setBalance", address, hex(wei))

    def stop(self):
        self._session.close()
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
