"""Packets on a full round trip between two local chains, carried by relayers that race for the same packets."""

import random
import time
from dataclasses import dataclass

from eth_account import Account

from bridge.attributes import encode_attributes
from bridge.deployment import deploy_network
from bridge.interoperable import encode_evm
from bridge.mailbox import Mailbox
from chains import LocalChain, VirtualClock
from relayers.batching import BATCHING
from relayers.fleet import build_fleet
from relayers.store import Store
from tests.benchmarks.turns import PatientChain, Worker

ETHER = 10**18
SOURCE, DESTINATION = 101, 100
BLOCK_SECONDS = 2
RECIPIENT_GAS = 200_000
BLOCKS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceResult:
    """One run. Latencies in seconds from the block of the sending to the block of the acknowledgement, ascending.

    `transactions` of all relayers; `idle_transactions` reverted or changed nothing.
    """

    load: str
    batching: str
    relayers: int
    packets: int
    virtual_seconds: int
    real_seconds: float
    virtual_latencies: tuple[int, ...]
    real_latencies: tuple[float, ...]
    transactions: int
    idle_transactions: int
    gas: int
    idle_gas: int


class Arena:
    """Two chains with everything deployed, and a contract on each that answers whatever comes."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.owner, self.user = (Account.from_key(bytes([9]) * 31 + bytes([index])) for index in (1, 2))
        self.signers = [Account.from_key(bytes([8]) * 31 + bytes([index])) for index in (1, 2, 3, 4)]
        balances = {account.address: 10_000 * ETHER for account in (self.owner, self.user, *self.signers)}
        self.chains = {
            chain_id: LocalChain(chain_id=chain_id, clock=self.clock, balances=balances)
            for chain_id in (DESTINATION, SOURCE)
        }
        self.mined_at: dict[tuple[int, int], float] = {}
        self.mine()
        self.deployment = deploy_network(
            self.chains[DESTINATION], [self.chains[SOURCE]], owner=self.owner, genesis_root=lambda _: b"\1" * 32
        )
        self.here, self.there = (
            self.chains[chain_id].deploy("TestRecipient", [], self.user) for chain_id in (SOURCE, DESTINATION)
        )
        self.clock.advance(max(chain.head().timestamp for chain in self.chains.values()) - self.clock.now())
        self.mine()
        self.mailbox = Mailbox(self.chains[SOURCE], self.deployment.chain(SOURCE).mailbox)

    def mine(self) -> None:
        """One block on each chain, with the real time at which it was there."""
        self.clock.advance(BLOCK_SECONDS)
        for chain_id, chain in self.chains.items():
            header = chain.mine()
            self.mined_at[chain_id, header.number] = time.perf_counter()

    def send(self, count: int) -> None:
        """Packets of 32 bytes into the next block of the source."""
        for _ in range(count):
            call = self.here.functions.send(
                self.mailbox.address,
                encode_evm(DESTINATION, self.there.address),
                bytes(32),
                encode_attributes(gas_limit=RECIPIENT_GAS),
            )
            self.chains[SOURCE].send(call, self.user, gas=400_000)

    def relayer(self, signer, batching: str) -> Worker:
        """A process that steps all daemons in turn and waits for each of its transactions."""

        def body(park) -> None:
            patient = {chain_id: PatientChain(chain, park) for chain_id, chain in self.chains.items()}
            fleet = build_fleet(Store(None), self.deployment, patient, signer, batching=BATCHING[batching])
            while True:
                if not any(report.did for report in fleet.round()):
                    park()

        return Worker(body)


def race(
    *, relayers: int, packets: int, per_block: int, load: str, batching: str = "prompt", seed: int = 1
) -> RaceResult:
    """Send `per_block` packets with every block until there are `packets`, and wait until all are acknowledged."""
    dice = random.Random(seed)
    arena = Arena()
    source = arena.chains[SOURCE]
    workers = [arena.relayer(signer, batching) for signer in arena.signers[:relayers]]
    first = {chain_id: chain.head().number + 1 for chain_id, chain in arena.chains.items()}
    started = time.perf_counter()
    sent, sent_in, acknowledged_in = 0, {}, {}
    while len(acknowledged_in) < packets:
        count = min(per_block, packets - sent)
        arena.send(count)
        sent += count
        arena.mine()
        number = source.head().number
        if number > BLOCKS_MAX:
            raise RuntimeError(f"{packets - len(acknowledged_in)} packets are not acknowledged")
        sent_in.update((packet.packet_id, number) for packet in arena.mailbox.sent(number, number))
        acknowledged_in.update((packet.packet_id, number) for packet in arena.mailbox.acknowledged(number, number))
        for worker in dice.sample(workers, len(workers)):
            worker.turn()
    real_seconds = time.perf_counter() - started
    for worker in workers:
        worker.stop()
    if set(sent_in) != set(acknowledged_in):
        raise RuntimeError("other packets were acknowledged than were sent")
    payers = {signer.address for signer in arena.signers}
    receipts = [
        receipt for chain_id, chain in arena.chains.items() for receipt in _receipts(chain, first[chain_id], payers)
    ]
    idle = [receipt for receipt in receipts if receipt["status"] == 0 or not receipt["logs"]]
    ends = [(sent_in[packet_id], acknowledged_in[packet_id]) for packet_id in sent_in]
    times = {number: source.header(number).timestamp for pair in ends for number in pair}
    return RaceResult(
        load=load,
        batching=batching,
        relayers=relayers,
        packets=packets,
        virtual_seconds=max(times.values()) - min(times.values()),
        real_seconds=real_seconds,
        virtual_latencies=tuple(sorted(times[end] - times[start] for start, end in ends)),
        real_latencies=tuple(
            sorted(arena.mined_at[SOURCE, end] - arena.mined_at[SOURCE, start] for start, end in ends)
        ),
        transactions=len(receipts),
        idle_transactions=len(idle),
        gas=sum(receipt["gasUsed"] for receipt in receipts),
        idle_gas=sum(receipt["gasUsed"] for receipt in idle),
    )


def _receipts(chain, first, payers):
    for number in range(first, chain.head().number + 1):
        for transaction_hash in chain.w3.eth.get_block(number)["transactions"]:
            receipt = chain.w3.eth.get_transaction_receipt(transaction_hash)
            if receipt["from"] in payers:
                yield receipt
