"""Named places where a daemon may die. Each lies between two effects, so that a test can kill it there."""

from collections.abc import Callable
from enum import StrEnum


class CrashPoint(StrEnum):
    """Where in a step: what has just happened, and what has not yet."""

    AFTER_READ = "after-read-before-persist"
    AFTER_PERSIST = "after-persist-before-proof"
    AFTER_PROOF = "after-proof-before-sign"
    NONCE_RESERVATION = "during-nonce-reservation"
    AFTER_SIGN = "after-sign-before-broadcast"
    AFTER_BROADCAST = "after-broadcast-before-record"
    AFTER_INCLUSION = "after-inclusion-before-finality"
    AFTER_FINALITY = "after-finality-before-ack"
    AFTER_HEADER = "between-header-update-and-message"
    MID_FSYNC = "mid-fsync"
    KEY_ROTATION = "during-key-rotation"
    MIGRATION = "during-migration"
    AFTER_ACT = "after-act"
    AFTER_CONFIRM = "after-confirm"


Hook = Callable[[CrashPoint], None]


def no_hook(point: CrashPoint) -> None:
    """Nobody dies in production."""
