"""Where a chain takes its time from."""

import time
from typing import Protocol


class Clock(Protocol):
    """Answers the present time in whole seconds since the Unix epoch."""

    def now(self) -> int:
        """Seconds since the Unix epoch."""
        ...


class VirtualClock:
    """A clock that moves only when told, shared by everything that has to agree on the time."""

    def __init__(self, start: int = 1_767_225_600) -> None:
        self._now = start

    def now(self) -> int:
        """Seconds since the Unix epoch."""
        return self._now

    def advance(self, seconds: int) -> int:
        """Move forward and answer the new time; time never goes back."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        self._now += seconds
        return self._now


class SystemClock:
    """The machine's own clock, which chains run by others follow too."""

    def now(self) -> int:
        """Seconds since the Unix epoch."""
        return int(time.time())
