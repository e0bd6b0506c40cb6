"""What margin reads of a market in the active round, derived from its market, underlying and mark leaves."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from exchange.state.limits import FACTOR_ONE
from exchange.state.mark import Mark
from exchange.state.market import Market, MarketStatus

FOREVER: Final = (1 << 64) - 1
CONCENTRATION_SHARE: Final = 10
"""A position above a tenth of the open interest cap needs more margin; see `concentration`."""

SPREAD_SHARE: Final = 10
"""What is long in one expiry and short in another is charged a tenth of the scan range of the part that is both."""

NO_CONCENTRATION: Final = 1 << 62

SHORT_MINIMUM_SHARE: Final = 10
"""A short option requires at least a tenth of what a future does."""


class Pricing(Struct, frozen=True):
    """One market in the active round.

    `time` is that of the round, and `fresh_until` the last clock at which that is recent enough; `value` is mark price
    times multiplier (cash of a size of 1e10); `low` and `high` are the ends of the risk array; `alone` says that no
    other market shares the underlying, so that the worst scenario is at one of the two ends. `width` is what bands are
    shares of: the mark, of an option at least the scan range of the index. `concentration` is the size above which
    margin grows, `spread` the charge for a unit of delta held against another expiry, in 1e-8 USD. The rest is of the
    mark and the market.
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
    fresh_until: int = FOREVER
    funding_index: int = 0
    delta: int = 0
    vega: int = 0
    short_minimum: int = 0
    margin_factor: int = FACTOR_ONE
    kind: int = 0
    expiry: int = 0
    width: int = 0
    concentration: int = NO_CONCENTRATION
    spread: int = 0

    @classmethod
    def of(  # noqa: PLR0913 - what a mark alone does not say
        cls, market: Market, mark: Mark, *, alone: bool, staleness: int = FOREVER, until: int = FOREVER, index: int = 0
    ) -> Pricing:
        """Pricing of `market` by the mark of the active round, good for `until` at the latest.

        What is settled never gets old.
        """
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
            FOREVER if market.status >= MarketStatus.EXPIRED else min(mark.time + staleness, until),
            mark.funding_index,
            mark.delta,
            mark.vega,
            mark.short_minimum,
            mark.margin_factor,
            market.kind,
            market.expiry,
            max(mark.price, mark.short_minimum * SHORT_MINIMUM_SHARE // market.multiplier),
            max(1, market.open_interest_cap // CONCENTRATION_SHARE),
            index * market.scan_range // (FACTOR_ONE * SPREAD_SHARE),
        )
