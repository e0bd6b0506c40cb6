"""When a failed attempt is made again, and which failures never are. Policy as data."""

from dataclasses import dataclass
from enum import StrEnum

from chains.errors import ChainError, Reason, TransactionReverted
from relayers.errors import NotNow


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """Seconds to wait after the first, second, ... failure; the last one repeats."""

    waits_seconds: tuple[int, ...]

    def wait_seconds(self, attempts: int) -> int:
        """Seconds to wait after `attempts` failures, at least one."""
        return self.waits_seconds[min(attempts, len(self.waits_seconds)) - 1]


DELIVERY = RetrySchedule((5, 15, 60, 300, 900, 3_600))
"""A delivery is tried until the packet's deadline; then it expires, which runs no foreign code."""
ACKNOWLEDGEMENT = RetrySchedule((5, 15, 60, 300, 900, 3_600))
"""An acknowledgement is tried for ever: money may wait for it."""
PAYMENT = RetrySchedule((5, 60, 300, 3_600, 21_600))
"""A payment is tried for ever: the recipient or the token may come round."""
MISSING_EVENTS = RetrySchedule((1, 5, 30, 300, 3_600))
"""Events that must be there but are not are read again: another node may have them."""
SUBMISSION = RetrySchedule((2, 5, 15, 60))
"""Batches and releases: nothing but the poster's own chain can fail."""


class Failure(StrEnum):
    """What a failed attempt says about the next one."""

    ITEMS = "items"
    """One of the items may be to blame: a batch is split, a single item waits for its next attempt."""
    CIRCUMSTANCES = "circumstances"
    """The chain, the fee or the nonce was to blame; no item's count of attempts grows."""


BLAMES_ITEMS = frozenset({Reason.TRANSACTION_REVERTED, Reason.GAS_LIMIT_TOO_HIGH, Reason.GAS_LIMIT_TOO_LOW})
CLIENTS_WORD = frozenset({"ClientNotActive", "ProofTooOld", "UnknownHeight"})
"""Errors of the client, whatever the proof is of: it is frozen, or its newest header was reorganised away."""


def classify(error: ChainError | NotNow) -> Failure:
    """Whose fault a failed transaction was."""
    if isinstance(error, TransactionReverted) and error.error_name in CLIENTS_WORD:
        return Failure.CIRCUMSTANCES
    return Failure.ITEMS if isinstance(error, ChainError) and error.reason in BLAMES_ITEMS else Failure.CIRCUMSTANCES


CIRCUMSTANCES_WAIT_SECONDS = 2
PROFIT_WAIT_SECONDS = 60
"""Fees and gas prices change with the blocks, not with the steps."""
