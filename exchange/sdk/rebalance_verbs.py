"""The trader's verbs where vaults are short: wait in line, leave it, and bring what is short for a rebate."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from eth_account.signers.local import LocalAccount

from exchange.engine.balance_events import RebalanceReserved, WithdrawalWaiting
from exchange.engine.signing import Signer, sign_leave_queue, sign_queue_withdrawal, sign_reserve_rebalance
from exchange.sdk.addresses import address_of
from exchange.sdk.amounts import CASH_DECIMALS, Amount, from_base_units, to_base_units
from exchange.sdk.catalogue import AssetSpec
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.handles import (
    LAPSED,
    LEFT,
    REBALANCE_STAGES,
    WAITING_STAGES,
    AsyncHandle,
    Blocking,
    Handle,
    Transfer,
)
from exchange.sdk.owned_account import OwnedAccount
from exchange.sdk.results import RebalanceOffer, RebalanceSource, WaitingWithdrawal
from exchange.state.reservation import ReservationStatus

STEP_SECONDS = 120


class AsyncRebalanceVerbs(OwnedAccount):
    """What a wallet may do about a vault that holds less than is wanted from it."""

    address: str
    _wallet: LocalAccount
    _signer: Signer
    _gateway: Gateway
    _advance: Callable[[], Awaitable[Any]]

    async def fetch_rebalance_offers(self) -> tuple[RebalanceOffer, ...]:
        """What the exchange pays now for bringing cash to chains where it is short."""
        return tuple(
            RebalanceOffer(
                chain=self._catalogue.asset_by_id(offer.short).chain,
                asset=self._catalogue.asset_by_id(offer.short).symbol,
                amount=_cash(offer.amount),
                rebate=_cash(offer.rebate),
                bond=_cash(offer.bond),
                sources=tuple(
                    RebalanceSource(chain=self._catalogue.asset_by_id(asset).chain, available=_cash(inventory))
                    for asset, inventory in offer.sources
                ),
            )
            for offer in await self._venue.rebalance_offers()
        )

    async def rebalance(  # noqa: PLR0913 - both sides
        self,
        *,
        deposit_chain: str,
        withdraw_chain: str,
        amount: Amount,
        asset: str = "USDC",
        min_rebate: Amount | None = None,
        recipient: str | None = None,
    ) -> AsyncHandle:
        """Brings cash to one chain and takes it, with the rebate, on another; both sides are reserved first.

        The deposit is sent at once. It must be in the forced queue within two hours, or the bond is lost and what comes
        later is an ordinary deposit. Raises Rejected before anything is reserved where the wallet holds too little, and
        Rejected(RebateTooSmall) where the rebate is below `min_rebate`.
        """
        short = self._catalogue.asset(chain=deposit_chain, symbol=asset)
        long = self._catalogue.asset(chain=withdraw_chain, symbol=asset)
        units = to_base_units(amount, decimals=CASH_DECIMALS, what="rebalancing amount")
        least = 0 if min_rebate is None else to_base_units(min_rebate, decimals=CASH_DECIMALS, what="least rebate")
        held = on_chain(lambda: self._gateway.balance(self._wallet, short))
        if held < units:
            raise Rejected(
                "InsufficientBalance", f"{held} base units of {asset} on {deposit_chain}, {units} are needed"
            )
        account = await self.account()
        step = sign_reserve_rebalance(
            self._signer,
            self._venue.domain,
            account=account,
            short=short.asset_id,
            long=long.asset_id,
            amount=units,
            min_rebate=least,
            recipient=address_of(recipient or self.address),
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        (reserved,) = [row for row in (await self._venue.submit(step)).events if isinstance(row, RebalanceReserved)]
        packet = on_chain(lambda: self._gateway.deposit(self._wallet, short, units))
        return self._rebalance_handle(reserved, long, packet)

    def _rebalance_handle(self, reserved: RebalanceReserved, long: AssetSpec, packet: bytes) -> AsyncHandle:
        seen: list[int] = []

        async def stage() -> str:
            if not seen:
                held = await self._venue.reservation(reserved.account)
                if held is None or held.deadline != reserved.deadline or held.status == ReservationStatus.LAPSED:
                    return LAPSED
                if held.status == ReservationStatus.OPEN:
                    return await self._inbound_stage(packet)
                seen.append(held.withdrawal - 1)
            stage = await self._outbound_stage(seen[0], long)
            return "filled" if stage == "accepted" else stage

        return AsyncHandle(
            Transfer(
                kind="rebalance",
                chain=long.chain,
                asset=long.symbol,
                amount=reserved.amount + reserved.rebate,
                reference=f"0x{packet.hex()}",
            ),
            stages=REBALANCE_STAGES,
            read=stage,
            advance=self._advance,
            packet=lambda: f"0x{packet.hex()}",
        )

    async def _inbound_stage(self, packet: bytes) -> str:
        credited = await self._venue.credited_items()
        stage = on_chain(lambda: self._gateway.deposit_stage(packet, credited))
        if stage == "submitted":
            return REBALANCE_STAGES[0]
        return LAPSED if stage in {"credited", "finalized"} else stage

    async def _outbound_stage(self, withdrawal: int, spec: AssetSpec) -> str:
        posted = await self._venue.is_posted(withdrawal)
        return on_chain(lambda: self._gateway.withdrawal_stage(withdrawal, spec.chain_id, is_posted=posted))

    async def fetch_waiting(self) -> tuple[WaitingWithdrawal, ...]:
        """This account's withdrawals that wait for a vault, in order of arrival."""
        account = await self.account()
        return tuple(
            WaitingWithdrawal(
                waiting_id=waiting_id,
                chain=self._catalogue.asset_by_id(entry.asset).chain,
                asset=self._catalogue.asset_by_id(entry.asset).symbol,
                amount=_cash(entry.amount),
                since=entry.since,
            )
            for waiting_id, entry in await self._venue.waiting_of(account)
        )

    async def leave_queue(self, *, waiting_id: int) -> None:
        """Takes a waiting withdrawal back into the account, to be withdrawn elsewhere; what waiting cost stays paid."""
        step = sign_leave_queue(
            self._signer,
            self._venue.domain,
            account=await self.account(),
            waiting=waiting_id,
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        await self._venue.submit(step)

    async def _wait_in_line(self, spec: AssetSpec, units: int, recipient: bytes) -> AsyncHandle:
        """Queues a withdrawal that its vault cannot pay yet."""
        step = sign_queue_withdrawal(
            self._signer,
            self._venue.domain,
            account=await self.account(),
            asset=spec.asset_id,
            amount=units,
            recipient=recipient,
            nonce=self._nonce(),
            expiry=self._venue.now() + STEP_SECONDS,
        )
        (waiting,) = [row for row in (await self._venue.submit(step)).events if isinstance(row, WithdrawalWaiting)]
        seen: list[int] = []

        async def stage() -> str:
            if not seen:
                entry = await self._venue.waiting(waiting.id)
                if not entry.withdrawal:
                    return WAITING_STAGES[0] if entry.amount else LEFT
                seen.append(entry.withdrawal - 1)
            return await self._outbound_stage(seen[0], spec)

        def packet() -> str | None:
            released = on_chain(lambda: self._gateway.release_of(seen[0])) if seen else None
            return None if released is None else f"0x{released.hex()}"

        return AsyncHandle(
            Transfer(
                kind="withdrawal",
                chain=spec.chain,
                asset=spec.symbol,
                amount=waiting.amount,
                reference=f"waiting {waiting.id}",
            ),
            stages=WAITING_STAGES,
            read=stage,
            advance=self._advance,
            packet=packet,
        )


class RebalanceVerbs:
    """The same verbs, synchronously."""

    _inner: Any
    _run: Blocking

    def fetch_rebalance_offers(self) -> tuple[RebalanceOffer, ...]:
        """See `AsyncRebalanceVerbs.fetch_rebalance_offers`."""
        offers: tuple[RebalanceOffer, ...] = self._run(self._inner.fetch_rebalance_offers())
        return offers

    def rebalance(  # noqa: PLR0913 - both sides
        self,
        *,
        deposit_chain: str,
        withdraw_chain: str,
        amount: Amount,
        asset: str = "USDC",
        min_rebate: Amount | None = None,
        recipient: str | None = None,
    ) -> Handle:
        """See `AsyncRebalanceVerbs.rebalance`."""
        work = self._inner.rebalance(
            deposit_chain=deposit_chain,
            withdraw_chain=withdraw_chain,
            amount=amount,
            asset=asset,
            min_rebate=min_rebate,
            recipient=recipient,
        )
        return Handle(self._run(work), self._run)

    def fetch_waiting(self) -> tuple[WaitingWithdrawal, ...]:
        """See `AsyncRebalanceVerbs.fetch_waiting`."""
        waiting: tuple[WaitingWithdrawal, ...] = self._run(self._inner.fetch_waiting())
        return waiting

    def leave_queue(self, *, waiting_id: int) -> None:
        """See `AsyncRebalanceVerbs.leave_queue`."""
        self._run(self._inner.leave_queue(waiting_id=waiting_id))


def _cash(units: int) -> Decimal:
    return from_base_units(units, decimals=CASH_DECIMALS)
