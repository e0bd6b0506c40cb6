"""The calculator: what it plans passes its own check, what leaves no room does not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import Rejected
from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.terms import Timelocks
from bridge.swaps.timelocks import LONGEST_SECONDS, ChainBounds, Rules
from tests.bridge.swaps.worlds import NOW

SECONDS = st.integers(0, 3_600)
BOUNDS = st.builds(
    ChainBounds,
    inclusion_seconds=SECONDS,
    finality_seconds=SECONDS,
    reorganisation_seconds=SECONDS,
    halt_seconds=SECONDS,
    drift_seconds=SECONDS,
)
RULES = st.builds(Rules, long=BOUNDS, short=BOUNDS, reaction_seconds=SECONDS, public_seconds=st.integers(1, 3_600))
QBFT = ChainBounds(inclusion_seconds=30, finality_seconds=5, halt_seconds=600, drift_seconds=5)
SLOW = ChainBounds(inclusion_seconds=120, finality_seconds=960, reorganisation_seconds=60, drift_seconds=15)


def reason(rules, schedule, now=NOW):
    with pytest.raises(SwapRefused) as refused:
        rules.require_room(schedule, now)
    return refused.value.swap_reason


@given(rules=RULES)
def test_what_is_planned_has_room(rules):
    schedule = rules.plan(NOW)
    rules.require_room(schedule, NOW)
    rules.require_responders_room(schedule, NOW)
    gap = schedule.long.refund_from - schedule.short.refund_from
    assert gap >= rules.short.known_seconds + rules.reaction_seconds + rules.long.landing_seconds


@given(rules=RULES, worse=st.sampled_from(["long", "short"]), name=st.sampled_from(ChainBounds.__slots__))
def test_worse_bounds_never_make_room(rules, worse, name):
    schedule = rules.plan(NOW)
    bounds = getattr(rules, worse)
    harder = replace(rules, **{worse: replace(bounds, **{name: getattr(bounds, name) + 100_000})})
    assert reason(harder, schedule)


def test_each_refusal_has_its_reason():
    rules = Rules(long=QBFT, short=SLOW, reaction_seconds=60)
    good = rules.plan(NOW)

    def long(**changed):
        return replace(good, long=replace(good.long, **changed))

    def short(**changed):
        return replace(good, short=replace(good.short, **changed))

    assert reason(rules, long(public_claim_from=good.long.claim_from)) is SwapReason.NOT_ASCENDING
    assert reason(rules, good, NOW + 61) is SwapReason.NO_ROOM_TO_LOCK
    assert reason(rules, short(claim_from=good.short.claim_from - 1)) is SwapReason.NO_ROOM_TO_LOCK
    squeezed = short(public_claim_from=good.short.claim_from + 1, refund_from=good.short.public_claim_from - 1)
    assert reason(rules, squeezed) is SwapReason.NO_ROOM_TO_REVEAL
    late = short(refund_from=good.long.public_claim_from, public_refund_from=good.long.refund_from)
    assert reason(rules, late) is SwapReason.NO_ROOM_TO_CLAIM
    assert reason(rules, long(public_refund_from=NOW + LONGEST_SECONDS + 1)) is SwapReason.LOCKED_TOO_LONG
    impatient = replace(rules, longest_seconds=good.long.public_refund_from - NOW)
    impatient.require_room(good, NOW)
    less = replace(rules, longest_seconds=good.long.public_refund_from - NOW - 1)
    assert reason(less, good) is SwapReason.LOCKED_TOO_LONG


def test_chains_that_need_more_than_the_longest_lock_get_no_schedule():
    with pytest.raises(SwapRefused) as refused:
        Rules(long=replace(SLOW, halt_seconds=86_400 * 10), short=SLOW, reaction_seconds=0).plan(NOW)
    assert refused.value.swap_reason is SwapReason.LOCKED_TOO_LONG


def test_bounds_are_not_negative():
    for name in ChainBounds.__slots__:
        with pytest.raises(SwapRefused, match="NegativeBound"):
            replace(QBFT, **{name: -1})
    with pytest.raises(SwapRefused, match="NegativeBound"):
        Rules(long=QBFT, short=QBFT, reaction_seconds=-1)


@given(times=st.tuples(*[st.integers(0, 2**40 - 1)] * 4))
def test_timelocks_are_one_word(times):
    names = ("claim_from", "public_claim_from", "refund_from", "public_refund_from")
    timelocks = Timelocks(**dict(zip(names, times, strict=True)))
    assert Timelocks.unpack(timelocks.pack()) == timelocks


def test_a_word_with_more_bits_is_no_timelocks():
    for word in (1 << 160, -1, 2**256 - 1):
        with pytest.raises(Rejected):
            Timelocks.unpack(word)
    with pytest.raises(Rejected):
        Timelocks(claim_from=2**40, public_claim_from=0, refund_from=0, public_refund_from=0)
