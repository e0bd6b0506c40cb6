import gzip
import json

import pytest

from clearspan.replay.recording import Best, Depth, Line, Trade, e8, read_lines, recording_of
from exchange.sdk.errors import Rejected

PERPETUAL = "binance-usdm-btcusdt-20240808.jsonl.gz"
SPOT = "binance-spot-btcusdt-20240808.jsonl.gz"


def write(path, messages):
    with gzip.open(path, "wt") as file:
        file.writelines(f"{1_723_161_254_000_000_000 + i} {json.dumps(m)}\n" for i, m in enumerate(messages))
    return path


def test_the_spot_file_is_found_beside_the_perpetual(tmp_path):
    perpetual, spot = write(tmp_path / PERPETUAL, []), write(tmp_path / SPOT, [])
    recording = recording_of(perpetual)
    assert (recording.base, recording.perpetual, recording.spot) == ("BTC", perpetual, spot)


@pytest.mark.parametrize(
    ("present", "given", "reason"),
    [
        ((PERPETUAL,), PERPETUAL, "RecordingMissing"),
        ((SPOT,), PERPETUAL, "RecordingMissing"),
        ((PERPETUAL, SPOT), SPOT, "SpotRecording"),
        (("trades.gz",), "trades.gz", "NotARecording"),
    ],
)
def test_what_cannot_be_replayed_is_refused_before_anything_runs(tmp_path, present, given, reason):
    for name in present:
        write(tmp_path / name, [])
    with pytest.raises(Rejected) as caught:
        recording_of(tmp_path / given)
    assert caught.value.reason == reason


def test_every_stream_becomes_its_event(tmp_path):
    path = write(
        tmp_path / PERPETUAL,
        [
            {"lastUpdateId": 7, "bids": [["10.5", "1"]], "asks": [["11", "2.000"]]},
            {"stream": "btcusdt@depth@0ms", "data": {"U": 8, "u": 9, "b": [["10.5", "0.000"]], "a": []}},
            {"stream": "btcusdt@bookTicker", "data": {"u": 10, "b": "10.1", "B": "3", "a": "10.9", "A": "4"}},
            {"stream": "btcusdt@trade", "data": {"p": "10.9", "q": "0.25", "m": False}},
            {"stream": "btcusdt@markPrice", "data": {}},
        ],
    )
    start = 1_723_161_254_000_000_000
    assert list(read_lines(path)) == [
        Line(
            time_ns=start,
            event=Depth(bids=((1_050_000_000, 10**8),), asks=((11 * 10**8, 2 * 10**8),), first=None, last=7),
        ),
        Line(time_ns=start + 1, event=Depth(bids=((1_050_000_000, 0),), asks=(), first=8, last=9)),
        Line(
            time_ns=start + 2,
            event=Best(bid=1_010_000_000, bid_size=3 * 10**8, ask=1_090_000_000, ask_size=4 * 10**8, update=10),
        ),
        Line(time_ns=start + 3, event=Trade(price=1_090_000_000, size=25_000_000, taker_buys=True)),
        Line(time_ns=start + 4, event=None),
    ]


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b"1 {\n", b'1 {"stream":"x@trade","data":{"p":"1e3","q":"1","m":true}}\n', b'1 {"bids":[]}\n'],
)
def test_a_broken_line_is_named(tmp_path, line):
    path = tmp_path / PERPETUAL
    path.write_bytes(gzip.compress(b'1 {"stream":"x@other","data":{}}\n' + line))
    with pytest.raises(Rejected) as caught:
        list(read_lines(path))
    assert caught.value.reason == "BadRecording"
    assert "near line 2" in caught.value.detail


def test_a_truncated_file_is_an_error_not_a_short_recording(tmp_path):
    path = write(tmp_path / PERPETUAL, [{"stream": "x@other", "data": {"n": i}} for i in range(1000)])
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(Rejected, match="BadRecording"):
        list(read_lines(path))


@pytest.mark.parametrize("number", ["", "-1", "1e3", "1.123456789", "1.2.3", "1,5"])
def test_numbers_that_are_not_exact_are_refused(number):
    with pytest.raises(ValueError, match="is not a number"):
        e8(number)
