"""A network as an operator meets it: chains on ports that make blocks in real time, a configuration file, a process."""

import asyncio
import json
import threading
import time
from contextlib import contextmanager

import pytest
import requests
from eth_account import Account

from bridge.deployment import deploy_network
from bridge.parameters import NetworkParameters
from chains import ChainServer, LocalChain
from relayers.operating import keystores
from relayers.operating.process import RelayerProcess

SETTLEMENT, EAST, WEST = 100, 101, 102
NUMBERS = {"settlement": SETTLEMENT, "east": EAST, "west": WEST}
ETHER = 10**18
PASSWORD = "correct horse battery staple"
BLOCK_SECONDS = 0.25


class WallClock:
    """The machine's time less what deploying took: one block a second is more than a test can wait for."""

    def __init__(self):
        self.behind = 600

    def now(self):
        return int(time.time()) - self.behind


class ServedNetwork:
    """Local chains behind HTTP, the settlement chain and vaults, everything deployed on them, and one user."""

    def __init__(self, vaults=("east",)):
        self.names = ("settlement", *vaults)
        self.clock = WallClock()
        self.owner, self.user, self.signer = (Account.create() for _ in range(3))
        balances = {account.address: 1_000 * ETHER for account in (self.owner, self.user, self.signer)}
        self.chains = {
            NUMBERS[name]: LocalChain(chain_id=NUMBERS[name], clock=self.clock, balances=balances, name=name)
            for name in self.names
        }
        self.deployment = deploy_network(
            self.chains[SETTLEMENT],
            [self.chains[NUMBERS[name]] for name in vaults],
            owner=self.owner,
            genesis_root=lambda _: b"\1" * 32,
            parameters=NetworkParameters(max_clock_drift_seconds=600),
        )
        self.clock.behind = 0
        self.servers = {number: ChainServer(chain, mine_on_send=True).start() for number, chain in self.chains.items()}
        self._stop = threading.Event()
        self._miner = threading.Thread(target=self._mine, daemon=True)
        self._miner.start()

    def _mine(self):
        while not self._stop.wait(BLOCK_SECONDS):
            for number, chain in self.chains.items():
                if not self.servers[number].lock.acquire(timeout=0.01):
                    continue  # it is down: it makes no blocks, the others do
                try:
                    if chain.head().timestamp < self.clock.now():
                        chain.mine()
                finally:
                    self.servers[number].lock.release()

    def stop(self):
        self._stop.set()
        self._miner.join()
        for server in self.servers.values():
            server.stop()

    @contextmanager
    def east_down(self):
        """The node of a chain takes requests and answers none."""
        with self.servers[EAST].lock:
            yield

    def transact(self, chain_id, call, sender=None, **arguments):
        with self.servers[chain_id].lock:
            return self.chains[chain_id].transact(call, sender or self.user, **arguments)

    def deposit(self, wei=10**9, chain_id=EAST):
        """Ether of the user's into the vault; answers the packet's id."""
        with self.servers[chain_id].lock:
            chain, entry = self.chains[chain_id], self.deployment.vault(chain_id)
            vault = chain.contract("CollateralVault", entry.vault)
            asset = self.deployment.asset_of(chain_id, "ETH").token
            call = vault.functions.deposit(asset, wei, self.user.address, 0)
            receipt = chain.transact(call, self.user, value=wei)
            mailbox = chain.contract("Mailbox", entry.mailbox)
            (log,) = chain.logs(mailbox.events.PacketSent(), receipt["blockNumber"], receipt["blockNumber"])
            return bytes(log["args"]["packetId"])

    def is_acknowledged(self, packet_id, chain_id=EAST):
        with self.servers[chain_id].lock:
            mailbox = self.chains[chain_id].contract("Mailbox", self.deployment.vault(chain_id).mailbox)
            return not any(mailbox.functions.commitments(packet_id).call())

    def write_files(self, directory, *, extra="", routes=(("east", "settlement"), ("settlement", "east"))):
        """Deployment, keystore, password and configuration; answers the configuration's path."""
        self.deployment.save(directory / "deployment.json")
        keystore = directory / "keys" / "relayer.json"
        if not keystore.exists():
            keystores.create(keystore, PASSWORD, role="relayer", key=bytes(self.signer.key), rounds=2)
            password = directory / "password"
            password.touch(mode=0o600)
            password.write_text(PASSWORD)
        lines = [
            'deployment = "deployment.json"',
            '[store]\nurl = "sqlite:///relayer.sqlite"',
            "[listen]\nport = 0",
            '[signers.relayer]\nkeystore = "keys/relayer.json"\npassword_file = "password"',
        ]
        for name in self.names:
            number = NUMBERS[name]
            lines.append(
                f"[chains.{name}]\nchain_id = {number}\npoll_seconds = 0.05\nrequest_seconds = 1.5\n"
                'finality = { policy = "qbft" }\n'
                f'endpoints = [{{ id = "{name}-1", url = "{self.servers[number].url}" }}]'
            )
        lines += [f'[[routes]]\nsource = "{source}"\ndestination = "{target}"' for source, target in routes]
        if "[daemons" not in extra:
            lines += [
                f'[daemons.{name}]\nsigner = "relayer"\nevery_seconds = 0.1' for name in ("relayer", "updater", "payer")
            ]
        path = directory / "relayer.toml"
        path.write_text("\n".join([*lines, extra]) + "\n")
        return path


@pytest.fixture(scope="module")
def served():
    network = ServedNetwork()
    yield network
    network.stop()


class Running:
    """A relayer process in a thread of this one."""

    def __init__(self, process):
        self.process = process
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def _run(self):
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._started.set()
        self.result = await self.process.run(self._stopping)

    def start(self):
        self._thread.start()
        self._started.wait()
        return self

    @property
    def is_alive(self):
        return self._thread.is_alive()

    def stop(self):
        if self.is_alive:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=30)
        assert not self._thread.is_alive()

    def reload(self):
        return asyncio.run_coroutine_threadsafe(self.process.reload(), self._loop).result(timeout=30)

    def get(self, path):
        return requests.get(self.process.url + path, timeout=5)

    def metrics(self):
        return parse_metrics(self.get("/metrics").text)


def parse_metrics(text):
    """Value by sample with its labels, as Prometheus writes them."""
    lines = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@contextmanager
def running(path, **arguments):
    relayer = Running(RelayerProcess(path, **arguments)).start()
    try:
        yield relayer
    finally:
        relayer.stop()


def eventually(check, seconds=60):
    """The first true answer; fails with the last one."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def log_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
