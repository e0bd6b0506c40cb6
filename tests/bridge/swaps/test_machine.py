"""What a party does next, case by case."""

from dataclasses import replace
from itertools import product

import pytest

from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.escrow import LegStatus
from bridge.swaps.machine import Decision, Knowledge, LegView, Role, Step, SwapPlan, Why, decide, may_consent
from bridge.swaps.timelocks import ChainBounds, Rules
from tests.bridge.swaps.worlds import NOW, PREIMAGE, plan_of

BOUNDS = ChainBounds(
    inclusion_seconds=30, finality_seconds=60, reorganisation_seconds=10, halt_seconds=20, drift_seconds=5
)
RULES = Rules(long=BOUNDS, short=BOUNDS, reaction_seconds=15)
SCHEDULE = RULES.plan(NOW)
LONG, SHORT = SCHEDULE.long, SCHEDULE.short
ALICE, BOB = (plan_of(role, RULES, SCHEDULE) for role in Role)

ABSENT = LegView()
UNSURE, LOCKED = (LegView(head=LegStatus.LOCKED, final=final) for final in (LegStatus.ABSENT, LegStatus.LOCKED))
SHOWN = LegView(head=LegStatus.CLAIMED, final=LegStatus.LOCKED, preimage=PREIMAGE)
CLAIMED = LegView(head=LegStatus.CLAIMED, final=LegStatus.CLAIMED, preimage=PREIMAGE)
LEAVING = LegView(head=LegStatus.REFUNDED, final=LegStatus.LOCKED)
REFUNDED = LegView(head=LegStatus.REFUNDED, final=LegStatus.REFUNDED)

ROOM = SHORT.refund_from - BOUNDS.landing_seconds - 1
LAST_CALL = LONG.refund_from - BOUNDS.landing_seconds - RULES.reaction_seconds
DRIFT, KNOWN = BOUNDS.drift_seconds, BOUNDS.known_seconds

