"""What thieves can do who hold every validator key of a chain: headers over a state of their own, and proofs of it."""

from dataclasses import replace

import rlp
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from bridge.clients import encode_proof, encode_update
from bridge.deployment import Deployment
from bridge.mailbox import Mailbox
from bridge.packets import (
    Answer,
    Fees,
    Packet,
    Status,
    commitment_slot,
    packet_id,
    receipt_hash,
    receipt_slot,
)
from bridge.payloads import DepositMessage
from chains import LocalChain
from chains.headers import SealedHeader, integer
from chains.proofs import EMPTY_CODE_HASH, AccountProof, StorageProof
from tests.contracts.tries import build, nodes_of

AHEAD = 1_000
"""Blocks by which forged headers run ahead, so that none has the height of an honest one."""


class StolenChain:
    """A vault chain without one honest validator. Its state no longer matters: clients see what is made up here."""

    def __init__(self, chain: LocalChain, settlement: LocalChain, network: Deployment, thief: LocalAccount) -> None:
        self.chain, self.settlement, self.thief = chain, settlement, thief
        self.here, self.core = network.vault(chain.chain_id), network.settlement
        self.keys = [validator.compromise() for validator in chain.validators.validators]
        self.client = settlement.contract("QbftLightClient", self.core.clients[chain.chain_id])
        self.mailbox = Mailbox(settlement, self.core.mailbox)
        self._words: dict[int, int] = {}
        self._forged = 0

    def deposit(self, token: str, amount: int, owner: str) -> Status:
        """Have the settlement chain believe in a deposit that nobody made; answers what the queue said to it."""
        self._forged += 1
        packet = Packet(
            source_chain=self.chain.chain_id,
            source_mailbox=self.here.mailbox,
            destination_chain=self.settlement.chain_id,
            destination_mailbox=self.core.mailbox,
            route_epoch=1,
            nonce=2**32 + self._forged,
            sender=self.here.vault,
            recipient=self.core.forced_queue,
            timeout_timestamp=self.settlement.head().timestamp + 3_600,
            gas_limit=600_000,
            fees=Fees(),
            payload=DepositMessage(asset=token, amount=amount, owner=owner, refund_to=owner).encode(),
        )
        identifier = packet_id(packet)
        self._words[commitment_slot(identifier)] = int.from_bytes(identifier)
        proof = self._prove(commitment_slot(identifier))
        call = self.mailbox.contract.functions.receivePackets([packet.as_abi()], proof, self.thief.address)
        block = self.settlement.transact(call, self.thief)["blockNumber"]
        (answer,) = self.mailbox.answered(block, block)
        return answer.status

    def answer(self, packet: Packet, status: Status) -> None:
        """Have the settlement chain believe an answer to a packet of its own."""
        made_up = Answer(packet=packet, status=status, ack=b"", payee=self.thief.address)
        identifier = packet_id(packet)
        digest = receipt_hash(identifier, status, b"", self.thief.address)
        self._words[receipt_slot(identifier)] = int.from_bytes(digest)
        proof = self._prove(receipt_slot(identifier))
        call = self.mailbox.contract.functions.acknowledge([made_up.as_abi()], proof, self.thief.address)
        self.settlement.transact(call, self.thief)

    def _prove(self, slot: int) -> bytes:
        storage = build({_key(at): rlp.encode(integer(word)) for at, word in self._words.items()})
        account = rlp.encode([b"\1", b"", storage.root_hash, EMPTY_CODE_HASH])
        address = to_canonical_address(self.here.mailbox)
        state = build({keccak(address): account})
        header = self._header(state.root_hash)
        trusted = self.chain.validators.addresses
        update = self.client.functions.update(encode_update(header, trusted))
        self.settlement.transact(update, self.thief)
        proof = AccountProof(
            address=address,
            account_nodes=nodes_of(state, keccak(address)),
            storage_hash=storage.root_hash,
            storage=(StorageProof(slot=slot, value=self._words[slot], nodes=nodes_of(storage, _key(slot))),),
            nonce=1,
        )
        return encode_proof(header, proof)

    def _header(self, state_root: bytes) -> SealedHeader:
        height, timestamp = (
            self.settlement.call(self.client.functions[name]()) for name in ("latestHeight", "latestTimestamp")
        )
        real = self.chain.head()
        fields = list(real.fields)
        fields[8] = integer(max(height, real.number + AHEAD) + 1)
        now = max(timestamp + 1, real.timestamp + 1, self.settlement.head().timestamp)
        return replace(real, fields=tuple(fields)).altered(state_root=state_root, timestamp=now).sealed_by(self.keys)


def _key(slot: int) -> bytes:
    return bytes(keccak(slot.to_bytes(32, "big")))
