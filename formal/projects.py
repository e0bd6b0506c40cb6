"""Builds the contracts, whole or broken in one line, as the projects that the prover reads."""

import json
import os
import shutil
from dataclasses import dataclass
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
via_ir = {via_ir}
optimizer = true
optimizer_runs = 200
deny = "never"
ignored_error_codes = [2018, 2519, 3860, 5574, 5667, 6335]
remappings = ["clearspan/=src/", "@openzeppelin/={packages}/@openzeppelin/"]
allow_paths = ["{contracts}", "{packages}"]
"""
"""The compiler's other pipeline where the source compiles by it: the prover follows its code best."""


class NoSuchTwin(LookupError):
    """Neither contracts/twins.json nor formal/mutants.json has a mutation of that name, or it does not match once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """What a twin finds and what it puts in its place; `package`: of which npm package, if not of our sources."""

    find: str
    replace: str
    package: str | None = None

    def apply(self, text: str) -> str:
        """The broken text. Raises NoSuchTwin if what it finds is not there once."""
        if text.count(self.find) != 1:
            raise NoSuchTwin(self.find)
        return text.replace(self.find, self.replace)


def mutation(name: str) -> Mutation:
    """The mutation of a twin. Raises NoSuchTwin."""
    for path in (CONTRACTS / "twins.json", HERE / "mutants.json"):
        for entry in json.loads(path.read_text(encoding="utf-8")):
            if entry["name"] == name:
                return Mutation(find=entry["find"], replace=entry["replace"], package=entry.get("package"))
    raise NoSuchTwin(name)


@cache
def project(contract: str, twin: str | None = None, *, via_ir: bool = False) -> Path:
    """A directory with one proof and all sources, mutated if `twin` is given. Raises NoSuchTwin."""
    root = BUILT / f"{contract}-{twin or 'real'}"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(CONTRACTS / "src", root / "src")
    (root / "proofs").mkdir()
    for name in (contract, "Symbolic"):
        shutil.copy(HERE / "proofs" / f"{name}.sol", root / "proofs")
    packages = CONTRACTS / "node_modules"
    broken = None if twin is None else mutation(twin)
    if broken is not None and broken.package is not None:
        shutil.copytree(packages / broken.package, root / "packages" / broken.package)
        packages = root / "packages"
    if broken is not None:
        _break(root / "src" if broken.package is None else packages / broken.package, broken)
    settings = SETTINGS.format(
        solc=HERE / "solc.mjs", contracts=CONTRACTS, packages=packages, via_ir=str(via_ir).lower()
    )
    (root / "foundry.toml").write_text(settings, encoding="utf-8")
    return root


def _break(sources: Path, broken: Mutation) -> None:
    hits = [path for path in sorted(sources.rglob("*.sol")) if broken.find in path.read_text(encoding="utf-8")]
    if len(hits) != 1:
        raise NoSuchTwin(f"{broken.find} in {len(hits)} files")
    hits[0].write_text(broken.apply(hits[0].read_text(encoding="utf-8")), encoding="utf-8")


def environment() -> dict[str, str]:
    """The process's own, with forge in the path."""
    return {**os.environ, "PATH": f"{FORGE}{os.pathsep}{os.environ['PATH']}"}
