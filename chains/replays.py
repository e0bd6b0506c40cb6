"""Why a mined transaction failed, asked of a node: receipts say that, not why."""

from collections.abc import Callable, Mapping
from typing import Any

from chains.errors import Rejected, TransactionReverted
from chains.node_errors import machine_failure, message_of, revert_output
from chains.reverts import decode_revert

Request = Callable[[str, list[Any]], Mapping[str, Any]]
"""Sends a JSON-RPC request and answers the whole response."""


def explain_failure(request: Request, receipt: Mapping[str, Any]) -> TransactionReverted:
    """The decoded error of a failed transaction, given its raw receipt.

    From the receipt itself where the node puts it there (Besu, our own), else from a trace, else from running the call
    again on the block before: what happened there is exact only if nothing earlier in its own block mattered.
    """
    for source in (_from_receipt, _from_trace, _from_parent_block):
        found = source(request, receipt)
        if found is not None:
            return found
    return TransactionReverted("Unexplained", (), error="Unexplained()")


def _from_receipt(_request: Request, receipt: Mapping[str, Any]) -> TransactionReverted | None:
    given = receipt.get("revertReason")
    output = revert_output({"data": given, "message": "reverted"}) if isinstance(given, str) else None
    return None if output is None else decode_revert(output).as_error()


def _from_trace(request: Request, receipt: Mapping[str, Any]) -> TransactionReverted | None:
    frame = _result(request, "debug_traceTransaction", [receipt["transactionHash"], {"tracer": "callTracer"}])
    if not isinstance(frame, Mapping) or not frame.get("error"):
        return None
    return _failure({"message": frame["error"], "data": frame.get("output", "0x")})


def _from_parent_block(request: Request, receipt: Mapping[str, Any]) -> TransactionReverted | None:
    transaction = _result(request, "eth_getTransactionByHash", [receipt["transactionHash"]])
    if not isinstance(transaction, Mapping):
        return None
    call = {name: transaction[name] for name in ("from", "to", "gas", "value") if transaction.get(name) is not None}
    call["data"] = transaction.get("input", "0x")
    parent = hex(int(receipt["blockNumber"], 16) - 1)
    failure = _failure(request("eth_call", [call, parent]).get("error"))
    if failure is None and receipt["gasUsed"] == transaction["gas"]:
        return TransactionReverted("OutOfGas", (), error="OutOfGas()")
    return failure


def _failure(error: Any) -> TransactionReverted | None:
    if error is None:
        return None
    name = machine_failure(message_of(error))
    if name is not None:
        return TransactionReverted(name, (), error=f"{name}()")
    output = revert_output(error)
    return None if output is None else decode_revert(output).as_error()


def _result(request: Request, method: str, params: list[Any]) -> Any:
    try:
        return request(method, params).get("result")
    except Rejected:
        return None
