"""Log records read back as written, and nothing else reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.sequencer.records import (
    BatchesRecut,
    BatchPosted,
    BatchSealed,
    ForcedTaken,
    RecutMade,
    SegmentClosed,
    SegmentOpened,
    StepTaken,
    StepUndone,
    decode_record,
    encode_record,
)

U64 = st.integers(0, 2**64 - 1)
WORD = st.binary(min_size=32, max_size=32)
RECORDS = st.one_of(
    st.builds(SegmentOpened, clock=U64),
    st.builds(ForcedTaken, index=U64, item=st.binary(max_size=40)),
    st.builds(StepTaken, step=st.binary(max_size=40)),
    st.builds(SegmentClosed, root=WORD),
    st.builds(BatchSealed, index=U64, commitment=WORD),
    st.builds(BatchPosted, index=U64),
    st.builds(BatchesRecut, index=U64, clock=U64),
    st.builds(StepUndone, step_hash=WORD, reason=st.sampled_from(["StaleMark", "NoMark"])),
    st.builds(RecutMade, changed=st.integers(0, 2**32 - 1)),
)


@given(RECORDS)
def test_records_round_trip(record):
    assert decode_record(encode_record(record)) == record


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_record_or_an_error(payload):
    try:
        record = decode_record(payload)
    except ValueError:
        return
    assert encode_record(record) == payload


@pytest.mark.parametrize(
    "payload", ["", "00", "0a", "0100", "01" + "00" * 9, "0200", "04" + "00" * 31, "05", "06", "07", "08", "09"]
)
def test_malformed_records_are_refused(payload):
    with pytest.raises(ValueError, match="not a record"):
        decode_record(bytes.fromhex(payload))
