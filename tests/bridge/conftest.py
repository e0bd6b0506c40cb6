import pytest
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from bridge.attributes import encode_attributes
from bridge.clients import encode_update
from bridge.deployment import deploy_network
from bridge.interoperable import encode_evm
from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.packets import Packet
from chains import LocalChain, VirtualClock


@pytest.fixture(name="packet", scope="session")
def _packet():
    return Packet(
        source_chain=101,
        source_mailbox=to_checksum_address("0x" + "a1" * 20),
        destination_chain=100,
        destination_mailbox=to_checksum_address("0x" + "b2" * 20),
        route_epoch=1,
        nonce=7,
        sender=to_checksum_address("0x" + "c3" * 20),
        recipient=to_checksum_address("0x" + "d4" * 20),
        timeout_timestamp=1_700_000_600,
        gas_limit=300_000,
        payload=b"hello, packet",
    )


SETTLEMENT, EAST, WEST = 100, 101, 102


class Network:
    """Three local chains with everything deployed, and a user with funds. Tests of a module share one."""

    def __init__(self):
        self.clock = VirtualClock()
        self.owner = Account.from_key("0x" + "11" * 32)
        self.user = Account.from_key("0x" + "22" * 32)
        balances = {account.address: 1_000 * 10**18 for account in (self.owner, self.user)}
        self.chains = {
            chain_id: LocalChain(chain_id=chain_id, clock=self.clock, balances=balances)
            for chain_id in (SETTLEMENT, EAST, WEST)
        }
        self.tick()
        self.inputs = []
        self.deployment = deploy_network(
            self.chains[SETTLEMENT],
            [self.chains[EAST], self.chains[WEST]],
            owner=self.owner,
            genesis_root=self.root,
        )
        self.tick()

    def root(self, inputs):
        self.inputs.append(inputs)
        return keccak(inputs.rollup.encode())

    def tick(self, seconds=60):
        self.clock.advance(seconds)
        for chain in self.chains.values():
            chain.mine()

    def mailbox(self, chain_id):
        return Mailbox(self.chains[chain_id], self.deployment.chain(chain_id).mailbox)

    def recipient(self, chain_id):
        return self.chains[chain_id].deploy("TestRecipient", [], self.user)

    def send(self, sender, source, recipient, destination, payload, **attributes):
        call = sender.functions.send(
            self.mailbox(source).address,
            encode_evm(destination, recipient),
            payload,
            encode_attributes(**attributes),
        )
        receipt = self.chains[source].transact(call, self.user)
        (sent,) = self.mailbox(source).sent(receipt["blockNumber"], receipt["blockNumber"])
        return sent

    def update(self, chain_id, followed):
        """Bring the client on one chain to the head of another; returns that header."""
        self.tick()
        chain, other = self.chains[chain_id], self.chains[followed]
        client = LightClient(chain, self.deployment.chain(chain_id).clients[followed])
        header = other.finalized_header()
        trusted = other.header(client.latest_height()).validators
        chain.transact(client.contract.functions.update(encode_update(header, trusted)), self.user)
        return header


@pytest.fixture(name="network", scope="module")
def _network():
    return Network()
