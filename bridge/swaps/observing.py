"""What a party knows of a swap, read from two chains: the logs at the head, and at the newest final block."""

from collections.abc import Iterable
from dataclasses import dataclass

from bridge.swaps.escrow import LegStatus, SwapEscrow, SwapRecord
from bridge.swaps.machine import Knowledge, LegView, SwapPlan
from bridge.swaps.terms import Swap


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """An escrow, and the first block whose logs matter."""

    escrow: SwapEscrow
    first_block: int = 0

    def records(self) -> tuple[dict[bytes, SwapRecord], dict[bytes, SwapRecord]]:
        """Every swap by id: at the head, and at the newest final block."""
        chain = self.escrow.chain
        head, final = chain.head().number, chain.finalized_header().number
        newest = self.escrow.swaps(self.first_block, head)
        return newest, newest if final >= head else self.escrow.swaps(self.first_block, final)


def observe(plan: SwapPlan, own: Watch, other: Watch, *, has_revealed: bool = False) -> Knowledge:
    """Everything a decision needs, as both chains show it now.

    A hash counts as used that occurs in any other swap of either escrow.
    """
    own_records, other_records = own.records(), other.records()
    seen = [*own_records[0].values(), *other_records[0].values()]
    return Knowledge(
        own=_view(*own_records, plan.own.identifier),
        other=_view(*other_records, plan.other.identifier),
        has_revealed=has_revealed,
        is_hash_used=is_hash_used(seen, plan.own.hashlock, plan.own, plan.other),
    )


def is_hash_used(records: Iterable[SwapRecord], hashlock: bytes, *but: Swap) -> bool:
    """Whether a hash occurs in a swap other than these."""
    known = {swap.identifier for swap in but}
    return any(record.swap.hashlock == hashlock and record.swap.identifier not in known for record in records)


def _view(head: dict[bytes, SwapRecord], final: dict[bytes, SwapRecord], identifier: bytes) -> LegView:
    newest, surest = head.get(identifier), final.get(identifier)
    return LegView(
        head=newest.status if newest else LegStatus.ABSENT,
        final=surest.status if surest else LegStatus.ABSENT,
        preimage=newest.preimage if newest else None,
    )
