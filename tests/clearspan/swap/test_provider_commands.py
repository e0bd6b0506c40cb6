"""A provider on a port; a user exits, enters and swaps with it from the command line."""

import json
import threading
import time

import pytest

from clearspan import exits
from clearspan.provider.command import run_start
from tests.clearspan.swap.serving import command, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "net") as net:
        stop, codes = threading.Event(), []
        config = net.directory / "lucy" / "provider.toml"
        thread = threading.Thread(target=lambda: codes.append(run_start(config, stop, tell=lambda _: None)))
        thread.start()
        yield net
        stop.set()
        thread.join()
        assert codes == [exits.OK]


def ask(served, who, *words):
    answer = command(served, who, *words, "--json")
    assert answer.exit_code == exits.OK, answer.stderr
    return json.loads(answer.stdout)


def wait_for_quotes(served):
    until = time.time() + 60
    words = ("swap", "quote", "--give", "1 ETH@alpha", "--take", "USDC@beta")
    while (answer := command(served, "alice", *words, "--json")).exit_code != exits.OK:
        assert time.time() < until, answer.stdout
        time.sleep(0.3)
    return json.loads(answer.stdout)


def settled(served, swap):
    until = time.time() + 90
    while time.time() < until:
        rows = ask(served, "alice", "swap", "settle", "--once")["swaps"]
        if any((row["swap"], row["status"]) == (swap, "paid") for row in rows):
            return
        time.sleep(0.2)
    raise AssertionError(ask(served, "alice", "swap", "status"))


def test_quotes_show_their_parts_and_what_each_side_relies_on(served):
    (quote,) = wait_for_quotes(served)["quotes"]
    assert quote["gives"] == "1 ETH@alpha"
    parts = [float(quote[name].split()[0]) for name in ("takes", "option_premium", "gas", "spread", "capital")]
    assert sum(parts) == pytest.approx(2_500)
    assert all(part > 0 for part in parts)
    assert quote["you_rely_on"].startswith("final")
    assert (
        "you rely on"
        in command(served, "alice", "swap", "quote", "--give", "1 ETH@alpha", "--take", "USDC@beta").stderr
    )


@pytest.mark.parametrize(
    "words",
    [
        ("take", "--give", "1 ETH@alpha", "--take", "USDC@beta"),
        ("exit", "--cash", "1000", "--to", "USDC@beta", "--guarantee", "posted"),
        ("enter", "--give", "500 USDC@beta", "--guarantee", "soft"),
    ],
)
def test_a_user_takes_the_best_quote_and_settles(served, words):
    wait_for_quotes(served)
    settled(served, ask(served, "alice", "swap", *words)["swap"])
    told = ask(served, "lucy", "provider", "status")
    assert any(row["outcome"] == "Paid" or row["tried"] for row in told["swaps"])


def test_what_the_provider_refuses_is_told(served):
    wait_for_quotes(served)
    big = command(served, "alice", "swap", "exit", "--cash", "150000", "--to", "USDC@beta")
    assert (big.exit_code, "AbovePerSwapLimit" in big.stderr) == (exits.REJECTED, True)
    soft = command(served, "alice", "swap", "exit", "--cash", "30000", "--to", "USDC@beta", "--guarantee", "soft")
    assert (soft.exit_code, "AboveSoftLimit" in soft.stderr) == (exits.REJECTED, True)
    least = command(served, "alice", "swap", "exit", "--cash", "100", "--to", "USDC@beta", "--least", "100")
    assert (least.exit_code, "TooLittle" in least.stderr) == (exits.REJECTED, True)


def test_nobody_answers_where_no_provider_runs(served, tmp_path):
    config = tmp_path / "lucy" / "provider.toml"
    config.parent.mkdir()
    text = (served.directory / "lucy" / "provider.toml").read_text()
    head, _, _ = text.partition("[listen]")
    config.write_text(head + "[listen]\nport = 9\n")

    class Elsewhere:
        directory = tmp_path

    answer = command(Elsewhere, "lucy", "provider", "status")
    assert (answer.exit_code, "NoAnswer" in answer.stderr) == (exits.UNAVAILABLE, True)
    config.write_text(text + "\nodd = 1\n")
    assert command(Elsewhere, "lucy", "provider", "status").exit_code == exits.REJECTED
