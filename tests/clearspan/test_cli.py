import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clearspan import exits
from clearspan.cli import app
from exchange.sdk.errors import FloatAmount, Rejected, TimedOut, Unavailable

COMMANDS = [
    [],
    ["demo"],
    ["verify"],
    ["packet"],
    ["packet", "show"],
    ["packet", "list"],
    ["swap"],
    ["swap", "recover"],
    ["rebalance"],
    ["rebalance", "offers"],
    ["rebalance", "take"],
    ["version"],
    ["relayer", "start"],
    ["relayer", "status"],
    ["relayer", "reload"],
    ["daemon", "updater", "start"],
    ["keys", "add"],
    ["config", "validate"],
    ["client", "update"],
    ["packet", "pending"],
    ["clear"],
    ["pause"],
    ["health-check"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "clearspan")
def test_help_needs_nothing_heavy(command):
    script = (
        "import sys\n"
        "from clearspan.cli import app\n"
        "try:\n"
        f"    app({[*command, '--help']!r})\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0\n"
        "heavy = ('web3', 'eth', 'eth_tester', 'sqlalchemy', 'chains', 'exchange', 'rich', 'asyncio')\n"
        "print('heavy:', [name for name in heavy if name in sys.modules])\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stdout.startswith("Usage: ")
    assert answer.stdout.endswith("heavy: []\n")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(words) or "clearspan")
def test_help_takes_under_300_milliseconds(command):
    best = min(_processor_seconds([sys.executable, "-m", "clearspan", *command, "--help"]) for _ in range(3))
    assert best < 0.3


def _processor_seconds(command):
    """Time the command itself used, so that a busy machine does not count against it."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["demo", "--limit", "5"], exits.USAGE),
        (["demo", "--seed", "-1"], exits.USAGE),
        (["demo", "--unknown"], exits.USAGE),
        (["trade"], exits.USAGE),
        (["verify"], exits.USAGE),
        (["packet"], exits.USAGE),
        (["packet", "show"], exits.USAGE),
        (["packet", "show", "0x1234567"], exits.USAGE),
        (["packet", "show", "not-hex-digits"], exits.USAGE),
    ],
)
def test_wrong_usage_is_exit_code_2(words, code):
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == code
    assert answer.stdout == ""
    assert answer.stderr.startswith("Usage: ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "{tmp}/nothing"], "Rejected: NotADemoDirectory"),
        (["packet", "show", "0x12345678", "--dir", "{tmp}/nothing"], "Rejected: NotADemoDirectory"),
        (["packet", "list", "--dir", "{tmp}/nothing"], "Rejected: NotADemoDirectory"),
        (["demo", "--replay", "{tmp}/binance-spot-btcusdt-20240808.jsonl.gz"], "Rejected: SpotRecording"),
        (["demo", "--replay", "{tmp}/binance-usdm-btcusdt-20240808.jsonl.gz"], "Rejected: RecordingMissing"),
    ],
)
def test_what_is_rejected_says_why_on_stderr_and_leaves_with_1(tmp_path, words, message):
    answer = CliRunner().invoke(app, [word.format(tmp=tmp_path) for word in words])
    assert answer.exit_code == exits.REJECTED
    assert answer.stdout == ""
    assert message in answer.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Rejected("NoSuchThing"), exits.REJECTED),
        (FloatAmount("price"), exits.REJECTED),
        (Unavailable("Halted"), exits.UNAVAILABLE),
        (TimedOut("after 3 steps"), exits.TIMED_OUT),
        (ZeroDivisionError(), None),
    ],
)
def test_each_kind_of_error_has_its_exit_code(error, code):
    assert exits.code_of(error) == code


def test_version_is_that_of_the_project():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    answer = CliRunner().invoke(app, ["version"])
    assert answer.exit_code == 0
    assert answer.stdout == f"{project['project']['version']}\n"
