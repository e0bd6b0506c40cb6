"""Named places where a daemon may die. Each lies between two effects, so that a test can kill it there."""

from collections.abc import Callable
from enum import StrEnum


class CrashPoint(StrEnum):
    """Where in a step: what has just happened."""

    AFTER_READ = "after-read"
    AFTER_PERSIST = "after-persist"
    AFTER_ACT = "after-act"
    AFTER_CONFIRM = "after-confirm"


Hook = Callable[[CrashPoint], None]


def no_hook(point: CrashPoint) -> None:
    """Nobody dies in production."""
