"""Digests and signatures against eth-account, and strictness of recovery."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.engine import (
    SECP256K1,
    Signer,
    sign_place_order,
    steps,
)
from exchange.engine.signatures import CURVE_ORDER
from exchange.engine.signing import sign_report, sign_smile_report, sign_step
from exchange.state import Domain
from exchange.state.hashing import keccak256

KEY = b"\x42" * 32
DOMAIN = Domain(settlement_chain=900_001, rollup=b"\xab" * 20)
STRATEGIES = {
    **{f"uint{bits}": st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 64, 128)},
    "int64": st.integers(-(2**63), 2**63 - 1),
    "int128": st.integers(-(2**127), 2**127 - 1),
    "address": st.binary(min_size=20, max_size=20),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=200),
}
BY = "uint32 account,uint16 key"
ORDER_FIELDS = "uint16 market,uint8 side,uint8 timeInForce,uint8 flags,uint64 price,uint64 size,uint64 goodTill"
ONCE = "uint64 nonce,uint64 expiry"

STRUCTS = {
    "PlaceOrder": f"{BY},{ORDER_FIELDS},{ONCE}",
    "CancelOrder": f"{BY},uint16 market,uint32 slot,uint64 sequence,{ONCE}",
    "CancelAll": f"{BY},{ONCE}",
    "Withdraw": f"{BY},uint16 asset,uint128 amount,address recipient,{ONCE}",
    "LockCash": f"{BY},uint32 payee,uint128 amount,bytes32 hash,uint64 deadline,{ONCE}",
    "QueueWithdrawal": f"{BY},uint16 asset,uint128 amount,address recipient,{ONCE}",
    "ReserveRebalance": f"{BY},uint16 short,uint16 long,uint128 amount,uint128 minRebate,address recipient,{ONCE}",
    "LeaveQueue": f"{BY},uint64 waiting,{ONCE}",
    "PlaceSpecial": f"{BY},{ORDER_FIELDS},uint64 display,uint64 trigger,{ONCE}",
    "Replace": f"{BY},uint16 market,uint32 slot,uint64 sequence,uint64 price,uint64 size,{ONCE}",
    "CancelClient": f"{BY},uint16 market,uint64 clientId,uint64 expiry",
    "SetKey": f"{BY},address signer,uint8 scope,uint64 until,{ONCE}",
    "OpenSubAccount": f"{BY},uint8 number,{ONCE}",
    "Transfer": f"{BY},uint32 to,uint16 asset,uint128 amount,{ONCE}",
    "PlaceBulk": f"{BY},uint64 goodTill,{ONCE},bytes items",
    "ScheduleCancelAll": f"{BY},uint64 time,{ONCE}",
    "SetProtection": f"{BY},uint64 limit,uint32 window,uint32 freeze,{ONCE}",
    "SetFlags": f"{BY},uint8 flags,{ONCE}",
    "Propose": "uint32 operation,uint8 kind,uint64 expiry,bytes body",
    "CancelOperation": "uint32 operation,uint64 expiry",
    "OracleReport": "uint16 underlying,uint64 price,uint64 confidence,uint64 time",
    "SmileReport": "uint16 expiry,uint64 time,int64 carry,int128 a,int128 b,int128 rho,int128 m,int128 sigma",
}
SPECS = {
    "PlaceOrder": steps.PLACE_ORDER,
    "CancelOrder": steps.CANCEL_ORDER,
    "CancelAll": steps.CANCEL_ALL,
    "Withdraw": steps.WITHDRAW,
    "LockCash": steps.LOCK_CASH,
    "QueueWithdrawal": steps.QUEUE_WITHDRAWAL,
    "ReserveRebalance": steps.RESERVE_REBALANCE,
    "LeaveQueue": steps.LEAVE_QUEUE,
    "PlaceSpecial": steps.PLACE_SPECIAL,
    "Replace": steps.REPLACE,
    "CancelClient": steps.CANCEL_CLIENT,
    "SetKey": steps.SET_KEY,
    "OpenSubAccount": steps.OPEN_SUB_ACCOUNT,
    "Transfer": steps.TRANSFER,
    "PlaceBulk": steps.PLACE_BULK,
    "ScheduleCancelAll": steps.SCHEDULE_CANCEL_ALL,
    "SetProtection": steps.SET_PROTECTION,
    "SetFlags": steps.SET_FLAGS,
    "Propose": steps.PROPOSE,
    "CancelOperation": steps.CANCEL_OPERATION,
}


def members(name: str) -> list[tuple[str, str]]:
    """(type, name) of each member."""
    return [tuple(member.split(" ")) for member in STRUCTS[name].split(",")]  # type: ignore[misc]


def typed(name: str, message: dict[str, object]) -> bytes:
    """Digest of the struct by eth-account."""
    signable = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                name: [{"name": field, "type": kind} for kind, field in members(name)],
            },
            "primaryType": name,
            "domain": {
                "name": "Clearspan",
                "version": "1",
                "chainId": DOMAIN.settlement_chain,
                "verifyingContract": DOMAIN.rollup,
            },
            "message": message,
        }
    )
    return keccak256(b"\x19" + signable.version + signable.header + signable.body)


def sign(name: str, message: dict[str, object]) -> bytes:
    if name == "OracleReport":
        return sign_report(KEY, DOMAIN, **message)
    if name == "SmileReport":
        smile = [message[parameter] for parameter in ("a", "b", "rho", "m", "sigma")]
        head = {field: message[field] for field in ("expiry", "time", "carry")}
        return sign_smile_report([KEY], DOMAIN, smile=smile, **head)
    fields = dict(message)
    tail = fields.pop(SPECS[name].tail) if SPECS[name].tail else None
    return sign_step(KEY, DOMAIN, SPECS[name], tail, **fields)


@pytest.mark.parametrize("name", STRUCTS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_steps_are_signed_as_eth_account_signs_them(name: str, data: st.DataObject) -> None:
    message = {field: data.draw(STRATEGIES[kind]) for kind, field in members(name)}
    step = sign(name, message)
    digest = typed(name, message)
    expected = Account.unsafe_sign_hash(digest, KEY)
    assert step[-65:] == expected.signature
    signer = SECP256K1.recover(digest, step[-65:-33], step[-33:-1], step[-1])
    assert signer == bytes.fromhex(Account.from_key(KEY).address[2:]) == Signer(KEY).address


DIGEST = keccak256(b"digest")
SIGNATURE = Signer(KEY).sign(DIGEST)
R, S, V = SIGNATURE[:32], SIGNATURE[32:64], SIGNATURE[64]
ORDER = CURVE_ORDER.to_bytes(32, "big")


def test_a_good_signature_is_the_signers() -> None:
    assert SECP256K1.recover(DIGEST, R, S, V) == Signer(KEY).address
    assert SECP256K1.recover(keccak256(b"other"), R, S, V) != Signer(KEY).address


@pytest.mark.parametrize(
    ("r", "s", "v"),
    [
        (R, (CURVE_ORDER - int.from_bytes(S, "big")).to_bytes(32, "big"), 55 - V),  # the malleable twin
        (R, S, 0),
        (R, S, 1),
        (R, S, V + 2),
        (bytes(32), S, V),
        (R, bytes(32), V),
        (ORDER, S, V),
        (b"\xff" * 32, S, V),
        (R, ORDER, V),
        ((5).to_bytes(32, "big"), S, V),  # no point has this x
    ],
)
def test_only_strict_signatures_are_recovered(r: bytes, s: bytes, v: int) -> None:
    assert SECP256K1.recover(DIGEST, r, s, v) is None


def test_layouts_have_the_documented_sizes() -> None:
    sizes = {name: spec.size for name, spec in SPECS.items()}
    assert sizes == {
        "PlaceOrder": 117,
        "CancelOrder": 102,
        "CancelAll": 88,
        "Withdraw": 126,
        "LockCash": 148,
        "QueueWithdrawal": 126,
        "ReserveRebalance": 144,
        "LeaveQueue": 96,
        "PlaceSpecial": 133,
        "Replace": 118,
        "CancelClient": 90,
        "SetKey": 117,
        "OpenSubAccount": 89,
        "Transfer": 110,
        "PlaceBulk": 31,
        "ScheduleCancelAll": 96,
        "SetProtection": 104,
        "SetFlags": 89,
        "Propose": 14,
        "CancelOperation": 78,
    }
    assert (steps.REPORT.size, steps.MARKET_STEP.size, steps.LIQUIDATE.size, steps.COVER.size) == (81, 3, 7, 5)
    assert steps.ITEM.size == 34


def test_what_is_left_out_takes_the_short_form() -> None:
    order = {"account": 1, "market": 2, "side": 0, "time_in_force": 0, "price": 4, "size": 5, "nonce": 6, "expiry": 7}
    assert sign_place_order(KEY, DOMAIN, **order) == sign_place_order(KEY, DOMAIN, **order, good_till=7)
    assert sign_place_order(KEY, DOMAIN, **order)[0] == steps.StepKind.PLACE_ORDER
    for special in ({"display": 1}, {"trigger": 1}):
        assert sign_place_order(KEY, DOMAIN, **order, **special)[0] == steps.StepKind.PLACE_SPECIAL
