"""The exchange as one party to a swap meets it: reads locks as far as it relies on them, locks, claims, refunds.

What the operator refuses, or says and does not post, goes through the forced queue of the settlement chain, where it is
judged by when it entered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address

from bridge.settlement import ForcedQueue
from bridge.swaps.cash import CashLeg
from bridge.swaps.escrow import LegStatus
from bridge.swaps.guarantees import Guarantee
from bridge.swaps.legs import Leg
from bridge.swaps.machine import LegView
from exchange.engine import LockReport
from exchange.engine.signing import Signer, sign_lock_cash
from exchange.engine.steps import claim_lock, refund_lock
from exchange.sdk.cash_venue import CashVenue
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sdk.posted_state import PostedState
from exchange.state.lock import LockStatus

FORCED_GAS = 400_000
_STATUS: Mapping[LockStatus | None, LegStatus] = {
    None: LegStatus.ABSENT,
    LockStatus.OPEN: LegStatus.LOCKED,
    LockStatus.CLAIMED: LegStatus.CLAIMED,
    LockStatus.REFUNDED: LegStatus.REFUNDED,
}
_FORCES = frozenset({"QueueMayHoldItems", "LockClosed", "BacklogFull", "LogFailed"})
"""Answers of the operator that only the forced queue overcomes."""


class CashPort:
    """Cash legs of one wallet. `guarantee_of` says what the swap under a hash relies on.

    patience: how long before a deadline a claim that the operator confirmed and did not post is forced, in seconds.
    """

    def __init__(  # noqa: PLR0913 - what it speaks to, each injected
        self,
        *,
        venue: CashVenue,
        posted: PostedState,
        queue: ForcedQueue,
        wallet: LocalAccount,
        guarantee_of: Callable[[bytes], Guarantee],
        patience_seconds: int,
    ) -> None:
        self._venue = venue
        self._posted = posted
        self._queue = queue
        self._wallet = wallet
        self._signer = Signer(bytes(wallet.key))
        self._guarantee_of = guarantee_of
        self._patience_seconds = patience_seconds
        self._last_nonce = 0

    def now(self) -> int:
        """The latest of the exchange's clock and the settlement chain's."""
        chain = self._queue.chain
        return max(self._venue.now(), chain.clock.now(), chain.head().timestamp)

    def view(self, leg: Leg) -> LegView:
        """Head: the operator's word. Final: as the guarantee says."""
        cash = _cash(leg)
        guarantee = self._guarantee_of(cash.hashlock)
        soft = self._soft(cash)
        if guarantee is Guarantee.SOFT:
            return LegView(head=_STATUS[soft], final=_STATUS[soft])
        final = self._posted.status((cash.hashlock, to_canonical_address(cash.locker)), guarantee)
        if soft is LockStatus.CLAIMED and final is not LockStatus.CLAIMED and self._is_late(cash, guarantee):
            return LegView(head=LegStatus.LOCKED, final=_STATUS[final])
        return LegView(head=_STATUS[soft], final=_STATUS[final])

    def is_hash_used(self, hashlock: bytes, *but: Leg) -> bool:
        """Whether its preimage was shown on the exchange, or a lock of this pair's parties has other terms."""
        legs = [leg for leg in but if isinstance(leg, CashLeg) and leg.hashlock == hashlock]
        if any(self._report(leg) is not None and self._soft(leg) is None for leg in legs):
            return True
        was_claimed = any(self._soft(leg) is LockStatus.CLAIMED for leg in legs)
        return not was_claimed and self._venue.is_revealed(hashlock)

    def has_funds(self, leg: Leg) -> bool:
        """Cash that could leave the account."""
        return self.free_cash() >= leg.amount

    def free_cash(self) -> int:
        """What the account could lock now, in 1e-6 USD; 0 without an account."""
        try:
            return self._venue.free_cash(self._account(self._wallet.address))
        except Rejected:
            return 0

    def lock(self, leg: Leg) -> None:
        """Signs and submits."""
        cash = _cash(leg)
        self._last_nonce = max(self._venue.now() * 1000, self._last_nonce + 1)
        step = sign_lock_cash(
            self._signer,
            self._venue.domain,
            account=self._account(cash.locker),
            payee=self._account(cash.payee),
            amount=cash.amount,
            hash=cash.hashlock,
            deadline=cash.deadline,
            nonce=self._last_nonce,
            expiry=cash.lock_before,
        )
        self._venue.submit(step)

    def claim(self, leg: Leg, preimage: bytes) -> None:
        """By the operator, or through the forced queue."""
        lock = self._lock_id(_cash(leg))
        self._by_force(
            claim_lock(lock, preimage), lambda: self._queue.contract.functions.enqueueSwapClaim(lock, preimage)
        )

    def refund(self, leg: Leg) -> None:
        """By the operator, or through the forced queue."""
        lock = self._lock_id(_cash(leg))
        self._by_force(refund_lock(lock), lambda: self._queue.contract.functions.enqueueSwapRefund(lock))

    def _by_force(self, step: bytes, call: Callable[[], object]) -> None:
        try:
            self._venue.submit(step)
        except Unavailable:
            pass
        except Rejected as error:
            if error.reason not in _FORCES:
                raise
        else:
            return
        self._queue.chain.send(call(), self._wallet, value=self._queue.forced_fee(), gas=FORCED_GAS)  # type: ignore[arg-type]

    def _soft(self, cash: CashLeg) -> LockStatus | None:
        """What the operator says of a lock with exactly these terms."""
        report = self._report(cash)
        if report is None:
            return None
        agreed = (report.payee, report.amount, report.deadline)
        return report.status if agreed == (self._account(cash.payee), cash.amount, cash.deadline) else None

    def _report(self, cash: CashLeg) -> LockReport | None:
        return self._venue.lock_of(cash.hashlock, self._account(cash.locker))

    def _lock_id(self, cash: CashLeg) -> int:
        report = self._report(cash)
        if report is None:
            raise Rejected("LockUnknown", f"0x{cash.hashlock.hex()}")
        return report.lock

    def _is_late(self, cash: CashLeg, guarantee: Guarantee) -> bool:
        """Whether a claim has to be in the forced queue soon; one that only awaits its challenge period is posted."""
        key = cash.hashlock, to_canonical_address(cash.locker)
        if guarantee is Guarantee.FINAL and self._posted.status(key, Guarantee.POSTED) is LockStatus.CLAIMED:
            return False
        return self.now() + self._patience_seconds >= cash.deadline

    def _account(self, owner: str) -> int:
        return self._venue.account_of(to_canonical_address(owner))


def _cash(leg: Leg) -> CashLeg:
    if not isinstance(leg, CashLeg):
        raise TypeError(type(leg).__name__)
    return leg
