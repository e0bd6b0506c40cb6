"""Soft confirmations are EIP-712 signatures any wallet library recovers."""

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from exchange.sequencer.confirmation import Confirmation, OperatorKey, recover_operator
from exchange.sequencer.errors import InvalidSignature
from exchange.state.config import Domain

KEY = b"\x11" * 32
ROLLUP = b"\x22" * 20
DOMAIN = Domain(settlement_chain=1001, rollup=ROLLUP)
FIELDS = [("cut", "uint64"), ("sequence", "uint64"), ("stepHash", "bytes32"), ("clock", "uint64")]


def confirmation():
    fields = {"cut": 2, "sequence": 7, "step_hash": b"\x33" * 32, "clock": 1_700_000_000}
    return Confirmation(**fields, signature=OperatorKey(KEY, DOMAIN).sign(**fields))


def test_the_signature_is_that_of_the_typed_message():
    message = encode_typed_data(
        {"name": "Clearspan", "version": "1", "chainId": 1001, "verifyingContract": "0x" + ROLLUP.hex()},
        {"Confirmation": [{"name": n, "type": t} for n, t in FIELDS]},
        {"cut": 2, "sequence": 7, "stepHash": b"\x33" * 32, "clock": 1_700_000_000},
    )
    signed = confirmation()
    assert signed.signature == bytes(Account.sign_message(message, KEY).signature)
    assert recover_operator(signed, DOMAIN) == OperatorKey(KEY, DOMAIN).address
    assert OperatorKey(KEY, DOMAIN).address == bytes.fromhex(Account.from_key(KEY).address[2:])


@pytest.mark.parametrize(
    "change",
    [{"cut": 3}, {"sequence": 8}, {"step_hash": b"\x34" * 32}, {"clock": 1_700_000_001}],
    ids=lambda each: next(iter(each)),
)
def test_every_field_is_signed(change):
    operator = OperatorKey(KEY, DOMAIN).address
    assert recover_operator(replace(confirmation(), **change), DOMAIN) != operator


def test_the_domain_is_signed():
    operator = OperatorKey(KEY, DOMAIN).address
    assert recover_operator(confirmation(), Domain(settlement_chain=1002, rollup=ROLLUP)) != operator
    assert recover_operator(confirmation(), Domain(settlement_chain=1001, rollup=b"\x23" * 20)) != operator


@pytest.mark.parametrize("signature", [b"", bytes(65), bytes(64) + b"\x1b", b"\xff" * 64 + b"\x1b", bytes(66)])
def test_what_is_no_signature_is_a_typed_error(signature):
    with pytest.raises(InvalidSignature):
        recover_operator(replace(confirmation(), signature=signature), DOMAIN)


def test_the_key_stays_out_of_sight():
    assert KEY.hex() not in repr(OperatorKey(KEY, DOMAIN))
