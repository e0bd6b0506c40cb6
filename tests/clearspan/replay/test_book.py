from clearspan.replay.book import Quotes, RecordedBook
from clearspan.replay.recording import Best, Depth


def snapshot():
    return Depth(bids=((100, 1), (99, 2), (98, 3)), asks=((101, 4), (102, 5), (103, 6)), first=None, last=50)


def test_deltas_count_only_after_the_snapshot():
    book = RecordedBook()
    book.apply(Depth(bids=((97, 9),), asks=(), first=40, last=45))
    assert book.quotes(5) == Quotes(bids=(), asks=())
    book.apply(snapshot())
    book.apply(Depth(bids=((100, 0),), asks=(), first=46, last=50))
    book.apply(Depth(bids=((99, 0), (97, 7)), asks=((101, 9),), first=51, last=52))
    assert book.quotes(2) == Quotes(bids=((100, 1), (98, 3)), asks=((101, 9), (102, 5)))


def test_a_best_quote_removes_what_it_contradicts():
    book = RecordedBook()
    book.apply(snapshot())
    book.apply(Best(bid=99, bid_size=8, ask=102, ask_size=1, update=60))
    assert book.quotes(5) == Quotes(bids=((99, 8), (98, 3)), asks=((102, 1), (103, 6)))


def test_a_delta_older_than_the_best_quote_brings_nothing_back_at_the_touch():
    book = RecordedBook()
    book.apply(snapshot())
    book.apply(Best(bid=99, bid_size=8, ask=102, ask_size=1, update=60))
    book.apply(Depth(bids=((100, 5), (98, 4)), asks=(), first=51, last=59))
    assert book.quotes(2).bids == ((99, 8), (98, 4))
    book.apply(Depth(bids=((100, 5),), asks=(), first=60, last=61))
    assert book.quotes(1).bids == ((100, 5),)
