import json
import re
from collections import defaultdict

import pytest
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.demo.render import render

UNITS = re.compile(r"-?[0-9]+")
HASH = re.compile(r"0x[0-9a-f]{64}")


def test_it_ends_well_and_says_so_on_stdout_alone(demo):
    assert demo.exit_code == 0
    assert demo.report["ok"] is True
    assert demo.report["verified"] is True
    assert demo.stdout == json.dumps(demo.report, indent=2) + "\n"
    assert demo.stderr.startswith("Three chains start; contracts, clients and routes are deployed\n")


def test_every_field_that_was_promised_is_there(demo):
    report = demo.report
    for name in ("chains", "accounts", "deposits", "withdrawals", "packets", "liquidations", "batches"):
        assert report[name], name
        assert all(isinstance(row, dict) for row in report[name]), name
    for transfer in (*report["deposits"], *report["withdrawals"]):
        assert {"chain", "asset", "amount", "account", "packet"} <= transfer.keys()
        assert UNITS.fullmatch(transfer["amount"])
        assert HASH.fullmatch(transfer["packet"])
        assert transfer["status"] == "finalized"
    for row in report["conservation"].values():
        assert {"vaults", "in_flight", "owed", "difference"} <= row.keys()
        assert all(UNITS.fullmatch(row[key]) for key in ("vaults", "in_flight", "owed", "difference"))
    assert report["seed"] == 1
    assert HASH.fullmatch(report["state_root"])


def test_no_number_in_it_is_a_float(demo):
    def walk(value):
        assert not isinstance(value, float)
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            walk(part)

    walk(demo.report)


def test_what_went_in_and_not_out_is_what_the_vaults_hold(demo):
    expected = defaultdict(int)
    for transfer in demo.report["deposits"]:
        expected[transfer["chain"], transfer["asset"]] += int(transfer["amount"])
    for transfer in demo.report["withdrawals"]:
        expected[transfer["chain"], transfer["asset"]] -= int(transfer["amount"])
    vaults = {(row["chain"], row["asset"]): int(row["vaults"]) for row in demo.report["vaults"]}
    assert vaults == {**dict.fromkeys(vaults, 0), **expected}
    for asset, row in demo.report["conservation"].items():
        assert int(row["vaults"]) == sum(held for (_, symbol), held in vaults.items() if symbol == asset)
        assert int(row["vaults"]) == int(row["in_flight"]) + int(row["owed"])
        assert row["difference"] == "0"


def test_somebody_deposits_usdc_here_and_eth_there_and_leaves_with_usdc_there(demo):
    report = demo.report
    ins = {(row["name"], row["chain"], row["asset"]) for row in report["deposits"]}
    outs = {(row["name"], row["chain"], row["asset"]) for row in report["withdrawals"]}
    assert {("alice", "alpha", "USDC"), ("alice", "beta", "ETH"), ("bob", "beta", "USDC")} <= ins
    assert ("alice", "beta", "USDC") in outs
    assert ("alice", "beta", "USDC") not in ins


def test_every_transfer_is_a_packet_that_was_answered(demo):
    packets = {row["packet"]: row for row in demo.report["packets"]}
    transfers = [*demo.report["deposits"], *demo.report["withdrawals"]]
    assert {row["packet"] for row in transfers} == packets.keys()
    for row in demo.report["deposits"]:
        packet = packets[row["packet"]]
        assert (packet["source"], packet["destination"], packet["kind"]) == (row["chain"], "settlement", "deposit")
    for row in demo.report["withdrawals"]:
        packet = packets[row["packet"]]
        assert (packet["source"], packet["destination"], packet["kind"]) == ("settlement", row["chain"], "release")
    assert {row["status"] for row in packets.values()} == {"success"}


def test_profits_and_losses_are_somebody_elses(demo):
    report = demo.report
    profits = sum(int(row["profit_and_loss"]) for row in report["accounts"])
    assert profits < 0, "what is missing are fees"
    assert {row["account"] for row in report["liquidations"]} == {
        row["account"] for row in report["accounts"] if row["name"] == "carol"
    }
    assert int(report["insurance_payments"][0]["paid"]) > 0


def test_batches_end_in_the_final_root_and_are_final(demo):
    batches = demo.report["batches"]
    assert [row["index"] for row in batches] == list(range(len(batches)))
    assert batches[-1]["state_root"] == demo.report["state_root"]
    assert all(row["final"] for row in batches)
    assert batches[-1]["queue_cursor"] == len(demo.report["deposits"])


def test_the_same_seed_gives_the_same_bytes_and_text(demo):
    again = CliRunner().invoke(app, ["demo", "--json", "--seed", "1"])
    assert again.exit_code == 0
    assert again.stdout == demo.stdout


def test_another_seed_gives_other_keys_prices_and_sizes_and_reads_as_text(demo):
    answer = CliRunner().invoke(app, ["demo", "--seed", "2"])
    assert answer.exit_code == 0
    assert answer.stdout.rstrip().endswith("Everything reconciles.")
    assert demo.report["state_root"] not in answer.stdout
    for row in demo.report["liquidations"]:
        assert row["size"].rstrip("0") not in answer.stdout


def test_the_text_names_every_chain_account_and_asset(demo):
    text = render(demo.report)
    for row in (*demo.report["chains"], *demo.report["accounts"]):
        assert row["name"] in text
    for asset in demo.report["conservation"]:
        assert f"  {asset} " in text
    assert demo.report["state_root"] in text


def test_the_text_does_not_hide_a_failure(demo):
    checks = [{"name": "wallets", "ok": False, "detail": "alice's wallets changed by 1, not 2"}]
    text = render({**demo.report, "ok": False, "verified": False, "checks": checks})
    assert "NOT VERIFIED" in text
    assert text.rstrip().endswith("DOES NOT RECONCILE: wallets: alice's wallets changed by 1, not 2")


def test_a_run_is_not_kept_over_another(demo):
    answer = CliRunner().invoke(app, ["demo", "--out", str(demo.directory)])
    assert answer.exit_code == 1
    assert "Rejected: DirectoryNotEmpty" in answer.stderr


@pytest.mark.parametrize("name", ["settlement.sqlite", "alpha.sqlite", "beta.sqlite", "deployment.json"])
def test_what_is_kept_are_the_chains_and_the_deployment(demo, name):
    assert (demo.directory / name).is_file()
    assert {path.name for path in demo.directory.iterdir()} == {
        "settlement.sqlite",
        "alpha.sqlite",
        "beta.sqlite",
        "deployment.json",
    }
