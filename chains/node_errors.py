"""What nodes say when they refuse, by the words they use: geth, Besu, anvil and our own chains."""

import re
from collections.abc import Mapping
from typing import Any, cast

from chains.errors import ChainError, Reason, Rejected, Unavailable

ALREADY_KNOWN = re.compile(r"already known|already imported|known transaction", re.IGNORECASE)
"""Answers to a submission that the node already holds, which is what was wanted."""
STILL_INDEXING = re.compile(r"indexing is in progress", re.IGNORECASE)
"""What geth says of a transaction it does not find while it may not have looked everywhere."""

REFUSALS: tuple[tuple[Reason, re.Pattern[str]], ...] = tuple(
    (reason, re.compile(pattern, re.IGNORECASE))
    for reason, pattern in (
        (Reason.WRONG_CHAIN_ID, r"invalid chain ?id|wrong chain ?id|replay.protected"),
        (Reason.NONCE_TOO_LOW, r"nonce too low|nonce_too_low|replacement|underpriced replacement"),
        (Reason.NONCE_TOO_HIGH, r"nonce too (high|distant)|nonce_too_high"),
        (Reason.INSUFFICIENT_FUNDS, r"insufficient (funds|balance)|upfront cost exceeds"),
        (Reason.GAS_LIMIT_TOO_HIGH, r"block gas limit|gas (limit )?too high|tx\.gas_limit >"),
        (Reason.GAS_LIMIT_TOO_LOW, r"intrinsic gas|gas floor|floor data gas|intrinsic_gas"),
        (Reason.FEE_TOO_LOW, r"underpriced|less than block base fee|fee too low|gas price (below|too low)"),
        (Reason.INVALID_SIGNATURE, r"invalid sender|invalid signature|invalid transaction v, r, s"),
        (Reason.UNSUPPORTED_TRANSACTION, r"transaction type not supported|unsupported transaction"),
        (Reason.MALFORMED_TRANSACTION, r"failed to decode|rlp|typed transaction too short"),
    )
)
"""Why a node did not take a transaction; the first that matches."""

MACHINE_FAILURES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("OutOfGas", r"out ?of ?gas|insufficient gas"),
        ("InvalidInstruction", r"invalid ?opcode|invalid ?fe ?opcode|invalid ?operation|opcode not found"),
        ("InvalidJumpDestination", r"(invalid|bad) ?jump"),
        ("InsufficientStack", r"stack ?underflow"),
        ("FullStack", r"stack ?(overflow|limit)"),
        ("WriteProtection", r"write ?protection|state ?change ?during ?static|illegal ?state ?change"),
        ("ContractCreationCollision", r"creat(e|ion) ?collision|address collision"),
    )
)
"""py-evm's names of the ways the machine fails without a revert, by what other machines call them."""

REASONS = frozenset(map(str, Reason))
"""Our own chains put the reason's name in front of their message."""
OVERLOADED_CODE = -32005
UNAVAILABLE_CODE = -32002
ERROR_CODES = {-32601: Reason.METHOD_NOT_FOUND, -32602: Reason.INVALID_PARAMETERS}
OWN_FAILURE = re.compile(r"^(?:VM error: |EVM error:? )(\w+)")
IS_REVERT = re.compile(r"revert", re.IGNORECASE)


def message_of(error: Any) -> str:
    """The text of a JSON-RPC error object."""
    return str(error.get("message", "")) if isinstance(error, Mapping) else str(error)


def machine_failure(message: str) -> str | None:
    """The name of an EVM failure that is no revert, None when the message tells of none."""
    if IS_REVERT.search(message):
        return None
    for name, pattern in MACHINE_FAILURES:
        if pattern.search(message):
            return name
    own = OWN_FAILURE.match(message)
    return own[1] if own else None


def revert_output(error: Any) -> bytes | None:
    """The bytes a call reverted with, None when the error tells of no revert.

    Nodes put them in `data`: as hexadecimal, in an object of its own, or after the word `Reverted`.
    """
    if not isinstance(error, Mapping):
        return None
    payload = error.get("data")
    while isinstance(payload, Mapping):
        payload = payload.get("data", payload.get("result"))
    if isinstance(payload, str):
        digits = payload.removeprefix("Reverted ").removeprefix("0x")
        try:
            return bytes.fromhex(digits) if digits or IS_REVERT.search(message_of(error)) else None
        except ValueError:
            return None
    return b"" if IS_REVERT.search(message_of(error)) else None


def refusal_reason(error: Any) -> Reason:
    """Why a transaction was not taken; NODE_REFUSED when the words are unknown."""
    message = message_of(error)
    named = message.partition(":")[0]
    if named in REASONS:
        return Reason(named)
    return next((reason for reason, pattern in REFUSALS if pattern.search(message)), Reason.NODE_REFUSED)


def general_error(method: str, error: Any) -> ChainError:
    """What a node's error to any other call means."""
    code = error.get("code") if isinstance(error, Mapping) else None
    named, _, rest = message_of(error).partition(": ")
    own = Reason(named) if named in REASONS else None
    message = f"{method}: {message_of(error) if own is None else rest}"
    if code == OVERLOADED_CODE:
        return Unavailable(own or Reason.RATE_LIMITED, message)
    if code == UNAVAILABLE_CODE:
        return Unavailable(own or Reason.NODE_UNREACHABLE, message)
    return Rejected(own or ERROR_CODES.get(cast("int", code), Reason.NODE_REFUSED), message)
