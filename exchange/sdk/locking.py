"""Cash locked under a hash, as a trader meets it: lock, claim, refund, look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from eth_utils.address import is_address, to_canonical_address

from exchange.engine import LockReport
from exchange.engine.balance_events import CashLocked
from exchange.engine.events import Event
from exchange.engine.signing import Signer, sign_lock_cash
from exchange.engine.steps import claim_lock, refund_lock
from exchange.sdk.amounts import CASH_DECIMALS, Amount, from_base_units, to_base_units
from exchange.sdk.errors import Rejected
from exchange.sdk.results import CashLock
from exchange.sequencer import Confirmation
from exchange.state.config import Domain

STEP_SECONDS = 120
HASH_BYTES = 32


class LockVenue(Protocol):
    """What locking asks of the exchange; see `Venue`."""

    @property
    def domain(self) -> Domain:
        """What steps are signed for."""
        ...

    def now(self) -> int:
        """The venue's clock in seconds."""
        ...

    async def submit(self, step: bytes) -> Confirmation:
        """Has a step executed and confirmed."""
        ...

    async def account_of(self, owner: bytes) -> int:
        """Account id of an owner."""
        ...

    async def lock(self, lock: int) -> LockReport:
        """One lock, open or not."""
        ...

    async def locks(self, account: int) -> list[LockReport]:
        """Open locks from or for an account."""
        ...


class CashLocks:
    """Locks of one wallet. `nonce` gives fresh ones."""

    def __init__(self, signer: Signer, venue: LockVenue, nonce: Callable[[], int]) -> None:
        self._signer = signer
        self._venue = venue
        self._nonce = nonce

    async def lock(self, *, payee: int | str, amount: Amount, digest: bytes, deadline: int) -> CashLock:
        """Sets cash aside for an account, named by id or by its owner's address."""
        if not isinstance(digest, bytes) or len(digest) != HASH_BYTES:
            raise Rejected("InvalidHash", "a hash is the 32 bytes of a sha256")
        account = await self._venue.account_of(self._signer.address)
        step = sign_lock_cash(
            self._signer,
            self._venue.domain,
            account=account,
            payee=await self._payee(payee),
            amount=to_base_units(amount, decimals=CASH_DECIMALS, what="lock amount"),
            hash=digest,
            deadline=_u64(deadline),
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        confirmation = await self._venue.submit(step)
        return await self.fetch(_lock_id_of(confirmation.events))

    async def claim(self, *, lock_id: int, preimage: bytes) -> CashLock:
        """Pays a lock to its payee; anyone may."""
        if not isinstance(preimage, bytes) or len(preimage) != HASH_BYTES:
            raise Rejected("WrongPreimage", "a preimage has exactly 32 bytes")
        await self._venue.submit(claim_lock(_u64(lock_id), preimage))
        return await self.fetch(lock_id)

    async def refund(self, *, lock_id: int) -> CashLock:
        """Gives a lock back to its locker; anyone may."""
        await self._venue.submit(refund_lock(_u64(lock_id)))
        return await self.fetch(lock_id)

    async def fetch(self, lock_id: int) -> CashLock:
        """One lock, open or not."""
        return _cash_lock(await self._venue.lock(lock_id))

    async def fetch_open(self) -> tuple[CashLock, ...]:
        """Open locks from or for this wallet's account."""
        account = await self._venue.account_of(self._signer.address)
        return tuple(_cash_lock(report) for report in await self._venue.locks(account))

    async def _payee(self, payee: int | str) -> int:
        if isinstance(payee, int) and not isinstance(payee, bool):
            if not 0 <= payee < 1 << 32:
                raise Rejected("InvalidPayee", f"{payee} is not an account")
            return payee
        if not isinstance(payee, str) or not is_address(payee):
            raise Rejected("InvalidPayee", f"{payee!r} is neither an account nor an address")
        return await self._venue.account_of(to_canonical_address(payee))


def _cash_lock(report: LockReport) -> CashLock:
    return CashLock(
        lock_id=report.lock,
        account=report.account,
        payee=report.payee,
        amount=from_base_units(report.amount, decimals=CASH_DECIMALS),
        hash=report.hash,
        deadline=report.deadline,
        status=report.status.name.lower(),
    )


def _lock_id_of(events: tuple[Event, ...]) -> int:
    for event in events:
        if isinstance(event, CashLocked):
            return event.id
    raise Rejected("CashNotLocked", str(events))


def _u64(value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 64:
        raise Rejected("OutOfRange", f"{value!r} is no number of 64 bits")
    return value
