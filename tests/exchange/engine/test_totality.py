"""Whatever bytes arrive, a step is applied or is a counted no-op."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import StepRejected, apply
from exchange.engine.steps import REPORT, SMILE_REPORT, StepKind
from tests.exchange.engine.test_properties import fingerprint


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_counted_no_op(venue_type, step: bytes) -> None:
    state = venue_type().state
    before = fingerprint(state)
    (event,) = apply(state, step)
    assert isinstance(event, StepRejected)
    assert state.header.sequence == 1
    state.header.sequence = 0
    assert fingerprint(state) == before


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(StepKind)), st.binary(min_size=6, max_size=180), st.booleans())
def test_known_kinds_with_arbitrary_bodies_never_raise(venue_type, kind: int, body: bytes, cut: bool) -> None:  # noqa: FBT001
    state = venue_type().state
    layouts = {1: 117, 2: 102, 3: 88, 4: 126, 5: 4 + 81 * 3, 6: 3, 7: 3, 8: 7, 9: 5}
    layouts |= {10: 148, 11: 41, 12: 9, 13: 126, 14: 3, 15: 144, 16: 5, 17: 96}
    layouts |= {20: 133, 21: 118, 22: 94, 23: 117, 24: 89, 25: 110, 26: 31 + 3 * 34 + 65, 27: 5, 28: 3, 29: 4 + 12}
    layouts |= {30: 96, 31: 104, 32: 89, 33: 5, 34: 14 + 3 + 65, 35: 5, 36: 78, 37: 4 + 12}
    layouts |= {40: SMILE_REPORT.size + 1 + 3 * REPORT.size, 41: 4 + 3 * 2, 50: 7, 51: 3, 52: 7, 53: 5}
    body = (body * 80)[: layouts[kind] - 1 + cut]
    (event,) = apply(state, bytes([kind]) + body)
    assert isinstance(event, StepRejected)
