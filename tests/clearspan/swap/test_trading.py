"""ETH on one chain for USDC on another, by two people at two command lines, over a devnet on loopback ports."""

import json
import time

import pytest
from typer.testing import CliRunner

from clearspan import exits
from clearspan.cli import app
from tests.clearspan.swap.serving import command, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "net") as net:
        yield net


def swap(served, who, *words):
    return command(served, who, "swap", *words)


def dollars(served, who):
    deployment, chains = served.core.network.deployment, served.core.network.by_id
    beta = next(entry.chain_id for entry in deployment.vaults if entry.name == "beta")
    token = chains[beta].contract("TestToken", deployment.asset_of(beta, "USDC").token)
    return chains[beta].call(token.functions.balanceOf(served.addresses[who]))


def offer(served, out, *words):
    terms = ["--give", "1.5 ETH@alpha", "--take", "3000 USDC@beta", "--out", str(out)]
    return swap(served, "alice", "propose", *terms, "--with", served.addresses["bob"], *words)


def test_two_people_swap_with_files(served, tmp_path):
    terms = tmp_path / "terms.json"
    proposed = offer(served, terms)
    assert proposed.exit_code == exits.OK, proposed.stderr
    accepted = swap(served, "bob", "accept", str(terms), "--yes", "--json")
    assert accepted.exit_code == exits.OK, accepted.stderr
    name = json.loads(accepted.stdout)["swap"]
    before = {who: dollars(served, who) for who in ("alice", "bob")}
    answers = {}
    ended = {"alice": False, "bob": False}
    until = time.time() + 90
    while not all(ended.values()) and time.time() < until:
        for who, done in ended.items():
            if done:
                continue
            answers[who] = swap(served, who, "settle", "--once", "--json")
            assert answers[who].exit_code == exits.OK, answers[who].stderr
            (row,) = json.loads(answers[who].stdout)["swaps"]
            ended[who] = row["status"] == "paid"
        time.sleep(0.2)
    assert ended == {"alice": True, "bob": True}, {who: answer.stdout for who, answer in answers.items()}
    assert dollars(served, "alice") - before["alice"] == 3_000 * 10**6
    assert dollars(served, "bob") - before["bob"] == -3_000 * 10**6
    listed = json.loads(swap(served, "bob", "status", "--json").stdout)["swaps"]
    assert [(row["swap"], row["role"], row["status"], row["gives"], row["takes"]) for row in listed] == [
        (name, "responder", "paid", "3000 USDC@beta", "1.5 ETH@alpha")
    ]
    assert "paid: gives 1.5 ETH@alpha for 3000 USDC@beta" in swap(served, "alice", "status").stdout


def test_what_is_wrong_is_refused_before_anything_moves(served, tmp_path):
    assert offer(served, tmp_path / "terms.json").exit_code == exits.OK
    unasked = swap(served, "bob", "accept", str(tmp_path / "terms.json"))
    assert (unasked.exit_code, "NotConfirmed" in unasked.stderr) == (exits.REJECTED, True)
    other = swap(served, "alice", "accept", str(tmp_path / "terms.json"), "--yes")
    assert (other.exit_code, "NotForThisWallet" in other.stderr) == (exits.REJECTED, True)
    assert swap(served, "bob", "accept", str(tmp_path / "nothing.json"), "--yes").exit_code == exits.REJECTED
    (tmp_path / "terms.json").write_text("{}")
    broken = swap(served, "bob", "accept", str(tmp_path / "terms.json"), "--yes")
    assert (broken.exit_code, "MalformedFile" in broken.stderr) == (exits.REJECTED, True)
    for words in (
        ["--give", "1.5 ETH@gamma", "--take", "1 USDC@beta"],
        ["--give", "1.5ETH@alpha", "--take", "1 USDC@beta"],
        ["--give", "1.0000001 USDC@alpha", "--take", "1 USDC@beta"],
    ):
        answer = swap(served, "alice", "propose", *words, "--with", served.addresses["bob"])
        assert answer.exit_code in (exits.REJECTED, exits.USAGE), answer.stderr
    config = served.directory / "bob" / "swap.toml"
    bad = tmp_path / "swap.toml"
    bad.write_text(config.read_text() + "\nodd = 1\n")
    answer = CliRunner().invoke(app, ["swap", "status", "--config", str(bad)])
    assert (answer.exit_code, "unknown key" in answer.stderr) == (exits.REJECTED, True)
