"""Finds what an address has in escrows, from the logs of a chain alone: nothing that a party wrote down is needed."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress
from eth_utils.abi import event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import Web3Exception, Web3ValueError

from bridge.errors import BridgeError
from bridge.swaps.escrow import WINDOW_BLOCKS, Credit, LegStatus, SwapEscrow, SwapRecord
from bridge.swaps.terms import Swap
from chains.chain import Chain
from chains.errors import ChainError


class Stage(StrEnum):
    """Where a swap is on the clock."""

    LOCKED = "locked"
    PRIVATE_CLAIM = "private claim"
    PUBLIC_CLAIM = "public claim"
    PRIVATE_REFUND = "private refund"
    PUBLIC_REFUND = "public refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSwap:
    """A swap in which the address is locker or payee, that neither was claimed nor refunded."""

    record: SwapRecord
    is_locker: bool
    stage: Stage

    @property
    def advice(self) -> str:
        """What the address can do, in a few words."""
        times = self.record.swap.timelocks
        if self.is_locker:
            return "refund now" if self._is_over else f"refund from {times.refund_from}"
        if self._is_over:
            return "too late to claim"
        opened = self.stage is not Stage.LOCKED
        return f"claim with the preimage {'now' if opened else f'from {times.claim_from}'}, before {times.refund_from}"

    @property
    def _is_over(self) -> bool:
        return self.stage in (Stage.PRIVATE_REFUND, Stage.PUBLIC_REFUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What an address has in one escrow. Anybody can deploy something that logs like one: know yours by its address."""

    chain_id: int
    escrow: ChecksumAddress
    swaps: tuple[OpenSwap, ...]
    credits: tuple[Credit, ...]


def recover(chain: Chain, address: ChecksumAddress) -> Iterator[Recovered]:
    """What the address has on a chain, escrow by escrow in the order of first use; storage confirms each swap.

    What logs like an escrow and does not answer like one is passed over.
    """
    head = chain.head()
    for escrow_address in _escrows(chain, head.number):
        escrow = SwapEscrow(chain, escrow_address)
        with suppress(ChainError, BridgeError, DecodingError, Web3Exception, Web3ValueError):
            swaps = tuple(
                OpenSwap(
                    record=record,
                    is_locker=record.swap.locker == address,
                    stage=stage_at(record.swap, head.timestamp),
                )
                for record in escrow.swaps(0, head.number).values()
                if address in (record.swap.locker, record.swap.payee)
                and record.status is LegStatus.LOCKED
                and escrow.is_locked(record.swap.identifier)
            )
            owed = tuple(credit for credit in escrow.credits(0, head.number) if credit.owner == address)
            if swaps or owed:
                yield Recovered(chain_id=chain.chain_id, escrow=escrow_address, swaps=swaps, credits=owed)


def stage_at(swap: Swap, timestamp: int) -> Stage:
    """The stage that a block of this timestamp is in."""
    return list(Stage)[sum(timestamp >= time for time in swap.timelocks.as_tuple())]


def _escrows(chain: Chain, head: int) -> list[ChecksumAddress]:
    """Everything that ever logged a lock, in order."""
    abi = SwapEscrow(chain, to_checksum_address("0x" + "00" * 20)).contract.events.Locked().abi
    topic = HexBytes(event_abi_to_log_topic(abi))
    found: dict[ChecksumAddress, None] = {}
    for first in range(0, head + 1, WINDOW_BLOCKS):
        last = min(first + WINDOW_BLOCKS - 1, head)
        for log in chain.w3.eth.get_logs({"fromBlock": first, "toBlock": last, "topics": [topic]}):
            found.setdefault(to_checksum_address(log["address"]))
    return list(found)
