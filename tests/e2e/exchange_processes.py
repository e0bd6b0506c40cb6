"""A served devnet whose exchange is run by others: real processes, started by the commands that an operator types."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from contextlib import contextmanager
from pathlib import Path

import requests

from clearspan.kept import KeptRun
from clearspan.listing import genesis_inputs, genesis_state
from clearspan.served.network import ServedDevnet
from clearspan.trading import connect, domain_of
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sdk.venue_client import VenueClient
from exchange.serving.asked import Batches
from exchange.serving.follower import Follower
from exchange.serving.remote import RemoteSequencer

REPOSITORY = Path(__file__).resolve().parents[2]
STEP_SECONDS = 0.4


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Started:
    """One process, and how to kill it and start it again."""

    def __init__(self, directory, *words, config="relayer.toml"):
        self.directory, self.words, self.config = directory, words, config
        self.log = directory / f"{'-'.join(words)}.log"
        self.process = None

    def start(self):
        words = [sys.executable, "-m", "clearspan", *self.words, "--config", self.config]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=self.directory)
        return self

    def kill(self):
        """With no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    @property
    def port(self):
        return tomllib.loads((self.directory / self.config).read_text())["listen"]["port"]

    def not_ready(self):
        """Reasons, none when ready."""
        assert self.process.poll() is None, self.log.read_text()[-3_000:]
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/ready", timeout=5).json()["reasons"]
        except requests.ConnectionError:
            return ["it does not answer"]


class Exchange:
    """The devnet, stepping in a thread of its own, and clients of the venue that others run."""

    def __init__(self, devnet):
        self.devnet, self.directory = devnet, devnet.directory
        self.kept = KeptRun.load(self.directory)
        self.client = VenueClient(devnet.urls["exchange"], domain_of(self.kept))
        self.operator = self.directory / "operator"
        self.started = []

    def start(self, *words, directory=None, config="relayer.toml"):
        one = Started(directory or self.operator, *words, config=config).start()
        self.started.append(one)
        return one

    def alone(self, name):
        """A file for one daemon of the operator's: a port and a database of its own."""
        text = (self.operator / "relayer.toml").read_text()
        port = tomllib.loads(text)["listen"]["port"]
        text = text.replace(f"port = {port}", f"port = {free_port()}").replace("relayer.sqlite", f"{name}-store.sqlite")
        (self.operator / f"{name}.toml").write_text(text)
        return f"{name}.toml"

    def trader(self, name):
        return connect(self.directory / name / "swap.toml")

    def batches(self):
        return self.client.ask("batches", Batches)

    def follower(self):
        """The whole log, re-executed."""
        inputs = genesis_inputs(self.kept.network, self.kept.exchange)
        remote = RemoteSequencer(self.client, follower=Follower(lambda: genesis_state(self.kept.exchange, inputs)))
        remote.follow()
        return remote


@contextmanager
def exchange(directory):
    """The devnet and nobody of its exchange; whoever was started is ended at last."""
    over = threading.Event()
    with ServedDevnet(directory, apart=True) as devnet:

        def run():
            while not over.wait(STEP_SECONDS):
                devnet.step()

        thread = threading.Thread(target=run)
        thread.start()
        found = Exchange(devnet)
        try:
            yield found
        finally:
            for one in found.started:
                one.stop()
            over.set()
            thread.join()


def eventually(check, seconds=60):
    """The first true answer; a venue that does not answer, or not yet, is waited for."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = check()
        except (Rejected, Unavailable) as error:
            if isinstance(error, Rejected) and error.reason not in {"AccountUnknown", "NoMark"}:
                raise
            found = error
        if found and not isinstance(found, Exception):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
