"""A served devnet in a thread of its own, real seconds running six times as fast."""

import threading
import time
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.served.network import ServedDevnet

SPEED = 6


class FastClock:
    """The same for chains and commands."""

    def __init__(self):
        self.start = time.time()

    def now(self):
        return int(self.start + SPEED * (time.time() - self.start))


@contextmanager
def serving(directory):
    clock = FastClock()
    patch = pytest.MonkeyPatch()
    patch.setattr("chains.clock.SystemClock.now", lambda _: clock.now())
    up, over, found = threading.Event(), threading.Event(), []

    def run():
        with ServedDevnet(directory, now=clock.now) as net:
            found.append(net)
            up.set()
            while not over.wait(0.3):
                net.step()

    thread = threading.Thread(target=run)
    thread.start()
    assert up.wait(60)
    try:
        yield found[0]
    finally:
        over.set()
        thread.join()
        patch.undo()


def command(served, who, *words):
    """One command at somebody's command line."""
    name = "provider.toml" if who == "lucy" else "swap.toml"
    return CliRunner().invoke(app, [*words, "--config", str(served.directory / who / name)])
