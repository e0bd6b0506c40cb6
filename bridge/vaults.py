"""Reads a vault: what it holds, whom it owes, what it paid."""

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.abi import ZERO_ADDRESS
from bridge.contract_reader import ContractReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What the vault owes to somebody: `amount` base units of `asset` (zero address: ether)."""

    identifier: bytes
    asset: ChecksumAddress
    recipient: ChecksumAddress
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Entitlement):
    """What the vault paid, and where."""

    block: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Deposit:
    """What the event of a deposit says."""

    packet_id: bytes
    asset: ChecksumAddress
    owner: ChecksumAddress
    amount: int
    refund_to: ChecksumAddress
    block: int


class Vault(ContractReader):
    """A `CollateralVault` on a chain."""

    artifact = "CollateralVault"

    def holdings(self, asset: ChecksumAddress, *, block: int | None = None) -> int:
        """Base units that deposits brought and payments have not taken."""
        return int(self._read(self.contract.functions.holdings(asset), block))

    def entitlement(self, identifier: bytes, *, block: int | None = None) -> Entitlement | None:
        """What a packet entitled somebody to and was not paid yet, or None."""
        asset, recipient, amount = self._read(self.contract.functions.entitlements(identifier), block)
        if amount == 0 and recipient == ZERO_ADDRESS:
            return None
        return Entitlement(
            identifier=identifier,
            asset=to_checksum_address(asset),
            recipient=to_checksum_address(recipient),
            amount=amount,
        )

    def entitled(self, from_block: int, to_block: int) -> list[Entitlement]:
        """Releases and refunds whose events lie in the range, in order; paid or not."""
        events = self.contract.events
        releases = [(log, "id", "recipient") for log in self.chain.logs(events.ReleaseEntitled(), from_block, to_block)]
        refunds = [
            (log, "packetId", "refundTo") for log in self.chain.logs(events.RefundEntitled(), from_block, to_block)
        ]
        ordered = sorted(releases + refunds, key=lambda found: (found[0]["blockNumber"], found[0]["logIndex"]))
        return [
            Entitlement(
                identifier=bytes(log["args"][identifier]),
                asset=to_checksum_address(log["args"]["asset"]),
                recipient=to_checksum_address(log["args"][recipient]),
                amount=log["args"]["amount"],
            )
            for log, identifier, recipient in ordered
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

    def paid(self, from_block: int, to_block: int) -> list[Payment]:
        """Payments whose events lie in the range, in order."""
        return [
            Payment(
                identifier=bytes(log["args"]["id"]),
                asset=to_checksum_address(log["args"]["asset"]),
                recipient=to_checksum_address(log["args"]["recipient"]),
                amount=log["args"]["amount"],
                block=log["blockNumber"],
                transaction_hash=bytes(log["transactionHash"]),
            )
            for log in self.chain.logs(self.contract.events.Paid(), from_block, to_block)
        ]
