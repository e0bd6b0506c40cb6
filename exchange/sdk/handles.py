"""Handles on what takes several blocks: where it stands, and a bounded wait that moves the world on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from exchange.sdk.errors import Rejected, TimedOut

T = TypeVar("T")

FINALIZED = "finalized"
WAIT_STEPS_MAX = 400

DEPOSIT_STAGES = ("submitted", "delivered", "credited", FINALIZED)
WITHDRAWAL_STAGES = ("accepted", "posted", "released", FINALIZED)
WAITING_STAGES = ("waiting", *WITHDRAWAL_STAGES)
REBALANCE_STAGES = ("reserved", "delivered", "filled", *WITHDRAWAL_STAGES[1:])
LAPSED = "lapsed"
LEFT = "left"
REDIRECTED = "redirected"
DEAD_ENDS = ("refused", "expired", LAPSED, LEFT, REDIRECTED)


class Blocking(Protocol):
    """Runs a coroutine to its end on behalf of a synchronous caller."""

    def __call__(self, work: Awaitable[T]) -> T:
        """The coroutine's result."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What was asked for: `amount` in base units of `asset` on `chain`; `reference` names it in errors."""

    kind: str
    chain: str
    asset: str
    amount: int
    reference: str


class AsyncHandle:
    """A deposit or withdrawal under way.

    Stages of a deposit: submitted (locked in the vault), delivered (in the forced queue), credited (in the account),
    finalized (the batch with it is final). Of a withdrawal: accepted (taken from the account), posted, released (the
    outbox sent the packet), finalized (the vault paid); of one whose vault is short, waiting comes first. Of a
    rebalancing: reserved (both sides set aside, the deposit sent), delivered, filled (credited and taken out on the
    other chain), then as a withdrawal. Dead ends: refused, expired, lapsed (the deposit came too late and is ordinary
    cash of the account), left (its owner left the queue), redirected (he sent what the vault had not paid back to his
    account).
    """

    def __init__(
        self,
        transfer: Transfer,
        *,
        stages: tuple[str, ...],
        read: Callable[[], Awaitable[str]],
        advance: Callable[[], Awaitable[Any]],
        packet: Callable[[], str | None],
    ) -> None:
        self.transfer = transfer
        self._stages = stages
        self._read = read
        self._advance = advance
        self._packet = packet
        self._status = stages[0]

    @property
    def status(self) -> str:
        """The stage last seen; `refresh()` looks again."""
        return self._status

    @property
    def packet(self) -> str | None:
        """Id of the packet that carries it, 0x-hex; None while a withdrawal has not left."""
        return self._packet()

    async def refresh(self) -> str:
        """Looks again and returns the stage."""
        if self._status != self._stages[-1] and self._status not in DEAD_ENDS:
            self._status = await self._read()
        return self._status

    async def wait(self, stage: str = FINALIZED, *, max_steps: int = WAIT_STEPS_MAX) -> AsyncHandle:
        """Moves the world on until `stage` is reached.

        Raises TimedOut after `max_steps`, Rejected(UnknownStage) for a stage it does not have, and
        Rejected(TransferRefused, TransferExpired, TransferLapsed, TransferLeft or TransferRedirected) where it can no
        longer be reached.
        """
        if stage not in self._stages:
            raise Rejected("UnknownStage", f"{stage!r}; a {self.transfer.kind} has {', '.join(self._stages)}")
        wanted = self._stages.index(stage)
        for _ in range(max_steps + 1):
            status = await self.refresh()
            if status in DEAD_ENDS:
                raise Rejected(f"Transfer{status.capitalize()}", f"{self.transfer.kind} {self.transfer.reference}")
            if self._stages.index(status) >= wanted:
                return self
            await self._advance()
        raise TimedOut(
            f"{self.transfer.kind} {self.transfer.reference} is {self._status} after {max_steps} steps, not {stage}"
        )


class Handle:
    """The same handle for synchronous code; `status` looks again each time."""

    def __init__(self, inner: AsyncHandle, run: Blocking) -> None:
        self._inner = inner
        self._run = run

    @property
    def inner(self) -> AsyncHandle:
        """The handle of asynchronous code."""
        return self._inner

    @property
    def transfer(self) -> Transfer:
        """What was asked for."""
        return self._inner.transfer

    @property
    def status(self) -> str:
        """The stage it has reached now."""
        return self._run(self._inner.refresh())

    @property
    def packet(self) -> str | None:
        """Id of the packet that carries it, 0x-hex; None while a withdrawal has not left."""
        return self._inner.packet

    def wait(self, stage: str = FINALIZED, *, max_steps: int = WAIT_STEPS_MAX) -> Handle:
        """See `AsyncHandle.wait`."""
        self._run(self._inner.wait(stage, max_steps=max_steps))
        return self
