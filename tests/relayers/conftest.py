import shutil
import tempfile
from pathlib import Path

import pytest
from eth_account import Account

from bridge.attributes import encode_attributes
from bridge.deployment import deploy_network
from bridge.interoperable import encode_evm
from bridge.mailbox import Mailbox
from bridge.packets import NO_FEES
from bridge.parameters import NetworkParameters
from bridge.settlement import ForcedQueue
from bridge.vaults import Vault
from chains import LocalChain, VirtualClock
from relayers.crash_points import no_hook
from relayers.fleet import build_fleet
from relayers.store import Store
from tests.relayers.postgres import Postgres

SETTLEMENT, EAST, WEST = 100, 101, 102
ETHER = 10**18


class Network:
    """Local chains under a clock, everything deployed, one user with funds, and the daemons that serve it."""

    def __init__(self, vaults=(EAST,), validators=4, database=None, genesis_root=None, finality=None, **parameters):
        self.clock = VirtualClock()
        self.owner = Account.from_key("0x" + "11" * 32)
        self.user = Account.from_key("0x" + "22" * 32)
        self.signer = Account.from_key("0x" + "33" * 32)
        balances = {account.address: 1_000 * ETHER for account in (self.owner, self.user, self.signer)}
        self.chains = {
            chain_id: LocalChain(
                chain_id=chain_id, clock=self.clock, balances=balances, validators=validators, finality=finality
            )
            for chain_id in (SETTLEMENT, *vaults)
        }
        self.clock.advance(60)
        self.mine()
        self.deployment = deploy_network(
            self.settlement,
            [self.chains[chain_id] for chain_id in vaults],
            owner=self.owner,
            genesis_root=genesis_root or (lambda _: b"\1" * 32),
            parameters=NetworkParameters(**parameters),
        )
        self.clock.advance(60)
        self.database = database
        self.start()

    @property
    def settlement(self):
        return self.chains[SETTLEMENT]

    def start(self, hook=no_hook, **options):
        """Start the daemons, as after a crash: nothing is left but the database."""
        self.store = Store(self.database, hook=hook)
        self.fleet = self.build(self.store, hook=hook, **options)

    def build(self, store, signer=None, **options):
        """Daemons over another database, or over the same for another replica."""
        return build_fleet(store, self.deployment, self.chains, signer or self.signer, **options)

    def mine(self):
        for chain in self.chains.values():
            chain.mine()

    def round(self, seconds=5):
        """Time passes, every chain makes a block, every daemon makes a step."""
        self.clock.advance(seconds)
        self.mine()
        return self.fleet.round()

    def run(self, rounds=12):
        """Rounds until one in which nothing was done."""
        reports = []
        for _ in range(rounds):
            reports.append(self.round())
            if not any(report.did for report in reports[-1]):
                return reports
        raise AssertionError(f"not settled after {rounds} rounds: {reports[-1]}")

    def relayer(self, source, destination):
        for relayer in self.fleet.relayers:
            lane = relayer.lane
            if (lane.source.chain.chain_id, lane.destination.chain.chain_id) == (source, destination):
                return relayer
        raise LookupError

    def payer(self, chain_id):
        return self.fleet.payers[[entry.chain_id for entry in self.deployment.vaults].index(chain_id)]

    def mailbox(self, chain_id):
        return Mailbox(self.chains[chain_id], self.deployment.chain(chain_id).mailbox)

    def vault(self, chain_id):
        return Vault(self.chains[chain_id], self.deployment.vault(chain_id).vault)

    def token(self, chain_id):
        return self.chains[chain_id].contract("TestToken", self.deployment.asset_of(chain_id, "USDC").token)

    @property
    def queue(self):
        return ForcedQueue(self.settlement, self.deployment.settlement.forced_queue)

    def fund(self, chain_id, amount):
        token, chain = self.token(chain_id), self.chains[chain_id]
        chain.transact(token.functions.mint(self.user.address, amount), self.user)
        chain.transact(token.functions.approve(self.vault(chain_id).address, amount), self.user)

    def deposit(self, chain_id, amount, *, symbol="USDC", timeout=0, owner=None):
        """Deposit as the user; returns the packet as its events tell."""
        asset = self.deployment.asset_of(chain_id, symbol).token
        value = 0
        if symbol == "USDC":
            self.fund(chain_id, amount)
        else:
            value = amount
        vault = self.vault(chain_id)
        call = vault.contract.functions.deposit(asset, amount, owner or self.user.address, timeout)
        receipt = self.chains[chain_id].transact(call, self.user, value=value)
        (sent,) = self.mailbox(chain_id).sent(receipt["blockNumber"], receipt["blockNumber"])
        return sent

    def recipient(self, chain_id):
        """A contract that sends, receives and misbehaves on demand."""
        return self.chains[chain_id].deploy("TestRecipient", [], self.user)

    def send(self, sender, source, recipient, destination, payload=b"ping", **attributes):
        """Send from a TestRecipient to another; returns the packet as its events tell."""
        call = sender.functions.send(
            self.mailbox(source).address,
            encode_evm(destination, recipient.address),
            payload,
            encode_attributes(**attributes),
        )
        fees = attributes.get("fees", NO_FEES)
        receipt = self.chains[source].transact(call, self.user, value=fees.escrow)
        (sent,) = self.mailbox(source).sent(receipt["blockNumber"], receipt["blockNumber"])
        return sent


@pytest.fixture(name="network")
def _network():
    return Network()


@pytest.fixture(name="make_network")
def _make_network():
    return Network


@pytest.fixture(scope="session")
def postgres(tmp_path_factory):
    folder = Path(tempfile.mkdtemp(prefix="clearspan-postgres-"))
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    """Opens one database, for as many replicas as are named."""
    if request.param == "sqlite":
        return lambda **options: Store(tmp_path / "shared.db", **options)
    url = request.getfixturevalue("postgres").new_url()
    return lambda **options: Store(url=url, **options)
