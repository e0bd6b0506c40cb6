"""I9: a swap ends once, in its time, and the legs under one hash end alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment
from bridge.swaps.terms import Timelocks
from chains.blocks import Block
from chains.local import LocalChain
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.conservation import balance_of
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant


class End(StrEnum):
    """How a leg ended."""

    CLAIMED = "claimed"
    REFUNDED = "refunded"


@dataclass(slots=True, kw_only=True)
class Leg:
    """One lock; amounts in base units and wei."""

    chain_id: int
    locker: str
    payee: str
    asset: str
    amount: int
    safety_deposit: int
    hashlock: bytes
    timelocks: Timelocks
    end: End | None = None


class Swaps(Book):
    """All legs on all chains by their escrow's events."""

    READS = frozenset({"SwapEscrow"})

    def __init__(self, accuse: Accuse, network: Deployment) -> None:
        super().__init__(accuse)
        self._escrows = {entry.chain_id: bytes.fromhex(entry.swap_escrow[2:]) for entry in network.chains}
        self.legs: dict[tuple[int, bytes], Leg] = {}
        self._credits: defaultdict[tuple[int, str], int] = defaultdict(int)
        self._last: dict[int, Event] = {}
        self._latest: Event | None = None

    @property
    def open(self) -> list[Leg]:
        """Legs that have not ended."""
        return [leg for leg in self.legs.values() if leg.end is None]

    def take(self, event: Event) -> None:
        """One event of an escrow."""
        self._last[event.chain_id] = self._latest = event
        told = event.arguments
        if event.name == "Locked":
            self._locked(event, told)
        elif event.name == "Claimed":
            self._ended(event, End.CLAIMED)
        elif event.name == "Refunded":
            self._ended(event, End.REFUNDED)
        elif event.name in {"Credited", "Withdrawn"}:
            self._credits[event.chain_id, told["asset"]] += told["amount"] * (1 if event.name == "Credited" else -1)

    def read(self, chain: LocalChain, block: Block) -> None:
        """An escrow has what is locked in it."""
        event = self._last.pop(chain.chain_id, None)
        if event is None:
            return
        due: defaultdict[str, int] = defaultdict(int)
        for (chain_id, asset), amount in self._credits.items():
            if chain_id == chain.chain_id:
                due[asset] += amount
        for leg in self.open:
            if leg.chain_id == chain.chain_id:
                due[leg.asset] += leg.amount
                due[ZERO_ADDRESS] += leg.safety_deposit
        for asset, amount in due.items():
            balance = balance_of(chain, block, asset, self._escrows[chain.chain_id])
            if balance < amount:
                text = f"the escrow has {balance} of {amount} that are locked"
                self.accuse(Invariant.SWAP_ALL_OR_NOTHING, event, asset, text)

    def look_back(self) -> None:
        """Under one hash either all who locked were paid for it, or all have theirs back."""
        by_hash: defaultdict[bytes, list[Leg]] = defaultdict(list)
        for leg in self.legs.values():
            by_hash[leg.hashlock].append(leg)
        for hashlock, legs in by_hash.items():
            ends = {leg.end for leg in legs}
            if len(legs) > 1 and len(ends) > 1 and self._latest is not None:
                told = ", ".join(f"{leg.end or 'open'} on {leg.chain_id}" for leg in legs)
                self.accuse(Invariant.SWAP_ALL_OR_NOTHING, self._latest, hashlock.hex(), told)

    def _locked(self, event: Event, told: Mapping[str, object]) -> None:
        key = (event.chain_id, bytes(event.arguments["id"]))
        if key in self.legs:
            self.accuse(Invariant.SWAP_ALL_OR_NOTHING, event, key[1].hex(), "is locked a second time")
        self.legs[key] = Leg(
            chain_id=event.chain_id,
            locker=str(told["locker"]),
            payee=str(told["payee"]),
            asset=str(told["asset"]),
            amount=int(event.arguments["amount"]),
            safety_deposit=int(event.arguments["safetyDeposit"]),
            hashlock=bytes(event.arguments["hashlock"]),
            timelocks=Timelocks.unpack(int(event.arguments["timelocks"])),
        )

    def _ended(self, event: Event, end: End) -> None:
        identifier = bytes(event.arguments["id"])
        leg = self.legs.get((event.chain_id, identifier))
        problem = "was never locked"
        if leg is not None:
            problem = f"was {leg.end} before" if leg.end else _untimely(event, end, leg)
            leg.end = leg.end or end
        if problem:
            self.accuse(Invariant.SWAP_ALL_OR_NOTHING, event, identifier.hex(), f"{end} and {problem}")


def _untimely(event: Event, end: End, leg: Leg) -> str:
    if end is End.CLAIMED:
        if sha256(bytes(event.arguments["preimage"])).digest() != leg.hashlock:
            return "the preimage is another's"
        return "it was too late" if event.time >= leg.timelocks.refund_from else ""
    is_early = bool(event.arguments["early"])
    return "" if is_early or event.time >= leg.timelocks.refund_from else "it was too early"
