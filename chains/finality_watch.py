"""What a reader of a foreign chain remembers as final, so that final means final."""

from collections.abc import Callable
from threading import RLock

from chains.errors import DishonestNode, Reason
from chains.headers import SealedHeader


class FinalityWatch:
    """The newest final header seen: it only moves forward, and never to a chain without the one before.

    For any number of threads.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._newest: SealedHeader | None = None

    @property
    def height(self) -> int:
        """Height of the newest final header seen, -1 before the first."""
        return -1 if self._newest is None else self._newest.number

    def advance(self, candidate: SealedHeader, header_at: Callable[[int], SealedHeader]) -> SealedHeader:
        """The newest final header, given what the policy now calls final.

        A candidate below it (a node that lags, a head that was reorganised) changes nothing. Raises
        DishonestNode(FinalityViolated) when the chain no longer holds the header that was final before.
        """
        with self._lock:
            newest = self._newest
            if newest is not None:
                if candidate.number < newest.number:
                    return newest
                found = candidate if candidate.number == newest.number else header_at(newest.number)
                if found.hash != newest.hash:
                    message = f"block {newest.number} was 0x{newest.hash.hex()}, is 0x{found.hash.hex()}"
                    raise DishonestNode(Reason.FINALITY_VIOLATED, message)
            self._newest = candidate
            return candidate
