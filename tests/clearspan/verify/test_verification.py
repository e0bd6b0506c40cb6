import json
import shutil
import sqlite3

import pytest
import rlp
from typer.testing import CliRunner

from chains import LocalChain
from clearspan import exits
from clearspan.cli import app
from clearspan.verify import verify_directory
from exchange.sdk import Rejected


@pytest.fixture
def copy(demo, tmp_path):
    return shutil.copytree(demo.directory, tmp_path / "copy")


def edit(directory, chain, *statements):
    with sqlite3.connect(directory / f"{chain}.sqlite", isolation_level=None) as connection:
        for statement, arguments in statements:
            assert connection.execute(statement, arguments).rowcount > 0, "the tampering has to change something"
    connection.close()


def column(directory, chain, query):
    connection = sqlite3.connect(directory / f"{chain}.sqlite")
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def edit_file(directory, change):
    path = directory / "deployment.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def failure(directory):
    """Name and detail of the check that failed; nothing after it may have run."""
    answer = verify_directory(directory)
    assert not answer.ok
    assert [row.ok for row in answer.checks] == [True] * (len(answer.checks) - 1) + [False]
    return answer.checks[-1].name, answer.checks[-1].detail


def flipped(blob, at):
    return blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]


def largest_block(directory):
    ((number, transactions),) = column(
        directory, "settlement", "SELECT number, transactions FROM blocks ORDER BY length(transactions) DESC LIMIT 1"
    )
    return number, transactions


def test_an_untouched_run_is_verified(demo):
    answer = verify_directory(demo.directory)
    assert answer.ok
    assert answer.reason == ""
    assert f"0x{answer.state_root.hex()}" == demo.report["state_root"]
    assert [row.name for row in answer.checks] == [
        "deployment file",
        "databases",
        "chain settlement",
        "chain alpha",
        "chain beta",
        "contracts",
        "genesis",
        "forced items",
        "batches",
        "state roots",
        "final root",
        "invariants",
        "conservation",
    ]


