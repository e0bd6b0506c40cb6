import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains import ChainHalted, InsufficientFunds, NonceTooLow, Reason, Rejected, TransactionReverted
from relayers.retries import DELIVERY, Failure, RetrySchedule, classify
from relayers.submission import BATCH_GAS_MAX, BATCH_ITEMS_MAX, batches, submit_splitting

REVERT = TransactionReverted("WrongPacket", (), error="WrongPacket()")


@given(st.lists(st.integers(1, BATCH_GAS_MAX * 2), max_size=60))
def test_batches_keep_order_and_bounds(gas):
    items = list(enumerate(gas))
    groups = list(batches(items, lambda item: item[1]))
    assert [item for group in groups for item in group] == items
    for group in groups:
        assert 1 <= len(group) <= BATCH_ITEMS_MAX
        assert len(group) == 1 or sum(item[1] for item in group) <= BATCH_GAS_MAX


@given(st.integers(1, 16), st.sets(st.integers(0, 15)))
def test_poison_is_found_and_everything_else_goes_through(count, poison):
    done = []

    def submit(group):
        if poison & set(group):
            raise REVERT
        done.extend(group)

    failed = submit_splitting(list(range(count)), submit)
    assert sorted(done) == sorted(set(range(count)) - poison)
    assert sorted(failure.item for failure in failed) == sorted(poison & set(range(count)))


def test_circumstances_do_not_split():
    calls = []

    def submit(group):
        calls.append(tuple(group))
        raise ChainHalted(online=1, needed=3)

    failed = submit_splitting([1, 2, 3, 4], submit)
    assert calls == [(1, 2, 3, 4)]
    assert [failure.item for failure in failed] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (REVERT, Failure.ITEMS),
        (Rejected(Reason.GAS_LIMIT_TOO_HIGH), Failure.ITEMS),
        (ChainHalted(online=1, needed=3), Failure.CIRCUMSTANCES),
        (InsufficientFunds(available=0, needed=1), Failure.CIRCUMSTANCES),
        (NonceTooLow(given=1, expected=2), Failure.CIRCUMSTANCES),
        (TransactionReverted("UnknownHeight", (7,), error="UnknownHeight(7)"), Failure.CIRCUMSTANCES),
    ],
)
def test_whose_fault_it_was(error, failure):
    assert classify(error) is failure


def test_the_last_wait_repeats():
    schedule = RetrySchedule((5, 60))
    assert [schedule.wait_seconds(attempts) for attempts in (1, 2, 3, 9)] == [5, 60, 60, 60]


def test_waits_never_shrink():
    assert list(DELIVERY.waits_seconds) == sorted(DELIVERY.waits_seconds)
