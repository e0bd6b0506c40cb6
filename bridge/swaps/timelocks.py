"""Timelocks from what is known of two chains: a pair that leaves no room is refused.

The initiator knows the preimage and locks the long leg; the responder locks the short leg when the long one is final;
the initiator claims the short leg, which reveals; the responder claims the long leg when the reveal is final.

    locking = inclusion + reorganisation + halt + drift   a lock submitted at t has a final timestamp <= t + locking
    landing = locking + forced                            a claim or refund submitted at t likewise
    known   = finality + halt + drift                     what has timestamp b is known to be final by b + known
    long.refund_from >= short.refund_from + known(short) + reaction + landing(long)
"""

from dataclasses import dataclass, fields

from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.terms import Timelocks

LONGEST_SECONDS = 30 * 86_400
"""The escrow locks nothing for longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBounds:
    """What a party takes for granted of a chain, in seconds. Whoever breaks one of them can make somebody lose.

    inclusion: a transaction, paid for and repeated as needed, is in a block. reorganisation: how much later another
    block may have it instead. finality: a block is known to be final. halt: the chain stands still, all in all, during
    a swap. drift: a block's timestamp is off from the party's clock, either way. forced: how much longer a claim or a
    refund may take than a lock, which nobody is entitled to; the exchange's forced queue, 0 on a chain.
    """

    inclusion_seconds: int
    finality_seconds: int
    reorganisation_seconds: int = 0
    halt_seconds: int = 0
    drift_seconds: int = 0
    forced_seconds: int = 0

    def __post_init__(self) -> None:
        for entry in fields(self):
            if getattr(self, entry.name) < 0:
                raise SwapRefused(SwapReason.NEGATIVE_BOUND, entry.name)

    @property
    def locking_seconds(self) -> int:
        """From submitting a lock to the timestamp of the final block that has it, at most."""
        return self.inclusion_seconds + self.reorganisation_seconds + self.halt_seconds + self.drift_seconds

    @property
    def landing_seconds(self) -> int:
        """The same for a claim or a refund."""
        return self.locking_seconds + self.forced_seconds

    @property
    def known_seconds(self) -> int:
        """From a block's timestamp to everybody's knowing that it is final, at most."""
        return self.finality_seconds + self.halt_seconds + self.drift_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The timelocks of both legs: the initiator's, which is long, and the responder's, which is short."""

    long: Timelocks
    short: Timelocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Both chains' bounds, and how a party works.

    reaction: it looks at both chains at least that often. longest: it locks nothing for longer. public: how long anyone
    may claim for a payee that sleeps.
    """

    long: ChainBounds
    short: ChainBounds
    reaction_seconds: int
    public_seconds: int = 600
    longest_seconds: int = LONGEST_SECONDS

    def __post_init__(self) -> None:
        if min(self.reaction_seconds, self.longest_seconds) < 0 or self.public_seconds < 1:
            raise SwapRefused(SwapReason.NEGATIVE_BOUND, "reaction, longest or public")

    def plan(self, now: int) -> Schedule:
        """The shortest schedule with room for everything; raises `SwapRefused(LOCKED_TOO_LONG)`."""
        long_claim = now + self.reaction_seconds + self.long.locking_seconds + 1
        short_claim = long_claim + self.long.known_seconds + self.reaction_seconds + self.short.locking_seconds
        short_public = short_claim + self.short.known_seconds + self.reaction_seconds + self.short.landing_seconds + 1
        short_refund = short_public + self.public_seconds
        long_public = short_refund + self.short.known_seconds + self.reaction_seconds + self.long.landing_seconds + 1
        long_refund = long_public + self.public_seconds
        schedule = Schedule(
            long=Timelocks(
                claim_from=long_claim,
                public_claim_from=long_public,
                refund_from=long_refund,
                public_refund_from=long_refund + self._private_refund(self.long),
            ),
            short=Timelocks(
                claim_from=short_claim,
                public_claim_from=short_public,
                refund_from=short_refund,
                public_refund_from=short_refund + self._private_refund(self.short),
            ),
        )
        self.require_room(schedule, now)
        return schedule

    def require_room(self, schedule: Schedule, now: int) -> None:
        """Raise `SwapRefused` unless both parties can go through with it from here, whatever the bounds allow."""
        long, short = schedule.long, schedule.short
        if not (long.is_ascending and short.is_ascending):
            raise SwapRefused(SwapReason.NOT_ASCENDING)
        if now + self.long.locking_seconds >= long.claim_from:
            raise SwapRefused(SwapReason.NO_ROOM_TO_LOCK, "the long leg")
        self.require_responders_room(schedule, now)
        earliest = long.claim_from + self.long.known_seconds + self.reaction_seconds
        if earliest + self.short.locking_seconds > short.claim_from:
            raise SwapRefused(SwapReason.NO_ROOM_TO_LOCK, "the short leg, after the long one is final")

    def require_responders_room(self, schedule: Schedule, now: int) -> None:
        """As `require_room`, once the long leg is locked and final."""
        long, short = schedule.long, schedule.short
        if not (long.is_ascending and short.is_ascending):
            raise SwapRefused(SwapReason.NOT_ASCENDING)
        if now + self.short.locking_seconds >= short.claim_from:
            raise SwapRefused(SwapReason.NO_ROOM_TO_LOCK, "the short leg")
        locked = short.claim_from + self.short.known_seconds + self.reaction_seconds
        if locked + self.short.landing_seconds >= short.refund_from:
            raise SwapRefused(SwapReason.NO_ROOM_TO_REVEAL)
        revealed = short.refund_from + self.short.known_seconds + self.reaction_seconds
        opened = long.claim_from + self.long.drift_seconds + self.reaction_seconds
        if max(revealed, opened) + self.long.landing_seconds > long.refund_from:
            raise SwapRefused(SwapReason.NO_ROOM_TO_CLAIM)
        longest = min(self.longest_seconds, LONGEST_SECONDS)
        if max(long.public_refund_from, short.public_refund_from) > now + longest:
            raise SwapRefused(SwapReason.LOCKED_TOO_LONG, f"{longest} seconds are the most")

    def _private_refund(self, bounds: ChainBounds) -> int:
        return bounds.drift_seconds + self.reaction_seconds + bounds.landing_seconds + 1
