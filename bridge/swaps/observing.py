"""What a party knows of a swap, read from two chains: the logs at the head, and at the newest final block."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bridge.swaps.escrow import LegStatus, SwapEscrow, SwapRecord
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Knowledge, LegView, SwapPlan

Records = Mapping[bytes, SwapRecord]


@dataclass(slots=True, kw_only=True)
class Watch:
    """An escrow, and the first block whose logs matter. What is final is read once."""

    escrow: SwapEscrow
    first_block: int = 0
    _final: Records = field(default_factory=dict)

    def records(self) -> tuple[Records, Records]:
        """Every swap by id: at the head, and at the newest final block."""
        chain = self.escrow.chain
        head, final = chain.head().number, chain.finalized_header().number
        if final >= self.first_block:
            self._final = self.escrow.swaps(self.first_block, final, known=self._final)
            self.first_block = final + 1
        if final >= head:
            return self._final, self._final
        return self.escrow.swaps(self.first_block, head, known=self._final), self._final


def observe(plan: SwapPlan, own: Watch, other: Watch, *, has_revealed: bool = False) -> Knowledge:
    """Everything a decision needs, as both chains show it now.

    See `is_hash_used` for what counts as a used hash; both escrows are looked through.
    """
    own_records, other_records = own.records(), other.records()
    seen = [*own_records[0].values(), *other_records[0].values()]
    return Knowledge(
        own=view_of(own_records, plan.own.identifier),
        other=view_of(other_records, plan.other.identifier),
        has_revealed=has_revealed,
        is_hash_used=is_hash_used(seen, plan.own.hashlock, plan.own, plan.other),
    )


def is_hash_used(records: Iterable[SwapRecord], hashlock: bytes, *but: Leg) -> bool:
    """Whether a hash is burnt for these legs: shown in another swap, or used in another one by one of their lockers.

    What strangers lock under it says nothing: they do not know the preimage, and could stop any swap that way.
    """
    known, lockers = {leg.identifier for leg in but}, {leg.locker for leg in but}
    return any(
        record.swap.hashlock == hashlock
        and record.swap.identifier not in known
        and (record.status is LegStatus.CLAIMED or record.swap.locker in lockers)
        for record in records
    )


def view_of(records: tuple[Records, Records], identifier: bytes) -> LegView:
    """A leg at the head and at the newest final block."""
    newest, surest = (found.get(identifier) for found in records)
    return LegView(
        head=newest.status if newest else LegStatus.ABSENT,
        final=surest.status if surest else LegStatus.ABSENT,
        preimage=newest.preimage if newest else None,
    )
