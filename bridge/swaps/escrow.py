"""Reads an escrow by its logs: what was locked, how it ended, what nobody took, what waits to be pulled."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3.contract.contract import ContractEvent
from web3.types import EventData

from bridge.contract_reader import ContractReader
from bridge.errors import Rejected
from bridge.swaps.terms import Swap, Timelocks

WINDOW_BLOCKS = 2_000
"""Blocks of one query; nodes refuse longer ranges."""


class LegStatus(StrEnum):
    """How far a leg has come."""

    ABSENT = "absent"
    """Never locked."""
    LOCKED = "locked"
    CLAIMED = "claimed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapRecord:
    """A swap as the logs tell it. `preimage` and `ended_block` are None while it is open."""

    swap: Swap
    status: LegStatus
    locked_block: int
    ended_block: int | None = None
    preimage: bytes | None = None
    is_early: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Base units of `asset` that could not be sent to `owner` and wait to be pulled."""

    owner: ChecksumAddress
    asset: ChecksumAddress
    amount: int


class SwapEscrow(ContractReader):
    """A `SwapEscrow` on a chain."""

    artifact = "SwapEscrow"

    def is_locked(self, identifier: bytes, *, block: int | None = None) -> bool:
        """Whether storage says that the swap is open."""
        return bool(self._read(self.contract.functions.isLocked(identifier), block))

    def swaps(
        self, from_block: int, to_block: int, *, known: Mapping[bytes, SwapRecord] | None = None
    ) -> dict[bytes, SwapRecord]:
        """Swaps locked in the range by id, with what became of them in it; and those `known` before it.

        An event that contradicts its id is left out.
        """
        records: dict[bytes, SwapRecord] = dict(known or {})
        for log in self._ordered(from_block, to_block):
            arguments, identifier = log["args"], bytes(log["args"]["id"])
            if log["event"] == "Locked":
                swap = self._swap(log)
                if swap is not None and swap.identifier == identifier:
                    records[identifier] = SwapRecord(
                        swap=swap, status=LegStatus.LOCKED, locked_block=log["blockNumber"]
                    )
                continue
            locked = records.get(identifier)
            if locked is None:
                continue
            is_claim = log["event"] == "Claimed"
            records[identifier] = SwapRecord(
                swap=locked.swap,
                status=LegStatus.CLAIMED if is_claim else LegStatus.REFUNDED,
                locked_block=locked.locked_block,
                ended_block=log["blockNumber"],
                preimage=bytes(arguments["preimage"]) if is_claim else None,
                is_early=False if is_claim else bool(arguments["early"]),
            )
        return records

    def credits(self, from_block: int, to_block: int) -> list[Credit]:
        """What was credited and not withdrawn in the range, in the order of first credit."""
        owed: dict[tuple[ChecksumAddress, ChecksumAddress], int] = {}
        for event, sign in ((self.contract.events.Credited(), 1), (self.contract.events.Withdrawn(), -1)):
            for log in self._logs(event, from_block, to_block):
                arguments = log["args"]
                key = to_checksum_address(arguments["owner"]), to_checksum_address(arguments["asset"])
                owed[key] = owed.get(key, 0) + sign * arguments["amount"]
        return [Credit(owner=owner, asset=asset, amount=amount) for (owner, asset), amount in owed.items() if amount]

    def _ordered(self, from_block: int, to_block: int) -> list[EventData]:
        events = self.contract.events
        found = [
            log
            for event in (events.Locked(), events.Claimed(), events.Refunded())
            for log in self._logs(event, from_block, to_block)
        ]
        return sorted(found, key=lambda log: (log["blockNumber"], log["logIndex"]))

    def _logs(self, event: ContractEvent, from_block: int, to_block: int) -> Iterator[EventData]:
        for first in range(from_block, to_block + 1, WINDOW_BLOCKS):
            yield from self.chain.logs(event, first, min(first + WINDOW_BLOCKS - 1, to_block))

    def _swap(self, log: EventData) -> Swap | None:
        """The terms in an event, None where they are none; only another contract than the escrow logs such."""
        with suppress(Rejected):
            return self._terms(log)
        return None

    def _terms(self, log: EventData) -> Swap:
        arguments = log["args"]
        return Swap(
            chain_id=self.chain.chain_id,
            escrow=self.address,
            locker=to_checksum_address(arguments["locker"]),
            payee=to_checksum_address(arguments["payee"]),
            asset=to_checksum_address(arguments["asset"]),
            amount=arguments["amount"],
            hashlock=bytes(arguments["hashlock"]),
            safety_deposit=arguments["safetyDeposit"],
            timelocks=Timelocks.unpack(arguments["timelocks"]),
            nonce=arguments["nonce"],
        )
