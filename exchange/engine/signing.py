"""Signing of steps: the other end of what the engine verifies."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from typing import Final

from coincurve import PrivateKey

from exchange.engine import steps
from exchange.engine.steps import StepKind
from exchange.state.config import Domain
from exchange.state.hashing import keccak256

_M64: Final = (1 << 64) - 1


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


def _sign(key: Key, domain: Domain, struct_hash: bytes) -> bytes:
    signer = key if isinstance(key, Signer) else Signer(key)
    return signer.sign(keccak256(domain.prefix + struct_hash))


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
) -> bytes:
    """PlaceOrder step. Price in 1e-8 USD, size in 1e-8, nonce in milliseconds, expiry in seconds."""
    struct_hash = steps.place_order_hash(account, market, side, time_in_force, price, size, nonce, expiry)
    body = (StepKind.PLACE_ORDER, account, 0, market, side, time_in_force, price, size, nonce, expiry)
    return _signed(steps.PLACE_ORDER, body, _sign(key, domain, struct_hash))


def sign_cancel_order(  # noqa: PLR0913
    key: Key, domain: Domain, *, account: int, market: int, slot: int, sequence: int, nonce: int, expiry: int
) -> bytes:
    """CancelOrder step for the order that `slot` and `sequence` name."""
    struct_hash = steps.cancel_order_hash(account, market, slot, sequence, nonce, expiry)
    body = (StepKind.CANCEL_ORDER, account, 0, market, slot, sequence, nonce, expiry)
    return _signed(steps.CANCEL_ORDER, body, _sign(key, domain, struct_hash))


def sign_cancel_all(key: Key, domain: Domain, *, account: int, nonce: int, expiry: int) -> bytes:
    """CancelAll step."""
    body = (StepKind.CANCEL_ALL, account, 0, nonce, expiry)
    return _signed(steps.CANCEL_ALL, body, _sign(key, domain, steps.cancel_all_hash(account, nonce, expiry)))


def sign_withdraw(  # noqa: PLR0913
    key: Key, domain: Domain, *, account: int, asset: int, amount: int, recipient: bytes, nonce: int, expiry: int
) -> bytes:
    """Withdraw step. Amount in base units of the asset."""
    struct_hash = steps.withdraw_hash(account, asset, amount, recipient, nonce, expiry)
    body = (StepKind.WITHDRAW, account, 0, asset, amount >> 64, amount & _M64, recipient, nonce, expiry)
    return _signed(steps.WITHDRAW, body, _sign(key, domain, struct_hash))


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
) -> bytes:
    """LockCash step. Amount in 1e-6 USD, `hash` the sha256 of the preimage, deadline in seconds."""
    struct_hash = steps.lock_cash_hash(account, payee, amount, hash, deadline, nonce, expiry)
    body = (StepKind.LOCK_CASH, account, 0, payee, amount >> 64, amount & _M64, hash, deadline, nonce, expiry)
    return _signed(steps.LOCK_CASH, body, _sign(key, domain, struct_hash))


def sign_queue_withdrawal(  # noqa: PLR0913
    key: Key, domain: Domain, *, account: int, asset: int, amount: int, recipient: bytes, nonce: int, expiry: int
) -> bytes:
    """QueueWithdrawal step. Amount in base units of the asset, the fee included."""
    struct_hash = steps.queue_withdrawal_hash(account, asset, amount, recipient, nonce, expiry)
    body = (StepKind.QUEUE_WITHDRAWAL, account, 0, asset, amount >> 64, amount & _M64, recipient, nonce, expiry)
    return _signed(steps.QUEUE_WITHDRAWAL, body, _sign(key, domain, struct_hash))


def sign_leave_queue(key: Key, domain: Domain, *, account: int, waiting: int, nonce: int, expiry: int) -> bytes:  # noqa: PLR0913
    """LeaveQueue step for a waiting withdrawal's id."""
    struct_hash = steps.leave_queue_hash(account, waiting, nonce, expiry)
    return _signed(
        steps.LEAVE_QUEUE,
        (StepKind.LEAVE_QUEUE, account, 0, waiting, nonce, expiry),
        _sign(key, domain, struct_hash),
    )


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
) -> bytes:
    """ReserveRebalance step. Assets by id, amounts in 1e-6 USD."""
    struct_hash = steps.reserve_rebalance_hash(account, short, long, amount, min_rebate, recipient, nonce, expiry)
    amounts = (amount >> 64, amount & _M64, min_rebate >> 64, min_rebate & _M64)
    body = (StepKind.RESERVE_REBALANCE, account, 0, short, long, *amounts, recipient, nonce, expiry)
    return _signed(steps.RESERVE_REBALANCE, body, _sign(key, domain, struct_hash))


def sign_report(key: Key, domain: Domain, *, underlying: int, price: int, time: int) -> bytes:
    """One oracle's report (81 bytes), a part of an OracleReport step. Price in 1e-8 USD, time in seconds."""
    signature = _sign(key, domain, steps.oracle_report_hash(underlying, price, time))
    return steps.REPORT.pack(price, time, signature[:32], signature[32:64], signature[64])


def oracle_report(underlying: int, reports: Iterable[bytes]) -> bytes:
    """OracleReport step of signed reports, which must be in ascending order of their signers' addresses."""
    parts = list(reports)
    return steps.ORACLE_REPORT.pack(StepKind.ORACLE_REPORT, underlying, len(parts)) + b"".join(parts)


def sign_oracle_report(keys: Iterable[Key], domain: Domain, *, underlying: int, price: int, time: int) -> bytes:
    """OracleReport step in which every key reports the same price and time."""
    signers = [key if isinstance(key, Signer) else Signer(key) for key in keys]
    signers.sort(key=lambda signer: signer.address)
    return oracle_report(
        underlying, [sign_report(signer, domain, underlying=underlying, price=price, time=time) for signer in signers]
    )


def _signed(layout: Struct, body: tuple[int | bytes, ...], signature: bytes) -> bytes:
    return layout.pack(*body, signature[:32], signature[32:64], signature[64])
