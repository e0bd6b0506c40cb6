"""Signing of steps: the other end of what the engine verifies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from coincurve import PrivateKey

from exchange.engine import steps
from exchange.engine.signed_steps import SIGNATURE, SignedStep
from exchange.engine.steps import Action, StepKind
from exchange.state.config import Domain
from exchange.state.hashing import keccak256


class Signer:
    """A private key (32 bytes) that signs digests; keeps the derived point, so reuse it."""

    __slots__ = ("_key", "address")

    def __init__(self, private_key: bytes) -> None:
        self._key = PrivateKey(private_key)
        self.address: bytes = keccak256(self._key.public_key.format(compressed=False)[1:])[12:]

    def sign(self, digest: bytes) -> bytes:
        """`r s v` of a 32-byte digest: 65 bytes, low s, v 27 or 28, deterministic."""
        signature: bytes = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([27 + signature[64]])


Key = bytes | Signer
"""A private key as 32 bytes, or a `Signer` of it."""

OWNER: Final = 0
"""`key_id` of the account's owner; session keys have the ids that SetKey gave them."""


def sign_step(key: Key, domain: Domain, spec: SignedStep, tail: bytes | None = None, /, **fields: int | bytes) -> bytes:
    """Any signed step, its fields named as in its EIP-712 struct; `tail` are the bytes of one that has them."""
    signer = key if isinstance(key, Signer) else Signer(key)
    flat = spec.flat(fields)
    if tail is None:
        return spec.layout.pack(spec.kind, *flat, *_parts(signer.sign(spec.digest(domain, *flat))))
    digest = spec.digest(domain, *flat, keccak256(tail))
    return spec.layout.pack(spec.kind, *flat) + tail + signer.sign(digest)


def sign_place_order(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    market: int,
    side: int,
    time_in_force: int,
    price: int,
    size: int,
    nonce: int,
    expiry: int,
    good_till: int | None = None,
    flags: int = 0,
    display: int = 0,
    trigger: int = 0,
    key_id: int = OWNER,
) -> bytes:
    """PlaceOrder step, or PlaceSpecial where `display` or `trigger` are given.

    Price (0: a market order) and trigger in 1e-8 USD, size and display in 1e-8, nonce in milliseconds, the signature's
    `expiry` and the order's `good_till` (0: until cancelled; unless told, the expiry) in seconds.
    """
    fields: dict[str, int | bytes] = {
        "account": account,
        "key": key_id,
        "market": market,
        "side": side,
        "timeInForce": time_in_force,
        "flags": flags,
        "price": price,
        "size": size,
        "goodTill": expiry if good_till is None else good_till,
        "nonce": nonce,
        "expiry": expiry,
    }
    if display or trigger:
        return sign_step(key, domain, steps.PLACE_SPECIAL, **fields, display=display, trigger=trigger)
    return sign_step(key, domain, steps.PLACE_ORDER, **fields)


