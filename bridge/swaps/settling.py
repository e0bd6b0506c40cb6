"""Takes a swap's next step: look at both legs, ask the machine, write down what is about to be done, do it.

May be stopped at any line and started again on the same book: the legs say how far it came.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bridge.swaps.book import KeptSwap, SwapBook
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Decision, Knowledge, LegView, Role, Step, decide


class Moment(StrEnum):
    """Between two effects of a step; the names of the relayers' crash points."""

    AFTER_READ = "after-read"
    AFTER_PERSIST = "after-persist"
    AFTER_ACT = "after-act"
    AFTER_CONFIRM = "after-confirm"


class LegPort(Protocol):
    """Where a leg is locked, as one party meets it. Raises the chain's or the venue's own errors."""

    def now(self) -> int:
        """The party's time, not before that of the newest block."""
        ...

    def view(self, leg: Leg) -> LegView:
        """The leg at the head, and as far as the party calls it final."""
        ...

    def is_hash_used(self, hashlock: bytes, *but: Leg) -> bool:
        """Whether the hash occurs in another leg than these."""
        ...

    def has_funds(self, leg: Leg) -> bool:
        """Whether the party can lock the leg now."""
        ...

    def lock(self, leg: Leg) -> None:
        """Submit the lock."""
        ...

    def claim(self, leg: Leg, preimage: bytes) -> None:
        """Submit the claim."""
        ...

    def refund(self, leg: Leg) -> None:
        """Submit the refund."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What the machine said, whether it was begun now, and what held it back where something did."""

    decision: Decision
    acted: bool = False
    held_back: str = ""


Permission = Callable[[KeptSwap], str]
"""Says why a swap must not be locked for, or nothing."""


class Settlement:
    """Settles the swaps of one party. `ports` answers the port of a leg; `may_lock` is asked before money moves."""

    def __init__(
        self,
        book: SwapBook,
        ports: Callable[[Leg], LegPort],
        *,
        may_lock: Permission = lambda swap: "",  # noqa: ARG005 - who asks nobody may always
        hook: Callable[[Moment], None] = lambda moment: None,  # noqa: ARG005
    ) -> None:
        self._book = book
        self._ports = ports
        self._may_lock = may_lock
        self._hook = hook

    def knowledge(self, swap: KeptSwap) -> tuple[Knowledge, int]:
        """Both legs as they are now, and the time."""
        plan = swap.plan
        own, other = self._ports(plan.own), self._ports(plan.other)
        known = Knowledge(
            own=own.view(plan.own),
            other=other.view(plan.other),
            has_revealed=swap.has_revealed,
            is_hash_used=any(port.is_hash_used(swap.hashlock, plan.own, plan.other) for port in (own, other)),
        )
        return known, max(own.now(), other.now())

    def advance(self, swap: KeptSwap) -> Progress:
        """One step of one swap, freshly read from the book."""
        knowledge, now = self.knowledge(swap)
        self._hook(Moment.AFTER_READ)
        decision = decide(swap.plan, knowledge, now)
        if decision.step is Step.DONE:
            self._book.finish(swap, decision.why)
            self._hook(Moment.AFTER_CONFIRM)
            return Progress(decision=decision)
        if decision.step is Step.WAIT:
            return Progress(decision=decision)
        held_back = self._held_back(swap, decision.step, now)
        if held_back:
            return Progress(decision=decision, held_back=held_back)
        self._book.try_step(swap, decision.step, now)
        self._hook(Moment.AFTER_PERSIST)
        self._act(swap, decision.step, knowledge)
        self._book.note_sent(swap, decision.step, now)
        self._hook(Moment.AFTER_ACT)
        return Progress(decision=decision, acted=True)

    def _held_back(self, swap: KeptSwap, step: Step, now: int) -> str:
        plan = swap.plan
        bounds = plan.other_bounds if step is Step.CLAIM else plan.own_bounds
        sent_at = self._book.sent_at(swap, step)
        if sent_at is not None and now < sent_at + max(1, bounds.inclusion_seconds):
            return "submitted, not in a block yet"
        if step is Step.LOCK:
            if not self._ports(plan.own).has_funds(plan.own):
                return "not enough funds"
            return self._may_lock(swap)
        return ""

    def _act(self, swap: KeptSwap, step: Step, knowledge: Knowledge) -> None:
        plan = swap.plan
        if step is Step.LOCK:
            self._ports(plan.own).lock(plan.own)
        elif step is Step.REFUND:
            self._ports(plan.own).refund(plan.own)
        else:
            preimage = swap.preimage if swap.role is Role.INITIATOR else knowledge.own.preimage
            assert preimage is not None  # noqa: S101 - the machine claims only with it
            self._ports(plan.other).claim(plan.other, preimage)
