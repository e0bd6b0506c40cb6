"""Quotes: what the provider signs is everything it says."""

from dataclasses import fields, replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from bridge.errors import Rejected
from bridge.swaps.cash import CashLeg
from bridge.swaps.guarantees import Guarantee, SwapKind, guarantees_of
from bridge.swaps.machine import Role
from bridge.swaps.quote_file import QuoteRequest, dump_quote, parse_quote
from bridge.swaps.quotes import QUOTE_TYPE, Price, Quote, Side
from bridge.swaps.terms import hashlock_of
from tests.bridge.swaps.swapping import ALICE, BOB, RULES

ESCROW, ROLLUP, TOKEN = ("0x" + digit * 40 for digit in "123")
CHAIN = Side(chain_id=7, escrow=ESCROW, asset=TOKEN, amount=1_000)
CASH = Side(chain_id=9, escrow=ROLLUP, asset=ROLLUP, amount=990)
QUOTE = Quote(
    provider=BOB.address,
    customer=ALICE.address,
    kind=SwapKind.ENTRY,
    guarantee=Guarantee.POSTED,
    gives=CHAIN,
    takes=CASH,
    schedule=RULES.plan(1_000_000),
    safety_deposit=5,
    price=Price(option_premium=1, gas=2, spread=3, capital=4),
    issued_at=1_000_000,
    expiry=1_000_030,
    nonce=77,
).signed(BOB)


def changes():
    yield "provider", ALICE.address
    yield "customer", BOB.address
    yield "guarantee", Guarantee.SOFT
    for side in ("gives", "takes"):
        whole = getattr(QUOTE, side)
        yield side, replace(whole, chain_id=8)
        yield side, replace(whole, amount=whole.amount + 1)
    yield "gives", replace(CHAIN, escrow="0x" + "4" * 40)
    yield "gives", replace(CHAIN, asset="0x" + "0" * 40)
    yield "takes", replace(CASH, escrow=TOKEN, asset=TOKEN)
    for leg in ("long", "short"):
        times = getattr(QUOTE.schedule, leg)
        for entry in fields(times):
            yield "schedule", replace(QUOTE.schedule, **{leg: replace(times, **{entry.name: 1})})
    for entry in fields(QUOTE.price):
        yield "price", replace(QUOTE.price, **{entry.name: 9})
    for name in ("safety_deposit", "issued_at", "expiry", "nonce"):
        yield name, 1


@pytest.mark.parametrize(("name", "value"), list(changes()))
def test_nothing_can_be_changed_behind_the_signature(name, value):
    with pytest.raises(Rejected, match="did not sign"):
        replace(QUOTE, **{name: value}).require_signature()


def test_the_signature_is_the_providers_and_of_one_form():
    QUOTE.require_signature()
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    r, s, v = QUOTE.signature[:32], int.from_bytes(QUOTE.signature[32:64], "big"), QUOTE.signature[64]
    other = r + (order - s).to_bytes(32, "big") + bytes([55 - v])
    for wrong in (b"", bytes(65), QUOTE.signature[:-1], QUOTE.signature + b"\0", other, QUOTE.signed(ALICE).signature):
        with pytest.raises(Rejected, match="did not sign"):
            replace(QUOTE, signature=wrong).require_signature()


def test_wallets_show_what_is_signed():
    """The digest by eth-account's own encoder."""
    words = QUOTE_TYPE.decode().removeprefix("Quote(").removesuffix(")").split(",")
    types = [dict(zip(("type", "name"), word.split(" "), strict=True)) for word in words]
    schedule, cost = QUOTE.schedule, QUOTE.price
    values = [QUOTE.provider, QUOTE.customer, 2, 1, 7, ESCROW, TOKEN, 1_000, 9, ROLLUP, ROLLUP, 990]
    values += [schedule.long.pack(), schedule.short.pack(), 5, cost.option_premium, cost.gas, cost.spread, cost.capital]
    values += [QUOTE.issued_at, QUOTE.expiry, 77]
    message = {entry["name"]: value for entry, value in zip(types, values, strict=True)}
    domain = [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}]
    signable = encode_typed_data(
        full_message={
            "types": {"EIP712Domain": domain, "Quote": types},
            "primaryType": "Quote",
            "domain": {"name": "Clearspan Quote", "version": "1"},
            "message": message,
        }
    )
    assert Account.recover_message(signable, signature=QUOTE.signature) == BOB.address


def test_a_quote_says_who_locks_what_first():
    hashlock = hashlock_of(b"\1" * 32)
    entry = QUOTE.agreement(hashlock)
    assert isinstance(entry.long, CashLeg)
    assert (QUOTE.customer_role, entry.long.locker, entry.short.locker) == (Role.RESPONDER, BOB.address, ALICE.address)
    out = replace(QUOTE, kind=SwapKind.EXIT, gives=CASH, takes=CHAIN)
    exits = out.agreement(hashlock)
    assert isinstance(exits.long, CashLeg)
    assert (out.customer_role, exits.long.locker) == (Role.INITIATOR, ALICE.address)
    assert exits.long.deadline == QUOTE.schedule.long.refund_from
    with pytest.raises(Rejected):
        replace(QUOTE, kind=SwapKind.SWAP)


def test_quotes_and_requests_survive_the_wire_and_nothing_else_does():
    assert parse_quote(dump_quote(QUOTE)) == QUOTE
    request = QuoteRequest(
        customer=ALICE.address,
        kind=SwapKind.ENTRY,
        guarantee=Guarantee.SOFT,
        gives=CHAIN,
        takes=replace(CASH, amount=0),
    )
    assert QuoteRequest.parse(request.dump()) == request
    for text in ("", "{}", "[]", dump_quote(QUOTE)[:-1], dump_quote(QUOTE).replace('"version":1', '"version":1,"x":1')):
        with pytest.raises(Rejected, match=r"UnknownKey|MalformedFile"):
            parse_quote(text)


def test_each_side_is_told_on_what_it_relies():
    for kind in SwapKind:
        for guarantee in Guarantee:
            words = guarantees_of(kind, guarantee)
            assert words.customer != words.provider
    assert guarantees_of(SwapKind.EXIT, Guarantee.SOFT).provider.startswith("soft")
    assert guarantees_of(SwapKind.ENTRY, Guarantee.SOFT).customer.startswith("soft")
    assert guarantees_of(SwapKind.EXIT, Guarantee.SOFT).customer.startswith("final")
