from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exchange.state.book import BookSide


@given(is_bid=st.booleans(), actions=st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=60))
def test_neighbours_and_tails_follow_a_plain_sorted_list(*, is_bid: bool, actions: list[tuple[int, bool]]) -> None:
    side = BookSide(is_bid=is_bid)
    model: list[tuple[int, int]] = []  # (price, reference), best first
    for reference, (price, remove) in enumerate(actions, start=1):
        if remove and model:
            at = price % len(model)
            gone_price, gone = model.pop(at)
            before = model[at - 1] if at else (0, 0)
            side.remove(gone_price, gone, before[1], before[0])
        else:
            ahead = [entry for entry in model if (entry[0] >= price if is_bid else entry[0] <= price)]
            assert side.neighbour(price) == (ahead[-1][1] if ahead else 0)
            side.append(price, reference)
            model.insert(len(ahead), (price, reference))
        rebuilt = BookSide(is_bid=is_bid)
        for entry in model:
            rebuilt.append(*entry)
        assert side == rebuilt
        assert list(side.levels_from_best()) == list(dict.fromkeys(entry[0] for entry in model))


def test_a_different_book_is_not_equal() -> None:
    first, second = BookSide(is_bid=True), BookSide(is_bid=True)
    first.append(1, 1)
    assert first != second