def test_a_flipped_byte_of_a_batch_is_found(copy):
    rows = column(copy, "settlement", "SELECT number, transactions FROM blocks WHERE number > 20 ORDER BY number")
    number, transactions = max(rows, key=lambda row: len(row[1]))
    changed = flipped(transactions, len(transactions) // 2)
    edit(copy, "settlement", ("UPDATE blocks SET transactions = ? WHERE number = ?", (changed, number)))
    name, detail = failure(copy)
    assert name == "chain settlement"
    assert f"block {number}" in detail


def test_a_flipped_byte_of_a_root_claimed_in_a_batch_is_found(demo, copy):
    root = bytes.fromhex(demo.report["batches"][-1]["state_root"][2:])
    number = demo.report["batches"][-1]["posted_block"]
    ((transactions,),) = column(copy, "settlement", f"SELECT transactions FROM blocks WHERE number = {number}")
    assert root in transactions
    changed = flipped(transactions, transactions.index(root))
    edit(copy, "settlement", ("UPDATE blocks SET transactions = ? WHERE number = ?", (changed, number)))
    assert failure(copy)[0] == "chain settlement"


@pytest.mark.parametrize("chain", ["settlement", "beta"])
def test_a_dropped_block_is_found(copy, chain):
    edit(copy, chain, ("DELETE FROM blocks WHERE number = ?", (25,)))
    name, detail = failure(copy)
    assert name in {"databases", f"chain {chain}"}
    assert detail


def test_an_event_that_was_never_emitted_is_found(copy):
    number = largest_block(copy)[0]
    ((receipts,),) = column(copy, "settlement", f"SELECT receipts FROM blocks WHERE number = {number}")
    decoded = rlp.decode(receipts)
    edit(
        copy,
        "settlement",
        (
            "UPDATE blocks SET receipts = ? WHERE number = ?",
            (rlp.encode([flipped(decoded[0], len(decoded[0]) - 1), *decoded[1:]]), number),
        ),
    )
    assert failure(copy)[0] in {"databases", "chain settlement"}


def test_a_block_with_a_seal_too_few_is_found(copy):
    ((seals,),) = column(copy, "alpha", "SELECT seals FROM seals WHERE number = 10")
    edit(
        copy,
        "alpha",
        ("UPDATE seals SET seals = ? WHERE number = ?", (rlp.encode(rlp.decode(seals)[:2]), 10)),
    )
    name, detail = failure(copy)
    assert name == "chain alpha"
    assert "block 10" in detail
    assert "quorum" in detail


def test_a_genesis_state_that_is_not_what_its_root_says_is_found(copy):
    chain = LocalChain.open(copy / "settlement.sqlite")
    key = chain.header(0).state_root
    chain.close()
    ((value,),) = column(copy, "settlement", f"SELECT value FROM nodes WHERE key = x'{key.hex()}'")
    edit(copy, "settlement", ("UPDATE nodes SET value = ? WHERE key = ?", (flipped(value, len(value) // 3), key)))
    assert failure(copy)[0] == "chain settlement"


def test_a_chain_sealed_by_others_than_the_deployment_names_is_found(copy):
    edit_file(copy, lambda content: content["network"]["vaults"][0]["validators"].reverse())
    assert failure(copy) == (
        "chain alpha",
        "ValidatorsDiffer: block 1 is sealed by others than the deployment names",
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content["exchange"]["markets"][0].update(scan_range=100_001),
        lambda content: content["exchange"]["markets"][1].update(maker_fee=0),
        lambda content: content["exchange"]["collateral"][0].update(haircut=0),
        lambda content: content["exchange"].update(clock=content["exchange"]["clock"] + 1),
        lambda content: content["exchange"]["oracle"].update(staleness=1),
        lambda content: content["exchange"].update(insurance_owner=content["exchange"]["oracle"]["signers"][0]),
    ],
    ids=["scan range", "fee", "haircut", "clock", "oracle", "insurance owner"],
)
def test_a_wrong_genesis_parameter_is_found(copy, change):
    edit_file(copy, change)
    name, detail = failure(copy)
    assert name == "genesis"
    assert detail.startswith("GenesisDiffers: the file describes 0x")


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda content: content.update(extra=1), "BadDeploymentFile: extra: Extra inputs are not permitted"),
        (
            lambda content: content["exchange"]["markets"][0].update(leverage=10),
            "BadDeploymentFile: exchange.markets.0.leverage: Extra inputs are not permitted",
        ),
        (
            lambda content: content["network"]["parameters"].update(challenge=1),
            "BadDeploymentFile: network.parameters.challenge: Unexpected keyword argument",
        ),
    ],
)
def test_an_unknown_key_of_the_deployment_file_is_refused(copy, change, detail):
    edit_file(copy, change)
    assert failure(copy) == ("deployment file", detail)


def test_a_missing_and_a_swapped_database_are_found(copy):
    (copy / "alpha.sqlite").rename(copy / "aside")
    assert failure(copy)[1].startswith("ChainMissing: alpha.sqlite is not in ")
    (copy / "beta.sqlite").rename(copy / "alpha.sqlite")
    (copy / "aside").rename(copy / "beta.sqlite")
    assert failure(copy) == ("databases", "WrongChain: alpha.sqlite holds beta, chain id 412003")


def test_a_database_that_is_none_is_found(copy):
    (copy / "beta.sqlite").write_bytes(b"not a database at all")
    name, detail = failure(copy)
    assert (name, detail.split(":")[0]) == ("databases", "BadDatabase")


def test_a_directory_without_a_run_is_refused(tmp_path):
    with pytest.raises(Rejected, match="NotADemoDirectory"):
        verify_directory(tmp_path)


def test_the_command_says_what_failed_and_leaves_with_1(copy):
    edit_file(copy, lambda content: content["exchange"]["markets"][0].update(scan_range=1))
    answer = CliRunner().invoke(app, ["verify", str(copy), "--json"])
    assert answer.exit_code == exits.REJECTED
    report = json.loads(answer.stdout)
    assert report["ok"] is False
    assert report["reason"].startswith("genesis: GenesisDiffers")
    assert report["checks"][-1] == {
        "name": "genesis",
        "ok": False,
        "detail": report["reason"].removeprefix("genesis: "),
    }


def test_the_command_verifies_and_leaves_with_0(demo):
    answer = CliRunner().invoke(app, ["verify", str(demo.directory)])
    assert answer.exit_code == exits.OK
    assert answer.stdout.endswith("Verified.\n")
    assert answer.stderr.startswith("Checking deployment file\n")
