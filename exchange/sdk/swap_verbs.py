"""The trader's verbs for swaps, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from bridge.swaps.agreement import Agreement
from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.quote_file import QuoteRequest
from bridge.swaps.quotes import Side
from exchange.sdk.amounts import CASH_DECIMALS, Amount, to_base_units
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.handles import Blocking
from exchange.sdk.quoting import Offered, Offers, QuoteSource, gather, take
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_handles import AsyncSwap, SwapHandle

EXCHANGE, CASH = "exchange", "USD"
"""How cash on the exchange is named where a chain and an asset are asked for."""


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

    async def fetch_quotes(  # noqa: PLR0913 - the question
        self,
        *,
        give_chain: str,
        give_asset: str,
        give_amount: Amount,
        take_chain: str,
        take_asset: str,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.FINAL,
    ) -> Offers:
        """Asks providers what they give for an amount, and checks every answer by this wallet's own rules.

        Chain `EXCHANGE` with asset `CASH` is cash on the exchange, on one side at most. `guarantee`: what whoever gives
        second may rely on of a lock of cash: soft, posted or final.
        """
        desk = self.swaps
        gives = side_of(desk, give_chain, give_asset, give_amount)
        takes = side_of(desk, take_chain, take_asset, None)
        kind = SwapKind.EXIT if gives.is_cash else SwapKind.ENTRY if takes.is_cash else SwapKind.SWAP
        request = QuoteRequest(
            customer=desk.address, kind=kind, guarantee=_guarantee(guarantee), gives=gives, takes=takes
        )
        return on_chain(lambda: gather(desk, request, providers))

    async def take_quote(self, offered: Offered) -> AsyncSwap:
        """Agrees to an offer; nothing is locked before the handle, or a settler, runs."""
        desk = self.swaps
        hashlock = on_chain(lambda: take(desk, offered))
        return AsyncSwap(desk, hashlock, advance=self._advance, quote=offered.quote)

    async def fast_exit(
        self,
        *,
        chain: str,
        asset: str,
        cash: Amount,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.POSTED,
    ) -> AsyncSwap:
        """Swaps exchange cash for an asset on a chain, at the best quote and with no challenge period to wait for.

        `guarantee`: on what the provider may rely; softer is dearer and capped, and sooner.
        """
        offers = await self.fetch_quotes(
            give_chain=EXCHANGE,
            give_asset=CASH,
            give_amount=cash,
            take_chain=chain,
            take_asset=asset,
            providers=providers,
            guarantee=guarantee,
        )
        return await self.take_quote(offers.best)

    async def fast_entry(
        self,
        *,
        chain: str,
        asset: str,
        amount: Amount,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.POSTED,
    ) -> AsyncSwap:
        """Swaps an asset on a chain for exchange cash, at the best quote. `guarantee`: on what this wallet relies."""
        offers = await self.fetch_quotes(
            give_chain=chain,
            give_asset=asset,
            give_amount=amount,
            take_chain=EXCHANGE,
            take_asset=CASH,
            providers=providers,
            guarantee=guarantee,
        )
        return await self.take_quote(offers.best)

    async def fetch_swaps(self) -> tuple[AsyncSwap, ...]:
        """Every swap in the book, the oldest first."""
        desk = self.swaps
        return tuple(AsyncSwap(desk, kept.hashlock, advance=self._advance) for kept in desk.book.all())


def side_of(desk: SwapDesk, chain: str, asset: str, amount: Amount | None) -> Side:
    """What is given, or with no amount what is taken; raises Rejected(UnknownAsset), InvalidAmount."""
    if chain == EXCHANGE:
        if asset != CASH:
            raise Rejected("UnknownAsset", f"{asset} on {EXCHANGE}; known: {CASH}")
        settlement = desk.network.settlement
        side = Side(chain_id=settlement.chain_id, escrow=settlement.rollup, asset=settlement.rollup, amount=0)
    else:
        spec = desk.catalogue.asset(chain=chain, symbol=asset)
        token = to_checksum_address(spec.token)
        side = Side(chain_id=spec.chain_id, escrow=desk.escrow(spec.chain_id), asset=token, amount=0)
    if amount is None:
        return side
    return replace(side, amount=to_base_units(amount, decimals=decimals_of(desk, side), what="amount given"))


def decimals_of(desk: SwapDesk, side: Side) -> int:
    """Decimals of an asset, or of cash."""
    return CASH_DECIMALS if side.is_cash else desk.asset_of(side).decimals


def _guarantee(word: Guarantee | str) -> Guarantee:
    try:
        return Guarantee(word)
    except ValueError as error:
        raise Rejected("UnknownWord", f"guarantee {word!r}; one of {', '.join(Guarantee)}") from error


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

    def fetch_quotes(  # noqa: PLR0913 - the question
        self,
        *,
        give_chain: str,
        give_asset: str,
        give_amount: Amount,
        take_chain: str,
        take_asset: str,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.FINAL,
    ) -> Offers:
        """See `AsyncSwapVerbs.fetch_quotes`."""
        work = self._inner.fetch_quotes(
            give_chain=give_chain,
            give_asset=give_asset,
            give_amount=give_amount,
            take_chain=take_chain,
            take_asset=take_asset,
            providers=providers,
            guarantee=guarantee,
        )
        return self._run(work)

    def take_quote(self, offered: Offered) -> SwapHandle:
        """See `AsyncSwapVerbs.take_quote`."""
        return SwapHandle(self._run(self._inner.take_quote(offered)), self._run)

    def fast_exit(
        self,
        *,
        chain: str,
        asset: str,
        cash: Amount,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.POSTED,
    ) -> SwapHandle:
        """See `AsyncSwapVerbs.fast_exit`."""
        work = self._inner.fast_exit(chain=chain, asset=asset, cash=cash, providers=providers, guarantee=guarantee)
        return SwapHandle(self._run(work), self._run)

    def fast_entry(
        self,
        *,
        chain: str,
        asset: str,
        amount: Amount,
        providers: Sequence[QuoteSource],
        guarantee: Guarantee | str = Guarantee.POSTED,
    ) -> SwapHandle:
        """See `AsyncSwapVerbs.fast_entry`."""
        work = self._inner.fast_entry(chain=chain, asset=asset, amount=amount, providers=providers, guarantee=guarantee)
        return SwapHandle(self._run(work), self._run)

    def fetch_swaps(self) -> tuple[SwapHandle, ...]:
        """See `AsyncSwapVerbs.fetch_swaps`."""
        return tuple(SwapHandle(swap, self._run) for swap in self._run(self._inner.fetch_swaps()))
