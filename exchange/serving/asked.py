"""What questions of a served venue take, and the answers that are no view of the engine's."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from exchange.engine import Event
from exchange.rollup.segment import MAX_STEP_BYTES
from exchange.sequencer.recutting import Recut

Id = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Hash = Annotated[bytes, Meta(min_length=32, max_length=32)]
Address = Annotated[bytes, Meta(min_length=20, max_length=20)]
EVENTS_MAX = 500
ENTRIES_MAX = 2_000
LEVELS_MAX = 500
ANSWER_BYTES_MAX = 16 * 1024 * 1024
"""No answer is longer: ENTRIES_MAX entries of MAX_STEP_BYTES in hex are."""
REQUEST_BYTES_MAX = 2 * MAX_STEP_BYTES + 1_024
"""A step in hex and what is around it."""


class Nothing(Struct, forbid_unknown_fields=True):
    """No parameters."""


class Step(Struct, forbid_unknown_fields=True):
    """An encoded step; docs/protocol/state.md."""

    step: Annotated[bytes, Meta(max_length=MAX_STEP_BYTES)]


class OfOwner(Struct, forbid_unknown_fields=True):
    """An account by its owner."""

    owner: Address


class OfAccount(Struct, forbid_unknown_fields=True):
    """An account by its id."""

    account: Id


class OfMarket(Struct, forbid_unknown_fields=True):
    """A market by its id."""

    market: Id


class BookOf(Struct, forbid_unknown_fields=True):
    """So many levels of a market."""

    market: Id
    levels: Annotated[int, Meta(ge=1, le=LEVELS_MAX)]


class OrdersOf(Struct, forbid_unknown_fields=True):
    """An account's orders in one market, or in all."""

    account: Id
    market: Id | None = None


class OfLock(Struct, forbid_unknown_fields=True):
    """A hash lock by its id."""

    lock: Id


class LockUnder(Struct, forbid_unknown_fields=True):
    """The lock of an account under a hash."""

    hash: Hash
    account: Id


class OfHash(Struct, forbid_unknown_fields=True):
    """A hash."""

    hash: Hash


class OfWaiting(Struct, forbid_unknown_fields=True):
    """A waiting withdrawal by its id."""

    waiting: Id


class OfWithdrawal(Struct, forbid_unknown_fields=True):
    """A withdrawal by its id."""

    withdrawal: Id


class WithdrawalIn(Struct, forbid_unknown_fields=True):
    """A withdrawal and the batch it was made in."""

    withdrawal: Id
    batch: Id


class OfBatch(Struct, forbid_unknown_fields=True):
    """A batch by its index."""

    batch: Id


class Since(Struct, forbid_unknown_fields=True):
    """What was sequenced after a sequence number, or after a place told before, which a new cut does not move."""

    sequence: Id | None = None
    place: Id | None = None
    most: Annotated[int, Meta(ge=1, le=EVENTS_MAX)] = EVENTS_MAX


class LogFrom(Struct, forbid_unknown_fields=True):
    """Entries of the log from a height on."""

    height: Id
    most: Annotated[int, Meta(ge=1, le=ENTRIES_MAX)] = ENTRIES_MAX


class Dead(Struct, forbid_unknown_fields=True):
    """What a poster says the settlement chain can never take."""

    index: Id


class StepOf(Struct, forbid_unknown_fields=True):
    """A step by the keccak-256 of its bytes."""

    step_hash: Hash


class Trial(Struct, forbid_unknown_fields=True):
    """A step to try on an account without sequencing it; its signature is not needed."""

    account: Id
    step: Annotated[bytes, Meta(max_length=MAX_STEP_BYTES)]


class PriceTrial(Struct, forbid_unknown_fields=True):
    """Index prices to try on an account, 1e-8 USD by underlying."""

    account: Id
    prices: dict[Id, Id]


class Posted(Struct, forbid_unknown_fields=True):
    """What a poster says the settlement chain finally has."""

    index: Id
    commitment: Hash


class VenueFacts(Struct, frozen=True):
    """Who serves what: `operator` signs confirmations, `genesis` is the root the log starts from."""

    settlement_chain: int
    rollup: bytes
    operator: bytes
    genesis: bytes
    now: int


class Told(Struct, frozen=True):
    """A `Sequenced`, as it is served. `place` counts what this venue told since it was opened, and never falls."""

    place: int
    sequence: int
    clock: int
    step: bytes | None
    forced_index: int | None
    events: tuple[Event, ...]
    recut: Recut | None = None


class LogEntry(Struct, frozen=True):
    """An entry of the log; its height follows from its place."""

    payload: bytes
    digest: bytes


class Batches(Struct, frozen=True):
    """How far posting has come: `posted` batches are on the settlement chain for good."""

    posted: int
    backlog_bytes: int
    queue_cursor: int


class Ticker(Struct, frozen=True):
    """Mark, index and best prices of a market in 1e-8 USD, None where there is none."""

    market: int
    mark: int | None
    index: int
    bid: int | None
    ask: int | None
    open_interest: int
