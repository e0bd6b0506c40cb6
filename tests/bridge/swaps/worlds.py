"""Two chains as their bounds allow them to be, in seconds and without an EVM: every delay is somebody's choice."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.swaps.escrow import LegStatus
from bridge.swaps.machine import Knowledge, LegView, Role, Step, SwapPlan, decide
from bridge.swaps.terms import Swap, hashlock_of
from bridge.swaps.timelocks import ChainBounds, Rules, Schedule

NOW = 1_000_000
PREIMAGE = b"\x07" * 32
ALICE, BOB, ESCROW, TOKEN = ("0x" + digit * 40 for digit in "1234")

Choose = Callable[[int, int], int]
"""Picks a number between two, both included."""


def plan_of(role: Role, rules: Rules, schedule: Schedule) -> SwapPlan:
    """Alice initiates on chain 1, Bob responds on chain 2."""
    fields = {"escrow": ESCROW, "asset": TOKEN, "amount": 1, "hashlock": hashlock_of(PREIMAGE), "safety_deposit": 0}
    long = Swap(chain_id=1, locker=ALICE, payee=BOB, timelocks=schedule.long, nonce=0, **fields)
    short = Swap(chain_id=2, locker=BOB, payee=ALICE, timelocks=schedule.short, nonce=0, **fields)
    own, other = (long, short) if role is Role.INITIATOR else (short, long)
    return SwapPlan(role=role, own=own, other=other, rules=rules)


@dataclass(slots=True)
class Landing:
    """One transaction: seen in a block for a while, gone if a reorganisation takes it, there for good from `lands`."""

    verb: str
    seen: int
    gone: int
    lands: int
    timestamp: int
    known: int


@dataclass(slots=True)
class Leg:
    """One escrow's view of one swap; its end is decided by the order in which transactions land for good."""

    swap: Swap
    bounds: ChainBounds
    choose: Choose
    transactions: list[Landing] = field(default_factory=list)

    def submit(self, verb: str, now: int) -> None:
        bounds = self.bounds
        seen = now + self.choose(0, bounds.inclusion_seconds + bounds.halt_seconds)
        lands = seen + self.choose(0, bounds.reorganisation_seconds)
        gone = self.choose(seen, lands)
        timestamp = lands + self.choose(-bounds.drift_seconds, bounds.drift_seconds)
        known = lands + self.choose(0, bounds.finality_seconds + bounds.halt_seconds)
        self.transactions.append(Landing(verb, seen, gone, lands, timestamp, known))

    def view(self, now: int) -> LegView:
        """What its chain shows: the head may show what a reorganisation will take away for a while."""
        head = self._status(lambda entry: entry.lands <= now or entry.seen <= now < entry.gone)
        final = self._status(lambda entry: entry.known <= now)
        return LegView(head=head, final=final, preimage=PREIMAGE if head is LegStatus.CLAIMED else None)

    def outcome(self) -> LegStatus:
        return self._status(lambda entry: True)

    def _status(self, is_there: Callable[[Landing], bool]) -> LegStatus:
        status, times = LegStatus.ABSENT, self.swap.timelocks
        for entry in sorted(self.transactions, key=lambda entry: entry.lands):
            if not is_there(entry):
                continue
            if status is LegStatus.ABSENT and entry.verb == "lock" and entry.timestamp < times.claim_from:
                status = LegStatus.LOCKED
            elif status is LegStatus.LOCKED:
                if entry.verb == "claim" and times.claim_from <= entry.timestamp < times.refund_from:
                    status = LegStatus.CLAIMED
                elif entry.verb == "refund" and entry.timestamp >= times.refund_from:
                    status = LegStatus.REFUNDED
        return status


@dataclass(slots=True)
class Party:
    """An honest party: looks at least every `reaction_seconds`, or sleeps longer, and does what it is told."""

    plan: SwapPlan
    own: Leg
    other: Leg
    choose: Choose
    has_revealed: bool = False
    looks_at: int = NOW
    longest_nap: int | None = None

    def look(self, now: int) -> None:
        if now < self.looks_at:
            return
        self.looks_at = now + self.choose(1, self.longest_nap or max(1, self.plan.rules.reaction_seconds))
        knowledge = Knowledge(own=self.own.view(now), other=self.other.view(now), has_revealed=self.has_revealed)
        step = decide(self.plan, knowledge, now).step
        if step is Step.LOCK:
            self.own.submit("lock", now)
        elif step is Step.REFUND:
            self.own.submit("refund", now)
        elif step is Step.CLAIM:
            assert self.plan.role is Role.INITIATOR or knowledge.own.preimage == PREIMAGE
            self.has_revealed = self.plan.role is Role.INITIATOR
            self.other.submit("claim", now)


def new_legs(plan: SwapPlan, choose: Choose) -> tuple[Leg, Leg]:
    """The own and the other leg, with nothing on them."""
    return Leg(plan.own, plan.own_bounds, choose), Leg(plan.other, plan.other_bounds, choose)


def end_of(schedule: Schedule, rules: Rules) -> int:
    """When everything that will happen has become known."""
    slack = 3 * sum(
        bounds.landing_seconds + bounds.known_seconds + rules.reaction_seconds + 1
        for bounds in (rules.long, rules.short)
    )
    return max(schedule.long.refund_from, schedule.short.refund_from) + slack
