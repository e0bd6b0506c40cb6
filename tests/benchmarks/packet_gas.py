"""Gas of the calls that carry packets, measured on chains built for nothing else."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_utils import to_checksum_address

from bridge.clients import ConsensusState, encode_client_proof, encode_update
from bridge.deployment import deploy_network
from bridge.packets import commitment_slot, packet_id
from bridge.relaying import Way, acknowledge, deliver, expire, packets_in, send_message, update_client
from chains import LocalChain, SealedHeader, VirtualClock
from tests.contracts.harness import RELAYER, client_arguments, deploy, new_chain

SHARED = Path(os.environ.get("CLEARSPAN_SHARED", Path(__file__).resolve().parents[3] / "shared"))
ETHER = 10**18
SOURCE, DESTINATION = 101, 100
NOBODY = to_checksum_address("0x" + "77" * 20)
VALIDATORS = (4, 7, 22, 50)
BATCHES = (1, 10, 50)
PAYLOAD_BYTES = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What one call cost; `packets` of a batch share it. `calldata_bytes` of the transaction."""

    name: str
    gas: int
    calldata_bytes: int
    packets: int = 1

    @property
    def per_packet(self) -> int:
        """Gas of one packet's share, rounded up."""
        return -(-self.gas // self.packets)


class Yard:
    """A settlement chain and a vault chain whose every validator seals."""

    def __init__(self, *, validators: int = 4) -> None:
        self.clock = VirtualClock()
        self.owner, self.user, self.relayer = (Account.from_key(bytes([6]) * 31 + bytes([i])) for i in (1, 2, 3))
        balances = {account.address: 10_000 * ETHER for account in (self.owner, self.user, self.relayer)}
        self.chains = {
            chain_id: LocalChain(
                chain_id=chain_id, clock=self.clock, balances=balances, validators=validators if chain_id == 101 else 4
            )
            for chain_id in (DESTINATION, SOURCE)
        }
        self.tick()
        self.deployment = deploy_network(
            self.chains[DESTINATION], [self.chains[SOURCE]], owner=self.owner, genesis_root=lambda _: b"\1" * 32
        )
        self.tick()
        self.way = Way.between(self.deployment, self.chains, source=SOURCE, destination=DESTINATION)

    def tick(self, seconds: int = 60) -> None:
        self.clock.advance(seconds)
        for chain in self.chains.values():
            chain.mine()

    def forward(self) -> None:
        """Tell the destination's client of the source's head."""
        self.tick()
        update_client(self.way.forward, self.way.source.chain, self.relayer)

    def backward(self) -> None:
        """Tell the source's client of the destination's head."""
        self.tick()
        update_client(self.way.backward, self.way.destination.chain, self.relayer)

    def last(self, chain_id: int, name: str, packets: int = 1) -> Call:
        """The only transaction of the newest block."""
        return call_in(self.chains[chain_id], name, packets)


def call_in(chain: LocalChain, name: str, packets: int = 1) -> Call:
    """The only transaction of a chain's newest block."""
    (transaction_hash,) = chain.w3.eth.get_block("latest")["transactions"]
    return Call(
        name=name,
        gas=chain.w3.eth.get_transaction_receipt(transaction_hash)["gasUsed"],
        calldata_bytes=len(chain.w3.eth.get_transaction(transaction_hash)["input"]),
        packets=packets,
    )


def measure(*, validators=VALIDATORS, batches=BATCHES) -> list[Call]:
    """Every call of the table, in its order."""
    return [*_updates(validators), *_live_update(), *_messages(batches), *_deposits(batches)]


def proof_depth() -> tuple[int, int]:
    """Nodes of the account proof and of a storage proof in these measurements, for a batch's first packet."""
    yard = Yard()
    packet = send_message(yard.way, NOBODY, bytes(PAYLOAD_BYTES), yard.user, gas_limit=1)
    mailbox = yard.way.source
    proof = mailbox.chain.get_proof(mailbox.address, [commitment_slot(packet_id(packet))], mailbox.chain.head().number)
    return len(proof.account_nodes), len(proof.storage[0].nodes)


def _updates(validators):
    for count in validators:
        yard = Yard(validators=count)
        yard.tick()
        update_client(yard.way.forward, yard.way.source.chain, yard.relayer)
        yard.tick()
        update_client(yard.way.forward, yard.way.source.chain, yard.relayer)
        yield yard.last(DESTINATION, f"client update, {count} validators")


def _live_update():
    """The header of a live Besu network that cosmos/ibc-contracts measures too, where it is at hand."""
    path = SHARED / "vectors" / "besu-qbft-live.json"
    if not path.is_file():
        return
    live = json.loads(path.read_text())
    header = SealedHeader.decode(bytes.fromhex(live["updateHeight11"]["headerRlp"][2:]))
    state = ConsensusState(
        block_hash=header.parent_hash,
        parent_hash=b"\1" * 32,
        state_root=b"\1" * 32,
        timestamp=live["initialTrustedTimestamp"],
    )
    arguments = client_arguments(
        header,
        height=live["initialTrustedHeight"],
        state=state.as_abi(),
        validators=live["initialTrustedValidators"],
    )
    host = new_chain(VirtualClock(header.timestamp))
    client = deploy(host, "QbftLightClient", *arguments)
    trusted = [bytes.fromhex(address[2:]) for address in live["initialTrustedValidators"]]
    host.transact(client.functions.update(encode_update(header, trusted)), RELAYER)
    yield call_in(host, "client update, 4 validators, the live Besu header")


def _messages(batches):
    """To an account without code: what the mailbox itself costs."""
    yard = Yard()
    way = yard.way
    send_message(way, NOBODY, bytes(PAYLOAD_BYTES), yard.user, gas_limit=1)
    packet = send_message(way, NOBODY, bytes(PAYLOAD_BYTES), yard.user, gas_limit=1)
    yield yard.last(SOURCE, f"send, {PAYLOAD_BYTES} bytes")
    yard.forward()
    header = way.source.chain.header(way.forward.latest_height())
    slot = commitment_slot(packet_id(packet))
    proof = way.source.chain.get_proof(way.source.address, [slot], header.number)
    way.destination.chain.transact(
        way.forward.contract.functions.verifyStorage(
            header.number,
            way.source.address,
            [slot.to_bytes(32, "big")],
            [packet_id(packet)],
            encode_client_proof(header, proof),
        ),
        yard.relayer,
    )
    yield yard.last(DESTINATION, "prove one word, called directly")
    for count in batches:
        packets = [send_message(way, NOBODY, bytes(PAYLOAD_BYTES), yard.user, gas_limit=1) for _ in range(count)]
        yard.forward()
        answers = deliver(way, packets, yard.relayer)
        yield yard.last(DESTINATION, f"receive, {_packets(count)}", count)
        yard.backward()
        acknowledge(way, answers, yard.relayer)
        yield yard.last(SOURCE, f"acknowledge, {_packets(count)}", count)
    late = send_message(way, NOBODY, b"", yard.user, timeout_timestamp=yard.clock.now() + 600)
    yard.tick(1_200)
    expire(way, [late], yard.relayer)
    yield yard.last(DESTINATION, "expire, 1 packet")


def _deposits(batches):
    """Ether locked in the vault and credited in the forced queue, callbacks and all."""
    yard = Yard()
    way, chain = yard.way, yard.chains[SOURCE]
    deposit = chain.contract("CollateralVault", yard.deployment.vault(SOURCE).vault).functions.deposit

    def made():
        call = deposit(to_checksum_address("0x" + "00" * 20), 10**15, yard.user.address, 0)
        (packet,) = packets_in(way.source, chain.transact(call, yard.user, value=10**15))
        return packet

    made()
    warm = made()
    yield yard.last(SOURCE, "deposit ether in the vault and send")
    yard.forward()
    deliver(way, [warm], yard.relayer)
    for count in batches:
        packets = [made() for _ in range(count)]
        yard.forward()
        answers = deliver(way, packets, yard.relayer)
        yield yard.last(DESTINATION, f"receive, {_packets(count, 'deposit')}", count)
        yard.backward()
        acknowledge(way, answers, yard.relayer)
        yield yard.last(SOURCE, f"acknowledge, {_packets(count, 'deposit')}", count)


def _packets(count, kind="packet"):
    return f"{count} {kind}{'s' if count > 1 else ''}"
