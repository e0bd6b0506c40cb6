"""OpenZeppelin's ERC-7786 bridge of a token, as it is, over a gateway that is weak on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from eth_abi.abi import decode, encode
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address, to_checksum_address
from web3.contract import Contract

from bridge.abi import ZERO_ADDRESS
from bridge.interoperable import decode_evm, encode_evm
from chains import Depth, LocalChain, VirtualClock
from clearspan.devnet.wallets import wallet
from clearspan.lab.adapters.ports import ACCEPTED, Bridge, Message
from clearspan.lab.scenarios.moves import attempt

SOURCE, DESTINATION = 990_001, 990_002
FINALITY_BLOCKS = 3
START = 1_767_225_600
SUPPLY = 10**15
GAS = 1_000_000
FEE_ON_TRANSFER = 1
"""A habit of the test token."""
BODY = ("bytes", "bytes", "uint256")
"""OpenZeppelin's payload: who sent, to whom, how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What the gateway's relayer hands over."""

    identifier: bytes
    sender: bytes
    recipient: bytes
    payload: bytes


@dataclass(slots=True)
class _End:
    """One chain with its token, its gateway and its bridge."""

    chain: LocalChain
    clock: VirtualClock
    token: Contract
    gateway: Contract
    bridge: Contract

    @property
    def chain_id(self) -> int:
        """See ports."""
        return self.chain.chain_id

    def finalise(self) -> None:
        """See ports."""
        height = self.chain.head().number
        while self.chain.finalized_header().number < height:
            self.chain.mine()
        self.settle()

    def reorganise(self, sender: str) -> None:
        """See ports."""
        forgotten = to_canonical_address(sender)
        depth = self.chain.head().number - self.chain.finalized_header().number
        self.chain.reorganise(depth, lambda transaction: transaction.sender != forgotten)
        self.chain.mine()

    def settle(self) -> None:
        """The clock follows the chain, whose transactions took a second each."""
        self.clock.advance(max(0, self.chain.head().timestamp - self.clock.now()))

    def has(self, who: str) -> int:
        """Base units of the token."""
        return int(self.chain.call(self.token.functions.balanceOf(who)))

    def parcels(self, first: int) -> list[Parcel]:
        """What the gateway sent from a block on, final or not."""
        return [
            Parcel(
                identifier=bytes(log["args"]["sendId"]),
                sender=bytes(log["args"]["sender"]),
                recipient=bytes(log["args"]["recipient"]),
                payload=bytes(log["args"]["payload"]),
            )
            for log in self.chain.logs(self.gateway.events.MessageSent(), first, self.chain.head().number)
        ]


@dataclass(slots=True)
class _Vault:
    """OpenZeppelin's bridge at the source, which holds what it locked."""

    here: _End
    there: _End
    owner: LocalAccount

    def lock(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """See ports."""
        to = encode_evm(self.there.chain_id, to_checksum_address(recipient))
        first = self.here.chain.head().number + 1
        self.here.chain.transact(self.here.bridge.functions.crosschainTransfer(to, amount), sender)
        self.here.settle()
        parcel = self.here.parcels(first)[-1]
        return Message(amount=decode(BODY, parcel.payload)[2], recipient=recipient, body=parcel)

    def lock_taxed(self, sender: LocalAccount, recipient: str, amount: int) -> tuple[int, int]:
        """See ports."""
        self.here.chain.transact(self.here.token.functions.configure(FEE_ON_TRANSFER, ZERO_ADDRESS, b""), self.owner)
        before = self.held()
        message = self.lock(sender, recipient, amount)
        return message.amount, self.held() - before

    def held(self) -> int:
        """See ports."""
        return self.here.has(self.here.bridge.address)

    @staticmethod
    def refund(message: Message) -> str:  # noqa: ARG004 - a port's signature
        """There is no such function."""
        return "nobody gives anything back"


@dataclass(slots=True)
class _Messenger:
    """The weak gateway."""

    here: _End
    there: _End

    def deliver(self, message: Message, signer: LocalAccount) -> str:
        """See ports."""
        parcel: Parcel = message.body
        call = self.there.gateway.functions.deliver(parcel.identifier, parcel.sender, parcel.recipient, parcel.payload)
        outcome = attempt(self.there.chain, call, signer, gas=GAS)
        self.there.settle()
        return outcome.partition("(")[0]

    def invent(self, recipient: str, amount: int) -> Message:
        """See ports."""
        bridge = encode_evm(self.here.chain_id, to_checksum_address(self.here.bridge.address))
        parcel = Parcel(
            identifier=bytes(31) + b"\x01",
            sender=bridge,
            recipient=encode_evm(self.there.chain_id, to_checksum_address(self.there.bridge.address)),
            payload=encode(BODY, (bridge, to_canonical_address(recipient), amount)),
        )
        return Message(amount=amount, recipient=recipient, body=parcel)

    @staticmethod
    def altered(message: Message, *, amount: int | None = None, chain_id: int | None = None) -> Message:
        """See ports."""
        parcel: Parcel = message.body
        sender, to, said = decode(BODY, parcel.payload)
        amount = said if amount is None else amount
        _, address = decode_evm(parcel.recipient)
        recipient = parcel.recipient if chain_id is None else encode_evm(chain_id, address)
        parcel = replace(parcel, payload=encode(BODY, (sender, to, amount)), recipient=recipient)
        return Message(amount=amount, recipient=message.recipient, body=parcel)

    def imitate(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """See ports."""
        said = self.invent(recipient, amount)
        parcel: Parcel = said.body
        call = self.here.gateway.functions.sendMessage(parcel.recipient, parcel.payload, [])
        first = self.here.chain.head().number + 1
        self.here.chain.transact(call, sender)
        self.here.settle()
        return replace(said, body=self.here.parcels(first)[-1])

    def call_recipient(self, message: Message, signer: LocalAccount) -> str:
        """See ports."""
        parcel: Parcel = message.body
        call = self.there.bridge.functions.receiveMessage(parcel.identifier, parcel.sender, parcel.payload)
        return attempt(self.there.chain, call, signer, gas=GAS).partition("(")[0]


@dataclass(slots=True)
class _Relayer:
    """Delivers what it sees, final or not, and remembers in memory how far it has read."""

    here: _End
    messenger: _Messenger
    signer: LocalAccount
    next_block: int = 0
    failed: list[Parcel] = field(default_factory=list)

    def work(self) -> None:
        """See ports."""
        parcels = self.here.parcels(self.next_block)
        self.next_block = self.here.chain.head().number + 1
        for parcel in parcels:
            if self.messenger.deliver(Message(amount=0, recipient="", body=parcel), self.signer) != ACCEPTED:
                self.failed.append(parcel)

    def forget(self) -> None:
        """See ports."""
        self.next_block = 0
        self.failed.clear()


@dataclass(slots=True)
class _Ledger:
    """Tokens that the destination's bridge has given out."""

    there: _End

    def credited(self, owner: str) -> int:
        """See ports."""
        return self.there.has(owner)


@contextmanager
def erc7786_bridge() -> Iterator[Bridge]:
    """Two fresh chains, a token on each, custody at both ends."""
    owner, relayer, alice, thief = (wallet(1, f"weak bridge {name}") for name in ("owner", "relayer", "alice", "thief"))
    clock = VirtualClock(START)
    balances: dict[str, int] = {person.address: 10**21 for person in (owner, relayer, alice, thief)}
    here, there = (
        _end(
            LocalChain(chain_id=chain_id, clock=clock, seed=1, balances=balances, finality=finality),
            clock,
            owner,
            relayer,
        )
        for chain_id, finality in ((SOURCE, Depth(FINALITY_BLOCKS)), (DESTINATION, None))
    )
    for one, other in ((here, there), (there, here)):
        counterpart = encode_evm(other.chain_id, to_checksum_address(other.bridge.address))
        one.chain.transact(one.bridge.functions.link(one.gateway.address, counterpart), owner)
    there.chain.transact(there.token.functions.mint(there.bridge.address, SUPPLY), owner)
    for person in (alice, thief):
        here.chain.transact(here.token.functions.mint(person.address, SUPPLY), owner)
        here.chain.transact(here.token.functions.approve(here.bridge.address, SUPPLY), person)
    here.finalise()
    messenger = _Messenger(here, there)
    yield Bridge(
        name="erc7786",
        source=here,
        destination=there,
        vault=_Vault(here, there, owner),
        messenger=messenger,
        relayer=_Relayer(here, messenger, relayer),
        ledger=_Ledger(there),
        alice=alice,
        thief=thief,
    )


def _end(chain: LocalChain, clock: VirtualClock, owner: LocalAccount, relayer: LocalAccount) -> _End:
    token = chain.deploy("OddToken", [], owner)
    gateway = chain.deploy("WeakGateway", [relayer.address], owner)
    bridge = chain.deploy("TestBridge", [token.address], owner)
    return _End(chain, clock, token, gateway, bridge)
