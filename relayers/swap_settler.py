"""Settles a party's swaps: locks, claims on a final reveal, takes back what is due. The book is its memory."""

from collections.abc import Callable

from bridge.errors import BridgeError
from bridge.swaps.book import KeptSwap, SwapBook
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Step
from bridge.swaps.settling import LegPort, Moment, Permission, Settlement
from chains.errors import ChainError
from exchange.sdk.errors import ClearspanError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow
from relayers.reports import Did, Journal, StepReport, WaitsFor


class SwapSettler:
    """Takes one step of every open swap of a book, either side; a swap that cannot go on holds up no other.

    ports: where each leg is locked. may_lock: says why not, or nothing; asked before every lock.
    """

    def __init__(
        self,
        book: SwapBook,
        ports: Callable[[Leg], LegPort],
        *,
        may_lock: Permission = lambda swap: "",  # noqa: ARG005 - who asks nobody may always
        hook: Hook = no_hook,
    ) -> None:
        self.book = book
        self._settlement = Settlement(book, ports, may_lock=may_lock, hook=_moments(hook))

    def step(self) -> StepReport:
        """Look at every open swap once; what a chain or a venue cannot answer now waits."""
        journal = Journal()
        for swap in self.book.open():
            try:
                self._advance(journal, swap)
            except (ChainError, BridgeError, ClearspanError) as error:
                journal.waits_for(WaitsFor.CHAIN, swap.hashlock, str(error))
            except NotNow as reason:
                journal.waits_for(reason.waits_for, swap.hashlock, reason.detail)
        return journal.report()

    def _advance(self, journal: Journal, swap: KeptSwap) -> None:
        progress = self._settlement.advance(swap)
        step, why = progress.decision.step, progress.decision.why
        if progress.acted:
            journal.did(Did.SUBMITTED, swap.hashlock, f"{step}: {why}")
        elif step is Step.DONE:
            journal.did(Did.SETTLED, swap.hashlock, why)
        else:
            journal.waits_for(WaitsFor.SWAP, swap.hashlock, progress.held_back or why)


def _moments(hook: Hook) -> Callable[[Moment], None]:
    return lambda moment: hook(CrashPoint[moment.name])
