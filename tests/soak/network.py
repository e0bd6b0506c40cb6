"""Three real nodes with everything deployed on them, users who send packets, and whoever makes the blocks."""

import random
import threading
import time
from contextlib import ExitStack, contextmanager, suppress

from eth_account import Account
from eth_utils.address import to_checksum_address
from web3 import Web3

from bridge.attestations import ascending
from bridge.attributes import encode_attributes
from bridge.deployment import deploy_network
from bridge.interoperable import encode_evm
from bridge.mailbox import Mailbox
from bridge.parameters import NetworkParameters
from chains import Depth, Patience, RpcChain
from chains.errors import ChainError
from tests.chains.anvil import Anvil
from tests.soak import sprayer
from tests.soak.attestors import Panel

SETTLEMENT, EAST, WEST = 100, 101, 102
NAMES = {SETTLEMENT: "settlement", EAST: "east", WEST: "west"}
ETHER = 10**18
FINAL_UNDER = 4
"""Blocks on top of a final one."""
ATTESTORS = 4
TOKENS = 10**12
USER_FEE = 10**9
SEND_GAS, SPRAY_GAS = 400_000, 150_000


class NotMinedError(Exception):
    """A user's transaction was not mined as it should have been."""


def anvil_nodes(balances):
    options = ("--gas-limit", "200000000")
    nodes = {number: AnvilNode(number, genesis_time=int(time.time()), options=options) for number in NAMES}
    for node in nodes.values():
        node.fund(balances)
        node.block()
    return nodes


