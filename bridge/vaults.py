"""Reads a vault: what it holds, whom it owes and in which order, what it paid."""

from dataclasses import dataclass, replace
from enum import Enum

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3.contract.contract import ContractFunction
from web3.types import EventData

from bridge.abi import ZERO_ADDRESS
from bridge.contract_reader import ContractReader


class Exit(Enum):
    """A way out of a vault; each has a queue and a window of its own per asset."""

    RELEASE = "release"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What the vault owes to somebody: `amount` base units of `asset` (zero address: ether)."""

    identifier: bytes
    asset: ChecksumAddress
    recipient: ChecksumAddress
    amount: int
    exit: Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment of a claim and where it was made; `left` of the claim was still unpaid then.

    `credited` of the amount could not be sent: the recipient pulls it.
    """

    identifier: bytes
    asset: ChecksumAddress
    recipient: ChecksumAddress
    amount: int
    left: int
    block: int
    transaction_hash: bytes
    credited: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """What the event of a deposit says."""

    packet_id: bytes
    asset: ChecksumAddress
    owner: ChecksumAddress
    amount: int
    refund_to: ChecksumAddress
    block: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirection:
    """The unpaid `amount` of a claim that its recipient sent back to the exchange."""

    identifier: bytes
    packet_id: bytes
    asset: ChecksumAddress
    owner: ChecksumAddress
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What can leave now by one way out, in base units, and what waits for it."""

    queued: int
    room: int
    inventory: int

    @property
    def payable(self) -> int:
        """What `drain` would pay at once."""
        return min(self.queued, self.room, self.inventory)


class Vault(ContractReader):
    """A `CollateralVault` on a chain."""

    artifact = "CollateralVault"

    def holdings(self, asset: ChecksumAddress, *, block: int | None = None) -> int:
        """Base units that deposits brought and payments have not taken."""
        return int(self._read(self.contract.functions.holdings(asset), block))

    def reserved(self, asset: ChecksumAddress, *, block: int | None = None) -> int:
        """Base units of the holdings that are in flight or to be refunded, so no release's."""
        return int(self._read(self.contract.functions.reserved(asset), block))

    def total_credits(self, asset: ChecksumAddress, *, block: int | None = None) -> int:
        """Base units that somebody can pull, beside the holdings."""
        return int(self._read(self.contract.functions.totalCredits(asset), block))

    def credit(self, owner: ChecksumAddress, asset: ChecksumAddress, *, block: int | None = None) -> int:
        """Base units that an owner can pull by `withdraw` or `withdrawTo`."""
        return int(self._read(self.contract.functions.credits(owner, asset), block))

    def is_paused(self, *, block: int | None = None) -> bool:
        """Whether its guardian paused it."""
        return bool(self._read(self.contract.functions.isPaused(), block))

    def drain(self, asset: ChecksumAddress, way: Exit, maximum: int) -> ContractFunction:
        """The call that pays up to `maximum` claims from the head of a queue; answers how many it took up."""
        functions = self.contract.functions
        return functions.drainRefunds(asset, maximum) if way is Exit.REFUND else functions.drain(asset, maximum)

    def outlook(self, asset: ChecksumAddress, way: Exit, *, block: int | None = None) -> Outlook:
        """What waits in a queue and how much of it can leave now; takes the token to have what the books say."""
        refunds = way is Exit.REFUND
        _, queued = self._read(self.contract.functions.queued(asset, refunds), block)
        held = self.holdings(asset, block=block)
        return Outlook(
            queued=queued,
            room=int(self._read(self.contract.functions.room(asset, refunds), block)),
            inventory=held if refunds else max(0, held - self.reserved(asset, block=block)),
        )

    def entitlement(self, identifier: bytes, *, block: int | None = None) -> Entitlement | None:
        """What a packet entitled somebody to and is still unpaid and in its queue, or None."""
        asset, recipient, amount = self._read(self.contract.functions.entitlements(identifier), block)
        if amount == 0 and recipient == ZERO_ADDRESS:
            return None
        is_refund, _ = self._read(self.contract.functions.placeOf(identifier), block)
        return Entitlement(
            identifier=identifier,
            asset=to_checksum_address(asset),
            recipient=to_checksum_address(recipient),
            amount=amount,
            exit=Exit.REFUND if is_refund else Exit.RELEASE,
        )

    def ahead_of(self, identifier: bytes, *, block: int | None = None) -> int:
        """Places before a claim in its queue."""
        _, ahead = self._read(self.contract.functions.placeOf(identifier), block)
        return int(ahead)

    def entitled(self, from_block: int, to_block: int) -> list[Entitlement]:
        """Releases and refunds whose events lie in the range, in order; paid or not."""
        events = self.contract.events
        releases = [
            (log, "id", "recipient", Exit.RELEASE)
            for log in self.chain.logs(events.ReleaseEntitled(), from_block, to_block)
        ]
        refunds = [
            (log, "packetId", "refundTo", Exit.REFUND)
            for log in self.chain.logs(events.RefundEntitled(), from_block, to_block)
        ]
        ordered = sorted(releases + refunds, key=lambda found: _position(found[0]))
        return [
            Entitlement(
                identifier=bytes(log["args"][identifier]),
                asset=to_checksum_address(log["args"]["asset"]),
                recipient=to_checksum_address(log["args"][recipient]),
                amount=log["args"]["amount"],
                exit=way,
            )
            for log, identifier, recipient, way in ordered
        ]

    def deposited(self, from_block: int, to_block: int) -> list[Deposit]:
        """Deposits whose events lie in the range, in order."""
        return [
            Deposit(
                packet_id=bytes(log["args"]["packetId"]),
                asset=to_checksum_address(log["args"]["asset"]),
                owner=to_checksum_address(log["args"]["owner"]),
                amount=log["args"]["amount"],
                refund_to=to_checksum_address(log["args"]["refundTo"]),
                block=log["blockNumber"],
            )
            for log in self.chain.logs(self.contract.events.Deposited(), from_block, to_block)
        ]

    def redirected(self, from_block: int, to_block: int) -> list[Redirection]:
        """Claims sent back to the exchange by events in the range, in order."""
        return [
            Redirection(
                identifier=bytes(log["args"]["id"]),
                packet_id=bytes(log["args"]["packetId"]),
                asset=to_checksum_address(log["args"]["asset"]),
                owner=to_checksum_address(log["args"]["owner"]),
                amount=log["args"]["amount"],
            )
            for log in self.chain.logs(self.contract.events.Redirected(), from_block, to_block)
        ]

    def returned(self, from_block: int, to_block: int) -> list[bytes]:
        """Packets of redirected claims that the exchange did not take: the claims have their places again."""
        logs = self.chain.logs(self.contract.events.Returned(), from_block, to_block)
        return [bytes(log["args"]["packetId"]) for log in logs]

    def paid(self, from_block: int, to_block: int) -> list[Payment]:
        """Payments whose events lie in the range, in order; a claim paid in parts has several."""
        events = self.contract.events
        logs = [
            *self.chain.logs(events.Paid(), from_block, to_block),
            *self.chain.logs(events.Credited(), from_block, to_block),
        ]
        found: list[Payment] = []
        latest: dict[bytes, int] = {}
        for log in sorted(logs, key=_position):
            identifier = bytes(log["args"]["id"])
            if log["event"] == "Credited":
                place = latest[identifier]
                found[place] = replace(found[place], credited=log["args"]["amount"])
                continue
            latest[identifier] = len(found)
            found.append(
                Payment(
                    identifier=identifier,
                    asset=to_checksum_address(log["args"]["asset"]),
                    recipient=to_checksum_address(log["args"]["recipient"]),
                    amount=log["args"]["amount"],
                    left=log["args"]["left"],
                    block=log["blockNumber"],
                    transaction_hash=bytes(log["transactionHash"]),
                )
            )
        return found


def _position(log: EventData) -> tuple[int, int]:
    return log["blockNumber"], log["logIndex"]
