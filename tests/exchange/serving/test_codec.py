"""What is dumped is loaded as it was; what is not of the type is refused."""

import json

import pytest

from exchange.engine import Balances, Event, Filled
from exchange.rollup import Batch
from exchange.sdk.json_http import parse
from exchange.serving.asked import LockUnder, LogEntry
from exchange.serving.codec import dump, load
from exchange.state.reservation import Reservation
from tests.exchange.sequencer.venue import Venue


def through_json(value, kind):
    return load(parse(json.dumps(dump(value)).encode()), kind)


def test_views_events_and_batches_come_back_as_they_were():
    venue = Venue().ready()
    confirmation = venue.sequencer.submit(venue.buy(1, 60_000, 1))
    events = (*confirmation.events, venue.sequencer.submit(venue.sell(2, 60_000, 1)).events[0])
    assert events
    assert through_json(events, tuple[Event, ...]) == events
    assert any(isinstance(event, Filled) for event in events)
    batch = venue.sequencer.next_batch()
    assert through_json(batch, Batch) == batch
    balances = Balances(cash=-(2**100), collateral={1: 2**70, 40: 0})
    assert through_json(balances, Balances) == balances
    for value, kind in (
        (None, Reservation | None),
        (LogEntry(payload=b"", digest=b"\x01\xff"), LogEntry),
    ):
        assert through_json(value, kind) == value


@pytest.mark.parametrize(
    "document",
    [
        {"hash": "0x" + "11" * 32, "account": 1.0},
        {"hash": "0x" + "11" * 32, "account": -1},
        {"hash": "0x" + "11" * 32, "account": 1 << 63},
        {"hash": "0x" + "11" * 32, "account": True},
        {"hash": "0x" + "11" * 32, "account": "1"},
        {"hash": "0x" + "11" * 31, "account": 1},
        {"hash": "0x" + "1" * 63, "account": 1},
        {"hash": "0xzz", "account": 1},
        {"hash": "11" * 32, "account": 1},
        {"hash": "0x" + "11" * 32},
        {"hash": "0x" + "11" * 32, "account": 1, "more": 0},
        [],
    ],
)
def test_what_is_not_of_the_type_is_refused(document):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, it is this class
        load(document, LockUnder)
    assert load({"hash": "0x" + "11" * 32, "account": 1}, LockUnder).account == 1


def test_floats_are_refused_in_a_document():
    for body in (b'{"a": 1.5}', b'{"a": 1e3}', b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}'):
        with pytest.raises(ValueError, match="a float"):
            parse(body)
    assert parse(b'{"a": 1}') == {"a": 1}
