"""Ranges of the protocol's quantities. Nothing that passes them can overflow a leaf."""

from __future__ import annotations

from typing import Final

PRICE_LIMIT: Final = 1 << 50
"""Prices are below this, in 1e-8 USD."""

SIZE_LIMIT: Final = 1 << 53
"""Sizes, positions and the sum of an account's open orders on one side of a market are below this, in 1e-8."""

AMOUNT_LIMIT: Final = 1 << 96
"""Amounts and inventories of a token are below this, in base units."""

NOTIONAL_LIMIT: Final = 1 << 63
"""The cash value of an account's open orders on one side of a market is below this, in 1e-6 USD."""

COST_LIMIT: Final = 1 << 78
"""No position can cost this much: listing bounds the open interest cap by it, in 1e-6 USD."""

RISK_LIMIT: Final = 1 << 63
"""Entries of a risk array lie strictly between plus and minus this."""

CASH_SCALE: Final = 10**10
"""`price * size * multiplier` over this is cash."""

FACTOR_ONE: Final = 10**6
"""One, for margin factors, haircuts, fees and bands."""

SLOTS_PER_MARKET: Final = 1 << 24
ACCOUNT_LIMIT: Final = 1 << 24
SUB_ACCOUNTS: Final = 15
SESSION_KEYS: Final = 4
TRIGGERS_PER_ACCOUNT: Final = 32
ENVELOPE_ITEMS: Final = 32
OPERATION_LIMIT: Final = 1 << 16
MARKET_LIMIT: Final = 1 << 10
UNDERLYING_LIMIT: Final = 1 << 6
EXPIRY_LIMIT: Final = 1 << 10
ASSET_LIMIT: Final = 1 << 8
WITHDRAWAL_LIMIT: Final = 1 << 32
LOCK_LIMIT: Final = (1 << 31) - 1
"""A lock takes at most two of the 2^32 entries of used hashes, and entry 0 is there from the start."""

POSITIONS_PER_ACCOUNT: Final = 32
COLLATERALS_PER_ACCOUNT: Final = 8
MAKERS_PER_STEP: Final = 8
SCENARIOS: Final = 16

EPOCH_LIMIT: Final = (1 << 32) - 1
"""Order epochs stay below this."""

OWN_EPOCH_LIMIT: Final = 1 << 31
"""`CancelAll` stops here, so that liquidation always has epochs left."""

NONCE_LEAD_SECONDS: Final = 2 * 86_400
"""A nonce may be ahead of the clock by this."""

STEP_SIZE_LIMIT: Final = 4096
"""A step is at most this many bytes."""

WAITING_LIMIT: Final = (1 << 32) - 1
SERVED_PER_STEP: Final = 8
"""Waiting withdrawals that one step or deposit looks at."""
