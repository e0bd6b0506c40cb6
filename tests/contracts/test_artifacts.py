"""The committed artifacts and their loader."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import contracts

FOLDER = Path(contracts.__file__).parent
TESTS = Path(__file__).parent
CODE_LIMIT = 24_576
INITCODE_LIMIT = 49_152


def test_every_deployable_contract_has_an_artifact():
    assert set(contracts.names()) >= {
        "CollateralVault",
        "ForcedQueue",
        "Mailbox",
        "QbftLightClient",
        "Rollup",
        "TestToken",
        "WithdrawalOutbox",
    }
    assert list(contracts.names()) == sorted(contracts.names())
    for name in contracts.names():
        artifact = contracts.load(name)
        assert artifact.name == name
        assert 0 < len(artifact.deployed_bytecode) <= CODE_LIMIT
        assert len(artifact.deployed_bytecode) < len(artifact.bytecode) <= INITCODE_LIMIT
        assert list((FOLDER / "src").rglob(f"{name}.sol")), name


def test_an_unknown_contract_is_a_typed_error():
    for name in ("Nothing", "", "../package", "twins/client-high-s"):
        with pytest.raises(contracts.UnknownContract):
            contracts.load(name)
    with pytest.raises(contracts.UnknownContract):
        contracts.twin("Mailbox")


def test_storage_slots_are_read_from_the_layout():
    assert contracts.storage_slot("Mailbox", "commitments") == 7
    assert contracts.storage_slot("Mailbox", "receipts") == 8
    with pytest.raises(contracts.UnknownVariable):
        contracts.storage_slot("Mailbox", "nothing")


def test_artifacts_are_rendered_the_same_everywhere():
    for path in FOLDER.glob("artifacts/**/*.json"):
        text = path.read_text()
        content = json.loads(text)
        assert list(content) == sorted(content)
        assert text == json.dumps(content, indent=1, ensure_ascii=False) + "\n", path.name
        assert not re.search(r"[/\\](home|root|tmp|work)[/\\]", text)


def test_each_twin_differs_in_code_from_its_contract():
    described = json.loads((FOLDER / "twins.json").read_text())
    assert [
        entry["name"] for entry in described if set(entry) != {"name", "contract", "find", "replace", "incident"}
    ] == []
    assert sorted(entry["name"] for entry in described) == list(contracts.twin_names())
    for entry in described:
        real, twin = contracts.load(entry["contract"]), contracts.twin(entry["name"])
        assert twin.name == real.name
        # A broken constructor shows only in the code that creates.
        assert twin.bytecode != real.bytecode, entry["name"]
        assert [item["name"] for item in twin.abi if item["type"] == "function"] == [
            item["name"] for item in real.abi if item["type"] == "function"
        ]


def test_each_twin_is_attacked_by_a_test():
    tests = "".join(path.read_text() for path in TESTS.glob("test_*.py"))
    unused = [name for name in contracts.twin_names() if f'"{name}"' not in tests]
    assert not unused, f"twins no test attacks prove nothing: {unused}"


def test_every_error_and_event_has_a_home():
    """Errors stand in interfaces and libraries, so that one decoder finds them and two contracts cannot disagree."""
    for path in (FOLDER / "src").rglob("*.sol"):
        if path.parent.name in {"interfaces", "libraries", "testing"}:
            continue
        assert not re.search(r"^\s+(error|event) ", path.read_text(), re.MULTILINE), path.name


def test_loading_is_light():
    heavy = {"web3", "eth_abi", "pydantic"}
    probe = f"import sys, contracts; contracts.load('Mailbox'); print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", probe], cwd=FOLDER.parent, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_the_lock_names_versions_and_no_registry():
    lock = (FOLDER / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert "registry" not in lock
    declared = json.loads((FOLDER / "package.json").read_text())
    for group in ("dependencies", "devDependencies", "optionalDependencies"):
        for version in declared.get(group, {}).values():
            assert re.fullmatch(r"\d+\.\d+\.\d+", version)
