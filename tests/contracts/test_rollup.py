"""Batches: what the rollup derives from their bytes and which it refuses."""

import random

import pytest

from chains.errors import TransactionReverted
from tests.contracts.batching import STEP, body, commitment, framed, root, segment
from tests.contracts.harness import (
    CHALLENGE_BLOCKS,
    CHALLENGE_SECONDS,
    DELAY,
    GENESIS_ROOT,
    MAX_LAG,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    deploy,
    new_house,
    new_rollup,
    refused,
)


class Board:
    """A house whose rollup is posted to."""

    def __init__(self, twin=None, deposits=0):
        self.house = new_house(twins=twin and {"Rollup": twin})
        self.near = self.house.link.near
        self.rollup = self.house.rollup
        for _ in range(deposits):
            deposit(self.house)

    @property
    def now(self):
        """Timestamp of the next block."""
        return self.near.next_context().timestamp

    def post(self, data, *, index=None, parent=None, roots=None, segments=1):
        index = self.read("batchCount") if index is None else index
        parent = self.read("latestRoot") if parent is None else parent
        roots = [root(number) for number in range(segments)] if roots is None else roots
        return self.rollup.functions.postBatch(index, parent, roots, data)

    def accept(self, data, **options):
        """Post, and return what is kept of the batch."""
        self.near.transact(self.post(data, **options), RELAYER)
        kept = self.read("batch", self.read("batchCount") - 1)
        names = ("commitment", "stateRoot", "postedAt", "postedBlock", "queueCursor", "clock")
        return dict(zip(names, kept, strict=True))

    def refuse(self, data, *errors, sender=RELAYER, **options):
        refused(self.near, self.post(data, **options), *errors, sender=sender)

    def read(self, name, *arguments):
        return self.near.call(self.rollup.functions[name](*arguments), block="pending")


def deposit(house):
    call = house.vault.functions.deposit(house.token.address, 1_000, TRADER.address, 0)
    packets = house.link.sent(house.link.far, house.link.far.transact(call, TRADER))
    house.link.deliver(*packets)


@pytest.fixture
def board():
    return Board()


def test_a_batch_is_accepted_and_kept(board):
    clock = board.now
    inner = body(clock)
    kept = board.accept(framed(inner))
    assert kept == {
        "commitment": commitment([inner], [root(0)]),
        "stateRoot": root(0),
        "postedAt": board.near.head().timestamp,
        "postedBlock": board.near.head().number,
        "queueCursor": 0,
        "clock": clock,
    }
    assert (board.read("batchCount"), board.read("latestRoot")) == (1, root(0))
    (event,) = board.near.logs(board.rollup.events.BatchPosted(), 0, board.near.head().number)
    assert dict(event["args"]) == {
        "index": 0,
        "commitment": kept["commitment"],
        "stateRoot": root(0),
        "queueCursor": 0,
        "clock": clock,
        "segments": 1,
    }


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 15, 16, 17, 64, 70])
def test_the_commitment_is_the_documents(board, count):
    draw = random.Random(count)
    clock = board.now
    bodies = [
        body(clock, [draw.randbytes(draw.randrange(0, 200)) for _ in range(draw.randrange(1, 5))]) for _ in range(count)
    ]
    roots = [root(number) for number in range(count)]
    kept = board.accept(b"".join(map(framed, bodies)), roots=roots)
    assert (kept["commitment"], kept["stateRoot"]) == (commitment(bodies, roots), roots[-1])


def claim_other_root(twin):
    board = Board(twin)
    data = segment(board.now)
    first = board.accept(data, roots=[root(1)])["commitment"]
    other = Board(twin)
    return first, other.accept(data, roots=[root(2)])["commitment"]


def test_the_commitment_binds_the_roots():
    first, second = claim_other_root(None)
    assert first != second
    first, second = claim_other_root("rollup-unbound-root")
    assert first == second


def test_any_changed_byte_changes_the_commitment_or_is_refused(board):
    data = segment(board.now + 100, [b"abc", b"defg"])
    board.house.link.until(board.now + 200, board.near)
    expected = commitment([data[3:]], [root(0)])
    assert board.accept(data)["commitment"] == expected
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        try:
            kept = board.accept(bytes(changed))
        except TransactionReverted:
            continue
        assert kept["commitment"] != expected


def test_the_largest_batch_is_taken():
    board = Board()
    steps = [bytes([7]) * 148] * 32
    inner = body(board.now, steps)
    count = 120_000 // len(framed(inner))
    data = framed(inner) * count
    filler = body(board.now, [bytes(2_000), bytes(120_000 - len(data) - 2_017)])
    data += framed(filler)
    assert len(data) == 120_000
    roots = [root(number) for number in range(count + 1)]
    board.near.transact(board.post(data, roots=roots), RELAYER, gas=20_000_000)
    assert board.read("batch", 0)[0] == commitment([inner] * count + [filler], roots)
    refused(board.near, board.post(data + b"\0", roots=roots), "DataSize(120001)", gas=20_000_000)


