"""The trader's verbs for its accounts: session keys, sub-accounts, transfers, and how its orders behave."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from typing import Any, Self

from exchange.engine import steps
from exchange.engine.balance_events import SubAccountOpened
from exchange.engine.events import KeySet
from exchange.engine.signed_steps import SignedStep
from exchange.engine.signing import OWNER, Signer, sign_step
from exchange.sdk.addresses import address_of
from exchange.sdk.amounts import CASH_DECIMALS, Amount, to_base_units
from exchange.sdk.errors import Rejected
from exchange.sdk.handles import Blocking
from exchange.sdk.owned_account import OwnedAccount
from exchange.sdk.results import KeyScope, OnSelfTrade
from exchange.sdk.words import in_range, word
from exchange.sequencer import Confirmation
from exchange.state.account import MAIN_BITS, Scope, SelfTrade

STEP_SECONDS = 120
KEY_SECONDS = 30 * 86_400
"""Default lifetime of a session key."""

_SCOPES = {
    KeyScope.TRADE: Scope.TRADE,
    KeyScope.CANCEL: Scope.CANCEL,
    KeyScope.WITHDRAW: Scope.WITHDRAW,
    KeyScope.TRANSFER: Scope.TRANSFER,
}
_MODES = {
    OnSelfTrade.CANCEL_RESTING: SelfTrade.CANCEL_MAKER,
    OnSelfTrade.CANCEL_INCOMING: SelfTrade.CANCEL_TAKER,
    OnSelfTrade.CANCEL_BOTH: SelfTrade.CANCEL_BOTH,
    OnSelfTrade.DECREMENT: SelfTrade.DECREMENT,
}


class AsyncAccountVerbs(OwnedAccount):
    """What only the owner of a wallet may do with its accounts."""

    _signer: Signer
    _sub_account: int

    async def _owner_step(self, spec: SignedStep, **fields: int | bytes) -> Confirmation:
        nonce, expiry = self._nonce(), self._venue.now() + STEP_SECONDS
        account = await self.account()
        values = {"account": account, "key": OWNER, "nonce": nonce, "expiry": expiry, **fields}
        return await self._venue.submit(sign_step(self._signer, self._venue.domain, spec, None, **values))

    async def create_session_key(
        self, *, address: str, scopes: Iterable[KeyScope | str], seconds: int = KEY_SECONDS
    ) -> int:
        """Lets another key sign for this account, within scopes and for a time; answers the id its signatures name."""
        scope = 0
        for name in scopes:
            scope |= int(_SCOPES[word(KeyScope, name, "scope")])
        until = in_range(self._venue.now() + seconds, "until")
        confirmation = await self._set_key(address_of(address), scope, until)
        for event in confirmation.events:
            if isinstance(event, KeySet):
                return event.key
        raise Rejected("KeyNotSet", str(confirmation.events))

    async def remove_session_key(self, *, address: str) -> None:
        """Takes a key back; what it signed is worth nothing from now on."""
        await self._set_key(address_of(address), 0, 0)

    async def _set_key(self, address: bytes, scope: int, until: int) -> Confirmation:
        fields: dict[str, int | bytes] = {
            "account": await self.account(),
            "key": OWNER,
            "signer": address,
            "scope": scope,
            "until": until,
        }
        nonce, expiry = self._nonce(), self._venue.now() + STEP_SECONDS
        step = sign_step(self._signer, self._venue.domain, steps.SET_KEY, None, **fields, nonce=nonce, expiry=expiry)
        return await self._venue.submit(step)

    async def set_self_trade(self, *, mode: OnSelfTrade | str) -> None:
        """Chooses what happens where an order of this account meets one of the same owner."""
        await self._owner_step(steps.SET_FLAGS, flags=int(_MODES[word(OnSelfTrade, mode, "mode")]))

    async def set_market_maker_protection(
        self, *, limit: Amount | None, window_seconds: int = 1, freeze_seconds: int = 60
    ) -> None:
        """Kills all orders once fills of resting ones in a window are worth more than `limit` in USD; None: never."""
        cash = 0 if limit is None else to_base_units(limit, decimals=CASH_DECIMALS, what="limit")
        window, freeze = (0, 0) if limit is None else (window_seconds, freeze_seconds)
        await self._owner_step(steps.SET_PROTECTION, limit=cash, window=window, freeze=freeze)

    async def create_sub_account(self, *, number: int) -> Self:
        """Opens a sub-account, 1 to 15, and answers a trader for it; its money and its risk are its own."""
        confirmation = await self._owner_step(steps.OPEN_SUB_ACCOUNT, number=in_range(number, "number"))
        if not any(isinstance(event, SubAccountOpened) for event in confirmation.events):
            raise Rejected("SubAccountNotOpened", str(confirmation.events))
        return self.sub_account(number)

    def sub_account(self, number: int) -> Self:
        """A trader for one of this wallet's sub-accounts, 0 for the main account; the same key signs."""
        other = copy(self)
        other._sub_account = number  # noqa: SLF001 - of the same class
        return other

    async def transfer(self, *, chain: str, asset: str, amount: Amount, to: int) -> None:
        """Moves an asset to another account of this wallet: 0 is the main account, 1 to 15 its sub-accounts."""
        spec = self._catalogue.asset(chain=chain, symbol=asset)
        units = to_base_units(amount, decimals=spec.decimals, what="transfer amount")
        main = await self.account() & ((1 << MAIN_BITS) - 1)
        await self._owner_step(steps.TRANSFER, to=to << MAIN_BITS | main, asset=spec.asset_id, amount=units)


class AccountVerbs:
    """The same verbs, synchronously."""

    _inner: Any
    _run: Blocking

    def create_session_key(self, *, address: str, scopes: Iterable[KeyScope | str], seconds: int = KEY_SECONDS) -> int:
        """See `AsyncAccountVerbs.create_session_key`."""
        key: int = self._run(self._inner.create_session_key(address=address, scopes=scopes, seconds=seconds))
        return key

    def remove_session_key(self, *, address: str) -> None:
        """See `AsyncAccountVerbs.remove_session_key`."""
        self._run(self._inner.remove_session_key(address=address))

    def set_self_trade(self, *, mode: OnSelfTrade | str) -> None:
        """See `AsyncAccountVerbs.set_self_trade`."""
        self._run(self._inner.set_self_trade(mode=mode))

    def set_market_maker_protection(
        self, *, limit: Amount | None, window_seconds: int = 1, freeze_seconds: int = 60
    ) -> None:
        """See `AsyncAccountVerbs.set_market_maker_protection`."""
        work = self._inner.set_market_maker_protection(
            limit=limit, window_seconds=window_seconds, freeze_seconds=freeze_seconds
        )
        self._run(work)

    def create_sub_account(self, *, number: int) -> Self:
        """See `AsyncAccountVerbs.create_sub_account`."""
        return self._with(self._run(self._inner.create_sub_account(number=number)))

    def sub_account(self, number: int) -> Self:
        """See `AsyncAccountVerbs.sub_account`."""
        return self._with(self._inner.sub_account(number))

    def transfer(self, *, chain: str, asset: str, amount: Amount, to: int) -> None:
        """See `AsyncAccountVerbs.transfer`."""
        self._run(self._inner.transfer(chain=chain, asset=asset, amount=amount, to=to))

    def _with(self, inner: Any) -> Self:
        other = copy(self)
        other._inner = inner  # noqa: SLF001 - of the same class
        return other
