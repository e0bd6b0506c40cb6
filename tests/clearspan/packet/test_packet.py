"""Packets of a kept run, shown and listed."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from chains import LocalChain
from clearspan import exits
from clearspan.cli import app


def ask(*words):
    return CliRunner().invoke(app, ["packet", *map(str, words)])


def told(demo):
    return {row["packet"]: row for row in demo.report["packets"]}


def test_every_packet_of_the_run_is_listed(demo):
    answer = ask("list", "--dir", demo.directory)
    assert (answer.exit_code, answer.stderr) == (exits.OK, "")
    lines = answer.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [row["packet"] for row in demo.report["packets"]]
    assert {line.split()[2] for line in lines} == {"acknowledged"}


def test_the_list_as_json_agrees_with_the_report(demo):
    answer = ask("list", "--dir", demo.directory, "--json")
    packets = json.loads(answer.stdout)["packets"]
    assert len(packets) == len(demo.report["packets"]) > 0
    for packet in packets:
        row = told(demo)[packet["packet"]]
        blocks = {step["stage"]: step["block"] for step in packet["steps"]}
        assert packet["kind"] == row["kind"]
        assert (packet["source"]["chain"], packet["destination"]["chain"]) == (row["source"], row["destination"])
        assert (packet["status"], packet["nonce"]) == (row["status"], row["nonce"])
        assert blocks["sent"] == blocks["finalized"] == row["sent_block"]
        assert blocks["delivered"] == row["answered_block"]
        assert blocks["acknowledged"] == row["acknowledged_block"]


@pytest.mark.parametrize("position", [0, -1])
def test_the_timeline_names_blocks_times_and_transactions_that_are_on_the_chains(demo, position):
    identifier = demo.report["packets"][position]["packet"]
    answer = ask("show", identifier, "--dir", demo.directory, "--json")
    shown = json.loads(answer.stdout)
    stages = [step["stage"] for step in shown["steps"]]
    assert stages == ["sent", "finalized", "proven", "delivered", "acknowledged"]
    assert (shown["stage"], shown["settled"]) == ("acknowledged", True)
    for step in shown["steps"]:
        chain = LocalChain.open(demo.directory / f"{step['chain']}.sqlite")
        assert chain.header(step["block"]).timestamp == step["timestamp"]
        if step["transaction"] is not None:
            assert chain.w3.eth.get_transaction_receipt(step["transaction"])["blockNumber"] == step["block"]
        chain.close()


def test_people_read_what_a_packet_carries_and_where_it_was_when(demo):
    deposit = next(row["packet"] for row in demo.report["packets"] if row["kind"] == "deposit")
    lines = ask("show", deposit, "--dir", demo.directory).stdout.splitlines()
    assert lines[0] == f"packet    {deposit}"
    assert "a deposit of " in lines[3]
    assert " USDC for 0x" in lines[3] or " ETH for 0x" in lines[3]
    assert lines[5] == "stage     acknowledged, settled"
    assert [line.split()[0] for line in lines[7:]] == ["sent", "finalized", "proven", "delivered", "acknowledged"]
    assert "success" in lines[10]
    release = next(row["packet"] for row in demo.report["packets"] if row["kind"] == "release")
    assert "a release of " in ask("show", release, "--dir", demo.directory).stdout


def test_the_first_digits_are_enough(demo):
    identifier = demo.report["packets"][0]["packet"]
    whole, short = (ask("show", text, "--dir", demo.directory).stdout for text in (identifier, identifier[2:12]))
    assert whole == short != ""


def test_the_current_directory_is_the_default(demo, monkeypatch):
    monkeypatch.chdir(demo.directory)
    assert ask("list").stdout == ask("list", "--dir", demo.directory).stdout != ""


@pytest.mark.parametrize("identifier", ["0x" + "ab" * 32, "abababab"])
def test_an_unknown_packet_is_rejected(demo, identifier):
    answer = ask("show", identifier, "--dir", demo.directory)
    assert (answer.exit_code, answer.stdout) == (exits.REJECTED, "")
    assert answer.stderr.startswith("Rejected: NoSuchPacket: 0xabababab")


def test_a_missing_chain_is_rejected(demo, tmp_path):
    copy = shutil.copytree(demo.directory, tmp_path / "copy")
    (copy / f"{demo.report['packets'][0]['source']}.sqlite").unlink()
    answer = ask("show", demo.report["packets"][0]["packet"], "--dir", copy)
    assert (answer.exit_code, answer.stdout) == (exits.REJECTED, "")
    assert answer.stderr.startswith("Rejected: ChainMissing")
