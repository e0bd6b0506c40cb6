"""A market maker of the simplest kind: an example of the SDK, and load."""

from relayers.market_maker.maker import MarketMaker, MarkSource, TradingDesk
from relayers.market_maker.quoting import Placement, QuotePolicy, Resting, desired, difference

__all__ = [
    "MarkSource",
    "MarketMaker",
    "Placement",
    "QuotePolicy",
    "Resting",
    "TradingDesk",
    "desired",
    "difference",
]
