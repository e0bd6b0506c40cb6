"""A liquidity provider: quotes what it has, within limits, and settles what was agreed. May be killed at any line."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from bridge.errors import Rejected as BridgeRejected
from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap
from bridge.swaps.cash import CashLeg
from bridge.swaps.escrow import LegStatus
from bridge.swaps.exposure import option_seconds
from bridge.swaps.guarantees import SwapKind
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Role
from bridge.swaps.quote_file import QuoteRequest
from bridge.swaps.quotes import Quote, Side
from bridge.swaps.terms import hashlock_of
from exchange.sdk.amounts import CASH_DECIMALS
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.quoting import rules_for
from exchange.sdk.swap_desk import SwapDesk
from relayers.crash_points import Hook, no_hook
from relayers.liquidity.limits import Limits, place_of, require_within
from relayers.liquidity.pricing import Amount, Tariff, price
from relayers.reports import StepReport
from relayers.swap_settler import SwapSettler

CASH_SYMBOL = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a provider does business. valid: seconds a quote is good for. safety_deposit: wei on each leg on a chain."""

    tariff: Tariff
    limits: Limits
    valid_seconds: int = 30
    safety_deposit: int = 0


class Provider:
    """The desk's wallet as a provider. `quote` and `accept` may be called from other threads than `step`."""

    def __init__(self, desk: SwapDesk, terms: Terms, *, hook: Hook = no_hook) -> None:
        self.name = desk.address
        self._desk = desk
        self._terms = terms
        self._lock = threading.RLock()
        self._settler = SwapSettler(desk.book, desk.port, may_lock=self._may_lock, hook=hook)

    def quote(self, request: QuoteRequest) -> Quote:
        """A signed offer; nothing is reserved by it. Raises Rejected, for one AboveSoftLimit or InventoryShort."""
        with self._lock:
            self._require_known(request)
            rules = rules_for(self._desk.policy, request.kind, request.guarantee, request.gives, request.takes)
            now = self._desk.now()
            expiry = now + self._terms.valid_seconds
            schedule = on_chain(lambda: rules.plan(expiry))
            gives, takes = self._priced(request.gives), self._priced(request.takes)
            units, parts = price(
                self._terms.tariff,
                request.kind,
                request.guarantee,
                gives,
                takes,
                window=option_seconds(schedule, rules),
                locked=max(schedule.long.public_refund_from, schedule.short.public_refund_from) - now,
            )
            quote = Quote(
                provider=self._desk.address,
                customer=request.customer,
                kind=request.kind,
                guarantee=request.guarantee,
                gives=request.gives,
                takes=Side(
                    chain_id=request.takes.chain_id,
                    escrow=request.takes.escrow,
                    asset=request.takes.asset,
                    amount=units,
                ),
                schedule=schedule,
                safety_deposit=self._terms.safety_deposit,
                price=parts,
                issued_at=now,
                expiry=expiry,
                nonce=secrets.randbits(63),
            )
            self._require_room(self._kept(quote, quote.agreement(hashlock_of(bytes(32))), preimage=bytes(32)))
            return quote.signed(self._desk.wallet)

    def accept(self, quote: Quote, hashlock: bytes | None) -> Agreement:
        """Commit to a quote of one's own under the customer's hash; on entry under one's own, `hashlock` is None then.

        Raises Rejected(NotMyQuote, QuoteExpired, BadHashlock), for lack of inventory or room, or HashUsed.
        """
        with self._lock:
            try:
                quote.require_signature()
            except BridgeRejected as error:
                raise Rejected("NotMyQuote", error.detail) from error
            if quote.provider != self._desk.address:
                raise Rejected("NotMyQuote", f"it is {quote.provider}'s")
            if self._desk.now() >= quote.expiry:
                raise Rejected("QuoteExpired", str(quote.expiry))
            if (hashlock is None) is not (quote.kind is SwapKind.ENTRY):
                raise Rejected("BadHashlock", "whoever initiates makes the hash")
            known = self._accepted(quote)
            if known is not None:
                if hashlock not in (None, known.hashlock):
                    raise Rejected("QuoteUsed", "it was accepted under another hash")
                return known.agreement
            preimage = None
            if hashlock is None:
                preimage = self._desk.preimage(quote.takes.chain_id, quote.nonce)
                hashlock = hashlock_of(preimage)
            kept = self._kept(quote, quote.agreement(hashlock), preimage=preimage)
            self._require_room(kept)
            self._desk.keep(
                kept.agreement, kept.role, kept.rules, preimage=preimage, guarantee=kept.guarantee, note=kept.note
            )
            return kept.agreement

    def step(self) -> StepReport:
        """Settle what is open, a step each."""
        with self._lock:
            return self._settler.step()

    def status(self) -> dict[str, Any]:
        """Inventory, commitments and open swaps, amounts as decimal strings."""
        with self._lock:
            open_swaps = self._desk.book.open()
            committed = self._committed()
            return {
                "provider": self._desk.address,
                "open_swaps": len(open_swaps),
                "exposure_usd_e8": str(sum(self._value_e8(kept.plan.own) for kept in open_swaps)),
                "inventory": [
                    {
                        "chain_id": chain_id,
                        "asset": asset,
                        "balance": str(self._balance(chain_id, asset)),
                        "committed": str(committed.get((chain_id, asset), 0)),
                        "limit": str(limit),
                    }
                    for (chain_id, asset), limit in self._terms.limits.assets.items()
                ],
                "swaps": [
                    {
                        "swap": "0x" + kept.hashlock.hex(),
                        "role": kept.role.value,
                        "guarantee": kept.guarantee.value,
                        "tried": kept.tried,
                        "outcome": kept.outcome,
                    }
                    for kept in self._desk.book.all()
                ],
            }

    # What it has

    def _require_room(self, swap: KeptSwap) -> None:
        """Limits, and inventory that nothing else open counts on."""
        require_within(self._terms.limits, self._desk.book.open(), swap, self._value_e8)
        own = swap.plan.own
        free = self._balance(*place_of(own)) - self._committed(but=swap.hashlock).get(place_of(own), 0)
        if own.amount > free:
            raise Rejected("InventoryShort", f"{max(0, free)} of {own.amount}")

    def _may_lock(self, swap: KeptSwap) -> str:
        try:
            self._require_room(swap)
        except Rejected as error:
            return str(error)
        return ""

    def _committed(self, but: bytes = b"") -> dict[tuple[int, str], int]:
        """Base units by place that open swaps will lock, and have not locked yet."""
        committed: dict[tuple[int, str], int] = {}
        for kept in self._desk.book.open():
            if kept.hashlock == but:
                continue
            own = kept.plan.own
            if self._desk.port(own).view(own).head is LegStatus.ABSENT:
                committed[place_of(own)] = committed.get(place_of(own), 0) + own.amount
        return committed

    def _balance(self, chain_id: int, asset: str) -> int:
        if asset == self._desk.network.settlement.rollup:
            return self._desk.cash_port().free_cash()
        return self._desk.chain_port(chain_id).balance(asset)

    # What a quote is about

    def _kept(self, quote: Quote, agreement: Agreement, *, preimage: bytes | None) -> KeptSwap:
        role = Role.INITIATOR if quote.customer_role is Role.RESPONDER else Role.RESPONDER
        return KeptSwap(
            role=role,
            agreement=agreement,
            rules=rules_for(self._desk.policy, quote.kind, quote.guarantee, quote.gives, quote.takes),
            preimage=preimage if role is Role.INITIATOR else None,
            guarantee=quote.guarantee,
            note=quote.digest.hex(),
        )

    def _accepted(self, quote: Quote) -> KeptSwap | None:
        """The swap that a quote became, so that asking twice commits once."""
        digest = quote.digest.hex()
        return next((kept for kept in self._desk.book.open() if kept.note == digest), None)

    def _require_known(self, request: QuoteRequest) -> None:
        for side in (request.gives, request.takes):
            expected = self._desk.network.settlement.rollup if side.is_cash else self._desk.escrow(side.chain_id)
            if side.escrow != expected:
                raise Rejected("UnknownEscrow", f"{side.escrow} on chain {side.chain_id}")
        cash = (request.gives.is_cash, request.takes.is_cash)
        if cash != (request.kind is SwapKind.EXIT, request.kind is SwapKind.ENTRY):
            raise Rejected("WrongKind", f"{request.kind} with these sides")
        if to_checksum_address(request.customer) == self._desk.address:
            raise Rejected("WrongCustomer", "nobody swaps with itself")

    def _priced(self, side: Side) -> Amount:
        if side.is_cash:
            return Amount(symbol=CASH_SYMBOL, decimals=CASH_DECIMALS, units=side.amount)
        for spec in self._desk.catalogue.assets:
            if spec.chain_id == side.chain_id and to_checksum_address(spec.token) == side.asset:
                return Amount(symbol=spec.symbol, decimals=spec.decimals, units=side.amount)
        raise Rejected("UnknownAsset", f"{side.asset} on chain {side.chain_id}")

    def _value_e8(self, leg: Leg) -> int:
        if isinstance(leg, CashLeg):
            return self._terms.tariff.value_e8(Amount(symbol=CASH_SYMBOL, decimals=CASH_DECIMALS, units=leg.amount))
        spec = self._desk.asset_of(leg)
        return self._terms.tariff.value_e8(Amount(symbol=spec.symbol, decimals=spec.decimals, units=leg.amount))
