from clearspan.replay.book import Quotes
from clearspan.replay.quoting import ASK, BID, Placement, Resting, changes


def resting(**sizes):
    sides = {"b": BID, "a": ASK}
    return {
        (sides[k[0]], int(k[1:])): Resting(reference=(0, i), remaining=size)
        for i, (k, size) in enumerate(sizes.items())
    }


def test_what_is_right_keeps_its_place_and_the_rest_is_replaced():
    cancels, places = changes(
        resting(b100=10, b90=20, a110=10),
        Quotes(bids=((100, 10), (90, 30)), asks=((120, 7),)),
        tick=10,
        lot=1,
        min_size=1,
    )
    assert cancels == [(BID, 90), (ASK, 110)]
    assert places == [Placement(side=BID, price=90, size=30), Placement(side=ASK, price=120, size=7)]


def test_sizes_go_down_to_the_lot_and_too_small_levels_are_left_out():
    cancels, places = changes({}, Quotes(bids=((100, 19), (90, 9)), asks=((111, 50),)), tick=10, lot=5, min_size=10)
    assert cancels == []
    assert places == [Placement(side=BID, price=100, size=15)]


def test_nothing_changes_when_the_book_is_already_right():
    assert changes(resting(b100=10), Quotes(bids=((100, 12),), asks=()), tick=10, lot=5, min_size=5) == ([], [])
