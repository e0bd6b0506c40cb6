"""What `make prove` reads agrees with the sources, checked without the prover."""

import importlib.util
import json
import re
import sys
from pathlib import Path

FORMAL = Path(__file__).parents[2] / "formal"
CONTRACTS = FORMAL.parent / "contracts"


def properties():
    spec = importlib.util.spec_from_file_location("formal_properties", FORMAL / "properties.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.PROPERTIES


def mutations():
    entries = [*json.loads((CONTRACTS / "twins.json").read_text()), *json.loads((FORMAL / "mutants.json").read_text())]
    assert len({entry["name"] for entry in entries}) == len(entries)
    return {entry["name"]: entry for entry in entries}


def test_every_property_has_a_proof_and_twins_that_exist():
    known = mutations()
    for row in properties():
        assert f"function {row.function}(" in (FORMAL / "proofs" / f"{row.contract}.sol").read_text(), row.name
        assert row.twins, row.name
        assert set(row.twins) <= set(known), row.name


def test_every_proof_belongs_to_a_property():
    stated = {(row.contract, row.function) for row in properties()}
    written = {
        (path.stem, name)
        for path in (FORMAL / "proofs").glob("*.sol")
        for name in re.findall(r"function (check_\w+)\(", path.read_text())
    }
    assert stated == written


def test_every_mutant_matches_one_source_once():
    for entry in json.loads((FORMAL / "mutants.json").read_text()):
        if "package" in entry:
            continue
        sources = [*(CONTRACTS / "src").rglob("*.sol"), *(FORMAL.parent / "exchange" / "engine").glob("*.py")]
        assert sum(path.read_text().count(entry["find"]) for path in sources) == 1, entry["name"]


def test_the_locks_name_versions_and_hashes_and_no_address():
    lock = (FORMAL / "requirements.lock").read_text()
    assert "==" in lock
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    assert '"resolved"' not in (FORMAL / "package-lock.json").read_text()
