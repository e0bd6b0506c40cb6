"""Asking several providers, and taking the best quote that keeps one's own rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.swaps.agreement import Agreement
from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.machine import Role
from bridge.swaps.quote_file import QuoteRequest
from bridge.swaps.quotes import Quote, Side
from bridge.swaps.terms import hashlock_of
from bridge.swaps.timelocks import Rules
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import ClearspanError, Rejected
from exchange.sdk.swap_desk import SwapDesk
from exchange.sdk.swap_policy import SwapPolicy

PPM = 10**6


class QuoteSource(Protocol):
    """A provider: in this process, or at an address."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    def quote(self, request: QuoteRequest) -> Quote:
        """A signed quote; raises Rejected or Unavailable."""
        ...

    def accept(self, quote: Quote, hashlock: bytes | None) -> Agreement:
        """Commit to it; `hashlock` is the customer's where the customer initiates."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A quote that keeps the customer's rules, and who gave it."""

    quote: Quote
    source: QuoteSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """What came of asking: offers, the best first, and why others gave none or one that was refused, by name."""

    offers: tuple[Offered, ...]
    refusals: tuple[tuple[str, str], ...]

    @property
    def best(self) -> Offered:
        """The most for the customer; raises Rejected(NoQuote) with everybody's reasons."""
        if not self.offers:
            reasons = "; ".join(f"{name}: {why}" for name, why in self.refusals)
            raise Rejected("NoQuote", reasons or "nobody was asked")
        return self.offers[0]


def rules_for(policy: SwapPolicy, kind: SwapKind, guarantee: Guarantee, gives: Side, takes: Side) -> Rules:
    """A side's rules: the cash leg is the long one, on two chains the customer's is; raises Rejected(UnknownBounds)."""
    if kind is SwapKind.SWAP:
        return policy.rules(long=policy.bounds(gives.chain_id), short=policy.bounds(takes.chain_id))
    chain = takes.chain_id if kind is SwapKind.EXIT else gives.chain_id
    return policy.rules(long=policy.cash_bounds(guarantee), short=policy.bounds(chain))


def gather(desk: SwapDesk, request: QuoteRequest, sources: Sequence[QuoteSource]) -> Offers:
    """Ask everybody; whoever does not answer, or not as asked, is left out. Ties go to who was asked first."""
    offers: list[Offered] = []
    refusals: list[tuple[str, str]] = []
    for source in sources:
        try:
            quote = source.quote(request)
            require_good(desk, request, quote)
        except ClearspanError as error:
            refusals.append((source.name, str(error)))
            continue
        offers.append(Offered(quote=quote, source=source))
    offers.sort(key=lambda offered: -offered.quote.takes.amount)
    return Offers(offers=tuple(offers), refusals=tuple(refusals))


def require_good(desk: SwapDesk, request: QuoteRequest, quote: Quote) -> None:
    """Raise Rejected unless the provider signed an answer to this request that is in time and keeps the desk's rules.

    Reasons: OtherQuote, QuoteExpired, TooDear, DepositTooHigh, and those of timelocks without room.
    """
    on_chain(quote.require_signature)
    asked = (request.customer, request.kind, request.guarantee, request.gives, *_place(request.takes))
    if (quote.customer, quote.kind, quote.guarantee, quote.gives, *_place(quote.takes)) != asked:
        raise Rejected("OtherQuote", "it answers something else than was asked")
    if quote.provider == desk.address:
        raise Rejected("OtherQuote", "nobody swaps with itself")
    now = desk.now()
    if now >= quote.expiry:
        raise Rejected("QuoteExpired", str(quote.expiry))
    policy = desk.policy
    fair = quote.takes.amount + quote.price.total
    if not quote.takes.amount or quote.price.total * PPM > fair * policy.cost_ppm_max:
        raise Rejected("TooDear", f"{quote.price.total} of {fair} is more than {policy.cost_ppm_max} ppm")
    if quote.safety_deposit > policy.safety_deposit_max:
        raise Rejected("DepositTooHigh", f"{quote.safety_deposit} wei")
    rules = rules_for(policy, quote.kind, quote.guarantee, quote.gives, quote.takes)
    on_chain(lambda: rules.require_room(quote.schedule, now))


def take(desk: SwapDesk, offered: Offered) -> bytes:
    """Have the provider commit to an offer, then keep the swap; answers its hash. Nothing is locked by it.

    Raises Rejected, for one OtherQuote where the provider's agreement is not what it quoted, and Unavailable.
    """
    quote, source = offered.quote, offered.source
    rules = rules_for(desk.policy, quote.kind, quote.guarantee, quote.gives, quote.takes)
    role, preimage, hashlock = quote.customer_role, None, None
    if role is Role.INITIATOR:
        preimage = desk.preimage(quote.gives.chain_id, quote.nonce)
        hashlock = hashlock_of(preimage)
    agreement = source.accept(quote, hashlock)
    if agreement != quote.agreement(hashlock or agreement.hashlock):
        raise Rejected("OtherQuote", "the provider agreed to something else than it quoted")
    desk.keep(agreement, role, rules, preimage=preimage, guarantee=quote.guarantee, note=quote.digest.hex())
    return agreement.hashlock


def _place(side: Side) -> tuple[int, str, str]:
    return side.chain_id, side.escrow, side.asset
