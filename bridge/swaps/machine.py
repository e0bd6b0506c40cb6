"""What a party to a swap does next: a pure function of what it knows of both legs and of the time.

Nothing is remembered here, so a crash forgets nothing: the legs are read from the chains, the terms were written down
before anything was locked, and so was the fact that a claim is about to be sent (`has_revealed`). Every action may be
taken again; the escrow takes each one once.
"""

from dataclasses import dataclass
from enum import StrEnum

from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.escrow import LegStatus
from bridge.swaps.legs import Leg
from bridge.swaps.timelocks import ChainBounds, Rules, Schedule


class Role(StrEnum):
    """Which side of a swap a party is on."""

    INITIATOR = "initiator"
    """Knows the preimage, locks the long leg, claims the short one."""
    RESPONDER = "responder"
    """Locks the short leg, claims the long one with what the initiator revealed."""


class Step(StrEnum):
    """What to do."""

    LOCK = "lock"
    CLAIM = "claim"
    """The other leg. An initiator writes down that it reveals before it does."""
    REFUND = "refund"
    """The own leg."""
    WAIT = "wait"
    DONE = "done"


class Why(StrEnum):
    """Why that, or why not more."""

    ROOM_TO_LOCK = "RoomToLock"
    NO_ROOM_TO_LOCK = "NoRoomToLock"
    """The rules refuse these legs, or refuse them by now; an earlier attempt to lock may still land."""
    AWAITING_LOCK = "AwaitingLock"
    """The other party has not locked, or not finally."""
    AWAITING_WINDOW = "AwaitingWindow"
    """The claim window has not opened."""
    ROOM_TO_REVEAL = "RoomToReveal"
    ALREADY_REVEALED = "AlreadyRevealed"
    """The preimage is out: claim while it counts, however little room there is."""
    NO_ROOM_TO_REVEAL = "NoRoomToReveal"
    """A claim might land after the deadline, and tell the preimage for nothing."""
    REVEALED = "Revealed"
    """The reveal is final."""
    AWAITING_FINALITY = "AwaitingFinality"
    LAST_CALL = "LastCall"
    """The reveal is not final although it should be by the bounds; who waits on loses."""
    AWAITING_REVEAL = "AwaitingReveal"
    AWAITING_DEADLINE = "AwaitingDeadline"
    EXPIRED = "Expired"
    """The own leg's deadline has passed."""
    PAID = "Paid"
    RETURNED = "Returned"
    NEVER_LOCKED = "NeverLocked"
    LOST = "Lost"
    """The own leg was claimed and the other refunded: a bound was broken, or a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LegView:
    """A leg at the head of its chain, and at the newest final block. `preimage` where it was claimed at the head."""

    head: LegStatus = LegStatus.ABSENT
    final: LegStatus = LegStatus.ABSENT
    preimage: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """All that a decision depends on besides the plan and the time.

    has_revealed: this party wrote down that it was about to claim. is_hash_used: its preimage was shown in another swap
    that the party can see, or one of the two locks under it elsewhere.
    """

    own: LegView = LegView()
    other: LegView = LegView()
    has_revealed: bool = False
    is_hash_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do, and why."""

    step: Step
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlan:
    """What a party agreed to: `own` it locks, `other` it claims. Raises `SwapRefused(LEGS_DISAGREE)`."""

    role: Role
    own: Leg
    other: Leg
    rules: Rules

    def __post_init__(self) -> None:
        pays = self.own.payee != self.own.locker and self.other.payee != self.other.locker
        apart = (self.own.chain_id, self.own.escrow) != (self.other.chain_id, self.other.escrow)
        if self.own.hashlock != self.other.hashlock or not pays or not apart or not self.own.amount:
            raise SwapRefused(SwapReason.LEGS_DISAGREE)

    @property
    def schedule(self) -> Schedule:
        """The timelocks of the long and the short leg."""
        own, other = self.own.timelocks, self.other.timelocks
        return Schedule(long=own, short=other) if self.role is Role.INITIATOR else Schedule(long=other, short=own)

    @property
    def own_bounds(self) -> ChainBounds:
        """Of the chain the party locks on."""
        return self.rules.long if self.role is Role.INITIATOR else self.rules.short

    @property
    def other_bounds(self) -> ChainBounds:
        """Of the chain the party claims on."""
        return self.rules.short if self.role is Role.INITIATOR else self.rules.long


def decide(plan: SwapPlan, knowledge: Knowledge, now: int) -> Decision:
    """The next step of a party at a time in seconds; to be asked again whenever anything changes, and in between."""
    if knowledge.own.head is LegStatus.ABSENT and not knowledge.has_revealed:
        return _before(plan, knowledge, now)
    if knowledge.other.final is LegStatus.CLAIMED and knowledge.own.head is not LegStatus.LOCKED:
        return Decision(step=Step.DONE, why=Why.PAID)
    if knowledge.other.head is LegStatus.CLAIMED and knowledge.other.final is not LegStatus.CLAIMED:
        return Decision(step=Step.WAIT, why=Why.AWAITING_FINALITY)
    if knowledge.other.head is LegStatus.LOCKED:
        towards_claim = (_reveal if plan.role is Role.INITIATOR else _follow)(plan, knowledge, now)
        if towards_claim is not None:
            return towards_claim
    return _take_back(plan, knowledge, now)


