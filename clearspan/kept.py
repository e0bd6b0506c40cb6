"""The directory that a run leaves: one database per chain, and the deployment file that says what they are."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal

import rlp
from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.deployment import Deployment
from chains import LocalChain
from clearspan.listing import Listing
from exchange.sdk.errors import Rejected

DEPLOYMENT_FILE = "deployment.json"


class KeptRun(BaseModel):
    """The deployment file: the network as it was deployed, and what genesis listed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1] = 1
    network: Deployment
    exchange: Listing

    def save(self, directory: Path) -> None:
        """Write the file into the directory."""
        (directory / DEPLOYMENT_FILE).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> KeptRun:
        """Read it from the directory; raises as `read` does."""
        return cls.read(directory / DEPLOYMENT_FILE)

    @classmethod
    def read(cls, path: Path) -> KeptRun:
        """Read it; raises Rejected(BadDeploymentFile) for a file that is no such thing, naming every wrong key."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            where = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
            raise Rejected("BadDeploymentFile", where) from error


def require_kept(directory: Path) -> None:
    """Raises Rejected(NotADemoDirectory) where no run was kept."""
    if not (directory / DEPLOYMENT_FILE).is_file():
        raise Rejected("NotADemoDirectory", f"{directory} has no {DEPLOYMENT_FILE}")


def database_path(directory: Path, name: str) -> Path:
    """Where the chain of that name is kept."""
    return directory / f"{name}.sqlite"


def open_chains(directory: Path, network: Deployment) -> dict[int, LocalChain]:
    """The kept chains by chain id, read only. Raises Rejected(ChainMissing, BadDatabase or WrongChain)."""
    chains: dict[int, LocalChain] = {}
    for entry in network.chains:
        path = database_path(directory, entry.name)
        if not path.is_file():
            raise Rejected("ChainMissing", f"{path.name} is not in {directory}")
        try:
            chain = LocalChain.open(path)
        except (ValueError, LookupError, sqlite3.DatabaseError, rlp.RLPException) as error:
            raise Rejected("BadDatabase", f"{path.name}: {error}") from error
        chains[entry.chain_id] = chain
        if (chain.chain_id, chain.name) != (entry.chain_id, entry.name):
            raise Rejected("WrongChain", f"{path.name} holds {chain.name}, chain id {chain.chain_id}")
    return chains
