"""Option quotes computed ahead in other processes, so that Reprice steps only look them up."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from types import TracebackType
from typing import Final, Self

from exchange.engine.marking import terms_outstanding
from exchange.engine.pricing import option_quote
from exchange.state import State

_CHUNK: Final = 16


class QuoteWorkers:
    """Processes that quote options. A quote is a function of its terms alone, so it does not matter who computes it."""

    def __init__(self, processes: int) -> None:
        self._pool = ProcessPoolExecutor(processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prepare(self, state: State, underlying_id: int) -> int:
        """Quote what an underlying's last report has left to mark, in place of all earlier quotes; returns how many."""
        terms = terms_outstanding(state, underlying_id)
        state.quotes.clear()
        state.quotes.update(zip(terms, self._pool.map(option_quote, terms, chunksize=_CHUNK), strict=True))
        return len(terms)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()
