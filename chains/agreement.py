"""When two nodes' answers to one question are the same answer, and how those that may differ become one."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from chains.errors import DishonestNode, Reason
from chains.node_errors import machine_failure, message_of, revert_output


class Rule(StrEnum):
    """How the answers of several nodes become one."""

    SAME = "same"
    """A quorum gives the same answer, on whatever money depends."""
    REACHED = "reached"
    """The greatest number that a quorum has reached: heights, nonces."""
    MIDDLE = "middle"
    """The lower median: fees, which no single node may drive up."""
    EVERYONE = "everyone"
    """All usable nodes are told: transactions."""
    ANY = "any"
    """One node's word: what explains, and decides nothing."""


RULES: Mapping[str, Rule] = {
    "eth_blockNumber": Rule.REACHED,
    "eth_call": Rule.SAME,
    "eth_chainId": Rule.SAME,
    "eth_estimateGas": Rule.MIDDLE,
    "eth_feeHistory": Rule.SAME,
    "eth_gasPrice": Rule.MIDDLE,
    "eth_getBalance": Rule.SAME,
    "eth_getBlockByHash": Rule.SAME,
    "eth_getBlockByNumber": Rule.SAME,
    "eth_getBlockReceipts": Rule.SAME,
    "eth_getCode": Rule.SAME,
    "eth_getLogs": Rule.SAME,
    "eth_getProof": Rule.SAME,
    "eth_getStorageAt": Rule.SAME,
    "eth_getTransactionByHash": Rule.SAME,
    "eth_getTransactionCount": Rule.SAME,
    "eth_getTransactionReceipt": Rule.SAME,
    "eth_maxPriorityFeePerGas": Rule.MIDDLE,
    "eth_sendRawTransaction": Rule.EVERYONE,
    "qbft_getValidatorsByBlockNumber": Rule.SAME,
}
"""By method; one that is not listed explains (`debug_traceCall`) and is one node's word."""

TAG_POSITION: Mapping[str, int] = {
    "eth_call": 1,
    "eth_estimateGas": 1,
    "eth_feeHistory": 1,
    "eth_getBalance": 1,
    "eth_getBlockByNumber": 0,
    "eth_getCode": 1,
    "eth_getProof": 2,
    "eth_getStorageAt": 2,
    "eth_getTransactionCount": 1,
    "qbft_getValidatorsByBlockNumber": 0,
}
"""Where a block tag stands. It is replaced by a number that a quorum has reached, or nodes could never agree."""
MOVING_TAGS = ("latest", "safe", "finalized")

_RECEIPT_FIELDS = ("transactionHash", "blockHash", "blockNumber", "status", "gasUsed", "effectiveGasPrice")
_LOG_FIELDS = ("address", "topics", "data", "blockHash", "transactionHash", "logIndex", "removed")


def height_of(method: str, params: Sequence[Any], response: Mapping[str, Any]) -> int | None:
    """Height of the block that an answer rests on, None where it rests on none or on one that does not say."""
    if method in TAG_POSITION:
        return _quantity(params[TAG_POSITION[method]])
    if method == "eth_getLogs":
        return _quantity(params[0].get("toBlock"))
    result = response.get("result")
    return _quantity(result.get("blockNumber", result.get("number"))) if isinstance(result, Mapping) else None


def _quantity(text: Any) -> int | None:
    try:
        return int(text, 16)
    except (TypeError, ValueError):
        return None


def essence(method: str, response: Mapping[str, Any]) -> Any:
    """What of a response has to be equal; fields that differ between kinds of nodes are left out.

    Raises DishonestNode(MALFORMED_ANSWER) for a result of another shape.
    """
    error = response.get("error")
    if error is not None:
        return ("error", revert_output(error), machine_failure(message_of(error)))
    result = response.get("result")
    if result is None:
        return None
    try:
        return _ESSENCES.get(method, _plain)(result)
    except (AttributeError, KeyError, TypeError, ValueError) as failure:
        raise DishonestNode(Reason.MALFORMED_ANSWER, f"{method}: no such shape") from failure


def number(response: Mapping[str, Any]) -> int:
    """A quantity; raises DishonestNode(MALFORMED_ANSWER)."""
    try:
        return int(response["result"], 16)
    except (KeyError, TypeError, ValueError) as failure:
        raise DishonestNode(Reason.MALFORMED_ANSWER, "no quantity") from failure


def _plain(result: Any) -> Any:
    if isinstance(result, Mapping):
        return tuple(sorted((key, _plain(value)) for key, value in result.items()))
    if isinstance(result, list):
        return tuple(_plain(value) for value in result)
    return result.lower() if isinstance(result, str) else result


def _block(result: Any) -> Any:
    transactions = [entry if isinstance(entry, str) else entry["hash"] for entry in result["transactions"]]
    return (_plain(result["number"]), _plain(result["hash"]), _plain(transactions))


def _proof(result: Any) -> Any:
    words = [(int(entry["key"], 16), int(entry["value"], 16)) for entry in result["storageProof"]]
    numbers = (int(result["balance"], 16), int(result["nonce"], 16))
    return (*numbers, _plain(result["codeHash"]), _plain(result["storageHash"]), tuple(words))


def _log(entry: Any) -> Any:
    return tuple(_plain(entry.get(field)) for field in _LOG_FIELDS)


def _logs(result: Any) -> Any:
    return tuple(_log(entry) for entry in result)


def _receipt(result: Any) -> Any:
    return (*(_plain(result.get(field)) for field in _RECEIPT_FIELDS), _logs(result["logs"]))


def _transaction(result: Any) -> Any:
    return (_plain(result["hash"]), _plain(result.get("blockHash")))


_ESSENCES: Mapping[str, Callable[[Any], Any]] = {
    "eth_getBlockByHash": _block,
    "eth_getBlockByNumber": _block,
    "eth_getBlockReceipts": lambda result: tuple(_receipt(entry) for entry in result),
    "eth_getLogs": _logs,
    "eth_getProof": _proof,
    "eth_getTransactionByHash": _transaction,
    "eth_getTransactionReceipt": _receipt,
}


def reached(numbers: Sequence[int], quorum: int) -> int:
    """The greatest number that `quorum` of them have reached; at least so many are needed."""
    return sorted(numbers, reverse=True)[quorum - 1]


def middle(numbers: Sequence[int]) -> int:
    """The lower median."""
    return sorted(numbers)[(len(numbers) - 1) // 2]
