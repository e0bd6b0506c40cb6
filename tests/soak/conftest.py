"""Real nodes, real databases and real processes; each is ended with the test."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.relayers.postgres import Postgres
from tests.soak.network import Network
from tests.soak.replicas import Replica


@pytest.fixture(scope="session", name="postgres")
def _postgres():
    folder = Path(tempfile.mkdtemp(prefix="clearspan-postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(name="network")
def _network():
    network = Network()
    yield network
    network.stop()


@pytest.fixture(name="start")
def _start():
    """Starts a relayer process; whatever still runs is killed at the end."""
    started = []

    def start(config, **options):
        started.append(Replica(config, **options))
        return started[-1].start()

    yield start
    for replica in started:
        if replica.is_alive:
            replica.kill()