def sign_cancel_order(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    market: int,
    slot: int,
    sequence: int,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """CancelOrder step for the order that `slot` and `sequence` name."""
    return sign_step(
        key,
        domain,
        steps.CANCEL_ORDER,
        account=account,
        key=key_id,
        market=market,
        slot=slot,
        sequence=sequence,
        nonce=nonce,
        expiry=expiry,
    )


def sign_cancel_client(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    market: int,
    client_id: int,
    expiry: int,
    slot: int = 0,
    key_id: int = OWNER,
) -> bytes:
    """CancelClient step: burns an unused nonce, or cancels the order that came with it and rests in `slot`."""
    signed = sign_step(
        key,
        domain,
        steps.CANCEL_CLIENT,
        account=account,
        key=key_id,
        market=market,
        clientId=client_id,
        expiry=expiry,
    )
    return signed + steps.CANCEL_CLIENT_SLOT.pack(slot)


def sign_replace(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    market: int,
    slot: int,
    sequence: int,
    price: int,
    size: int,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """Replace step: the order has this price and this size left, or nothing changes."""
    return sign_step(
        key,
        domain,
        steps.REPLACE,
        account=account,
        key=key_id,
        market=market,
        slot=slot,
        sequence=sequence,
        price=price,
        size=size,
        nonce=nonce,
        expiry=expiry,
    )


def place_item(  # noqa: PLR0913
    *,
    market: int,
    side: int,
    price: int,
    size: int,
    time_in_force: int = 0,
    flags: int = 0,
    display: int = 0,
) -> bytes:
    """Item of a bulk envelope that places an order."""
    return steps.ITEM.pack(Action.PLACE, market, side, time_in_force, flags, 0, price, size, display)


def cancel_item(*, market: int, slot: int, sequence: int) -> bytes:
    """Item of a bulk envelope that cancels one."""
    return steps.ITEM.pack(Action.CANCEL, market, 0, 0, 0, slot, sequence, 0, 0)


def replace_item(*, market: int, slot: int, sequence: int, price: int, size: int) -> bytes:
    """Item of a bulk envelope that gives a resting order another price and size left."""
    return steps.ITEM.pack(Action.REPLACE, market, 0, 0, 0, slot, price, size, sequence)


def trigger_item(  # noqa: PLR0913
    *,
    market: int,
    side: int,
    price: int,
    size: int,
    trigger: int,
    flags: int,
    time_in_force: int = 1,
) -> bytes:
    """Item of a bulk envelope whose order waits for the mark; `flags` say from which side."""
    return steps.ITEM.pack(Action.TRIGGER, market, side, time_in_force, flags, 0, price, size, trigger)


def sign_place_bulk(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    items: Sequence[bytes],
    nonce: int,
    expiry: int,
    good_till: int = 0,
    key_id: int = OWNER,
) -> bytes:
    """PlaceBulk step of up to 32 items under one signature and one nonce."""
    return sign_step(
        key,
        domain,
        steps.PLACE_BULK,
        b"".join(items),
        account=account,
        key=key_id,
        goodTill=good_till,
        nonce=nonce,
        expiry=expiry,
    )


def sign_cancel_all(  # noqa: PLR0913
    key: Key, domain: Domain, *, account: int, nonce: int, expiry: int, key_id: int = OWNER
) -> bytes:
    """CancelAll step."""
    return sign_step(key, domain, steps.CANCEL_ALL, account=account, key=key_id, nonce=nonce, expiry=expiry)


def sign_withdraw(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    asset: int,
    amount: int,
    recipient: bytes,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """Withdraw step. Amount in base units of the asset."""
    return sign_step(
        key,
        domain,
        steps.WITHDRAW,
        account=account,
        key=key_id,
        asset=asset,
        amount=amount,
        recipient=recipient,
        nonce=nonce,
        expiry=expiry,
    )


def sign_lock_cash(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    payee: int,
    amount: int,
    hash: bytes,  # noqa: A002 - the field's name
    deadline: int,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """LockCash step. Amount in 1e-6 USD, `hash` the sha256 of the preimage, deadline in seconds."""
    return sign_step(
        key,
        domain,
        steps.LOCK_CASH,
        account=account,
        key=key_id,
        payee=payee,
        amount=amount,
        hash=hash,
        deadline=deadline,
        nonce=nonce,
        expiry=expiry,
    )


def sign_queue_withdrawal(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    asset: int,
    amount: int,
    recipient: bytes,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """QueueWithdrawal step. Amount in base units of the asset, the fee included."""
    return sign_step(
        key,
        domain,
        steps.QUEUE_WITHDRAWAL,
        account=account,
        key=key_id,
        asset=asset,
        amount=amount,
        recipient=recipient,
        nonce=nonce,
        expiry=expiry,
    )


def sign_leave_queue(  # noqa: PLR0913
    key: Key, domain: Domain, *, account: int, waiting: int, nonce: int, expiry: int, key_id: int = OWNER
) -> bytes:
    """LeaveQueue step for a waiting withdrawal's id."""
    fields = {"account": account, "key": key_id, "waiting": waiting, "nonce": nonce, "expiry": expiry}
    return sign_step(key, domain, steps.LEAVE_QUEUE, **fields)


def sign_reserve_rebalance(  # noqa: PLR0913
    key: Key,
    domain: Domain,
    *,
    account: int,
    short: int,
    long: int,
    amount: int,
    min_rebate: int,
    recipient: bytes,
    nonce: int,
    expiry: int,
    key_id: int = OWNER,
) -> bytes:
    """ReserveRebalance step. Assets by id, amounts in 1e-6 USD."""
    return sign_step(
        key,
        domain,
        steps.RESERVE_REBALANCE,
        account=account,
        key=key_id,
        short=short,
        long=long,
        amount=amount,
        minRebate=min_rebate,
        recipient=recipient,
        nonce=nonce,
        expiry=expiry,
    )


def sign_propose(  # noqa: PLR0913
    key: Key, domain: Domain, *, operation: int, kind: int, body: bytes, expiry: int
) -> bytes:
    """Propose step by the admin; `operation` is the next one's id, `body` packed by a layout of `operations`."""
    return sign_step(key, domain, steps.PROPOSE, body, operation=operation, kind=kind, expiry=expiry)


def sign_report(  # noqa: PLR0913
    key: Key, domain: Domain, *, underlying: int, price: int, time: int, confidence: int = 0
) -> bytes:
    """One oracle's report (81 bytes), part of an OracleReport step. Price, confidence in 1e-8 USD, time in seconds."""
    signer = key if isinstance(key, Signer) else Signer(key)
    signature = signer.sign(keccak256(domain.prefix + steps.oracle_report_hash(underlying, price, confidence, time)))
    return steps.REPORT.pack(price, confidence, signature[:32], signature[32:64], signature[64])


def oracle_report(underlying: int, time: int, reports: Iterable[bytes]) -> bytes:
    """OracleReport step of reports signed for one time, in ascending order of their signers' addresses."""
    parts = list(reports)
    return steps.ORACLE_REPORT.pack(StepKind.ORACLE_REPORT, underlying, time, len(parts)) + b"".join(parts)


def sign_smile_report(  # noqa: PLR0913
    keys: Iterable[Key], domain: Domain, *, expiry: int, time: int, carry: int, smile: Iterable[int]
) -> bytes:
    """SmileReport step signed by every key. Carry in 1e-9 a year, the smile a, b, rho, m, sigma in 1e-18."""
    parameters = tuple(smile)
    digest = keccak256(domain.prefix + steps.smile_report_hash(expiry, time, carry, parameters))
    signers = [key if isinstance(key, Signer) else Signer(key) for key in keys]
    halves = (half for value in parameters for half in (value >> 64, value & ((1 << 64) - 1)))
    head = steps.SMILE_REPORT.pack(StepKind.SMILE_REPORT, expiry, time, carry, *halves)
    return head + b"".join(signer.sign(digest) for signer in sorted(signers, key=lambda signer: signer.address))


def sign_oracle_report(keys: Iterable[Key], domain: Domain, *, underlying: int, price: int, time: int) -> bytes:
    """OracleReport step in which every key reports the same price and time."""
    signers = [key if isinstance(key, Signer) else Signer(key) for key in keys]
    signers.sort(key=lambda signer: signer.address)
    reports = [sign_report(signer, domain, underlying=underlying, price=price, time=time) for signer in signers]
    return oracle_report(underlying, time, reports)


def _parts(signature: bytes) -> tuple[bytes, bytes, int]:
    r, s, v = SIGNATURE.unpack(signature)
    return r, s, v
