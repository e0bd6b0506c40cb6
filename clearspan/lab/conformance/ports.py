"""How a relayer is started, stepped and killed: the one port of the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from eth_account.signers.local import LocalAccount
from web3.providers import BaseProvider

from bridge.registry import Deployment
from chains.rpc_chain import RpcChain


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a relayer gets.

    providers: its nodes by chain id, through which anything can go wrong; `chains` are our views of them.
    signer: its key, funded on every chain. directory: outlives it. max_fee_per_gas: wei it never offers more than.
    finality_blocks: on top of a final block, by chain id; 0 is final at once.
    """

    deployment: Deployment
    providers: Mapping[int, BaseProvider]
    chains: Mapping[int, RpcChain]
    signer: LocalAccount
    directory: Path
    max_fee_per_gas: int
    finality_blocks: Mapping[int, int]


class Subject(Protocol):
    """A relayer that was started. What it knows is lost with it, but for its directory."""

    def step(self) -> object:
        """Some work, in little time; what it raises kills it, and it is started again."""
        ...

    def close(self) -> None:
        """Killed: it gets no chance to do anything more."""
        ...


Start = Callable[[Assignment], Subject]
