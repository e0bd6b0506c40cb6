"""Types every command of docs/operators.md, in order, against a relayer in a process of its own."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.relayer import swap_daemons, venue_daemons
from clearspan.relayer.apps import DAEMON_NAMES
from relayers.operating.registry import DAEMONS
from tests.relayers.operating.conftest import ServedNetwork, eventually

REPOSITORY = Path(__file__).resolve().parents[3]
RUNBOOK = REPOSITORY / "docs" / "operators.md"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
READY_OR_NOT = ("health-check",)


def commands():
    """Each command with the section it is in."""
    found = []
    for section in re.split(r"^#+ ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]:
        name = section.partition("\n")[0]
        found += [(name, line) for block in BLOCK.findall(section) for line in block.splitlines() if line.strip()]
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Operator:
    """Types commands in a directory with a configuration, and keeps one relayer running."""

    def __init__(self, network, directory):
        self.network, self.directory = network, directory
        self.port = free_port()
        self.relayer = None
        path = network.write_files(directory)
        path.write_text(path.read_text().replace("port = 0", f"port = {self.port}"))
        os.chdir(directory)

    def run(self, command):
        """Exit code and output of one command."""
        answer = CliRunner().invoke(app, shlex.split(command)[1:])
        assert answer.exception is None or isinstance(answer.exception, SystemExit), answer.exception
        return answer.exit_code, answer.output

    def start(self, command):
        """Replace the running relayer by the one this command starts."""
        self.stop()
        log = (self.directory / "log").open("a")
        words = [sys.executable, "-m", "clearspan", *shlex.split(command)[1:]]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        self.relayer = subprocess.Popen(words, stdout=log, stderr=log, env=environment, cwd=self.directory)
        eventually(self._is_live, 60)

    def stop(self):
        """SIGTERM, and an orderly end."""
        if self.relayer is not None:
            self.relayer.send_signal(signal.SIGTERM)
            assert self.relayer.wait(timeout=60) == 0
            self.relayer = None

    def _is_live(self):
        assert self.relayer.poll() is None, (self.directory / "log").read_text()[-3_000:]
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/live", timeout=2).status_code == 200
        except requests.ConnectionError:
            return False

    def pending(self):
        code, output = self.run("clearspan packet pending --config relayer.toml --json")
        assert code == 0
        return {row["packet_id"]: row for row in json.loads(output)["packets"]}


def test_the_command_line_knows_every_daemon():
    swap_daemons.register()
    venue_daemons.register()
    assert tuple(sorted(DAEMONS)) == DAEMON_NAMES


@pytest.fixture
def operator(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = ServedNetwork()
    operator = Operator(network, tmp_path)
    yield operator
    operator.stop()
    network.stop()


def test_every_command_of_the_runbook_does_what_it_says(operator):
    operator.start("clearspan relayer start --config relayer.toml")
    assert operator.run('clearspan pause "east->settlement" --config relayer.toml')[0] == 0
    packet = "0x" + operator.network.deposit().hex()
    eventually(lambda: packet in operator.pending())
    told = {}
    (operator.directory / "keys" / "relayer.json").rename(operator.directory / "mine.json")
    for section, command in commands():
        if command == "clearspan config validate --config relayer.toml" and not told.get("moved"):
            (operator.directory / "keys" / "relayer.json").unlink()
            (operator.directory / "mine.json").rename(operator.directory / "keys" / "relayer.json")
            told["moved"] = True
        if " start" in command:
            operator.start(command)
            continue
        code, output = operator.run(command.replace("PACKET", packet))
        assert code == 0 or (code == 3 and command.split()[1] in READY_OR_NOT), (section, command, output)
        told[command] = output
    assert told["clearspan config validate --config relayer.toml"] == "ok\n"
    assert re.match(
        r"east@settlement: height \d+\n", told["clearspan client update east@settlement --config relayer.toml"]
    )
    assert "reloaded: " in told["clearspan relayer reload --config relayer.toml"]
    assert operator.pending()[packet]["state"] == "set aside"
    assert operator.run(f"clearspan packet retry {packet} --config relayer.toml")[0] == 0
    eventually(lambda: operator.network.is_acknowledged(bytes.fromhex(packet[2:])), 60)
    eventually(lambda: operator.run("clearspan health-check --config relayer.toml")[0] == 0, 60)
    operator.stop()
    assert operator.run("clearspan health-check --config relayer.toml")[0] == 3


def test_a_pause_costs_nothing_and_a_resume_goes_on(operator):
    operator.start("clearspan relayer start --config relayer.toml")
    assert operator.run('clearspan pause "east->settlement" --config relayer.toml --note drill')[0] == 0
    packet = operator.network.deposit()
    eventually(lambda: "0x" + packet.hex() in operator.pending(), 60)
    eventually(lambda: operator.run("clearspan health-check --config relayer.toml")[0] == 3)
    code, output = operator.run("clearspan relayer status --config relayer.toml")
    assert code == 0
    assert "east->settlement is paused" in output
    assert not operator.network.is_acknowledged(packet)
    assert operator.run('clearspan resume "east->settlement" --config relayer.toml')[0] == 0
    eventually(lambda: operator.network.is_acknowledged(packet), 60)


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        ("clearspan relayer start --config nowhere.toml", 1, "FileMissing"),
        ("clearspan daemon nobody start --config relayer.toml", 2, "nobody"),
        ('clearspan pause "east->nowhere" --config relayer.toml', 1, "UnknownRoute"),
        (f"clearspan packet retry {'ab' * 32} --config relayer.toml", 1, "NoSuchPacket"),
        ("clearspan packet retry xyz --config relayer.toml", 2, "64 hex digits"),
        ("clearspan client update moon@east --config relayer.toml", 1, "known: "),
        ("clearspan relayer status --config relayer.toml", 3, "NotRunning"),
        ("clearspan config init --config relayer.toml", 1, "FileExists"),
        ("clearspan keys add relayer --dir keys --password-file password", 1, "FileExists"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(operator, command, code, told):
    answer, output = operator.run(command)
    assert (answer, told in output) == (code, True), output
    assert "Traceback" not in output