CASES = [
    # who, own leg, other leg, when, what, why
    (ALICE, ABSENT, ABSENT, NOW, Step.LOCK, Why.ROOM_TO_LOCK),
    (ALICE, ABSENT, ABSENT, NOW + RULES.reaction_seconds, Step.LOCK, Why.ROOM_TO_LOCK),
    (ALICE, ABSENT, ABSENT, NOW + RULES.reaction_seconds + 1, Step.WAIT, Why.NO_ROOM_TO_LOCK),
    (ALICE, ABSENT, ABSENT, LONG.claim_from + KNOWN - 1, Step.WAIT, Why.NO_ROOM_TO_LOCK),
    (ALICE, ABSENT, ABSENT, LONG.claim_from + KNOWN, Step.DONE, Why.NEVER_LOCKED),
    (ALICE, LOCKED, ABSENT, SHORT.claim_from, Step.WAIT, Why.AWAITING_LOCK),
    (ALICE, LOCKED, UNSURE, SHORT.claim_from + DRIFT, Step.WAIT, Why.AWAITING_LOCK),
    (ALICE, LOCKED, LOCKED, SHORT.claim_from + DRIFT - 1, Step.WAIT, Why.AWAITING_WINDOW),
    (ALICE, LOCKED, LOCKED, SHORT.claim_from + DRIFT, Step.CLAIM, Why.ROOM_TO_REVEAL),
    (ALICE, UNSURE, LOCKED, SHORT.claim_from + DRIFT, Step.CLAIM, Why.ROOM_TO_REVEAL),
    (ALICE, LOCKED, LOCKED, ROOM, Step.CLAIM, Why.ROOM_TO_REVEAL),
    (ALICE, LOCKED, LOCKED, ROOM + 1, Step.WAIT, Why.NO_ROOM_TO_REVEAL),
    (ALICE, LOCKED, UNSURE, ROOM + 1, Step.WAIT, Why.NO_ROOM_TO_REVEAL),
    (ALICE, LOCKED, SHOWN, ROOM, Step.WAIT, Why.AWAITING_FINALITY),
    (ALICE, LOCKED, CLAIMED, LONG.refund_from, Step.WAIT, Why.AWAITING_DEADLINE),
    (ALICE, LOCKED, CLAIMED, LONG.refund_from + DRIFT, Step.REFUND, Why.EXPIRED),
    (ALICE, CLAIMED, CLAIMED, LONG.refund_from, Step.DONE, Why.PAID),
    (ALICE, CLAIMED, LOCKED, SHORT.refund_from - 1, Step.CLAIM, Why.ALREADY_REVEALED),
    (ALICE, LOCKED, REFUNDED, SHORT.refund_from, Step.WAIT, Why.AWAITING_DEADLINE),
    (ALICE, LOCKED, REFUNDED, LONG.refund_from + DRIFT - 1, Step.WAIT, Why.AWAITING_DEADLINE),
    (ALICE, LOCKED, REFUNDED, LONG.refund_from + DRIFT, Step.REFUND, Why.EXPIRED),
    (ALICE, LOCKED, ABSENT, LONG.refund_from + DRIFT, Step.REFUND, Why.EXPIRED),
    (ALICE, LEAVING, REFUNDED, LONG.refund_from + DRIFT, Step.WAIT, Why.AWAITING_FINALITY),
    (ALICE, REFUNDED, REFUNDED, LONG.refund_from + DRIFT, Step.DONE, Why.RETURNED),
    (ALICE, REFUNDED, LOCKED, LONG.refund_from, Step.DONE, Why.RETURNED),
    (ALICE, CLAIMED, REFUNDED, LONG.refund_from, Step.DONE, Why.LOST),
    (BOB, ABSENT, ABSENT, NOW, Step.WAIT, Why.AWAITING_LOCK),
    (BOB, ABSENT, UNSURE, LONG.claim_from, Step.WAIT, Why.AWAITING_LOCK),
    (BOB, ABSENT, LOCKED, LONG.claim_from, Step.LOCK, Why.ROOM_TO_LOCK),
    (BOB, ABSENT, LOCKED, SHORT.claim_from - BOUNDS.landing_seconds - 1, Step.LOCK, Why.ROOM_TO_LOCK),
    (BOB, ABSENT, LOCKED, SHORT.claim_from - BOUNDS.landing_seconds, Step.WAIT, Why.NO_ROOM_TO_LOCK),
    (BOB, ABSENT, LOCKED, SHORT.claim_from + KNOWN, Step.DONE, Why.NEVER_LOCKED),
    (BOB, LOCKED, LOCKED, SHORT.refund_from, Step.WAIT, Why.AWAITING_REVEAL),
    (BOB, LOCKED, LOCKED, SHORT.refund_from + DRIFT, Step.REFUND, Why.EXPIRED),
    (BOB, SHOWN, LOCKED, SHORT.refund_from, Step.WAIT, Why.AWAITING_FINALITY),
    (BOB, SHOWN, LOCKED, LAST_CALL - 1, Step.WAIT, Why.AWAITING_FINALITY),
    (BOB, SHOWN, LOCKED, LAST_CALL, Step.CLAIM, Why.LAST_CALL),
    (BOB, CLAIMED, LOCKED, SHORT.refund_from, Step.CLAIM, Why.REVEALED),
    (BOB, CLAIMED, LOCKED, LONG.refund_from - 1, Step.CLAIM, Why.REVEALED),
    (BOB, CLAIMED, LOCKED, LONG.refund_from + DRIFT, Step.WAIT, Why.LOST),
    (BOB, CLAIMED, SHOWN, LONG.refund_from, Step.WAIT, Why.AWAITING_FINALITY),
    (BOB, CLAIMED, CLAIMED, LONG.refund_from, Step.DONE, Why.PAID),
    (BOB, CLAIMED, REFUNDED, LONG.refund_from, Step.DONE, Why.LOST),
    (BOB, LEAVING, LOCKED, SHORT.refund_from + DRIFT, Step.WAIT, Why.AWAITING_FINALITY),
    (BOB, REFUNDED, LOCKED, SHORT.refund_from + DRIFT, Step.DONE, Why.RETURNED),
]


@pytest.mark.parametrize(("plan", "own", "other", "now", "step", "why"), CASES)
def test_what_is_done(plan, own, other, now, step, why):
    assert decide(plan, Knowledge(own=own, other=other), now) == Decision(step=step, why=why)


