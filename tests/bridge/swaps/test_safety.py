"""Within the bounds, an honest party never loses: not to chains that do their worst, not to the other party."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.escrow import LegStatus
from bridge.swaps.machine import Role
from bridge.swaps.timelocks import ChainBounds, Rules
from tests.bridge.swaps.worlds import NOW, Landing, Leg, Party, end_of, new_legs, plan_of

SECONDS = st.integers(0, 6)
BOUNDS = st.builds(
    ChainBounds,
    inclusion_seconds=SECONDS,
    finality_seconds=SECONDS,
    reorganisation_seconds=SECONDS,
    halt_seconds=SECONDS,
    drift_seconds=st.integers(0, 3),
)
RULES = st.builds(
    Rules, long=BOUNDS, short=BOUNDS, reaction_seconds=st.integers(1, 5), public_seconds=st.integers(1, 8)
)


def stretched(schedule, draw):
    """The same schedule with every time moved a little; what comes out may be refused."""
    moves = st.integers(-6, 6)

    def moved(times):
        return replace(times, **{name: getattr(times, name) + draw(moves) for name in times.__slots__})

    return replace(schedule, long=moved(schedule.long), short=moved(schedule.short))


def accepted(data):
    """Rules, and a schedule that they accept: planned, or anybody's that passes the check."""
    rules = data.draw(RULES)
    schedule = rules.plan(NOW)
    if data.draw(st.booleans()):
        candidate = stretched(schedule, data.draw)
        with suppress(SwapRefused):
            rules.require_room(candidate, NOW)
            return rules, candidate
    return rules, schedule


def chooser(data):
    """Delays as they come, with a liking for the worst."""

    def choose(low, high):
        return data.draw(st.one_of(st.just(high), st.integers(low, high)))

    return choose


@given(data=st.data())
def test_two_honest_parties_both_get_what_they_came_for(data):
    rules, schedule = accepted(data)
    choose = chooser(data)
    plans = {role: plan_of(role, rules, schedule) for role in Role}
    long, short = new_legs(plans[Role.INITIATOR], choose)
    alice = Party(plans[Role.INITIATOR], long, short, choose)
    bob = Party(plans[Role.RESPONDER], short, long, choose)
    for now in range(NOW, end_of(schedule, rules)):
        alice.look(now)
        bob.look(now)
    assert (long.outcome(), short.outcome()) == (LegStatus.CLAIMED, LegStatus.CLAIMED)


def play(data, role, *, longest_nap=None):
    """One honest party against one that locks, claims and refunds whenever it likes; answer both legs' ends."""
    rules, schedule = accepted(data)
    choose = chooser(data)
    plan = plan_of(role, rules, schedule)
    own, other = new_legs(plan, choose)
    honest = Party(plan, own, other, choose, longest_nap=longest_nap)
    end = end_of(schedule, rules)
    tries = data.draw(st.lists(st.tuples(st.integers(NOW, end), st.sampled_from(["claim", "refund"])), max_size=6))
    # Its best moments: as late as its claim can count, and as soon as it may take back.
    tries += [(plan.own.timelocks.refund_from - 1 + data.draw(st.integers(-9, 3)), "claim")]
    tries += [(plan.other.timelocks.refund_from + data.draw(st.integers(-3, 3)), "refund")]
    locks_at = data.draw(st.integers(NOW, plan.other.timelocks.claim_from))
    for now in range(NOW, end):
        if now == locks_at:
            other.submit("lock", now)
        for moment, verb in tries:
            if moment == now and verb == "refund":
                other.submit("refund", now)
            if moment == now and verb == "claim" and (role is Role.RESPONDER or honest.has_revealed):
                own.submit("claim", now)
        honest.look(now)
    return own.outcome(), other.outcome()


@pytest.mark.parametrize("role", list(Role))
@given(data=st.data())
def test_an_honest_party_never_pays_for_nothing(role, data):
    own, other = play(data, role)
    assert own is not LegStatus.LOCKED, "what is one's own always comes back or is paid"
    if own is LegStatus.CLAIMED:
        assert other is LegStatus.CLAIMED


@given(data=st.data())
def test_an_initiator_that_oversleeps_does_not_lose_either(data):
    """Only the responder has to be awake: who wakes up too late to reveal does not."""
    own, other = play(data, Role.INITIATOR, longest_nap=60)
    assert own is not LegStatus.CLAIMED or other is LegStatus.CLAIMED


def wakes_late(late_by):
    """An initiator that looks again so many seconds after the last moment to reveal; its claim is as slow as can be."""
    rules = Rules(long=TIGHT, short=TIGHT, reaction_seconds=4)
    schedule = rules.plan(NOW)
    plan = plan_of(Role.INITIATOR, rules, schedule)
    long, short = new_legs(plan, slowest)
    for leg in (long, short):
        leg.transactions.append(Landing("lock", seen=NOW, gone=NOW, lands=NOW, timestamp=NOW, known=NOW))
    alice = Party(plan, long, short, slowest, looks_at=schedule.short.refund_from - TIGHT.landing_seconds - 1 + late_by)
    for now in range(NOW, end_of(schedule, rules)):
        alice.look(now)
        if alice.has_revealed and len(long.transactions) == 1:
            long.submit("claim", now)
    return long.outcome(), short.outcome()


