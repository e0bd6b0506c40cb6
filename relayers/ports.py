"""What the daemons need of the venue. `exchange.sequencer.Sequencer` satisfies all but the price source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from exchange.engine import ForcedItem
from exchange.engine.pricing import Smile
from exchange.rollup import Batch
from exchange.state import State, WithdrawalProof


class ForcedItemSink(Protocol):
    """Takes items of the forced queue, durably, each once."""

    @property
    def forced_cursor(self) -> int:
        """Index of the next item it has not taken."""
        ...

    def take_forced(self, first_index: int, items: Sequence[ForcedItem]) -> int:
        """Take items in order from `first_index`; those taken before are skipped. Returns how many were new."""
        ...


class BatchSource(Protocol):
    """Hands out batches in order; keeps each until it is told that the chain has it."""

    @property
    def posted_batches(self) -> int:
        """Index of the oldest batch that is not known to be posted."""
        ...

    @property
    def backlog_bytes(self) -> int:
        """Bytes that wait to be posted."""
        ...

    def next_batch(self) -> Batch | None:
        """The oldest batch that is not posted, the same bytes until confirmed or cut anew; None if none is."""
        ...

    @property
    def forced_cursor(self) -> int:
        """Index of the next forced item that no batch, posted or not, has taken."""
        ...

    def recut(self, index: int, *, earliest: int, overdue: int | None = None) -> object:
        """The chain can never take batch `index`: cut anew what is not posted, no clock below `earliest` (seconds).

        `overdue`: the forced item that should have been in it, where that is the reason.
        """
        ...

    def confirm_posted(self, index: int, commitment: bytes) -> None:
        """The chain has the batch, in a final block."""
        ...


class WithdrawalSource(Protocol):
    """Knows the withdrawals of posted batches and proves them."""

    def withdrawals_in(self, batch_index: int) -> Sequence[WithdrawalProof]:
        """Withdrawals made in a batch, proven under its last root."""
        ...

    def prove_withdrawal(self, withdrawal_id: int, batch_index: int) -> WithdrawalProof:
        """One of them."""
        ...


class StepSink(Protocol):
    """Executes steps; raises the engine's `Rejected`."""

    @property
    def state(self) -> State:
        """To be read only."""
        ...

    def submit(self, step: bytes) -> object:
        """Execute one step durably."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePrice:
    """What a source says an underlying is worth, give or take `confidence_e8` (1e-8 USD), and when, in seconds."""

    price_e8: int
    time: int
    confidence_e8: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSmile:
    """What a source says of an expiry: smile (1e-18, for the time from `time` on), carry (1e-9 a year), seconds."""

    smile: Smile
    carry: int
    time: int


class SmileSource(Protocol):
    """Where an oracle has its smiles from. Sources of one truth answer bit for bit the same."""

    def latest(self, expiry: int) -> SourceSmile | None:
        """The newest smile of an expiry, None while there is none."""
        ...


class PriceSource(Protocol):
    """Where an oracle has its prices from."""

    def latest(self, underlying: int) -> SourcePrice | None:
        """The newest price, None while there is none."""
        ...