def may_consent(plan: SwapPlan, knowledge: Knowledge, now: int) -> bool:
    """Whether the party loses nothing by signing an early refund of the other leg: its own can never be claimed."""
    if knowledge.has_revealed:
        return False
    if knowledge.own.final is LegStatus.REFUNDED:
        return True
    never = now >= plan.own.timelocks.claim_from + plan.own_bounds.known_seconds
    return never and knowledge.own.head is knowledge.own.final is LegStatus.ABSENT


def _before(plan: SwapPlan, knowledge: Knowledge, now: int) -> Decision:
    """Nothing of one's own is locked."""
    if knowledge.own.final is LegStatus.ABSENT and now >= plan.own.timelocks.claim_from + plan.own_bounds.known_seconds:
        return Decision(step=Step.DONE, why=Why.NEVER_LOCKED)
    refused = Decision(step=Step.WAIT, why=Why.NO_ROOM_TO_LOCK)
    if knowledge.is_hash_used:
        return refused
    try:
        if plan.role is Role.INITIATOR:
            plan.rules.require_room(plan.schedule, now)
        else:
            plan.rules.require_responders_room(plan.schedule, now)
    except SwapRefused:
        return refused
    is_first = plan.role is Role.INITIATOR
    if not is_first and not knowledge.other.head is knowledge.other.final is LegStatus.LOCKED:
        return Decision(step=Step.WAIT, why=Why.AWAITING_LOCK)
    return Decision(step=Step.LOCK, why=Why.ROOM_TO_LOCK)


def _reveal(plan: SwapPlan, knowledge: Knowledge, now: int) -> Decision | None:
    """The initiator's way to the short leg, or None where it is closed."""
    times, bounds = plan.other.timelocks, plan.other_bounds
    is_out = knowledge.has_revealed or knowledge.own.head is LegStatus.CLAIMED
    if is_out:
        is_late = now >= times.refund_from + bounds.drift_seconds
        return None if is_late else Decision(step=Step.CLAIM, why=Why.ALREADY_REVEALED)
    if knowledge.own.head is not LegStatus.LOCKED:
        return None
    if now + bounds.landing_seconds >= times.refund_from:
        return None
    if knowledge.other.final is not LegStatus.LOCKED:
        return Decision(step=Step.WAIT, why=Why.AWAITING_LOCK)
    if now < times.claim_from + bounds.drift_seconds:
        return Decision(step=Step.WAIT, why=Why.AWAITING_WINDOW)
    return Decision(step=Step.CLAIM, why=Why.ROOM_TO_REVEAL)


def _follow(plan: SwapPlan, knowledge: Knowledge, now: int) -> Decision | None:
    """The responder's way to the long leg, or None where there is none yet, or none any more."""
    times, bounds = plan.other.timelocks, plan.other_bounds
    if knowledge.own.head is not LegStatus.CLAIMED:
        return None
    if now >= times.refund_from + bounds.drift_seconds:
        return Decision(step=Step.WAIT, why=Why.LOST)
    if now < times.claim_from + bounds.drift_seconds:
        return Decision(step=Step.WAIT, why=Why.AWAITING_WINDOW)
    if knowledge.own.final is LegStatus.CLAIMED:
        return Decision(step=Step.CLAIM, why=Why.REVEALED)
    if now + plan.rules.reaction_seconds + bounds.landing_seconds >= times.refund_from:
        return Decision(step=Step.CLAIM, why=Why.LAST_CALL)
    return Decision(step=Step.WAIT, why=Why.AWAITING_FINALITY)


def _take_back(plan: SwapPlan, knowledge: Knowledge, now: int) -> Decision:
    """Nothing to be claimed: what is one's own comes back at its deadline."""
    own, other = knowledge.own, knowledge.other
    if own.head is LegStatus.LOCKED:
        if now >= plan.own.timelocks.refund_from + plan.own_bounds.drift_seconds:
            return Decision(step=Step.REFUND, why=Why.EXPIRED)
        if plan.role is Role.RESPONDER:
            return Decision(step=Step.WAIT, why=Why.AWAITING_REVEAL)
        late = now + plan.other_bounds.landing_seconds >= plan.other.timelocks.refund_from
        why = Why.NO_ROOM_TO_REVEAL if late else Why.AWAITING_LOCK
        if other.head in (LegStatus.CLAIMED, LegStatus.REFUNDED):
            why = Why.AWAITING_DEADLINE
        return Decision(step=Step.WAIT, why=why)
    if own.head is LegStatus.CLAIMED:
        is_sure = own.final is LegStatus.CLAIMED and other.final is LegStatus.REFUNDED
        return Decision(step=Step.DONE if is_sure else Step.WAIT, why=Why.LOST)
    if own.final is LegStatus.REFUNDED:
        return Decision(step=Step.DONE, why=Why.RETURNED)
    return Decision(step=Step.WAIT, why=Why.AWAITING_FINALITY)
