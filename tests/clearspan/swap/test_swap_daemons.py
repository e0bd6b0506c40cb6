"""Settler and provider as daemons of the relayer process: `clearspan daemon settler|provider start`."""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from clearspan import exits
from clearspan.relayer import swap_daemons
from clearspan.served.files import operator_file
from relayers.operating.errors import ConfigRejected
from tests.clearspan.swap.serving import command, serving
from tests.relayers.operating.conftest import eventually, running


def written(served, who, daemon, options):
    """A relayer's configuration beside the party's own file."""
    chains = {chain.name: (chain.chain_id, served.urls[chain.name]) for chain in served.core.network.chains}
    text = operator_file(
        chains,
        signers={},
        daemons={daemon: f"every_seconds = 0.3\n\n[daemons.{daemon}.options]\n{options}"},
        exchange=(served.urls["exchange"], "http://127.0.0.1:9"),
        port=0,
    )
    path = served.directory / who / f"daemon-{daemon}.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    swap_daemons.register()
    with serving(tmp_path_factory.mktemp("served") / "net") as net, Path(os.devnull).open("w") as nowhere:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))  # or commands would answer log lines
        yield net
        structlog.reset_defaults()


def ask(served, who, *words):
    answer = command(served, who, *words, "--json")
    assert answer.exit_code == exits.OK, answer.stderr
    return json.loads(answer.stdout)


def test_the_provider_quotes_and_both_daemons_settle_what_was_taken(served):
    with ExitStack() as stack:
        for who, daemon in (("lucy", "provider"), ("alice", "settler")):
            path = written(served, who, daemon, f'config = "{"provider" if who == "lucy" else "swap"}.toml"')
            relayer = stack.enter_context(running(path, names=(daemon,)))
            eventually(lambda one=relayer, name=daemon: name in one.get("/status").json()["workers"])
        words = ("swap", "quote", "--give", "1 ETH@alpha", "--take", "USDC@beta")
        eventually(lambda: command(served, "alice", *words).exit_code == exits.OK, 60)
        swap = ask(served, "alice", "swap", "take", "--give", "1 ETH@alpha", "--take", "USDC@beta")["swap"]

        def is_paid():
            rows = ask(served, "alice", "swap", "status")["swaps"]
            return any((row["swap"], row["status"]) == (swap, "paid") for row in rows)

        until = time.monotonic() + 90
        while not is_paid():
            assert time.monotonic() < until, ask(served, "alice", "swap", "status")
            time.sleep(0.5)


@pytest.mark.parametrize("daemon", ["settler", "provider"])
def test_options_are_checked(served, daemon):
    path = written(served, "bob", daemon, "confg = 1")
    with pytest.raises(ConfigRejected, match=f"daemons.{daemon}.options.confg: unknown key"), running(path):
        pass
