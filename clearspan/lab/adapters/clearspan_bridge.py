"""Our own bridge behind the five ports: a world's second vault chain, final three blocks deep, and its settlement."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address, to_checksum_address

from bridge.abi import ZERO_ADDRESS
from bridge.clients import encode_proof
from bridge.errors import Rejected, Unavailable
from bridge.interoperable import encode_evm
from bridge.packets import Packet
from bridge.payloads import DepositMessage
from bridge.relaying import Way, acknowledge, deliver, expire, packets_in, send_message, update_client
from bridge.settlement import ForcedQueue, ItemKind
from bridge.vaults import Exit
from bridge.vaults import Vault as VaultContract
from chains.errors import ChainError, TransactionReverted
from chains.local import LocalChain
from clearspan.lab.adapters.ports import ACCEPTED, Bridge, Message
from clearspan.lab.scenarios.banking import DEPOSIT, FOREVER, another_vault, held, odd_token, vault_of
from clearspan.lab.scenarios.base import Stage
from clearspan.lab.scenarios.moves import Heist, attempt, forged, lone_word
from clearspan.lab.world import World

FEE_ON_TRANSFER = 1
"""A habit of the test token."""
ROUNDS = 4
"""After which the relayer has nothing left to do."""
DEADLINE_SECONDS = 600


@dataclass(slots=True)
class _Chain:
    """One of the world's chains."""

    world: World
    chain: LocalChain

    @property
    def chain_id(self) -> int:
        """See ports."""
        return self.chain.chain_id

    def finalise(self) -> None:
        """See ports."""
        height = self.chain.head().number
        while self.chain.finalized_header().number < height:
            self.chain.mine()
        _settle(self.world)

    def reorganise(self, sender: str) -> None:
        """See ports."""
        forgotten = to_canonical_address(sender)
        depth = self.chain.head().number - self.chain.finalized_header().number
        self.chain.reorganise(depth, lambda transaction: transaction.sender != forgotten)


