"""A handle on a swap: where it stands, and a bounded wait that takes this side's steps and moves the world on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap
from bridge.swaps.cash import CashLeg
from bridge.swaps.guarantees import Guarantees, SwapKind, guarantees_of
from bridge.swaps.machine import Role
from bridge.swaps.quotes import Quote
from bridge.swaps.status import PROGRESS, SwapStatus, status_of
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected, TimedOut
from exchange.sdk.handles import WAIT_STEPS_MAX, Blocking
from exchange.sdk.swap_desk import SwapDesk


class AsyncSwap:
    """One swap of a wallet. Dropping the handle stops nothing that a settler runs, and loses nothing.

    `quote` where it was taken from a provider. `guarantees`: on what each side relies, in words.
    """

    def __init__(
        self,
        desk: SwapDesk,
        hashlock: bytes,
        *,
        advance: Callable[[], Awaitable[Any]],
        quote: Quote | None = None,
    ) -> None:
        kept = desk.book.get(hashlock)
        if kept is None:
            raise Rejected("UnknownSwap", f"0x{hashlock.hex()}")
        self._desk = desk
        self._advance = advance
        self._status = SwapStatus.AGREED
        self.hashlock = hashlock
        self.role: Role = kept.role
        self.agreement: Agreement = kept.agreement
        self.quote = quote
        self.guarantees: Guarantees = guarantees_of(kind_of(kept), kept.guarantee)

    @property
    def status(self) -> SwapStatus:
        """Where it stood at the last look."""
        return self._status

    def save(self, path: Path | str) -> None:
        """Write the file for the other party; it holds no secret."""
        self.agreement.save(Path(path))

    async def refresh(self) -> SwapStatus:
        """Takes this side's next step if one is due, and says where the swap stands."""

        def look() -> SwapStatus:
            kept = self._desk.book.get(self.hashlock)
            assert kept is not None  # noqa: S101 - nothing leaves the book
            if kept.outcome is None:
                self._desk.settlement.advance(kept)
                kept = self._desk.book.get(self.hashlock) or kept
            return status_of(kept.outcome, self._desk.settlement.knowledge(kept)[0])

        self._status = on_chain(look)
        return self._status

    async def wait(self, status: SwapStatus | str = SwapStatus.PAID, *, max_steps: int = WAIT_STEPS_MAX) -> AsyncSwap:
        """Moves the world on until the swap has come so far, or ended so.

        Raises TimedOut after `max_steps`, Rejected(UnknownStage), and Rejected(SwapReturned, SwapExpired or SwapLost)
        where it ended otherwise.
        """
        try:
            wanted = SwapStatus(status)
        except ValueError as error:
            raise Rejected("UnknownStage", f"{status!r}; a swap has {', '.join(SwapStatus)}") from error
        for _ in range(max_steps + 1):
            found = await self.refresh()
            if found is wanted:
                return self
            if found not in PROGRESS:
                raise Rejected(f"Swap{found.capitalize()}", f"0x{self.hashlock.hex()}")
            if wanted in PROGRESS and PROGRESS.index(found) >= PROGRESS.index(wanted):
                return self
            if found is SwapStatus.PAID:
                raise Rejected("SwapPaid", f"0x{self.hashlock.hex()}")
            await self._advance()
        raise TimedOut(f"swap 0x{self.hashlock.hex()} is {self._status} after {max_steps} steps, not {wanted}")


def kind_of(kept: KeptSwap) -> SwapKind:
    """What a swap of a customer's is."""
    if not isinstance(kept.agreement.long, CashLeg):
        return SwapKind.SWAP
    return SwapKind.EXIT if kept.role is Role.INITIATOR else SwapKind.ENTRY


class SwapHandle:
    """The same for synchronous code; `status` looks again each time."""

    def __init__(self, inner: AsyncSwap, run: Blocking) -> None:
        self._inner = inner
        self._run = run
        self.hashlock = inner.hashlock
        self.role = inner.role
        self.agreement = inner.agreement
        self.quote = inner.quote
        self.guarantees = inner.guarantees

    @property
    def status(self) -> SwapStatus:
        """Where it stands now."""
        return self._run(self._inner.refresh())

    def save(self, path: Path | str) -> None:
        """Write the file for the other party; it holds no secret."""
        self._inner.save(path)

    def wait(self, status: SwapStatus | str = SwapStatus.PAID, *, max_steps: int = WAIT_STEPS_MAX) -> SwapHandle:
        """See `AsyncSwap.wait`."""
        self._run(self._inner.wait(status, max_steps=max_steps))
        return self
