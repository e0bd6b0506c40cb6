"""A chain whose node takes requests and answers none: what goes on meanwhile; how a process starts and ends."""

import time
from contextlib import ExitStack

import pytest

from chains.errors import Unavailable
from relayers.operating.process import RelayerProcess
from tests.relayers.operating.conftest import EAST, WEST, ServedNetwork, eventually, running

ROUTES = tuple(
    (source, target) for vault in ("east", "west") for source, target in ((vault, "settlement"), ("settlement", vault))
)


@pytest.fixture(scope="module")
def three():
    network = ServedNetwork(vaults=("east", "west"))
    yield network
    network.stop()


def write_patient(network, directory, *, routes=ROUTES):
    """A file under which a request to a node that is silent lasts half a minute."""
    path = network.write_files(directory, routes=routes)
    path.write_text(path.read_text().replace("request_seconds = 1.5", "request_seconds = 30"))
    return path


def test_a_chain_that_hangs_delays_nobody_elses_packets(three, tmp_path):
    with running(write_patient(three, tmp_path)) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        with three.east_down():
            time.sleep(1)
            packet = three.deposit(chain_id=WEST)
            eventually(lambda: three.is_acknowledged(packet, chain_id=WEST), 25)
            assert relayer.get("/live").status_code == 200


def test_it_ends_in_time_though_a_chain_hangs(three, tmp_path):
    with running(write_patient(three, tmp_path), stop_seconds=1.0) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        with three.east_down():
            time.sleep(1)
            began = time.monotonic()
            relayer.stop()
            assert time.monotonic() - began < 5
    assert {"relayer east->settlement", "updater east@settlement"} <= relayer.process.unfinished
    assert not any("west" in name and "east" not in name for name in relayer.process.unfinished)


def test_it_ends_at_once_where_nothing_hangs(three, tmp_path):
    with running(write_patient(three, tmp_path)) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        began = time.monotonic()
        relayer.stop()
        assert time.monotonic() - began < 5
    assert relayer.process.unfinished == frozenset()


def test_it_starts_though_a_chain_is_silent_and_takes_it_up_when_it_answers(three, tmp_path):
    with ExitStack() as stack:
        silence = stack.enter_context(ExitStack())
        silence.enter_context(three.east_down())
        relayer = stack.enter_context(running(three.write_files(tmp_path, routes=ROUTES)))
        packet = three.deposit(chain_id=WEST)
        eventually(lambda: three.is_acknowledged(packet, chain_id=WEST))
        assert "east does not answer" in relayer.get("/ready").json()["reasons"]
        silence.close()
        packet = three.deposit(chain_id=EAST)
        eventually(lambda: three.is_acknowledged(packet, chain_id=EAST), 40)


def test_a_file_that_names_another_chains_node_is_refused(three, tmp_path):
    path = three.write_files(tmp_path, routes=ROUTES)
    east, west = (three.servers[number].url for number in (EAST, WEST))
    path.write_text(path.read_text().replace(f'"{east}"', f'"{west}/"'))
    with pytest.raises(Unavailable, match="QuorumLost"):
        RelayerProcess(path)


def test_routes_are_reloaded_though_a_chain_hangs(three, tmp_path):
    without = tuple(route for route in ROUTES if route != ("west", "settlement"))
    with running(write_patient(three, tmp_path, routes=without), stop_seconds=1.0) as relayer:
        eventually(lambda: relayer.get("/ready").status_code == 200)
        packet = three.deposit(chain_id=WEST)
        with three.east_down():
            time.sleep(0.5)
            write_patient(three, tmp_path)
            assert relayer.reload()
            eventually(lambda: three.is_acknowledged(packet, chain_id=WEST), 25)
            relayer.stop()