def test_the_most_segments_are_taken(board):
    """Many tiny segments: the tree is built in bounded gas."""
    inner = body(board.now, [b""])
    count = 1_025
    roots = [root(number) for number in range(count)]
    board.near.transact(board.post(framed(inner) * count, roots=roots), RELAYER, gas=20_000_000)
    assert board.read("batch", 0)[0] == commitment([inner] * count, roots)


# Structure


def malformed(now):
    good = body(now)
    return {
        "empty": (b"", "DataSize"),
        "one byte": (b"\0", "SegmentLength"),
        "no length": (b"\0\0", "SegmentLength"),
        "length of nothing": (b"\0\0\0", "SegmentLength"),
        "shorter than its fixed fields": (framed(good[:9]), "SegmentLength"),
        "longer than the data": (framed(good)[:-1], "SegmentLength"),
        "length beyond everything": (b"\xff\xff\xff" + good, "SegmentLength"),
        "nothing in it": (segment(now, [], 0), "SegmentCount"),
        "33 steps": (segment(now, [b""] * 33), "SegmentCount"),
        "33 of both": (segment(now, [b""] * 30, 3), "SegmentCount"),
        "255 forced": (segment(now, [], 255), "SegmentCount"),
        "step too long": (segment(now, [bytes(4_097)]), "StepLength"),
        "step beyond the segment": (framed(good[:-1]), "SegmentTrailing"),
        "step length cut": (framed(body(now, [])[:9] + b"\x01" + b"\0"), "SegmentTrailing"),
        "byte behind the steps": (framed(good + b"\0"), "SegmentTrailing"),
        "step count too low": (framed(good[:9] + b"\x01" + (b"\0\x03" + STEP) * 2), "SegmentTrailing"),
        "step count too high": (framed(good[:9] + b"\x02" + b"\0\x03" + STEP), "SegmentTrailing", "SegmentLength"),
        "bytes behind the segment": (framed(good) + b"\0", "SegmentLength", "RootCount"),
    }


@pytest.mark.parametrize("case", malformed(0))
def test_malformed_data_is_refused_by_name(board, case):
    data, *errors = malformed(board.now)[case]
    with pytest.raises(TransactionReverted) as caught:
        board.near.transact(board.post(data, segments=1), RELAYER)
    assert caught.value.error_name in errors


@pytest.mark.parametrize("case", malformed(0))
def test_malformed_data_behind_a_good_segment_is_refused_too(board, case):
    if case in {"empty", "bytes behind the segment"}:
        return
    data, *errors = malformed(board.now)[case]
    with pytest.raises(TransactionReverted) as caught:
        board.near.transact(board.post(segment(board.now) + data, segments=2), RELAYER)
    assert caught.value.error_name in errors


def trail(twin):
    board = Board(twin)
    return board, framed(body(board.now) + b"hidden")


def test_no_bytes_hide_behind_the_steps():
    board, data = trail(None)
    board.refuse(data, "SegmentTrailing(0)")
    board, data = trail("rollup-trailing-bytes")
    board.accept(data)


def test_steps_at_their_longest_and_most_are_taken(board):
    board.accept(segment(board.now, [bytes(4_096)]))
    board.accept(segment(board.now, [b""] * 32))


@pytest.mark.parametrize(("segments", "roots"), [(1, 0), (1, 2), (2, 1), (3, 2), (4, 5)])
def test_there_is_one_root_for_each_segment(board, segments, roots):
    data = segment(board.now) * segments
    board.refuse(data, "RootCount", roots=[root(number) for number in range(roots)])
    board.accept(data, segments=segments)


# Sequence


def fork(twin):
    board = Board(twin)
    board.accept(segment(board.now))
    return board, {"data": segment(board.now), "parent": GENESIS_ROOT}


def test_a_batch_starts_from_the_last_claimed_root():
    board, options = fork(None)
    board.refuse(options.pop("data"), f"WrongParent(0x{root(0).hex()})", **options)
    board, options = fork("rollup-any-parent")
    board.accept(**options)


def test_the_first_batch_starts_from_genesis(board):
    board.refuse(segment(board.now), "WrongParent", parent=root(0))
    board.refuse(segment(board.now), "WrongParent", parent=bytes(32))


def test_indices_follow_each_other(board):
    board.refuse(segment(board.now), "WrongIndex(0)", index=1)
    board.accept(segment(board.now))
    for index in (0, 2):
        board.refuse(segment(board.now), "WrongIndex(1)", index=index)
    board.accept(segment(board.now), index=1)
    refused(board.near, board.rollup.functions.batch(2), "UnknownBatch(2)")


def intrude(twin):
    board = Board(twin)
    return board, board.post(segment(board.now))


def test_only_posters_post():
    board, call = intrude(None)
    refused(board.near, call, "NotPoster", sender=STRANGER)
    board, call = intrude("rollup-any-poster")
    board.near.transact(call, STRANGER)


