"""I1: nothing is credited, paid or refunded that was not locked for it, and every vault holds what its books say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_canonical_address

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment
from bridge.packets import Status
from bridge.settlement import ItemKind
from chains.blocks import Block
from chains.evm import CallMessage
from chains.local import LocalChain
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.packets import Packets
from clearspan.lab.oracle.violations import Invariant

BALANCE_OF = bytes.fromhex("70a08231")


class Way(StrEnum):
    """How money leaves a vault."""

    RELEASE = "release"
    REFUND = "refund"


@dataclass(slots=True, kw_only=True)
class Lock:
    """A deposit as its vault told of it; amounts in base units. `claim`: the claim that was redirected into it."""

    asset: str
    amount: int
    owner: str
    refund_to: str
    claim: bytes | None = None


@dataclass(slots=True, kw_only=True)
class Claim:
    """What a vault owes; `number` counts its vault's claims in the order in which they arose."""

    way: Way
    number: int
    asset: str
    recipient: str
    amount: int
    left: int
    came_back: bool = False


class VaultBook:
    """One vault by its events: `held` for deposits and claims, `kept` for payees who could not be paid."""

    def __init__(self) -> None:
        self.locks: dict[bytes, Lock] = {}
        self.claims: dict[bytes, Claim] = {}
        self.held: defaultdict[str, int] = defaultdict(int)
        self.kept: defaultdict[str, int] = defaultdict(int)


