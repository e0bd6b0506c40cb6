"""A devnet other processes can reach: its chains over loopback HTTP, in real time, with wallets to try things with."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from eth_utils.address import to_canonical_address

from bridge.settlement import Rollup
from chains.server import ChainServer
from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.core import DevnetCore
from clearspan.devnet.network import fund
from clearspan.devnet.swapping import swap_policy
from clearspan.devnet.wallets import trader_wallet
from clearspan.served.exchange import MAKER, PASSWORD, PRICES, SCRYPT_ROUNDS, write_maker, write_operator, write_prices
from clearspan.served.files import NETWORK_FILE, provider_file, swap_file
from exchange.sdk.errors import Rejected
from exchange.sdk.json_http import JsonServer
from exchange.serving.desk import OwnDesk
from exchange.serving.questions import Questions
from relayers.operating import keystores
from relayers.venue_host import Settlement

DEPLOYING_SECONDS = 900
"""Deploying takes a block per transaction, each a second later: the chains begin so long ago."""
PROVIDER = "lucy"
USERS = ("alice", "bob")
CASH = 20_000 * 10**6
"""What everybody has on the exchange."""
OF_THE_EXCHANGE = (
    "smiles",
    "oracle",
    "keeper",
    "duties",
    "queue reader",
    "health reporter",
    "batch poster",
    "withdrawal releaser",
)


class ServedDevnet:
    """A devnet on ports of this machine; `step` moves it on to the present. A context manager, for one thread.

    directory: must be new or empty; gets `network.json`, the chains' databases and a directory per wallet, with its
    keystore and a `swap.toml`, or a `provider.toml` for lucy, or a `relayer.toml` for a market maker. apart: the
    exchange is somebody else's to run, from the `relayer.toml` in `operator/`; here are chains and relayers only.
    """

    def __init__(
        self,
        directory: Path,
        *,
        seed: int = 1,
        now: Callable[[], int] = lambda: int(time.time()),
        apart: bool = False,
        prices: Mapping[str, str] = PRICES,
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise Rejected("DirectoryNotEmpty", f"{directory} has files in it; give a new one")
        self.directory = directory
        self._now = now
        self.config = DevnetConfig(seed=seed, start_time=now() - DEPLOYING_SECONDS, inclusion_delay_seconds=120)
        self.core = DevnetCore(self.config, directory)
        network = self.core.network
        (directory / NETWORK_FILE).write_text(network.deployment.dump(), encoding="utf-8")
        self.prices = dict(prices)
        for symbol, price in self.prices.items():
            self.core.set_price(symbol, price)
        self.addresses = {name: str(trader_wallet(seed, name).address) for name in (*USERS, PROVIDER, MAKER)}
        for name in self.addresses:
            self._enrich(name)
        self._lock = threading.RLock()
        questions = Questions(
            OwnDesk(self.core.sequencer),
            self.core.clock.now,
            to_canonical_address(network.keys.operator.address),
            Settlement(Rollup(network.settlement, network.deployment.settlement.rollup)),
        )
        self._venue = None if apart else JsonServer(questions.public, lock=self._lock)
        if apart:
            for name in OF_THE_EXCHANGE:
                del self.core.daemons[name]
        exchange = f"http://127.0.0.1:{_free_port()}" if self._venue is None else self._venue.url
        operators = f"http://127.0.0.1:{_free_port()}"
        self._servers = {chain.name: ChainServer(chain) for chain in network.chains}
        self.urls: Mapping[str, str] = {
            **{name: server.url for name, server in self._servers.items()},
            "exchange": exchange,
        }
        port = _free_port()
        for name in (*USERS, PROVIDER):
            self._equip(name, port)
        chains = {chain.name: (chain.chain_id, self.urls[chain.name]) for chain in network.chains}
        addresses = exchange, operators
        write_maker(directory, chains, seed=seed, exchange=addresses, port=_free_port())
        if apart:
            interval = self.config.batch_interval_seconds
            write_operator(
                directory, chains, seed=seed, exchange=addresses, port=_free_port(), interval_seconds=interval
            )
        self.step()

    def step(self) -> None:
        """One block on every chain at the present time, and one step of every daemon."""
        with ExitStack() as locks:
            locks.enter_context(self._lock)
            for server in self._servers.values():
                locks.enter_context(server.lock)
            behind = self._now() - self.core.clock.now() - self.config.block_seconds
            self.core.clock.advance(max(0, behind))
            self.core.step()
        write_prices(self.directory, self.prices, self._now())

    def run(self, until: Callable[[], bool] = lambda: False) -> None:
        """Step every block's time until told to stop."""
        while not until():
            self.step()
            time.sleep(self.config.block_seconds)

    def __enter__(self) -> Self:
        if self._venue is not None:
            self._venue.start()
        for server in self._servers.values():
            server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._venue is not None:
            self._venue.stop()
        for server in self._servers.values():
            server.stop()
        self.core.close()

    def _enrich(self, name: str) -> None:
        """Tokens and ether on every chain, and cash on its way to the exchange."""
        wallet = trader_wallet(self.config.seed, name)
        fund(self.core.network, wallet.address, usdc=self.config.wallet_usdc, ether=self.config.wallet_eth)
        first = self.core.network.vaults[0].name
        self.core.gateway.deposit(wallet, self.core.catalogue.asset(chain=first, symbol="USDC"), CASH)

    def _equip(self, name: str, port: int) -> None:
        """A directory with keystore, password and configuration."""
        place = self.directory / name
        place.mkdir()
        key = bytes(trader_wallet(self.config.seed, name).key)
        keystores.create(place / "key.json", PASSWORD, role=name, key=key, rounds=SCRYPT_ROUNDS)
        password = place / "password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD + "\n", encoding="utf-8")
        network = self.core.network
        chains = {chain.name: (chain.chain_id, self.urls[chain.name]) for chain in network.chains}
        policy, exchange = swap_policy(self.config), self.urls["exchange"]
        if name == PROVIDER:
            names = tuple(chain.name for chain in network.vaults)
            common = swap_file(chains, policy, exchange_url=exchange)
            text, file = provider_file(common, port=port, vault_chains=names), "provider.toml"
        else:
            quoted = (f"http://127.0.0.1:{port}",)
            text, file = swap_file(chains, policy, exchange_url=exchange, providers=quoted), "swap.toml"
        (place / file).write_text(text, encoding="utf-8")


def _free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
