"""A devnet other processes can reach: its chains over loopback HTTP, in real time, with wallets to try things with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from chains.server import ChainServer
from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.core import DevnetCore
from clearspan.devnet.network import fund
from clearspan.devnet.swapping import swap_policy
from clearspan.devnet.wallets import trader_wallet
from exchange.sdk.errors import Rejected
from relayers.operating import keystores

NETWORK_FILE = "network.json"
PASSWORD = "devnet"  # noqa: S105 - of keys that anybody can derive from the seed
SCRYPT_ROUNDS = 1 << 12
DEPLOYING_SECONDS = 900
"""Deploying takes a block per transaction, each a second later: the chains begin so long ago."""


class ServedDevnet:
    """A devnet on ports of this machine; `step` moves it on to the present. A context manager.

    directory: must be new or empty; gets `network.json`, the chains' databases and a directory per wallet, with its
    keystore and a `swap.toml`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 1,
        wallets: tuple[str, ...] = ("alice", "bob"),
        now: Callable[[], int] = lambda: int(time.time()),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise Rejected("DirectoryNotEmpty", f"{directory} has files in it; give a new one")
        self.directory = directory
        self._now = now
        self.config = DevnetConfig(seed=seed, start_time=now() - DEPLOYING_SECONDS)
        self.core = DevnetCore(self.config, directory)
        network = self.core.network
        (directory / NETWORK_FILE).write_text(network.deployment.dump(), encoding="utf-8")
        for name in wallets:
            address = trader_wallet(seed, name).address
            fund(network, address, usdc=self.config.wallet_usdc, ether=self.config.wallet_eth)
        self._servers = {chain.name: ChainServer(chain) for chain in network.chains}
        self.urls: Mapping[str, str] = {name: server.url for name, server in self._servers.items()}
        self.addresses = {name: self._equip(name) for name in wallets}
        self.step()

    def step(self) -> None:
        """One block on every chain at the present time, and one step of every daemon."""
        with ExitStack() as locks:
            for server in self._servers.values():
                locks.enter_context(server.lock)
            behind = self._now() - self.core.clock.now() - self.config.block_seconds
            self.core.clock.advance(max(0, behind))
            self.core.step()

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Step every block's time until told to stop."""
        while not until():
            self.step()
            time.sleep(self.config.block_seconds)

    def __enter__(self) -> Self:
        for server in self._servers.values():
            server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for server in self._servers.values():
            server.stop()
        self.core.close()

    def _equip(self, name: str) -> str:
        """A directory with keystore, password and configuration; answers the address."""
        place = self.directory / name
        place.mkdir()
        account = trader_wallet(self.config.seed, name)
        keystores.create(place / "key.json", PASSWORD, role=name, key=bytes(account.key), rounds=SCRYPT_ROUNDS)
        password = place / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD + "\n", encoding="utf-8")
        (place / "swap.toml").write_text(self._swap_file(), encoding="utf-8")
        return str(account.address)

    def _swap_file(self) -> str:
        policy = swap_policy(self.config)
        lines = [
            f'deployment = "../{NETWORK_FILE}"',
            'book = "swaps.sqlite"',
            "",
            "[signer]",
            'keystore = "key.json"',
            'password_file = "password"',
            "",
            "[habits]",
            f"reaction_seconds = {policy.reaction_seconds + 4}",
            f"public_seconds = {policy.public_seconds}",
            "answer_seconds = 60",
            f"safety_deposit = {policy.safety_deposit}",
            "every_seconds = 1.0",
        ]
        for chain in self.core.network.chains:
            bounds = policy.bounds(chain.chain_id)
            lines += [
                "",
                f"[chains.{chain.name}]",
                f"chain_id = {chain.chain_id}",
                f'endpoints = [{{ id = "devnet", url = "{self.urls[chain.name]}" }}]',
                'finality = { policy = "qbft" }',
                "",
                f"[chains.{chain.name}.bounds]",
                f"inclusion_seconds = {bounds.inclusion_seconds}",
                f"finality_seconds = {bounds.finality_seconds + 2}",
                f"reorganisation_seconds = {bounds.reorganisation_seconds}",
                f"halt_seconds = {bounds.halt_seconds}",
                f"drift_seconds = {bounds.drift_seconds + 2}",
            ]
        return "\n".join(lines) + "\n"
