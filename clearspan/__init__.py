"""Clearspan: a cross-chain clearinghouse that runs on a laptop.

Names are imported when they are first used, so that `import clearspan` stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clearspan.devnet import AsyncDevnet, Devnet, DevnetConfig
    from clearspan.trading import connect
    from clearspan.verify import Verification, verify_directory
    from exchange.sdk import (
        AsyncTrader,
        ClearspanError,
        FloatAmount,
        InvalidAmount,
        Rejected,
        TimedOut,
        Trader,
        Unavailable,
    )

_HOMES = {
    "AsyncDevnet": "clearspan.devnet",
    "AsyncTrader": "exchange.sdk",
    "ClearspanError": "exchange.sdk",
    "Devnet": "clearspan.devnet",
    "DevnetConfig": "clearspan.devnet",
    "FloatAmount": "exchange.sdk",
    "InvalidAmount": "exchange.sdk",
    "Rejected": "exchange.sdk",
    "TimedOut": "exchange.sdk",
    "Trader": "exchange.sdk",
    "Unavailable": "exchange.sdk",
    "Verification": "clearspan.verify",
    "connect": "clearspan.trading",
    "verify_directory": "clearspan.verify",
}

__all__ = [
    "AsyncDevnet",
    "AsyncTrader",
    "ClearspanError",
    "Devnet",
    "DevnetConfig",
    "FloatAmount",
    "InvalidAmount",
    "Rejected",
    "TimedOut",
    "Trader",
    "Unavailable",
    "Verification",
    "connect",
    "verify_directory",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
