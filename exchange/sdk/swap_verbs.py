"""The trader's verbs for swaps, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bridge.swaps.agreement import Agreement
from exchange.sdk.amounts import Amount, to_base_units
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.handles import Blocking
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_handles import AsyncSwap, SwapHandle


class AsyncSwapVerbs:
    """Swaps of one wallet with others, with nobody between them."""

    _swaps: SwapDesk | None
    _advance: Callable[[], Awaitable[Any]]

    @property
    def swaps(self) -> SwapDesk:
        """Book, rules and settlement; raises Rejected(NoSwaps) for a trader built without."""
        if self._swaps is None:
            raise Rejected("NoSwaps", "this trader was built without a swap desk")
        return self._swaps

    async def propose_swap(  # noqa: PLR0913 - the terms
        self,
        *,
        give_chain: str,
        give_asset: str,
        give_amount: Amount,
        take_chain: str,
        take_asset: str,
        take_amount: Amount,
        counterparty: str,
    ) -> AsyncSwap:
        """Offers an asset on one chain for one on another to the wallet `counterparty`; this wallet locks first.

        Nothing is locked before the handle (or a settler) runs. Hand over the file that `save` writes.
        """
        desk = self.swaps
        give = desk.catalogue.asset(chain=give_chain, symbol=give_asset)
        take = desk.catalogue.asset(chain=take_chain, symbol=take_asset)
        kept = on_chain(
            lambda: desk.propose(
                give=give,
                give_amount=to_base_units(give_amount, decimals=give.decimals, what="amount given"),
                take=take,
                take_amount=to_base_units(take_amount, decimals=take.decimals, what="amount taken"),
                counterparty=counterparty,
            )
        )
        return AsyncSwap(desk, kept.hashlock, advance=self._advance)

    async def accept_swap(self, terms: Agreement | Path | str) -> AsyncSwap:
        """Agrees to the terms of another wallet, given as they are or as their file; this wallet locks second."""
        desk = self.swaps
        agreement = terms if isinstance(terms, Agreement) else on_chain(lambda: Agreement.load(Path(terms)))
        kept = on_chain(lambda: desk.accept(agreement))
        return AsyncSwap(desk, kept.hashlock, advance=self._advance)

    async def fetch_swaps(self) -> tuple[AsyncSwap, ...]:
        """Every swap in the book, the oldest first."""
        desk = self.swaps
        return tuple(AsyncSwap(desk, kept.hashlock, advance=self._advance) for kept in desk.book.all())


class SwapVerbs:
    """The same for synchronous code."""

    _inner: AsyncSwapVerbs
    _run: Blocking

    @property
    def swaps(self) -> SwapDesk:
        """See `AsyncSwapVerbs.swaps`."""
        return self._inner.swaps

    def propose_swap(  # noqa: PLR0913 - the terms
        self,
        *,
        give_chain: str,
        give_asset: str,
        give_amount: Amount,
        take_chain: str,
        take_asset: str,
        take_amount: Amount,
        counterparty: str,
    ) -> SwapHandle:
        """See `AsyncSwapVerbs.propose_swap`."""
        work = self._inner.propose_swap(
            give_chain=give_chain,
            give_asset=give_asset,
            give_amount=give_amount,
            take_chain=take_chain,
            take_asset=take_asset,
            take_amount=take_amount,
            counterparty=counterparty,
        )
        return SwapHandle(self._run(work), self._run)

    def accept_swap(self, terms: Agreement | Path | str) -> SwapHandle:
        """See `AsyncSwapVerbs.accept_swap`."""
        return SwapHandle(self._run(self._inner.accept_swap(terms)), self._run)

    def fetch_swaps(self) -> tuple[SwapHandle, ...]:
        """See `AsyncSwapVerbs.fetch_swaps`."""
        return tuple(SwapHandle(swap, self._run) for swap in self._run(self._inner.fetch_swaps()))