@dataclass(slots=True)
class _Vault:
    """The vault of the source."""

    heist: Heist
    stage: Stage

    def lock(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """See ports."""
        until = self.heist.world.clock.now() + DEADLINE_SECONDS
        call = vault_of(self.heist).get_function_by_signature(DEPOSIT)(self.heist.token, amount, recipient, until)
        (packet,) = packets_in(self.heist.way.source, self.heist.source.transact(call, sender))
        _settle(self.heist.world)
        return Message(amount=amount, recipient=recipient, body=packet)

    def lock_taxed(self, sender: LocalAccount, recipient: str, amount: int) -> tuple[int, int]:
        """See ports."""
        heist, source = self.heist, self.heist.source
        token = odd_token(heist, "OddToken", (sender.address,))
        vault = another_vault(self.stage, heist, token.address)
        source.transact(token.functions.approve(vault.address, FOREVER), sender)
        source.transact(token.functions.configure(FEE_ON_TRANSFER, ZERO_ADDRESS, b""), heist.owner)
        call = vault.get_function_by_signature(DEPOSIT)(token.address, amount, recipient, 0)
        (packet,) = packets_in(heist.way.source, source.transact(call, sender))
        return DepositMessage.decode(packet.payload).amount, held(source, token.address, vault.address)

    def held(self) -> int:
        """See ports."""
        return held(self.heist.source, self.heist.token, self.heist.entry.vault)

    def refund(self, message: Message) -> str:
        """Once the deadline has passed: expired there, told here, paid by whoever asks."""
        heist = self.heist
        packet: Packet = message.body
        heist.world.clock.advance(max(0, packet.timeout_timestamp - heist.world.clock.now()))
        answers = expire(heist.way, [packet], heist.thief)
        if not answers:
            return "AlreadyAnswered"
        _settle(heist.world)
        update_client(heist.way.backward, heist.host, heist.thief)
        acknowledge(heist.way, answers, heist.thief)
        call = VaultContract(heist.source, heist.entry.vault).drain(heist.token, Exit.REFUND, 1)
        return attempt(heist.source, call, heist.thief)


@dataclass(slots=True)
class _Messenger:
    """Mailboxes and light clients."""

    heist: Heist

    def deliver(self, message: Message, signer: LocalAccount) -> str:
        """Proven where the source has it in a final block, else under a header that this key sealed."""
        heist = self.heist
        packet: Packet = message.body
        try:
            update_client(heist.way.forward, heist.source, signer)
            answers = deliver(heist.way, [packet], signer)
        except TransactionReverted as refusal:
            return refusal.error or "revert"
        except (Rejected, Unavailable, ChainError):
            return self._forge(packet, signer)
        return ACCEPTED if answers else "AlreadyAnswered"

    def _forge(self, packet: Packet, signer: LocalAccount) -> str:
        heist = self.heist
        header = forged(heist.mine(), packet).sealed_by([bytes(signer.key)])
        outcome = heist.update(header)
        if outcome != ACCEPTED:
            heist.hand_over(packet, encode_proof(header, lone_word(packet)[1]))
        return outcome

    def invent(self, recipient: str, amount: int) -> Message:
        """See ports."""
        token = self.heist.token
        said = DepositMessage(asset=token, amount=amount, owner=to_checksum_address(recipient), refund_to=token)
        packet = replace(self.heist.invented(amount), payload=said.encode())
        return Message(amount=amount, recipient=recipient, body=packet)

    def altered(self, message: Message, *, amount: int | None = None, chain_id: int | None = None) -> Message:
        """See ports."""
        packet: Packet = message.body
        said = DepositMessage.decode(packet.payload)
        amount = message.amount if amount is None else amount
        packet = replace(
            packet,
            payload=replace(said, amount=amount).encode(),
            destination_chain=packet.destination_chain if chain_id is None else chain_id,
        )
        return Message(amount=amount, recipient=message.recipient, body=packet)

    def imitate(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """See ports."""
        said = self.invent(recipient, amount)
        packet = send_message(self.heist.way, said.body.recipient, said.body.payload, sender, gas_limit=500_000)
        _settle(self.heist.world)
        return replace(said, body=packet)

    def call_recipient(self, message: Message, signer: LocalAccount) -> str:
        """See ports."""
        packet: Packet = message.body
        queue = self.heist.host.contract("ForcedQueue", packet.recipient)
        sender = encode_evm(packet.source_chain, packet.sender)
        return attempt(self.heist.host, queue.functions.receiveMessage(bytes(32), sender, packet.payload), signer)


@dataclass(slots=True)
class _Relayer:
    """The first of the world's relayer processes, stepped by hand."""

    world: World

    @property
    def signer(self) -> LocalAccount:
        """See ports."""
        return self.world.base.relayers[0]

    def work(self) -> None:
        """See ports."""
        process = self.world.processes["relayer 1"]
        for _ in range(ROUNDS):
            for daemon in list(process.daemons):
                process.step(daemon)
            self.world.chains[self.world.deployment.settlement.chain_id].mine()
            _settle(self.world)

    def forget(self) -> None:
        """See ports."""
        process = self.world.processes["relayer 1"]
        process.stop()
        shutil.rmtree(process.directory)
        process.directory.mkdir()
        process.start()


@dataclass(slots=True)
class _Ledger:
    """The forced queue's deposits."""

    heist: Heist

    def credited(self, owner: str) -> int:
        """See ports."""
        settlement = self.heist.network.settlement
        items = ForcedQueue(self.heist.host, settlement.forced_queue).items(
            settlement.deployed_at, self.heist.host.head().number
        )
        return sum(item.amount for item in items if item.kind is ItemKind.DEPOSIT and item.owner == owner)


@contextmanager
def clearspan_bridge(stage: Stage | None = None) -> Iterator[Bridge]:
    """A fresh world in which nobody acts by chance, broken where the stage says so."""
    stage = stage or Stage()
    with stage.world() as world:
        heist = _second(Heist(world))
        yield Bridge(
            name="clearspan",
            source=_Chain(world, heist.source),
            destination=_Chain(world, heist.host),
            vault=_Vault(heist, stage),
            messenger=_Messenger(heist),
            relayer=_Relayer(world),
            ledger=_Ledger(heist),
            alice=world.base.users[0],
            thief=heist.thief,
        )


def _second(heist: Heist) -> Heist:
    """The same thief at the second vault chain, which reorganises."""
    network = heist.network
    heist.entry = network.vaults[1]
    heist.source = heist.world.chains[heist.entry.chain_id]
    heist.way = Way.between(
        network, heist.world.chains, source=heist.entry.chain_id, destination=network.settlement.chain_id
    )
    heist.client = heist.way.forward.contract
    heist.token = next(
        asset.token
        for asset in network.assets
        if asset.chain_id == heist.entry.chain_id and asset.token != ZERO_ADDRESS
    )
    return heist


def _settle(world: World) -> None:
    """The clock follows the chains, whose transactions took a second each."""
    newest = max(chain.head().timestamp for chain in world.chains.values())
    world.clock.advance(max(0, newest - world.clock.now()))
