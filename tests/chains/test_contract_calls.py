"""Calls straight over JSON-RPC answer what web3.py answers, and what cannot be read is the node's fault."""

import pytest
from eth_abi.abi import encode
from eth_utils.address import to_checksum_address

from chains import DishonestNode, Reason
from chains.contract_calls import block_tag, calldata, failed_call, read_output, understood
from chains.errors import TransactionReverted, Unavailable
from chains.node_errors import OVERLOADED_CODE

SOMEBODY = "0x" + "ab" * 20
PARTS = [{"name": "who", "type": "address"}, {"name": "amounts", "type": "uint64[]"}]
OUTPUTS = {
    "number": ([{"type": "uint256"}], ["uint256"], [7]),
    "address": ([{"type": "address"}], ["address"], [SOMEBODY]),
    "several": ([{"type": "bool"}, {"type": "bytes32"}], ["bool", "bytes32"], [True, b"\x01" * 32]),
    "arrays": ([{"type": "address[2][]"}], ["address[2][]"], [[[SOMEBODY, SOMEBODY]]]),
    "structs": (
        [{"type": "tuple[]", "components": PARTS}, {"type": "tuple", "components": PARTS}],
        ["(address,uint64[])[]", "(address,uint64[])"],
        [[(SOMEBODY, [1, 2])], (SOMEBODY, [])],
    ),
}


def function_of(far, outputs, inputs=(), *, arguments=()):
    abi = [{"type": "function", "name": "ask", "stateMutability": "view", "inputs": list(inputs), "outputs": outputs}]
    return far.w3.eth.contract(address=to_checksum_address(SOMEBODY), abi=abi).functions.ask(*arguments)


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_answer_is_read_as_web3_reads_it(far, link, name):
    declared, types, values = OUTPUTS[name]
    output = "0x" + encode(types, values).hex()
    link.changes["eth_call"] = lambda _answer, _: {"jsonrpc": "2.0", "id": 1, "result": output}
    function = function_of(far, declared)
    assert far.call(function) == function.call() == read_output(function, output)


@pytest.mark.parametrize(
    ("kinds", "arguments"),
    [
        ((), ()),
        (("uint64", "bytes32", "bool", "address"), (7, b"\x01" * 32, True, to_checksum_address(SOMEBODY))),
        (("uint64[]", "bytes"), ([1, 2], b"abc")),
        (("bytes32",), ("0x" + "01" * 32,)),
    ],
)
def test_calldata_is_what_web3_sends(far, kinds, arguments):
    inputs = [{"name": f"a{place}", "type": kind} for place, kind in enumerate(kinds)]
    function = function_of(far, [], inputs, arguments=arguments)
    assert calldata(function).hex() == function._encode_transaction_data().removeprefix("0x")


@pytest.mark.parametrize("answer", ["0x", "0x12", "0xzz", None, 7, "0x" + "ff" * 64, {"a": 1}])
def test_what_is_no_answer_is_the_nodes_fault(far, link, answer):
    link.changes["eth_call"] = lambda _answer, _: {"jsonrpc": "2.0", "id": 1, "result": answer}
    with pytest.raises(DishonestNode) as caught:
        far.call(function_of(far, [{"type": "address[]"}]))
    assert caught.value.reason is Reason.MALFORMED_ANSWER


@pytest.mark.parametrize("field", ["blockNumber", "topics", "data", "transactionHash"])
@pytest.mark.parametrize("value", ["0x>4", None, "missing"])
def test_logs_that_cannot_be_read_are_the_nodes_fault(far, link, local, alice, deploy_probe, field, value):
    probe = deploy_probe(local)
    local.transact(probe.functions.set(1, 2), alice)
    there = far.w3.eth.contract(address=probe.address, abi=probe.abi)
    assert len(far.logs(there.events.Stored(), 0, local.head().number)) == 1

    def spoil(answer, _):
        logs = [{**log, field: value} for log in answer["result"]]
        for log in logs:
            if value == "missing":
                del log[field]
        return {**answer, "result": logs}

    link.changes["eth_getLogs"] = spoil
    with pytest.raises(DishonestNode) as caught:
        far.logs(there.events.Stored(), 0, local.head().number)
    assert caught.value.reason is Reason.MALFORMED_ANSWER


def test_errors_mean_what_they_say():
    assert isinstance(failed_call({"code": 3, "message": "execution reverted", "data": "0x"}), TransactionReverted)
    assert "OutOfGas()" in str(failed_call({"code": -32000, "message": "out of gas"}))
    assert isinstance(failed_call({"code": OVERLOADED_CODE, "message": "slow down"}), Unavailable)


def test_blocks_are_written_as_nodes_read_them():
    assert block_tag(17) == "0x11"
    assert block_tag("pending") == "pending"
    assert block_tag(b"\x02" * 32) == "0x" + "02" * 32


def test_only_what_reading_raises_is_the_nodes_fault():
    with pytest.raises(ZeroDivisionError), understood("anything"):
        raise ZeroDivisionError
    with pytest.raises(DishonestNode, match="anything: KeyError"), understood("anything"):
        raise KeyError("blockNumber")
