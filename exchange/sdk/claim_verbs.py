"""The trader's verbs for a released withdrawal that its vault has not paid yet: see its place, take it elsewhere."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from eth_account.signers.local import LocalAccount

from exchange.sdk.amounts import from_base_units
from exchange.sdk.catalogue import AssetSpec, Catalogue
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.gateway import Gateway
from exchange.sdk.handles import DEPOSIT_STAGES, AsyncHandle, Blocking, Handle, Transfer
from exchange.sdk.results import VaultClaim
from exchange.sdk.venue import Venue


class AsyncClaimVerbs:
    """What a wallet may do about a claim in a vault's queue."""

    _wallet: LocalAccount
    _venue: Venue
    _gateway: Gateway
    _catalogue: Catalogue
    _advance: Callable[[], Awaitable[Any]]

    async def fetch_claim(self, withdrawal: AsyncHandle) -> VaultClaim | None:
        """What a vault has not paid of a released withdrawal, and its place; None before and after."""
        spec = self._catalogue.asset(chain=withdrawal.transfer.chain, symbol=withdrawal.transfer.asset)
        packet = withdrawal.packet
        found = None if packet is None else on_chain(lambda: self._gateway.claim(spec.chain_id, _bytes(packet)))
        if found is None:
            return None
        unpaid, ahead = found
        amount = from_base_units(unpaid, decimals=spec.decimals)
        return VaultClaim(chain=spec.chain, asset=spec.symbol, unpaid=amount, ahead=ahead)

    async def redirect(self, withdrawal: AsyncHandle) -> AsyncHandle:
        """Sends what a vault has not paid of a withdrawal to this wallet back to its account, as a deposit does.

        From there it can be withdrawn on another chain. If the exchange does not take it, the claim has its place in
        the vault's queue again. Raises Rejected(NothingToRedirect) where nothing waits.
        """
        spec = self._catalogue.asset(chain=withdrawal.transfer.chain, symbol=withdrawal.transfer.asset)
        packet = withdrawal.packet
        found = None if packet is None else on_chain(lambda: self._gateway.claim(spec.chain_id, _bytes(packet)))
        if packet is None or found is None:
            raise Rejected("NothingToRedirect", f"withdrawal {withdrawal.transfer.reference}")
        unpaid, _ = found
        sent = on_chain(lambda: self._gateway.redirect(self._wallet, spec.chain_id, _bytes(packet)))
        return self._deposit_handle(spec, unpaid, sent)

    def _deposit_handle(self, spec: AssetSpec, units: int, packet: bytes) -> AsyncHandle:
        async def stage() -> str:
            credited = await self._venue.credited_items()
            return on_chain(lambda: self._gateway.deposit_stage(packet, credited))

        return AsyncHandle(
            Transfer(kind="deposit", chain=spec.chain, asset=spec.symbol, amount=units, reference=f"0x{packet.hex()}"),
            stages=DEPOSIT_STAGES,
            read=stage,
            advance=self._advance,
            packet=lambda: f"0x{packet.hex()}",
        )


class ClaimVerbs:
    """The same verbs, synchronously."""

    _inner: Any
    _run: Blocking

    def fetch_claim(self, withdrawal: Handle) -> VaultClaim | None:
        """See `AsyncClaimVerbs.fetch_claim`."""
        claim: VaultClaim | None = self._run(self._inner.fetch_claim(withdrawal.inner))
        return claim

    def redirect(self, withdrawal: Handle) -> Handle:
        """See `AsyncClaimVerbs.redirect`."""
        return Handle(self._run(self._inner.redirect(withdrawal.inner)), self._run)


def _bytes(packet: str) -> bytes:
    return bytes.fromhex(packet.removeprefix("0x"))