class AnvilNode(Anvil):
    """An anvil whose blocks one thread makes, which may be told to take some back."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.lock = threading.RLock()
        self.reorganised = 0
        self.base_fee = None

    @contextmanager
    def mining_at_once(self):
        """Each transaction has a block of its own: for deploying."""
        self.ask("evm_setAutomine", True)
        yield
        self.ask("evm_setAutomine", False)

    def block(self):
        with self.lock:
            if self.base_fee is not None:
                self.ask("anvil_setNextBlockBaseFeePerGas", hex(self.base_fee))
            head = int(self.ask("eth_getBlockByNumber", "latest", False)["timestamp"], 16)
            self.ask("evm_mine", {"timestamp": max(head + 1, int(time.time()))})

    def settle(self, hashes):
        """Receipts of what was handed over, in the next block."""
        self.block()
        return [self.ask("eth_getTransactionReceipt", one) for one in hashes]

    def reorganise(self, depth):
        """Other, empty blocks in the place of the newest; what was in those is nowhere any more."""
        with self.lock:
            self.ask("anvil_reorg", depth, [])
            self.reorganised += 1


class Network:
    """Nodes by chain id, the contracts on them, users and attestors. Blocks are made until `stop`.

    nodes: starts them, given what each account is to have in wei.
    """

    def __init__(self, nodes=anvil_nodes, *, seed=0, block_seconds=0.25):
        self.random = random.Random(seed)
        keys = [Account.from_key(self.random.randbytes(32)) for _ in range(4 + ATTESTORS)]
        self.owner, self.user, self.signer, self.carrier, *self.attestors = keys
        self.block_seconds = block_seconds
        accounts = (self.owner, self.user, self.signer, self.carrier)
        self.nodes = nodes({account.address: 1_000 * ETHER for account in accounts})
        try:
            self._set_up()
        except BaseException:
            self.stop_nodes()
            raise
        self._stop = threading.Event()
        self._miners = [threading.Thread(target=self._mine, args=(node,), daemon=True) for node in self.nodes.values()]
        for miner in self._miners:
            miner.start()
        self.panel = Panel(self.deployment, self.reading(), self.attestors).start()

    def _set_up(self):
        self.chains = self.reading()
        by_number = sorted(self.attestors, key=lambda key: int(key.address, 16))
        with self._mining_at_once():
            self.deployment = deploy_network(
                self.chains[SETTLEMENT],
                [self.chains[EAST], self.chains[WEST]],
                owner=self.owner,
                genesis_root=lambda _: b"\1" * 32,
                parameters=NetworkParameters(
                    max_clock_drift_seconds=3_600,
                    attestors=ascending(to_checksum_address(key.address) for key in by_number),
                    attestor_threshold=ATTESTORS // 2 + 1,
                ),
            )
            self.recipients = {
                number: chain.deploy("TestRecipient", [], self.user) for number, chain in self.chains.items()
            }
            self.sprayers = {
                number: chain.deploy_code([], sprayer.CREATION, [], self.user).address
                for number, chain in self.chains.items()
            }
            for number in (EAST, WEST):
                chain, token = self.chains[number], self.token(number)
                chain.transact(token.functions.mint(self.user.address, TOKENS), self.user)
                chain.transact(token.functions.approve(self.vault(number).address, TOKENS), self.user)

    @contextmanager
    def _mining_at_once(self):
        with ExitStack() as stack:
            for node in self.nodes.values():
                stack.enter_context(node.mining_at_once())
            yield

    def reading(self):
        """Fresh readers of all chains: one for each thread."""
        patience = Patience(poll_seconds=0.05)
        return {
            number: RpcChain.connect(
                node.url, chain_id=number, name=NAMES[number], finality=Depth(FINAL_UNDER), patience=patience
            )
            for number, node in self.nodes.items()
        }

    def stop(self):
        self.panel.stop()
        self._stop.set()
        for miner in self._miners:
            miner.join()
        self.stop_nodes()

    def stop_nodes(self):
        for node in self.nodes.values():
            node.stop()

    def _mine(self, node):
        while not self._stop.wait(self.block_seconds):
            node.block()

    # Contracts

    def vault(self, number, chain=None):
        return (chain or self.chains[number]).contract("CollateralVault", self.deployment.vault(number).vault)

    def token(self, number):
        return self.chains[number].contract("TestToken", self.deployment.asset_of(number, "USDC").token)

    def mailbox(self, number):
        return Mailbox(self.chains[number], self.deployment.chain(number).mailbox)

    # Users

    def deposit(self, number, amounts, *, seconds=0):
        """Token deposits, each a packet with an account of its own at stake; with a deadline `seconds` ahead."""
        vault, token = self.vault(number), self.deployment.asset_of(number, "USDC").token
        with self.nodes[number].lock:
            timeout = self.time(number) + seconds if seconds else 0
            calls = [vault.functions.deposit(token, amount, self.user.address, timeout) for amount in amounts]
            self._send(number, [(call.address, call._encode_transaction_data(), 0, SEND_GAS) for call in calls])

    def spray(self, source, destination, count, *, payload=b"ping", seconds=0):
        """Messages from a contract to a contract, all in one transaction."""
        attributes = {"gas_limit": 200_000}
        mailbox = self.mailbox(source).contract
        recipient = encode_evm(destination, self.recipients[destination].address)
        with self.nodes[source].lock:
            if seconds:
                attributes["timeout_timestamp"] = self.time(source) + seconds
            call = mailbox.functions.sendMessage(recipient, payload, encode_attributes(**attributes))
            message = sprayer.order(count, mailbox.address, bytes.fromhex(call._encode_transaction_data()[2:]))
            self._send(source, [(self.sprayers[source], message, 0, 100_000 + SPRAY_GAS * count)])

    def time(self, number):
        return max(self.chains[number].head().timestamp, int(time.time()))

    def _send(self, number, calls):
        """In the next block; the user's nonces follow the chain, so that no reorganisation leaves a gap."""
        node, chain = self.nodes[number], self.chains[number]
        with node.lock:
            nonce = chain.w3.eth.get_transaction_count(self.user.address, "latest")
            fee = 2 * chain.w3.eth.get_block("pending")["baseFeePerGas"] + USER_FEE
            hashes = []
            for position, (recipient, payload, value, gas) in enumerate(calls):
                fields = {
                    "type": 2, "chainId": number, "nonce": nonce + position, "gas": gas, "maxFeePerGas": fee,
                    "maxPriorityFeePerGas": USER_FEE, "to": recipient, "value": value, "data": payload,
                }  # fmt: skip
                signed = self.user.sign_transaction(fields)
                hashes.append(node.ask("eth_sendRawTransaction", Web3.to_hex(signed.raw_transaction)))
            for receipt in node.settle(hashes):
                if receipt is None or receipt["status"] != "0x1":
                    raise NotMinedError(receipt)

    def reorganise(self, number, depth):
        self.nodes[number].reorganise(depth)

    def take_out(self, number, sender, replica, *, seconds=60):
        """Replaces the block of the next transaction of a sender, once the relayer has seen it there."""
        node, deadline = self.nodes[number], time.monotonic() + seconds
        with node.lock:
            while not (sent := self._sent_in_head(number, sender)):
                assert time.monotonic() < deadline, "nothing is sent any more"
                node.block()
                time.sleep(self.block_seconds)
            while not any(line.get("event") == "included" and line["packet_id"] in sent for line in replica.lines()):
                assert time.monotonic() < deadline, f"the relayer does not see {sent}\n{replica.tail()}"
                time.sleep(self.block_seconds)
            node.reorganise(1)
        return sent

    def _sent_in_head(self, number, sender):
        block = self.nodes[number].ask("eth_getBlockByNumber", "latest", True)
        return {one["hash"] for one in block["transactions"] if one["from"] == sender.address.lower()}

    @contextmanager
    def dear(self, number, wei):
        """The base fee of every block meanwhile."""
        node = self.nodes[number]
        before = node.ask("eth_getBlockByNumber", "latest", False)["baseFeePerGas"]
        node.base_fee = wei
        yield
        with node.lock:
            node.base_fee = None
            node.ask("anvil_setNextBlockBaseFeePerGas", before)

    def unanswered(self):
        """How many packets sent so far are not settled at their source, by the source's own word."""
        waiting = 0
        for number in self.nodes:
            box = self.mailbox(number)
            with suppress(ChainError):
                head = self.chains[number].head().number
                waiting += box.packet_count(block=head) - len(box.acknowledged(0, head))
        return waiting
