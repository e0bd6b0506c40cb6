"""The SDK: exact amounts in, typed results and errors out."""

from exchange.sdk.amounts import Amount, from_base_units, to_base_units
from exchange.sdk.async_trader import AsyncTrader
from exchange.sdk.catalogue import AssetSpec, Catalogue, MarketSpec
from exchange.sdk.errors import (
    ClearspanError,
    FloatAmount,
    InvalidAmount,
    Rejected,
    TimedOut,
    Unavailable,
)
from exchange.sdk.gateway import Gateway
from exchange.sdk.handles import AsyncHandle, Handle, Transfer
from exchange.sdk.orders import NewOrder, Replacement
from exchange.sdk.quote_http import HttpQuotes
from exchange.sdk.quoting import Offered, Offers, QuoteSource
from exchange.sdk.results import (
    Balance,
    CashLock,
    Fill,
    KeyScope,
    Level,
    LiquidationPrice,
    Margin,
    OnSelfTrade,
    OpenOrder,
    OrderBook,
    OrderResult,
    OrderStatus,
    OrderType,
    Position,
    RebalanceOffer,
    RebalanceSource,
    Side,
    Simulated,
    TimeInForce,
    VaultClaim,
    WaitingWithdrawal,
    WhenShort,
)
from exchange.sdk.swap_desk import CashAccess, SwapDesk
from exchange.sdk.swap_handles import AsyncSwap, SwapHandle
from exchange.sdk.swap_policy import ExchangeBounds, SwapPolicy
from exchange.sdk.trader import OwnLoop, Trader
from exchange.sdk.venue import LocalVenue, Venue

__all__ = [
    "Amount",
    "AssetSpec",
    "AsyncHandle",
    "AsyncSwap",
    "AsyncTrader",
    "Balance",
    "CashAccess",
    "CashLock",
    "Catalogue",
    "ClearspanError",
    "ExchangeBounds",
    "Fill",
    "FloatAmount",
    "Gateway",
    "Handle",
    "HttpQuotes",
    "InvalidAmount",
    "KeyScope",
    "Level",
    "LiquidationPrice",
    "LocalVenue",
    "Margin",
    "MarketSpec",
    "NewOrder",
    "Offered",
    "Offers",
    "OnSelfTrade",
    "OpenOrder",
    "OrderBook",
    "OrderResult",
    "OrderStatus",
    "OrderType",
    "OwnLoop",
    "Position",
    "QuoteSource",
    "RebalanceOffer",
    "RebalanceSource",
    "Rejected",
    "Replacement",
    "Side",
    "Simulated",
    "SwapDesk",
    "SwapHandle",
    "SwapPolicy",
    "TimeInForce",
    "TimedOut",
    "Trader",
    "Transfer",
    "Unavailable",
    "VaultClaim",
    "Venue",
    "WaitingWithdrawal",
    "WhenShort",
    "from_base_units",
    "to_base_units",
]
