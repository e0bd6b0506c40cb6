"""Subscribers hear everything, in order, and can stop nothing."""

import logging

from exchange.sequencer.feed import Feed, Sequenced


def notice(sequence):
    return Sequenced(sequence=sequence, clock=1, step=b"", forced_index=None, events=())


def test_every_subscriber_hears_everything_in_order_until_it_leaves():
    feed, first, second = Feed(), [], []
    leave = feed.subscribe(first.append)
    feed.tell([notice(1), notice(2)])
    feed.subscribe(second.append)
    feed.tell([notice(3)])
    leave()
    leave()
    feed.tell([notice(4)])
    assert [each.sequence for each in first] == [1, 2, 3]
    assert [each.sequence for each in second] == [3, 4]


def test_a_subscriber_that_fails_is_logged_and_harms_nobody(caplog):
    feed, heard = Feed(), []

    def fail(_):
        raise RuntimeError("no")

    feed.subscribe(fail)
    feed.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        feed.tell([notice(1), notice(2)])
    assert [each.sequence for each in heard] == [1, 2]
    assert [record.getMessage() for record in caplog.records] == [
        "a subscriber failed at sequence 1",
        "a subscriber failed at sequence 2",
    ]


def test_what_a_subscriber_causes_is_told_after_what_it_was_told():
    feed, heard = Feed(), []

    def react(told):
        if told.sequence == 1:
            feed.tell([notice(3)])

    feed.subscribe(react)
    feed.subscribe(heard.append)
    feed.tell([notice(1), notice(2)])
    assert [each.sequence for each in heard] == [1, 2, 3]
