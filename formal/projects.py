"""Builds the contracts, whole or broken in one line, as the projects that the prover reads."""

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
CONTRACTS: Final = HERE.parent / "contracts"
BUILT: Final = HERE / ".build"
FORGE: Final = HERE / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin"

SETTINGS = """[profile.default]
src = "proofs"
test = "proofs"
libs = []
solc = "{solc}"
offline = true
evm_version = "prague"
via_ir = false
optimizer = true
optimizer_runs = 200
deny = "never"
ignored_error_codes = [2018, 2519, 3860, 5574, 5667, 6335]
lint_on_build = false
remappings = ["clearspan/=src/", "@openzeppelin/={contracts}/node_modules/@openzeppelin/"]
allow_paths = ["{contracts}"]
"""
"""The compiler's other pipeline, whose code the prover follows best; what is proved is the source's."""


class NoSuchTwin(LookupError):
    """Neither contracts/twins.json nor formal/mutants.json has a mutation of that name, or it does not match once."""


def mutation(name: str) -> tuple[str, str]:
    """What a twin finds and what it puts in its place. Raises NoSuchTwin."""
    for path in (CONTRACTS / "twins.json", HERE / "mutants.json"):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            if entry["name"] == name:
                return entry["find"], entry["replace"]
    raise NoSuchTwin(name)


@cache
def project(contract: str, twin: str | None = None) -> Path:
    """A directory with one proof and all sources, mutated if `twin` is given. Raises NoSuchTwin."""
    root = BUILT / f"{contract}-{twin or 'real'}"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(CONTRACTS / "src", root / "src")
    (root / "proofs").mkdir()
    for name in (contract, "Symbolic"):
        shutil.copy(HERE / "proofs" / f"{name}.sol", root / "proofs")
    (root / "foundry.toml").write_text(SETTINGS.format(solc=HERE / "solc.mjs", contracts=CONTRACTS), encoding="utf-8")
    if twin is not None:
        _mutate(root / "src", twin)
    return root


def _mutate(sources: Path, twin: str) -> None:
    find, replace = mutation(twin)
    hits = [path for path in sorted(sources.rglob("*.sol")) if find in path.read_text(encoding="utf-8")]
    if len(hits) != 1 or hits[0].read_text(encoding="utf-8").count(find) != 1:
        raise NoSuchTwin(f"{twin} matches {len(hits)} files")
    hits[0].write_text(hits[0].read_text(encoding="utf-8").replace(find, replace), encoding="utf-8")


def environment() -> dict[str, str]:
    """The process's own, with forge in the path."""
    return {**os.environ, "PATH": f"{FORGE}{os.pathsep}{os.environ['PATH']}"}
