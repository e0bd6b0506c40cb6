"""One line of a function is another while the block runs, for whoever holds the function."""

from functools import cached_property

import pytest

from clearspan.lab.scenarios.mutation import edited

FACTOR = 2


def doubled(number):
    return number * FACTOR


class Base:
    def __init__(self):
        self.kept = 1


class Thing(Base):
    def __init__(self):
        super().__init__()
        self.size = 3

    @property
    def twice(self):
        return self.size * 2

    @classmethod
    def named(cls):
        return "thing"

    @cached_property
    def lasting(self):
        return 1


def test_whoever_imported_it_sees_the_other_line_and_the_old_one_afterwards():
    held = doubled
    with edited(pytest.importorskip(__name__), "doubled", "number * FACTOR", "number + FACTOR"):
        assert held(5) == 7
    assert held(5) == 10


def test_methods_properties_and_class_methods():
    with edited(Thing, "__init__", "self.size = 3", "self.size = 4"):
        assert (Thing().size, Thing().kept) == (4, 1)
    with edited(Thing, "twice", "* 2", "* 5"):
        assert Thing().twice == 15
    with edited(Thing, "named", '"thing"', '"other"'):
        assert Thing.named() == "other"
    assert (Thing().size, Thing().twice, Thing.named()) == (3, 6, "thing")


@pytest.mark.parametrize("find", ["not there", "r"])
def test_a_piece_has_to_be_there_exactly_once(find):
    with pytest.raises(ValueError, match="times"), edited(Thing, "named", find, ""):
        pass
    assert Thing.named() == "thing"


def test_the_line_is_put_back_when_the_block_fails():
    with pytest.raises(ZeroDivisionError), edited(Thing, "named", '"thing"', "1 // 0"):
        Thing.named()
    assert Thing.named() == "thing"


def test_what_has_no_text_is_refused():
    with pytest.raises(TypeError, match="no text"), edited(Thing, "lasting", "1", "2"):
        pass
