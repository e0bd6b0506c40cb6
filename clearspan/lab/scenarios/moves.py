"""What attackers do again and again: try a call, invent a packet, forge the header that proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import rlp
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction

import contracts
from bridge.abi import ZERO_ADDRESS, abi_encode
from bridge.clients import (
    ClientParameters,
    constructor_arguments,
    encode_client_proof,
    encode_proof,
    encode_update,
)
from bridge.packets import Packet, commitment_slot, packet_id
from bridge.payloads import DepositMessage
from bridge.relaying import Way, packets_in, update_client
from bridge.settlement import Ledger
from chains.chain import Chain
from chains.errors import ChainError, TransactionReverted
from chains.headers import SealedHeader
from chains.keys import derive_key
from chains.local import LocalChain
from chains.proofs import AccountProof, StorageProof
from chains.validators import Validator
from clearspan.lab.scenarios.base import Stage
from clearspan.lab.world import World

ACCEPTED = "accepted"
LOOT = 1_000 * 10**6
"""Base units of the dollar token that an invented deposit claims."""
GAS = 6_000_000


def attempt(chain: Chain, call: ContractFunction, signer: LocalAccount, *, value: int = 0, gas: int = GAS) -> str:
    """Send a call; `accepted`, or the error it was refused with."""
    try:
        chain.transact(call, signer, value=value, gas=gas)
    except TransactionReverted as refusal:
        return refusal.error or "revert"
    except ChainError as error:
        return f"{type(error).__name__}({error.reason})"
    return ACCEPTED


def deploy(stage: Stage, chain: LocalChain, name: str, arguments: Sequence[Any], signer: LocalAccount) -> Contract:
    """Deploy a contract besides the network's own, broken where the stage says so; raises TransactionReverted."""
    with contracts.replaced(dict(stage.contracts)):
        return chain.deploy(name, arguments, signer)


@contextmanager
def swapped(owner: object, name: str, broken: object) -> Iterator[None]:
    """A module's or a class's function, or constant, replaced by a broken one inside the block."""
    whole = getattr(owner, name)
    setattr(owner, name, broken)
    try:
        yield
    finally:
        setattr(owner, name, whole)


def outsiders(count: int) -> tuple[Validator, ...]:
    """Validators of no chain, ascending."""
    made = (Validator(derive_key("lab outsider", index)) for index in range(count))
    return tuple(sorted(made, key=lambda validator: validator.address))


def stolen(validators: Iterable[Validator]) -> list[bytes]:
    """Their private keys."""
    return [validator.compromise() for validator in validators]


class Heist:
    """A thief who wants credit at the exchange for dollars that nobody locked on the first vault chain."""

    def __init__(self, world: World) -> None:
        network = world.deployment
        entry = network.vaults[0]
        self.world, self.network, self.entry = world, network, entry
        self.source: LocalChain = world.chains[entry.chain_id]
        self.host: LocalChain = world.chains[network.settlement.chain_id]
        self.thief = world.base.users[1]
        self.owner = world.base.network.keys.owner
        self.way = Way.between(network, world.chains, source=entry.chain_id, destination=network.settlement.chain_id)
        self.client = self.way.forward.contract
        self.ledger = Ledger(self.host, network.settlement.ledger)
        self.token = next(
            asset.token for asset in network.assets if asset.chain_id == entry.chain_id and asset.token != ZERO_ADDRESS
        )
        self._nonce = 1_000_000

    @property
    def loot(self) -> int:
        """Base units the exchange was credited with; nobody deposits on a stage unless the attack does."""
        return self.ledger.credit(self.entry.chain_id, self.token).credited

    def trusted(self) -> SealedHeader:
        """The newest header that the settlement chain's client knows."""
        return self.source.header(self.way.forward.latest_height())

    def mine(self) -> SealedHeader:
        """An honest block of the source, the world's clock with it."""
        header = self.source.mine()
        self.world.clock.advance(max(0, header.timestamp - self.world.clock.now()))
        return header

    def deposit(self, amount: int, depositor: LocalAccount) -> Packet:
        """A deposit that somebody really made, not delivered yet; the client knows of it."""
        packet = self.lock(amount, depositor)
        self.settle()
        update_client(self.way.forward, self.source, self.thief)
        return packet

    def lock(self, amount: int, depositor: LocalAccount) -> Packet:
        """The same, of which no client knows."""
        vault = self.source.contract("CollateralVault", self.entry.vault)
        timeout = self.world.clock.now() + 3_600
        call = vault.get_function_by_signature("deposit(address,uint256,address,uint64)")(
            self.token, amount, depositor.address, timeout
        )
        (packet,) = packets_in(self.way.source, self.source.transact(call, depositor))
        return packet

    def settle(self) -> None:
        """Every transaction of a block of its own took a second: the clock follows."""
        newest = max(chain.head().timestamp for chain in self.world.chains.values())
        self.world.clock.advance(max(0, newest - self.world.clock.now()))

    def invented(self, amount: int = LOOT) -> Packet:
        """A deposit that nobody made, sent by the vault, says the thief."""
        self._nonce += 1
        message = DepositMessage(
            asset=self.token, amount=amount, owner=self.thief.address, refund_to=self.thief.address
        )
        return Packet(
            source_chain=self.entry.chain_id,
            source_mailbox=self.entry.mailbox,
            destination_chain=self.network.settlement.chain_id,
            destination_mailbox=self.network.settlement.mailbox,
            route_epoch=self.network.parameters.route_epoch,
            nonce=self._nonce,
            sender=self.entry.vault,
            recipient=self.network.settlement.forced_queue,
            timeout_timestamp=self.world.clock.now() + 3_600,
            gas_limit=500_000,
            payload=message.encode(),
        )

    def update(self, header: SealedHeader, trusted: Sequence[bytes] | None = None) -> str:
        """Show the client a header, against the validators it trusts where none are named."""
        members = self.trusted().validators if trusted is None else trusted
        return attempt(self.host, self.client.functions.update(encode_update(header, members)), self.thief)

    def hand_over(self, packet: Packet, proof: bytes) -> str:
        """Have the mailbox receive a packet; `not credited` where nothing comes of it."""
        mailbox = self.way.destination.contract
        call = mailbox.functions.receivePackets([packet.as_abi()], proof, self.thief.address)
        before = self.loot
        outcome = attempt(self.host, call, self.thief)
        return outcome if outcome != ACCEPTED or self.loot > before else "not credited"

    def cash_in(self, header: SealedHeader, packet: Packet, *, trusted: Sequence[bytes] | None = None) -> str:
        """Show the client a forged header, then the packet that only this header proves; the first refusal, if any."""
        outcome = self.update(header, trusted)
        if outcome != ACCEPTED:
            return outcome
        return self.hand_over(packet, encode_proof(header, lone_word(packet)[1]))

    def parameters(self, **changed: Any) -> ClientParameters:
        """Of a client that follows the source."""
        fields: dict[str, Any] = {
            "chain_id": self.entry.chain_id,
            "variant": self.source.head().variant,
            "trusting_period_seconds": 14 * 86_400,
            "max_clock_drift_seconds": 30,
            "recovery_delay_seconds": 86_400,
            "recovery_delay_blocks": 10,
        }
        return ClientParameters(**(fields | changed))

    def new_client(self, stage: Stage, trusted: SealedHeader, **changed: Any) -> Contract:
        """Another client of the source on the settlement chain; raises TransactionReverted."""
        arguments = constructor_arguments(self.parameters(**changed), trusted)
        return deploy(stage, self.host, "QbftLightClient", arguments, self.owner)

    def proves(self, client: Contract, header: SealedHeader, packet: Packet) -> str:
        """What a client answers to the packet's commitment under a header of the thief's."""
        root, account = lone_word(packet)
        if header.state_root != root:
            return "NotForged"
        slot = commitment_slot(packet_id(packet)).to_bytes(32, "big")
        call = client.functions.verifyStorage(
            header.number, packet.source_mailbox, [slot], [packet_id(packet)], encode_client_proof(header, account)
        )
        try:
            self.host.call(call, block="pending")
        except TransactionReverted as refusal:
            return refusal.error or "revert"
        return ACCEPTED


