import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.address import to_checksum_address

import contracts
from chains import TransactionReverted, decode_revert
from chains.reverts import abi_type, declared_errors, errors_of

ADDRESS = to_checksum_address("0x" + "00" * 19 + "ff")
ABI = [
    {"type": "error", "name": "Plain", "inputs": []},
    {
        "type": "error",
        "name": "Rich",
        "inputs": [
            {"name": "who", "type": "address"},
            {"name": "id", "type": "bytes4"},
            {"name": "pair", "type": "tuple[]", "components": [{"type": "uint8"}, {"type": "string"}]},
        ],
    },
    {"type": "function", "name": "ignored", "inputs": []},
]
RICH = keccak(b"Rich(address,bytes4,(uint8,string)[])")[:4]


def test_errors_of_an_abi():
    errors = errors_of(ABI)
    assert set(errors) == {keccak(b"Plain()")[:4], RICH}
    assert str(decode_revert(keccak(b"Plain()")[:4], errors)) == "Plain()"
    output = RICH + encode(["address", "bytes4", "(uint8,string)[]"], [ADDRESS, b"\x01\x02\x03\x04", [(7, "x")]])
    assert str(decode_revert(output, errors)) == f"Rich({ADDRESS}, 0x01020304, [[7, x]])"


def test_structs_are_spelled_out():
    assert abi_type(ABI[1]["inputs"][2]) == "(uint8,string)[]"


@pytest.mark.parametrize(
    ("output", "text"),
    [
        (b"", "EmptyRevert()"),
        (b"\x01", "UnknownError(0x01)"),
        (bytes.fromhex("08c379a0"), "UnknownError(0x08c379a0)"),
        (bytes.fromhex("08c379a0") + encode(["string"], ["out of cheese"]), "Error(out of cheese)"),
        (bytes.fromhex("4e487b71") + encode(["uint256"], [0x12]), "Panic(18, division by zero)"),
        (bytes.fromhex("4e487b71") + encode(["uint256"], [0x99]), "Panic(153)"),
        (RICH + bytes(3), f"UnknownError(0x{RICH.hex()}000000)"),
    ],
)
def test_every_revert_has_a_reading(output, text):
    assert str(decode_revert(output, errors_of(ABI))) == text


def test_it_is_an_exception_that_carries_everything():
    error = decode_revert(keccak(b"Plain()")[:4], errors_of(ABI)).as_error()
    assert isinstance(error, TransactionReverted)
    assert (error.error_name, error.error_args, error.error) == ("Plain", (), "Plain()")
    assert str(error) == "TransactionReverted: Plain()"


def test_no_two_contracts_of_the_house_mean_different_things_by_one_selector():
    for name in contracts.names():
        for selector, error in errors_of(contracts.load(name).abi).items():
            assert declared_errors()[selector] == error, name
