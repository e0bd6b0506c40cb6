"""What a swap is refused for before anything is locked."""

from enum import StrEnum

from bridge.errors import Reason, Rejected


class SwapReason(StrEnum):
    """Why a pair of legs is refused; stable names."""

    NOT_ASCENDING = "NotAscending"
    """A stage that would be over before it begins."""
    NO_ROOM_TO_LOCK = "NoRoomToLock"
    """The lock might land after the claim window opened, and be refused."""
    NO_ROOM_TO_REVEAL = "NoRoomToReveal"
    """After the short leg's lock is final, its claim might land after its deadline."""
    NO_ROOM_TO_CLAIM = "NoRoomToClaim"
    """After the last possible reveal on the short leg, the claim of the long leg might land after its deadline."""
    LOCKED_TOO_LONG = "LockedTooLong"
    """Money would be locked for longer than the party, or the escrow, accepts."""
    LEGS_DISAGREE = "LegsDisagree"
    """The legs have different hashes, or do not pay each other's parties, or are one."""
    HASH_USED = "HashUsed"
    """The hash was seen in another swap, or its preimage is known."""
    NEGATIVE_BOUND = "NegativeBound"
    """A bound below zero."""


class SwapRefused(Rejected):
    """A pair of legs that nobody should lock; `swap_reason` says why."""

    def __init__(self, swap_reason: SwapReason, detail: str = "") -> None:
        super().__init__(Reason.UNSAFE_PARAMETER, f"{swap_reason}: {detail}" if detail else str(swap_reason))
        self.swap_reason = swap_reason