def test_who_has_revealed_claims_as_long_as_it_counts():
    """After a crash between writing down and sending, or a reorganisation that took the claim away again."""
    for own, now in product((ABSENT, UNSURE, LOCKED), (SHORT.claim_from, ROOM + 1, SHORT.refund_from - 1)):
        knowledge = Knowledge(own=own, other=LOCKED, has_revealed=True)
        assert decide(ALICE, knowledge, now) == Decision(step=Step.CLAIM, why=Why.ALREADY_REVEALED)
        if own is LOCKED and now > ROOM:
            assert decide(ALICE, replace(knowledge, has_revealed=False), now).step is Step.WAIT
    late = decide(ALICE, Knowledge(own=LOCKED, other=LOCKED, has_revealed=True), SHORT.refund_from + DRIFT)
    assert late.step is Step.WAIT


def test_a_used_hash_is_never_locked_under():
    for plan, other in ((ALICE, ABSENT), (BOB, LOCKED)):
        fresh = Knowledge(other=other)
        assert decide(plan, fresh, NOW).step is Step.LOCK
        used = replace(fresh, is_hash_used=True)
        assert decide(plan, used, NOW) == Decision(step=Step.WAIT, why=Why.NO_ROOM_TO_LOCK)


def test_legs_without_room_are_never_locked():
    cramped = replace(
        SCHEDULE, long=replace(LONG, public_claim_from=SHORT.refund_from, refund_from=SHORT.refund_from + 1)
    )
    for role, other in ((Role.INITIATOR, ABSENT), (Role.RESPONDER, LOCKED)):
        plan = plan_of(role, RULES, cramped)
        assert decide(plan, Knowledge(other=other), NOW) == Decision(step=Step.WAIT, why=Why.NO_ROOM_TO_LOCK)


def test_nothing_is_ever_locked_twice():
    """Whatever the other leg looks like: once the own leg was there, no decision is to lock."""
    views = (ABSENT, UNSURE, LOCKED, SHOWN, CLAIMED, LEAVING, REFUNDED)
    for plan, own, other, revealed in product((ALICE, BOB), views[1:], views, (False, True)):
        for now in range(NOW - 10, LONG.public_refund_from + 100, 37):
            knowledge = Knowledge(own=own, other=other, has_revealed=revealed)
            assert decide(plan, knowledge, now).step is not Step.LOCK


def test_every_decision_is_one_that_the_escrow_would_take():
    """Claims only of what is locked, refunds only of what is locked and due."""
    views = (ABSENT, UNSURE, LOCKED, SHOWN, CLAIMED, LEAVING, REFUNDED)
    for plan, own, other, revealed in product((ALICE, BOB), views, views, (False, True)):
        for now in range(NOW - 10, LONG.public_refund_from + 100, 37):
            decision = decide(plan, Knowledge(own=own, other=other, has_revealed=revealed), now)
            if decision.step is Step.CLAIM:
                assert other.head is LegStatus.LOCKED
                assert plan.role is Role.INITIATOR or own.preimage == PREIMAGE
            if decision.step is Step.REFUND:
                assert own.head is LegStatus.LOCKED
                assert now >= plan.own.timelocks.refund_from


def test_consent_is_given_only_by_who_can_lose_nothing():
    for plan in (ALICE, BOB):
        over = plan.own.timelocks.claim_from + KNOWN
        assert may_consent(plan, Knowledge(own=REFUNDED, other=LOCKED), NOW)
        assert may_consent(plan, Knowledge(own=ABSENT, other=LOCKED), over)
        assert not may_consent(plan, Knowledge(own=ABSENT, other=LOCKED), over - 1)
        for own in (UNSURE, LOCKED, SHOWN, CLAIMED, LEAVING):
            assert not may_consent(plan, Knowledge(own=own, other=LOCKED), over)
        assert not may_consent(plan, Knowledge(own=REFUNDED, other=LOCKED, has_revealed=True), over)


def test_legs_that_do_not_belong_together_are_no_plan():
    own, other = ALICE.own, ALICE.other
    for changed in (
        {"other": replace(other, hashlock=bytes(32))},
        {"other": replace(other, chain_id=own.chain_id)},
        {"own": replace(own, amount=0)},
        {"own": replace(own, payee=own.locker)},
    ):
        with pytest.raises(SwapRefused) as refused:
            SwapPlan(**({"role": Role.INITIATOR, "own": own, "other": other, "rules": RULES} | changed))
        assert refused.value.swap_reason is SwapReason.LEGS_DISAGREE