def test_the_owner_decides_who_posts(board):
    functions = board.rollup.functions
    refused(board.near, functions.setPoster(STRANGER.address, True), "OwnableUnauthorizedAccount", sender=STRANGER)
    board.near.transact(functions.setPoster(STRANGER.address, True), OWNER)
    board.near.transact(board.post(segment(board.now)), STRANGER)
    board.near.transact(functions.setPoster(RELAYER.address, False), OWNER)
    board.refuse(segment(board.now), "NotPoster")


# Clock


def test_clocks_never_fall(board):
    now = board.now
    board.refuse(segment(now) + segment(now - 1), "ClockFalls(1)", segments=2)
    board.accept(segment(now - 5) + segment(now - 5) + segment(now - 3), segments=3)
    board.refuse(segment(now - 4), "ClockFalls(0)")
    board.accept(segment(now - 3))


def run_ahead(twin):
    board = Board(twin)
    return board, segment(board.now + 1)


def test_clocks_do_not_run_ahead_of_the_block():
    board, data = run_ahead(None)
    board.refuse(data, "ClockAhead(0)")
    board.refuse(segment(board.now) + segment(2**64 - 1), "ClockAhead(1)", segments=2)
    board.accept(segment(board.now))
    board, data = run_ahead("rollup-future-clock")
    board.accept(data)


def test_clocks_lag_the_block_by_no_more_than_the_bound(board):
    board.refuse(segment(board.now - MAX_LAG - 1), "ClockLags(0)")
    board.refuse(segment(0), "ClockLags(0)")
    board.accept(segment(board.now - MAX_LAG))


# Forced items


def test_forced_items_are_taken_in_order():
    board = Board(deposits=3)
    assert board.accept(segment(board.now, [], 1))["queueCursor"] == 1
    assert board.accept(segment(board.now, [STEP], 1) + segment(board.now, [], 1), segments=2)["queueCursor"] == 3
    board.refuse(segment(board.now, [], 1), "QueueExceeded(4)")
    assert board.accept(segment(board.now))["queueCursor"] == 3


def test_items_that_do_not_exist_are_not_taken():
    board = Board(deposits=1)
    board.refuse(segment(board.now, [], 2), "QueueExceeded(2)")
    board.refuse(segment(board.now, [], 32) * 200, "QueueExceeded(6400)", segments=200)


def censor(twin, seconds):
    """Post without the oldest item, this long after its entry."""
    board = Board(twin, deposits=1)
    entered = board.near.head().timestamp
    board.house.link.until(entered + seconds, board.near)
    return board


def test_an_overdue_item_must_be_taken():
    board = censor(None, DELAY)
    board.accept(segment(board.now))
    board = censor(None, DELAY + 1)
    board.refuse(segment(board.now), "QueueOverdue(0)")
    board.accept(segment(board.now, [STEP], 1))
    board = censor("rollup-censors", DELAY + 1)
    board.accept(segment(board.now))


def test_every_overdue_item_must_be_taken():
    board = Board(deposits=2)
    board.house.link.until(board.near.head().timestamp + DELAY + 100, board.near)
    board.refuse(segment(board.now, [], 1), "QueueOverdue(1)")
    board.accept(segment(board.now, [], 2))


# Finality


def settle(twin, seconds, blocks):
    board = Board(twin)
    board.accept(segment(board.now))
    posted = board.near.head()
    while board.near.head().number < posted.number + blocks - 1:
        board.near.mine()
    board.house.link.until(posted.timestamp + seconds, board.near)
    board.near.mine()
    assert board.near.head().number == posted.number + blocks
    assert board.near.head().timestamp == posted.timestamp + seconds
    return board.near.call(board.rollup.functions.isFinal(0))


def test_a_batch_is_final_after_its_seconds_and_its_blocks():
    assert settle(None, CHALLENGE_SECONDS, CHALLENGE_BLOCKS)
    assert not settle(None, CHALLENGE_SECONDS - 1, CHALLENGE_BLOCKS + 3)
    assert not settle(None, CHALLENGE_SECONDS * 10, CHALLENGE_BLOCKS - 1)
    assert settle("rollup-final-by-seconds-alone", CHALLENGE_SECONDS, CHALLENGE_BLOCKS - 1)


def test_a_batch_that_does_not_exist_is_not_final(board):
    for index in (0, 1, 2**64 - 1):
        assert not board.read("isFinal", index)


def test_unsafe_parameters_are_refused():
    house = new_house()
    good = [OWNER.address, house.queue.address, GENESIS_ROOT, 1, 1, 1, RELAYER.address]
    deploy(house.link.near, "Rollup", *good)
    for position, value in ((1, STRANGER.address), (2, bytes(32)), (3, 0), (4, 0), (5, 0)):
        arguments = [*good[:position], value, *good[position + 1 :]]
        with pytest.raises(TransactionReverted, match="InvalidParameters"):
            deploy(house.link.near, "Rollup", *arguments)
    with pytest.raises(TransactionReverted, match="OwnableInvalidOwner"):
        deploy(house.link.near, "Rollup", ZERO, *good[1:])
    assert new_rollup(house.link.near, house.queue).address
