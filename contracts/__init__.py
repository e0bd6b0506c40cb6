"""Compiled contracts: ABI, bytecode and storage layout, read from the committed artifacts on demand.

Errors: `UnknownContract` for a name without an artifact, `UnknownVariable` for one without a storage slot.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = [
    "Artifact",
    "UnknownContract",
    "UnknownVariable",
    "load",
    "names",
    "replaced",
    "storage_slot",
    "twin",
    "twin_names",
]

_ARTIFACTS = Path(__file__).parent / "artifacts"
_TWINS = _ARTIFACTS / "twins"
_replaced: dict[str, str] = {}


class UnknownContract(LookupError):  # noqa: N818 - named after what is wrong, like every rejection
    """There is no artifact of this name."""


class UnknownVariable(LookupError):  # noqa: N818
    """The contract has no state variable of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One compiled contract; `storage_layout` is solc's, without compiler-internal ids."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    storage_layout: dict[str, Any]


def load(name: str) -> Artifact:
    """Return the artifact of a contract."""
    broken = _replaced.get(name)
    return _read(_ARTIFACTS, name) if broken is None else twin(broken)


@contextmanager
def replaced(by_twins: Mapping[str, str]) -> Iterator[None]:
    """Let `load` answer broken variants in place of these contracts (twin by contract name) inside the block.

    For the failure lab, which deploys networks with one line wrong. Raises ValueError for another contract's twin.
    """
    for name, broken in by_twins.items():
        if twin(broken).name != name:
            raise ValueError(f"{broken} is a twin of {twin(broken).name}, not of {name}")
    before = dict(_replaced)
    _replaced.update(by_twins)
    try:
        yield
    finally:
        _replaced.clear()
        _replaced.update(before)


def twin(name: str) -> Artifact:
    """Return a variant of a contract broken in one line, by its name in `twins.json`."""
    return _read(_TWINS, name)


def names() -> tuple[str, ...]:
    """Return the names of all contracts, sorted."""
    return _names(_ARTIFACTS)


def twin_names() -> tuple[str, ...]:
    """Return the names of all broken variants, sorted."""
    return _names(_TWINS)


def storage_slot(name: str, variable: str) -> int:
    """Return the storage slot of a state variable (of a mapping or array: its base slot)."""
    for entry in load(name).storage_layout["storage"]:
        if entry["label"] == variable:
            return int(entry["slot"])
    raise UnknownVariable(f"{name} has no state variable {variable!r}")


@lru_cache(maxsize=4)
def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


@lru_cache(maxsize=256)
def _read(folder: Path, name: str) -> Artifact:
    if name not in _names(folder):
        raise UnknownContract(f"no artifact {name!r} in {folder.name}; there are {', '.join(_names(folder))}")
    content = json.loads((folder / f"{name}.json").read_bytes())
    return Artifact(
        name=content["name"],
        abi=content["abi"],
        bytecode=bytes.fromhex(content["bytecode"][2:]),
        deployed_bytecode=bytes.fromhex(content["deployedBytecode"][2:]),
        storage_layout=content["storageLayout"],
    )
