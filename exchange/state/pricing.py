"""What margin reads of a market in the active round, derived from its market, underlying and mark leaves."""

from __future__ import annotations

from msgspec import Struct

from exchange.state.mark import Mark
from exchange.state.market import Market


class Pricing(Struct, frozen=True):
    """One market in the active round.

    `time` is that of the round; `value` is mark price times multiplier (cash of a size of 1e10); `low` and `high` are
    the ends of the risk array; `alone` says that no other market shares the underlying, so that the worst scenario is
    at one of the two ends.
    """

    underlying: int
    mark: int
    value: int
    low: int
    high: int
    scan: tuple[int, ...]
    time: int
    maintenance_factor: int
    transfer_factor: int
    alone: bool

    @classmethod
    def of(cls, market: Market, mark: Mark, *, alone: bool) -> Pricing:
        """Pricing of `market` by the mark of the active round."""
        return cls(
            market.underlying,
            mark.price,
            mark.price * market.multiplier,
            min(mark.scan),
            max(mark.scan),
            mark.scan,
            mark.time,
            market.maintenance_factor,
            market.transfer_factor,
            alone,
        )
