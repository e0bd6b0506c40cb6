"""What nodes of several makes say, and what it means."""

import pytest

from chains import Reason, Rejected, Unavailable
from chains.node_errors import ALREADY_KNOWN, general_error, machine_failure, refusal_reason, revert_output


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        # geth
        ("nonce too low: next nonce 5, tx nonce 3", Reason.NONCE_TOO_LOW),
        ("nonce too high: address 0x00, tx: 9 state: 3", Reason.NONCE_TOO_HIGH),
        ("insufficient funds for gas * price + value: balance 0, tx cost 21000", Reason.INSUFFICIENT_FUNDS),
        ("intrinsic gas too low: gas 100, minimum needed 21000", Reason.GAS_LIMIT_TOO_LOW),
        ("insufficient gas for floor data gas cost: gas 21000, minimum needed 90000", Reason.GAS_LIMIT_TOO_LOW),
        ("exceeds block gas limit", Reason.GAS_LIMIT_TOO_HIGH),
        ("max fee per gas less than block base fee: address 0x00", Reason.FEE_TOO_LOW),
        ("transaction underpriced: tip needed 1, tip permitted 0", Reason.FEE_TOO_LOW),
        ("replacement transaction underpriced", Reason.NONCE_TOO_LOW),
        ("invalid chain id for signer: have 72 want 71", Reason.WRONG_CHAIN_ID),
        ("only replay-protected (EIP-155) transactions allowed over RPC", Reason.WRONG_CHAIN_ID),
        ("invalid sender", Reason.INVALID_SIGNATURE),
        ("transaction type not supported", Reason.UNSUPPORTED_TRANSACTION),
        ("rlp: expected input list for types.LegacyTx", Reason.MALFORMED_TRANSACTION),
        # Besu
        ("Nonce too low", Reason.NONCE_TOO_LOW),
        ("Nonce too distant from current sender nonce", Reason.NONCE_TOO_HIGH),
        ("Upfront cost exceeds account balance", Reason.INSUFFICIENT_FUNDS),
        ("Intrinsic gas exceeds gas limit", Reason.GAS_LIMIT_TOO_LOW),
        ("Transaction gas limit exceeds block gas limit", Reason.GAS_LIMIT_TOO_HIGH),
        ("Gas price below configured minimum gas price", Reason.FEE_TOO_LOW),
        ("Wrong chainId", Reason.WRONG_CHAIN_ID),
        # anvil
        ("Insufficient funds for gas * price + value", Reason.INSUFFICIENT_FUNDS),
        ("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", Reason.GAS_LIMIT_TOO_HIGH),
        ("Failed to decode transaction", Reason.MALFORMED_TRANSACTION),
        # ours
        ("GasLimitTooHigh: 70000000, a block holds 60000000", Reason.GAS_LIMIT_TOO_HIGH),
        ("ReadOnly: settlement was reopened for reading", Reason.READ_ONLY),
        # nobody's
        ("computer says no", Reason.NODE_REFUSED),
    ],
)
def test_refusals(message, reason):
    assert refusal_reason({"code": -32000, "message": message}) is reason


@pytest.mark.parametrize(
    ("message", "is_known"),
    [
        ("already known", True),
        ("transaction already imported", True),
        ("Known transaction", True),
        ("unknown account", False),
        ("nonce too low", False),
    ],
)
def test_what_a_node_already_holds_is_no_refusal(message, is_known):
    assert (ALREADY_KNOWN.search(message) is not None) == is_known


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("out of gas", "OutOfGas"),
        ("EVM error OutOfGas", "OutOfGas"),
        ("VM error: OutOfGas", "OutOfGas"),
        ("invalid opcode: INVALID", "InvalidInstruction"),
        ("EVM error InvalidFEOpcode", "InvalidInstruction"),
        ("Invalid opcode: 0xfe", "InvalidInstruction"),
        ("invalid jump destination", "InvalidJumpDestination"),
        ("Bad jump destination", "InvalidJumpDestination"),
        ("write protection", "WriteProtection"),
        ("VM error: ContractCreationCollision", "ContractCreationCollision"),
        ("VM error: SomethingNew", "SomethingNew"),
        ("execution reverted: out of gas", None),
        ("Execution reverted", None),
        ("header not found", None),
    ],
)
def test_failures_of_the_machine(message, name):
    assert machine_failure(message) == name


@pytest.mark.parametrize(
    ("error", "output"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x0102"}, b"\x01\x02"),
        ({"code": 3, "message": "execution reverted", "data": "0x"}, b""),
        ({"code": 3, "message": "execution reverted"}, b""),
        ({"code": -32000, "message": "Execution reverted", "data": "Reverted 0x0102"}, b"\x01\x02"),
        (
            {"code": -32015, "message": "VM execution error.", "data": {"message": "revert", "data": "0x0102"}},
            b"\x01\x02",
        ),
        ({"code": -32000, "message": "execution reverted", "data": "0xzz"}, None),
        ({"code": -32000, "message": "header not found"}, None),
        ("what", None),
        (None, None),
    ],
)
def test_revert_bytes(error, output):
    assert revert_output(error) == output


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        ({"code": -32005, "message": "limit exceeded"}, Unavailable, Reason.RATE_LIMITED),
        ({"code": -32002, "message": "resource unavailable"}, Unavailable, Reason.NODE_UNREACHABLE),
        ({"code": -32002, "message": "ChainHalted: 2 validators online"}, Unavailable, Reason.CHAIN_HALTED),
        ({"code": -32601, "message": "method not found"}, Rejected, Reason.METHOD_NOT_FOUND),
        ({"code": -32602, "message": "odd number of digits"}, Rejected, Reason.INVALID_PARAMETERS),
        ({"code": -32000, "message": "UnknownBlock: number 99"}, Rejected, Reason.UNKNOWN_BLOCK),
        ({"code": -32000, "message": "header not found"}, Rejected, Reason.NODE_REFUSED),
        ("what", Rejected, Reason.NODE_REFUSED),
    ],
)
def test_other_errors(error, kind, reason):
    meant = general_error("eth_call", error)
    assert (type(meant), meant.reason) == (kind, reason)
    assert str(meant).startswith(f"{reason}: eth_call: ")