class Conservation(Book):
    """Every vault's books, and the settlement chain's credits held against them."""

    READS = frozenset({"CollateralVault", "ForcedQueue"})

    def __init__(self, accuse: Accuse, network: Deployment, packets: Packets) -> None:
        super().__init__(accuse)
        self._packets = packets
        self._assets = {asset.asset: asset for asset in network.assets}
        self._address = {entry.chain_id: to_canonical_address(entry.vault) for entry in network.vaults}
        self.vaults = {entry.chain_id: VaultBook() for entry in network.vaults}
        self._credited: set[bytes] = set()
        self._credits: list[Event] = []
        self._last: dict[int, Event] = {}
        self._missing: set[tuple[int, str]] = set()

    def take(self, event: Event) -> None:
        """One event of a vault or of the forced queue."""
        if event.contract == "ForcedQueue":
            if event.name == "ItemEnqueued" and event.arguments["item"][0] == ItemKind.DEPOSIT:
                self._credits.append(event)
            return
        self._last[event.chain_id] = event
        book = self.vaults[event.chain_id]
        match event.name:
            case "Deposited":
                self._deposited(book, event.arguments)
            case "ReleaseEntitled" | "RefundEntitled":
                self._entitled(event, book, event.arguments)
            case "Redirected":
                self._redirected(event, book, event.arguments)
            case "Returned":
                self._returned(event, book, event.arguments)
            case "Paid":
                self._paid(event, book, event.arguments)
            case "Credited":
                book.kept[event.arguments["asset"]] += event.arguments["amount"]
            case "Withdrawn":
                book.kept[event.arguments["asset"]] -= event.arguments["amount"]

    def read(self, chain: LocalChain, block: Block) -> None:
        """After a block with events of a vault, what the chain says that it has is held against the books."""
        event = self._last.pop(chain.chain_id, None)
        if event is None:
            return
        book = self.vaults[chain.chain_id]
        for asset in {*book.held, *book.kept}:
            owed = book.held[asset] + book.kept[asset]
            balance = balance_of(chain, block, asset, self._address[chain.chain_id])
            key = (chain.chain_id, asset)
            if balance < owed and key not in self._missing:
                self._missing.add(key)
                self.accuse(Invariant.CONSERVATION, event, asset, f"holds {balance} base units of {owed}")

    def judge(self) -> None:
        """What was credited was locked: the same asset, as much, for the same owner, once."""
        for event in self._credits:
            _, _, owner, asset, amount, packet_id, _ = event.arguments["item"]
            identifier = bytes(packet_id)
            life = self._packets.lives.get(identifier)
            if life is None or life.source is None:
                if life is None or life.answer is None:
                    self.accuse(Invariant.PROVEN, event, identifier.hex(), "credited and never sent")
                continue
            listed = self._assets[asset]
            lock = self.vaults[listed.chain_id].locks.get(identifier) if listed.chain_id in self.vaults else None
            told = (listed.token.lower(), amount, owner)
            if identifier in self._credited:
                self.accuse(Invariant.ONCE, event, identifier.hex(), "is credited twice")
            self._credited.add(identifier)
            if lock is None or (lock.asset, lock.amount, lock.owner) != told:
                self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"credited {told}, locked {lock}")
        self._credits.clear()

    @staticmethod
    def _deposited(book: VaultBook, told: Mapping[str, Any]) -> None:
        asset, amount = told["asset"], told["amount"]
        book.locks[bytes(told["packetId"])] = Lock(
            asset=asset, amount=amount, owner=told["owner"], refund_to=told["refundTo"]
        )
        book.held[asset] += amount

    def _redirected(self, event: Event, book: VaultBook, told: Mapping[str, Any]) -> None:
        identifier, amount = bytes(told["id"]), told["amount"]
        claim = book.claims.get(identifier)
        if claim is None or claim.left != amount or claim.recipient != told["by"]:
            self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"redirects {amount} of {claim}")
            return
        claim.left = 0
        book.locks[bytes(told["packetId"])] = Lock(
            asset=claim.asset, amount=amount, owner=told["owner"], refund_to=claim.recipient, claim=identifier
        )

    def _returned(self, event: Event, book: VaultBook, told: Mapping[str, Any]) -> None:
        identifier, amount = bytes(told["id"]), told["amount"]
        lock, claim = book.locks.get(bytes(told["packetId"])), book.claims.get(identifier)
        if lock is None or claim is None or lock.claim != identifier or lock.amount != amount:
            self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"{amount} came back of {lock}")
            return
        claim.left, claim.came_back = amount, True

    def _entitled(self, event: Event, book: VaultBook, told: Mapping[str, Any]) -> None:
        is_refund = event.name == "RefundEntitled"
        identifier = bytes(told["packetId"] if is_refund else told["id"])
        claim = Claim(
            way=Way.REFUND if is_refund else Way.RELEASE,
            number=len(book.claims),
            asset=told["asset"],
            recipient=told["refundTo"] if is_refund else told["recipient"],
            amount=told["amount"],
            left=told["amount"],
        )
        if is_refund:
            self._check_refund(event, book, identifier, claim)
        earlier = book.claims.get(identifier)
        if earlier is not None:
            self.accuse(Invariant.ONCE, event, identifier.hex(), "is entitled twice")
            claim.left += earlier.left
        book.claims[identifier] = claim

    def _check_refund(self, event: Event, book: VaultBook, identifier: bytes, claim: Claim) -> None:
        lock = book.locks.get(identifier)
        if lock is None or (lock.asset, lock.amount, lock.refund_to) != (claim.asset, claim.amount, claim.recipient):
            self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"refunds {claim.amount} of {lock}")
        life = self._packets.lives.get(identifier)
        if life is not None and life.answer is Status.SUCCESS:
            self.accuse(Invariant.NO_SUCCESS_AND_REFUND, event, identifier.hex(), "was taken and is refunded")

    def _paid(self, event: Event, book: VaultBook, told: Mapping[str, Any]) -> None:
        identifier, amount = bytes(told["id"]), told["amount"]
        claim = book.claims.get(identifier)
        book.held[told["asset"]] -= amount
        if claim is None or (claim.asset, claim.recipient) != (told["asset"], told["recipient"]):
            self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"pays {amount} of {claim}")
            return
        claim.left -= amount
        if claim.left < 0:
            self.accuse(Invariant.CONSERVATION, event, identifier.hex(), f"was paid {-claim.left} more than was due")
            claim.left = 0


def balance_of(chain: LocalChain, block: Block, asset: str, holder: bytes) -> int:
    """Base units that a final block's state says somebody has; wei for the zero address; 0 of a token that fails."""
    root = block.header.state_root
    if asset == ZERO_ADDRESS:
        return chain.evm.account(root, holder).balance
    call = CallMessage(
        sender=holder, to=to_canonical_address(asset), payload=BALANCE_OF + encode(["address"], [holder])
    )
    outcome = chain.evm.call(chain.context_of(block.header.number), root, call)
    return 0 if outcome.error is not None or len(outcome.output) < 32 else int.from_bytes(outcome.output[:32])
