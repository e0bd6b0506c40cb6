"""Segments and batches: strict both ways, every broken rule named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.rollup.batch import MAX_BATCH_BYTES, Batch, decode_segments, encode_segments
from exchange.rollup.errors import BatchRule, MalformedBatch
from exchange.rollup.segment import MAX_STEP_BYTES, Segment, decode_body, encoded_size

STEPS = st.lists(st.binary(max_size=60), max_size=32).map(tuple)
SEGMENTS = st.builds(
    lambda clock, forced, steps: Segment(clock=clock, forced_count=max(forced - len(steps), not steps), steps=steps),
    st.integers(0, 2**64 - 1),
    st.integers(0, 32),
    STEPS,
)
BATCHES = st.lists(SEGMENTS, min_size=1, max_size=12).map(lambda found: sorted(found, key=lambda each: each.clock))


def body(clock=7, forced=0, *steps, counted=None):
    count = len(steps) if counted is None else counted
    return clock.to_bytes(8) + bytes((forced, count)) + b"".join(len(s).to_bytes(2) + s for s in steps)


def framed(*bodies):
    return b"".join(len(each).to_bytes(3) + each for each in bodies)


def test_bytes_are_those_of_the_protocol():
    segments = (Segment(clock=258, forced_count=2, steps=(b"\xaa", b"")), Segment(clock=259, steps=(b"\x01\x02",)))
    encoded = encode_segments(segments)
    assert encoded.hex() == (
        "00000f" + "0000000000000102" + "02" + "02" + "0001aa" + "0000"
        "00000e" + "0000000000000103" + "00" + "01" + "00020102"
    )
    assert decode_segments(encoded) == segments


@given(BATCHES)
def test_valid_segments_round_trip(segments):
    encoded = encode_segments(segments)
    assert decode_segments(encoded) == tuple(segments)
    assert len(encoded) == sum(encoded_size(segment.steps) for segment in segments)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_a_batch_or_a_typed_error(raw):
    try:
        segments = decode_segments(raw)
    except MalformedBatch:
        return
    assert encode_segments(segments) == raw


@given(BATCHES, st.data())
def test_a_changed_batch_is_another_batch_or_a_typed_error(segments, draw):
    raw = bytearray(encode_segments(segments))
    at = draw.draw(st.integers(0, len(raw) - 1))
    raw[at] ^= draw.draw(st.integers(1, 255))
    try:
        changed = decode_segments(bytes(raw))
    except MalformedBatch:
        return
    assert changed != tuple(segments)


@given(BATCHES, st.data())
def test_a_cut_batch_never_passes_as_the_whole(segments, draw):
    raw = encode_segments(segments)
    try:
        kept = decode_segments(raw[: draw.draw(st.integers(0, len(raw) - 1))])
    except MalformedBatch:
        return
    assert kept == tuple(segments[: len(kept)])
    assert len(kept) < len(segments)


@pytest.mark.parametrize(
    ("raw", "rule", "offset"),
    [
        (b"", BatchRule.DATA_SIZE, 0),
        (bytes(MAX_BATCH_BYTES + 1), BatchRule.DATA_SIZE, MAX_BATCH_BYTES),
        (b"\x00\x00", BatchRule.SEGMENT_LENGTH, 0),
        (framed(body(7, 1)) + b"\x00\x00\x01", BatchRule.SEGMENT_LENGTH, 13),
        (framed(body(7, 1))[:-1], BatchRule.SEGMENT_LENGTH, 0),
        (framed(bytes(9)), BatchRule.SEGMENT_LENGTH, 12),
        (framed(body(7, 0, b"ab", counted=2)), BatchRule.SEGMENT_TRAILING, 17),
        (framed(body(7, 0, b"ab")[:-1]), BatchRule.SEGMENT_TRAILING, 16),
        (framed(body(7, 0, b"ab") + b"\x00"), BatchRule.SEGMENT_TRAILING, 17),
        (framed(body(7, 1) + b"\x00"), BatchRule.SEGMENT_TRAILING, 13),
        (framed(body(7, 0)), BatchRule.SEGMENT_COUNT, 11),
        (framed(body(7, 33)), BatchRule.SEGMENT_COUNT, 11),
        (framed(body(7, 1, *[b""] * 32)), BatchRule.SEGMENT_COUNT, 11),
        (framed(body(7, 0, bytes(MAX_STEP_BYTES + 1))), BatchRule.STEP_LENGTH, 13),
        (framed(body(7, 1), body(6, 1)), BatchRule.CLOCK_FALLS, None),
    ],
)
def test_malformed_bytes_name_the_rule(raw, rule, offset):
    with pytest.raises(MalformedBatch) as caught:
        decode_segments(raw)
    assert (caught.value.rule, caught.value.offset) == (rule, offset)
    assert str(caught.value).startswith(rule.value)


def test_limits_are_inclusive():
    assert decode_body(body(2**64 - 1, 31, bytes(MAX_STEP_BYTES))).clock == 2**64 - 1
    assert len(decode_body(body(7, 0, *[b""] * 32)).steps) == 32
    full = [Segment(clock=7, steps=(bytes(MAX_STEP_BYTES),) * 29), Segment(clock=7, steps=(bytes(1_119 - 13),))]
    assert len(encode_segments(full[:1])) == 13 + 29 * (2 + MAX_STEP_BYTES) == 118_855
    largest = [full[0], Segment(clock=7, steps=(bytes(120_000 - 118_855 - 15),))]
    assert len(encode_segments(largest)) == MAX_BATCH_BYTES
    assert decode_segments(encode_segments(largest)) == tuple(largest)
    with pytest.raises(MalformedBatch, match="DataSize"):
        encode_segments([full[0], Segment(clock=7, steps=(bytes(120_000 - 118_855 - 14),))])


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"clock": -1, "forced_count": 1}, BatchRule.CLOCK_RANGE),
        ({"clock": 2**64, "forced_count": 1}, BatchRule.CLOCK_RANGE),
        ({"clock": 1}, BatchRule.SEGMENT_COUNT),
        ({"clock": 1, "forced_count": -1, "steps": (b"",)}, BatchRule.SEGMENT_COUNT),
        ({"clock": 1, "forced_count": 33}, BatchRule.SEGMENT_COUNT),
        ({"clock": 1, "steps": (b"",) * 33}, BatchRule.SEGMENT_COUNT),
        ({"clock": 1, "steps": (bytes(MAX_STEP_BYTES + 1),)}, BatchRule.STEP_LENGTH),
    ],
)
def test_a_segment_that_cannot_be_encoded_cannot_be_made(fields, rule):
    with pytest.raises(MalformedBatch) as caught:
        Segment(**fields)
    assert caught.value.rule is rule


def test_segments_that_are_no_batch_are_refused():
    with pytest.raises(MalformedBatch, match="DataSize"):
        encode_segments([])
    with pytest.raises(MalformedBatch, match="ClockFalls"):
        encode_segments([Segment(clock=2, forced_count=1), Segment(clock=1, forced_count=1)])


def test_a_batch_claims_one_root_a_segment():
    segments = (Segment(clock=1, forced_count=1), Segment(clock=1, steps=(b"x",)))
    encoded = encode_segments(segments)
    batch = Batch(index=0, parent_root=bytes(32), roots=(b"\1" * 32, b"\2" * 32), data=encoded)
    assert batch.segments() == segments
    assert batch.state_root == b"\2" * 32
    for roots in [(), (b"\1" * 32,), (b"\1" * 32,) * 3, (b"\1" * 32, b"\2" * 31)]:
        wrong = Batch(index=0, parent_root=bytes(32), roots=roots, data=encoded)
        with pytest.raises(MalformedBatch, match="RootCount"):
            wrong.commitment()
