"""Fee tiers: what an account traded in one period sets its tier for the next."""

from __future__ import annotations

from typing import Final

from exchange.state.account import Account
from exchange.state.config import Config

PERIOD_SECONDS: Final = 30 * 86_400
_VOLUME_MAX: Final = (1 << 64) - 1


def count_volume(account: Account, cash: int, clock: int, config: Config) -> None:
    """Add a trade to the account's volume; the first of a period sets the tier by the period before.

    A period without a trade counts as one with none, but its tier stays until the next trade.
    """
    period = clock // PERIOD_SECONDS & 0xFFFF
    if account.volume_period != period:
        before = account.volume if account.volume_period == period - 1 else 0
        account.tier = tier_of(before, config)
        account.volume_period = period
        account.volume = 0
    account.volume = min(account.volume + cash, _VOLUME_MAX)


def tier_of(volume: int, config: Config) -> int:
    """The highest tier whose volume is reached."""
    tier = 0
    for index, bound in enumerate(config.fee_tiers):
        if volume >= bound.volume:
            tier = index
    return tier
