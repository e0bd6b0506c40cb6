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
    sign_cancel_all,
    sign_cancel_order,
    sign_place_order,
    sign_withdraw,
    steps,
)
from exchange.engine.signatures import CURVE_ORDER
from exchange.engine.signing import sign_report
from exchange.state import Domain
from exchange.state.hashing import keccak256

KEY = b"\x42" * 32
DOMAIN = Domain(settlement_chain=900_001, rollup=b"\xab" * 20)
U64 = st.integers(0, 2**64 - 1)
U32 = st.integers(0, 2**32 - 1)
U16 = st.integers(0, 2**16 - 1)
U8 = st.integers(0, 255)

STRUCTS = {
    "PlaceOrder": {
        "account": ("uint32", U32),
        "market": ("uint16", U16),
        "side": ("uint8", U8),
        "timeInForce": ("uint8", U8),
        "price": ("uint64", U64),
        "size": ("uint64", U64),
        "nonce": ("uint64", U64),
        "expiry": ("uint64", U64),
    },
    "CancelOrder": {
        "account": ("uint32", U32),
        "market": ("uint16", U16),
        "slot": ("uint32", U32),
        "sequence": ("uint64", U64),
        "nonce": ("uint64", U64),
        "expiry": ("uint64", U64),
    },
    "CancelAll": {"account": ("uint32", U32), "nonce": ("uint64", U64), "expiry": ("uint64", U64)},
    "Withdraw": {
        "account": ("uint32", U32),
        "asset": ("uint16", U16),
        "amount": ("uint128", st.integers(0, 2**128 - 1)),
        "recipient": ("address", st.binary(min_size=20, max_size=20)),
        "nonce": ("uint64", U64),
        "expiry": ("uint64", U64),
    },
    "OracleReport": {"underlying": ("uint16", U16), "price": ("uint64", U64), "time": ("uint64", U64)},
}


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
                name: [{"name": field, "type": kind} for field, (kind, _) in STRUCTS[name].items()],
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


SIGN = {
    "PlaceOrder": (sign_place_order, {"timeInForce": "time_in_force"}),
    "CancelOrder": (sign_cancel_order, {}),
    "CancelAll": (sign_cancel_all, {}),
    "Withdraw": (sign_withdraw, {}),
    "OracleReport": (sign_report, {}),
}


@pytest.mark.parametrize("name", STRUCTS)
@settings(max_examples=20)
@given(data=st.data())
def test_steps_are_signed_as_eth_account_signs_them(name: str, data: st.DataObject) -> None:
    message = {field: data.draw(strategy) for field, (_, strategy) in STRUCTS[name].items()}
    sign, renamed = SIGN[name]
    step = sign(KEY, DOMAIN, **{renamed.get(field, field): value for field, value in message.items()})
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
    sizes = (steps.PLACE_ORDER.size, steps.CANCEL_ORDER.size, steps.CANCEL_ALL.size, steps.WITHDRAW.size)
    assert sizes == (107, 101, 87, 125)
    assert (steps.REPORT.size, steps.MARKET_STEP.size, steps.LIQUIDATE.size, steps.COVER.size) == (81, 3, 7, 5)
