"""What a broken promise is called."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Invariant(StrEnum):
    """The named promises; the numbers never change."""

    CONSERVATION = "I1"
    ONCE = "I2"
    PROVEN = "I3"
    NO_SUCCESS_AND_REFUND = "I4"
    ORDER = "I5"
    ENTITLEMENT = "I6"
    MARGIN = "I7"
    PRICE_BOUNDS = "I8"
    SWAP_ALL_OR_NOTHING = "I9"
    LIMITER = "I10"
    LIGHT_CLIENT = "I11"
    LIVENESS = "I12"
    REPLAYED = "I13"
    BUDGET = "I14"
    NO_PRIVILEGE = "I15"
    SECRETS = "I16"
    BOUNDED = "I17"
    ALARM = "I18"
    DETERMINISM = "I19"
    PAUSE = "I20"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A promise that was broken, when, where, and by what."""

    invariant: Invariant
    time: int
    chain: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.invariant.name} on {self.chain} at {self.time}: {self.subject} {self.detail}"