def lone_word(packet: Packet) -> tuple[bytes, AccountProof]:
    """A state root under which the packet's commitment is all there is, and the proof of it."""
    identifier = packet_id(packet)
    slot = commitment_slot(identifier)
    leaf = rlp.encode([b"\x20" + keccak(slot.to_bytes(32, "big")), rlp.encode(identifier.lstrip(b"\x00"))])
    account = rlp.encode([b"\x01", b"", keccak(leaf), keccak(b"")])
    mailbox = to_canonical_address(packet.source_mailbox)
    state = rlp.encode([b"\x20" + keccak(mailbox), account])
    proof = AccountProof(
        address=mailbox,
        account_nodes=(state,),
        storage_hash=keccak(leaf),
        storage=(StorageProof(slot=slot, value=int.from_bytes(identifier, "big"), nodes=(leaf,)),),
    )
    return keccak(state), proof


def leaf(path: Sequence[int], value: bytes) -> bytes:
    """A trie's leaf: nibbles that remain, and what is there."""
    flagged = [3, *path] if len(path) % 2 else [2, 0, *path]
    packed = bytes(high << 4 | low for high, low in zip(flagged[::2], flagged[1::2], strict=True))
    return bytes(rlp.encode([packed, value]))


def nibbles(key: bytes) -> list[int]:
    """Its path."""
    return [half for byte in key for half in (byte >> 4, byte & 15)]


class TrieReader:
    """The verifier of trie proofs that light clients are built on, deployed by itself."""

    def __init__(self, stage: Stage, heist: Heist) -> None:
        self._chain = heist.host
        self._contract = deploy(stage, heist.host, "TestTrie", [], heist.owner)

    def find(self, root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | str:
        """The value it believes in, or the error it refuses with."""
        answer = self._ask(self._contract.functions.find(root, key, abi_encode(["bytes[]"], [list(nodes)])))
        return answer if isinstance(answer, str) else bytes(answer)

    def find_all(self, root: bytes, keys: Sequence[bytes], lists: Sequence[Sequence[bytes]]) -> Any:
        """The same of several keys in one proof."""
        proofs = abi_encode(["bytes[][]"], [[list(nodes) for nodes in lists]])
        return self._ask(self._contract.functions.findAll(root, list(keys), proofs))

    def _ask(self, call: ContractFunction) -> Any:
        try:
            return self._chain.call(call)[0]
        except TransactionReverted as refusal:
            return refusal.error or "revert"


def forged(header: SealedHeader, packet: Packet, **changed: Any) -> SealedHeader:
    """The header with a state in which the packet was sent; its seals are void."""
    return header.altered(state_root=lone_word(packet)[0], **changed)


def raw_update(header: SealedHeader, seals: Sequence[bytes], trusted: Sequence[bytes]) -> bytes:
    """An update of exactly these seals in exactly this order."""
    members = [to_checksum_address(member) for member in trusted]
    return abi_encode(["bytes", "bytes[]", "address[]"], [header.rlp_without_seals, list(seals), members])
