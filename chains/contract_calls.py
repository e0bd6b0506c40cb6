"""Calls of contract functions straight over JSON-RPC: one request each, and answers read as web3.py would.

web3.py asks for the chain's id beside each call, looks each function up three times, and takes eight times as long.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.contract.contract import ContractFunction
from web3.types import BlockIdentifier

from chains.errors import ChainError, DishonestNode, Reason, TransactionReverted
from chains.node_errors import general_error, machine_failure, message_of, revert_output
from chains.reverts import abi_type, decode_revert

Converter = Callable[[Any], Any]
PLAIN: dict[str, type | tuple[type, ...]] = {"uint": int, "addr": str, "bool": bool, "byte": bytes}
"""By the first letters of a type: values that need none of web3.py's conversions; binding a function checked them."""


def calldata(function: ContractFunction) -> bytes:
    """Selector and arguments of a bound function."""
    declared = [abi_type(parameter) for parameter in function.abi["inputs"]]
    given = function.arguments or ()
    if all(isinstance(value, PLAIN.get(kind[:4], ())) for kind, value in zip(declared, given, strict=True)):
        return bytes.fromhex(function.selector.removeprefix("0x")) + encode(declared, given)
    return bytes(HexBytes(function._encode_transaction_data()))  # noqa: SLF001 - build_transaction asks the node for gas


def call_request(function: ContractFunction, sender: str | None, block: BlockIdentifier) -> list[Any]:
    """The parameters of `eth_call`."""
    transaction = {"to": function.address, "data": "0x" + calldata(function).hex()}
    if sender is not None:
        transaction["from"] = to_checksum_address(sender)
    return [transaction, block_tag(block)]


def block_tag(block: BlockIdentifier) -> str:
    """A height, a hash or a tag as JSON-RPC writes it."""
    if isinstance(block, int):
        return hex(block)
    return block if isinstance(block, str) else HexBytes(block).to_0x_hex()


def read_output(function: ContractFunction, output: Any) -> Any:
    """What the function answered: one value, or a list of several; addresses checksummed, arrays as lists.

    Raises DishonestNode(MalformedAnswer) for bytes that are no such answer.
    """
    declared = [abi_type(parameter) for parameter in function.abi["outputs"]]
    with understood(str(function.fn_name)):
        values = decode(declared, bytes.fromhex(output.removeprefix("0x")))
    read = [_converter(kind)(value) for kind, value in zip(declared, values, strict=True)]
    return read[0] if len(read) == 1 else read


def failed_call(error: Any) -> ChainError:
    """What a node's error to a call means: a revert, another failure of the machine, or the node's refusal."""
    output = revert_output(error)
    if output is not None:
        return decode_revert(output).as_error()
    name = machine_failure(message_of(error))
    if name is not None:
        return TransactionReverted(name, (), error=f"{name}()")
    return general_error("eth_call", error)


@contextmanager
def understood(method: str) -> Iterator[None]:
    """Around the reading of a node's answer: raises DishonestNode(MalformedAnswer) for what cannot be read."""
    try:
        yield
    except (AttributeError, DecodingError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise DishonestNode(Reason.MALFORMED_ANSWER, f"{method}: {type(error).__name__}: {error}"[:120]) from error


@cache
def _converter(declared: str) -> Converter:
    if declared.endswith("]"):
        item = _converter(declared[: declared.rindex("[")])
        return lambda values: [item(value) for value in values]
    if declared.startswith("("):
        parts = [_converter(part) for part in _components(declared)]
        return lambda values: _converted(parts, values)
    return to_checksum_address if declared == "address" else _unchanged


def _unchanged(value: Any) -> Any:
    return value


def _converted(parts: Sequence[Converter], values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(part(value) for part, value in zip(parts, values, strict=True))


def _components(declared: str) -> tuple[str, ...]:
    """The types within the brackets of a tuple type, such as `(uint64,(address,bytes))`."""
    parts, depth, start = [], 0, 1
    for place, character in enumerate(declared):
        depth += (character == "(") - (character == ")")
        if (character == "," and depth == 1) or depth == 0:
            parts.append(declared[start:place])
            start = place + 1
    return tuple(part for part in parts if part)
