import pytest

from chains import Reason
from chains.rpc_objects import byte_string
from tests.chains.probe import BYTECODE, RUNTIME


def ask(chain, method, *params):
    return chain.api.respond(method, list(params))


def test_small_answers(local, alice):
    local.mine()
    assert ask(local, "eth_blockNumber") == {"result": "0x1"}
    assert ask(local, "net_version") == {"result": "71"}
    assert ask(local, "eth_accounts") == {"result": []}
    assert ask(local, "eth_gasPrice") == {"result": "0x7"}
    assert ask(local, "eth_getTransactionCount", alice.address, "latest") == {"result": "0x0"}
    members = ask(local, "qbft_getValidatorsByBlockNumber", "latest")["result"]
    assert members == [byte_string(address) for address in local.validators.addresses]


@pytest.mark.parametrize(
    ("method", "params", "code", "reason"),
    [
        ("eth_mine", [], -32601, Reason.METHOD_NOT_FOUND),
        ("eth_getBalance", [], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x12", "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x" + "zz" * 20, "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", [7, "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x" + "00" * 20, None], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x" + "00" * 20, "soon"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x" + "00" * 20, {}], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getBalance", ["0x" + "00" * 20, "0x99"], -32000, Reason.UNKNOWN_BLOCK),
        ("eth_getLogs", [{"fromBlock": 1}], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getStorageAt", ["0x" + "00" * 20, "0x" + "1" + "00" * 32, "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_getProof", ["0x" + "00" * 20, ["0x" + "1" + "00" * 32], "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_call", [{"to": "0x" + "00" * 20, "value": "-0x1"}, "latest"], -32602, Reason.INVALID_PARAMETERS),
        ("eth_sendRawTransaction", ["0x"], -32000, Reason.MALFORMED_TRANSACTION),
        ("eth_sendRawTransaction", ["02c0"], -32602, Reason.INVALID_PARAMETERS),
    ],
)
def test_bad_requests_are_answered_not_raised(local, method, params, code, reason):
    error = ask(local, method, *params)["error"]
    assert error["code"] == code
    assert error["message"].startswith(reason)


def test_blocks_that_are_not_there_are_null(local):
    assert ask(local, "eth_getBlockByNumber", "0x9", False) == {"result": None}
    assert ask(local, "eth_getBlockByHash", "0x" + "00" * 32, False) == {"result": None}
    assert ask(local, "eth_getTransactionByHash", "0x" + "00" * 32) == {"result": None}


def test_a_served_block_carries_its_seals(local, alice):
    sent = local.send({"to": alice.address}, alice)
    assert ask(local, "eth_getTransactionByHash", byte_string(sent))["result"]["blockNumber"] is None
    header = local.mine(round=1)
    block = ask(local, "eth_getBlockByNumber", "latest", True)["result"]
    assert block["extraData"] == byte_string(header.extra.encode())
    assert block["hash"] == byte_string(header.hash)
    assert block == ask(local, "eth_getBlockByHash", byte_string(header.hash), True)["result"]
    assert block["transactions"] == [ask(local, "eth_getTransactionByHash", byte_string(sent))["result"]]
    receipts = ask(local, "eth_getBlockReceipts", "latest")["result"]
    assert receipts == [ask(local, "eth_getTransactionReceipt", byte_string(sent))["result"]]


def test_logs_by_block_hash(local, deploy_probe, alice):
    probe = deploy_probe(local)
    receipt = local.transact(probe.functions.set(1, 2), alice)
    local.transact(probe.functions.set(1, 3), alice)
    (log,) = ask(local, "eth_getLogs", {"blockHash": byte_string(receipt["blockHash"])})["result"]
    assert int(log["data"], 16) == 2
    everything = ask(local, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"})["result"]
    assert [int(entry["data"], 16) for entry in everything] == [2, 3]
    nobody = {"fromBlock": "0x0", "toBlock": "latest", "address": "0x" + "00" * 20}
    assert ask(local, "eth_getLogs", nobody) == {"result": []}
    third = {"fromBlock": "0x0", "toBlock": "latest", "topics": [None, None, None]}
    assert ask(local, "eth_getLogs", third) == {"result": []}


def test_a_call_without_money_or_code(local, pauper, alice):
    call = {"from": pauper.address, "to": alice.address, "value": "0x1"}
    assert ask(local, "eth_call", call, "latest")["error"]["message"] == "VM error: InsufficientFunds"
    assert ask(local, "eth_call", {"to": alice.address}, "latest") == {"result": "0x"}


def test_a_creation_can_be_called_and_estimated(local, alice):
    call = {"from": alice.address, "data": byte_string(BYTECODE)}
    assert ask(local, "eth_call", call, "latest") == {"result": byte_string(RUNTIME)}
    estimate = int(ask(local, "eth_estimateGas", call)["result"], 16)
    receipt = local.transact({"data": BYTECODE}, alice, gas=estimate)
    assert receipt["contractAddress"] is not None
    assert receipt["gasUsed"] <= estimate < receipt["gasUsed"] * 33 // 32


def test_fee_history(local):
    local.mine()
    history = ask(local, "eth_feeHistory", "0x2", "latest", [])["result"]
    assert (history["oldestBlock"], history["baseFeePerGas"], history["gasUsedRatio"]) == (
        "0x0",
        ["0x7"] * 3,
        [0.0] * 2,
    )