def test_the_last_moment_to_reveal_is_a_second_before_it_would_be_too_late():
    assert wakes_late(0) == (LegStatus.CLAIMED, LegStatus.CLAIMED)
    assert wakes_late(1) == (LegStatus.REFUNDED, LegStatus.LOCKED)


def test_nothing_is_revealed_for_a_lock_that_may_go_away_again():
    """The short lock is seen at the last moment and comes back too late to count; a reveal would be for nothing."""
    rules = Rules(long=TIGHT, short=TIGHT, reaction_seconds=1)
    schedule = rules.plan(NOW)
    plan = plan_of(Role.INITIATOR, rules, schedule)
    long, short = new_legs(plan, slowest)
    long.submit("lock", NOW)
    opened = schedule.short.claim_from
    seen, back = opened - 1, opened + TIGHT.drift_seconds + TIGHT.reorganisation_seconds
    lock = Landing("lock", seen=seen, gone=back, lands=back, timestamp=seen, known=back + 1)
    short.transactions.append(lock)
    alice = Party(plan, long, short, slowest)
    for now in range(NOW, end_of(schedule, rules)):
        if now == back:
            lock.timestamp = opened  # in its new block it is a second too late
        assert short.view(now).head is (LegStatus.LOCKED if seen <= now < back else LegStatus.ABSENT)
        alice.look(now)
    assert not alice.has_revealed
    assert long.outcome() is LegStatus.REFUNDED


def slowest(_low, high):
    """The chains at their slowest."""
    return high


TIGHT = ChainBounds(inclusion_seconds=5, finality_seconds=7, reorganisation_seconds=3, halt_seconds=11, drift_seconds=2)


def latest_reveal(rules, schedule):
    """The last reveal that counts, with all that TIGHT allows used up; answer the ends of the responder's legs.

    The party believes in its `rules`; the chains keep to TIGHT. The initiator takes back in the first second it can.
    """
    plan = plan_of(Role.RESPONDER, rules, schedule)
    short, long = Leg(plan.own, TIGHT, slowest), Leg(plan.other, TIGHT, slowest)
    last = schedule.short.refund_from - 1
    made = last + TIGHT.drift_seconds
    known = made + TIGHT.finality_seconds + TIGHT.halt_seconds
    reveal = Landing("claim", seen=made, gone=made, lands=made, timestamp=last, known=known)
    taken = schedule.long.refund_from
    refund = Landing("refund", seen=taken, gone=taken, lands=taken, timestamp=taken, known=taken)
    long.transactions.append(Landing("lock", seen=NOW, gone=NOW, lands=NOW, timestamp=NOW, known=NOW))
    first_look = NOW + (known - 1 - NOW) % rules.reaction_seconds  # and one just before the reveal is known
    bob = Party(plan, short, long, slowest, looks_at=first_look)
    for now in range(NOW, end_of(schedule, rules)):
        if now == made:
            short.transactions.append(reveal)
        if now == taken:
            long.transactions.append(refund)
        bob.look(now)
    return short.outcome(), long.outcome()


def tightest(rules):
    """A schedule whose gap is the formula's, to the second."""
    planned = rules.plan(NOW)
    gap = rules.short.known_seconds + rules.reaction_seconds + rules.long.landing_seconds
    refund_from = planned.short.refund_from + gap
    return replace(planned, long=replace(planned.long, public_claim_from=refund_from - 1, refund_from=refund_from))


def test_the_gap_of_the_formula_is_enough_and_one_second_less_is_refused():
    rules = Rules(long=TIGHT, short=TIGHT, reaction_seconds=4, public_seconds=1)
    exact = tightest(rules)
    rules.require_room(exact, NOW)
    assert latest_reveal(rules, exact) == (LegStatus.CLAIMED, LegStatus.CLAIMED)
    for short_by in (1, 2, 10):
        refund_from = exact.long.refund_from - short_by
        less = replace(exact, long=replace(exact.long, public_claim_from=refund_from - 1, refund_from=refund_from))
        with pytest.raises(SwapRefused) as refused:
            rules.require_room(less, NOW)
        assert refused.value.swap_reason is SwapReason.NO_ROOM_TO_CLAIM


@pytest.mark.parametrize("bound", ["inclusion_seconds", "reorganisation_seconds", "halt_seconds", "drift_seconds"])
def test_who_believes_too_little_of_the_long_chain_loses(bound):
    """The twin of the test above: rules that leave a bound out accept a gap in which the responder pays for nothing."""
    believed = replace(TIGHT, **{bound: 0})
    rules = Rules(long=believed, short=TIGHT, reaction_seconds=4, public_seconds=1)
    exact = tightest(rules)
    rules.require_room(exact, NOW)
    assert latest_reveal(rules, exact) == (LegStatus.CLAIMED, LegStatus.REFUNDED)
    with pytest.raises(SwapRefused):
        replace(rules, long=TIGHT).require_room(exact, NOW)


@pytest.mark.parametrize("finality", [0, 3, 6])
def test_who_believes_too_little_of_finality_is_saved_by_the_last_call(finality):
    """A reveal that should be final by the bounds and is not: claiming all the same is the only way not to lose."""
    believed = replace(TIGHT, finality_seconds=finality)
    rules = Rules(long=TIGHT, short=believed, reaction_seconds=4, public_seconds=1)
    exact = tightest(rules)
    assert latest_reveal(rules, exact) == (LegStatus.CLAIMED, LegStatus.CLAIMED)
