"""JSON-RPC over a local chain: what `w3` talks to, and what a server can put on the network."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chains import evm, rpc_objects
from chains.blocks import Block
from chains.errors import ChainError, Reason, Rejected, Unavailable
from chains.reverts import decode_revert
from chains.rpc_objects import Json, byte_string, quantity, word

if TYPE_CHECKING:
    from chains.local import LocalChain

REVERTED_CODE = 3
ERROR_CODES = {
    Reason.METHOD_NOT_FOUND: -32601,
    Reason.INVALID_PARAMETERS: -32602,
}
SERVER_ERROR_CODE = -32000
UNAVAILABLE_CODE = -32002
REMEMBERED_CALLS = 2_048
"""What a mined block answers to a call never changes, and several daemons ask the same."""
REMEMBERED_BLOCKS = 16


class EthApi:
    """Answers the `eth_` methods of one local chain."""

    def __init__(self, chain: "LocalChain") -> None:
        self._chain = chain
        self._answered: dict[tuple[bytes, evm.CallMessage], evm.Outcome] = {}
        self._objects: deque[tuple[Block, bool, Json]] = deque(maxlen=REMEMBERED_BLOCKS)
        self._methods: dict[str, Callable[..., Any]] = {
            "eth_accounts": list,
            "eth_blockNumber": lambda: quantity(chain.ledger.height),
            "eth_call": self._call,
            "eth_chainId": lambda: quantity(chain.chain_id),
            "eth_estimateGas": self._estimate_gas,
            "eth_feeHistory": self._fee_history,
            "eth_gasPrice": lambda: quantity(chain.next_base_fee()),
            "eth_getBalance": lambda address, tag: quantity(self._account(address, tag).balance),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getBlockReceipts": self._block_receipts,
            "eth_getCode": self._code,
            "eth_getLogs": self._logs,
            "eth_getProof": self._proof,
            "eth_getStorageAt": self._storage,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionCount": self._transaction_count,
            "eth_getTransactionReceipt": self._receipt,
            "eth_maxPriorityFeePerGas": lambda: quantity(0),
            "eth_sendRawTransaction": lambda raw: byte_string(chain.submit(_bytes(raw))),
            "eth_syncing": lambda: False,
            "net_version": lambda: str(chain.chain_id),
            "qbft_getValidatorsByBlockNumber": self._validators,
            "web3_clientVersion": lambda: "clearspan/local",
        }

    def respond(self, method: str, params: Sequence[Any]) -> Json:
        """`{"result": ...}` or `{"error": {code, message, data}}`; never raises for what the caller did wrong."""
        try:
            handler = self._methods.get(method)
            if handler is None:
                raise Rejected(Reason.METHOD_NOT_FOUND, method)
            try:
                return {"result": handler(*params)}
            except (AttributeError, TypeError, ValueError) as error:
                raise Rejected(Reason.INVALID_PARAMETERS, f"{method}: {error}") from error
        except _VmFailure as failure:
            return {"error": failure.object}
        except ChainError as error:
            code = UNAVAILABLE_CODE if isinstance(error, Unavailable) else SERVER_ERROR_CODE
            return {"error": {"code": ERROR_CODES.get(error.reason, code), "message": str(error)}}

    def _height(self, tag: str) -> int:
        """Height of a block tag or hexadecimal number; `pending` reads the head's state, but calls see the pool's."""
        _require_text(tag)
        match tag:
            case "latest" | "pending":
                return self._chain.ledger.height
            case "safe" | "finalized":
                return self._chain.finalized_header().number
            case "earliest":
                return 0
        return self._chain.ledger.block(int(tag, 16)).header.number

    def _root(self, tag: str | Mapping[str, str]) -> bytes:
        if isinstance(tag, Mapping):
            return self._chain.ledger.block_with_hash(_bytes(tag.get("blockHash", ""))).header.state_root
        return self._chain.ledger.block(self._height(tag)).header.state_root

    def _account(self, address: str, tag: str) -> evm.Account:
        return self._chain.evm.account(self._root(tag), _address(address))

    def _code(self, address: str, tag: str) -> str:
        return byte_string(self._chain.evm.code(self._root(tag), _address(address)))

    def _storage(self, address: str, slot: str, tag: str) -> str:
        return word(self._chain.evm.storage(self._root(tag), _address(address), _integer(slot)))

    def _transaction_count(self, address: str, tag: str) -> str:
        if tag == "pending":
            return quantity(self._chain.next_nonce(_address(address)))
        return quantity(self._account(address, tag).nonce)

    def _outcome(self, transaction: Mapping[str, Any], tag: str, gas: int) -> evm.Outcome:
        is_mined = tag != "pending"
        context = self._chain.context_of(self._height(tag)) if is_mined else self._chain.next_context()
        to = transaction.get("to")
        message = evm.CallMessage(
            sender=_address(transaction["from"]) if transaction.get("from") else bytes(20),
            to=_address(to) if to else None,
            value=_integer(transaction.get("value", 0)),
            payload=_bytes(transaction.get("data") or transaction.get("input") or "0x"),
            gas=min(gas, evm.CALL_GAS),
        )
        if not is_mined:
            machine, root = self._chain.pending_state(context)
            return machine.call(context, root, message)
        asked = (self._chain.header(context.number).hash, message)
        outcome = self._answered.get(asked)
        if outcome is None:
            outcome = self._answered[asked] = self._chain.evm.call(context, self._root(tag), message)
            if len(self._answered) > REMEMBERED_CALLS:
                del self._answered[next(iter(self._answered))]
        return outcome

    def _call(self, transaction: Mapping[str, Any], tag: str = "latest", *_overrides: object) -> str:
        outcome = self._outcome(transaction, tag, _integer(transaction.get("gas", evm.CALL_GAS)))
        if outcome.error is not None:
            raise _VmFailure(outcome)
        return byte_string(outcome.output)

    def _estimate_gas(self, transaction: Mapping[str, Any], tag: str = "latest") -> str:
        """The least gas that succeeds, to within one part in 64."""
        payload = _bytes(transaction.get("data") or transaction.get("input") or "0x")
        base = evm.intrinsic_gas(payload, creates=not transaction.get("to"))
        most = self._chain.gas_limit - base
        outcome = self._outcome(transaction, tag, most)
        if outcome.error is not None:
            raise _VmFailure(outcome)
        low, high = outcome.gas_used - 1, outcome.gas_used
        while self._outcome(transaction, tag, high).error is not None:
            low, high = high, min(most, high + high // 64 + 2_300)
        while high - low > high // 64 + 1:
            middle = (low + high) // 2
            if self._outcome(transaction, tag, middle).error is None:
                high = middle
            else:
                low = middle
        return quantity(base + high)

    def _block_by_number(self, tag: str, full: bool = False) -> Json | None:  # noqa: FBT001, FBT002 - positional in JSON-RPC
        try:
            return self._object(self._chain.ledger.block(self._height(tag)), full=full)
        except Rejected:
            return None

    def _object(self, block: Block, *, full: bool) -> Json:
        """The block's object, from memory for the newest ones; nobody may change it."""
        for known, is_full, made in tuple(self._objects):
            if known is block and is_full is full:
                return made
        made = rpc_objects.block_object(block, full=full)
        self._objects.append((block, full, made))
        return made

    def _block_by_hash(self, block_hash: str, full: bool = False) -> Json | None:  # noqa: FBT001, FBT002
        try:
            return self._object(self._chain.ledger.block_with_hash(_bytes(block_hash)), full=full)
        except Rejected:
            return None

    def _block_receipts(self, tag: str) -> list[Json]:
        block = self._chain.ledger.block(self._height(tag))
        found = map(self._chain.ledger.find_transaction, (transaction.hash for transaction in block.transactions))
        return [rpc_objects.receipt_object(included) for included in found if included is not None]

    def _transaction(self, transaction_hash: str) -> Json | None:
        wanted = _bytes(transaction_hash)
        included = self._chain.ledger.find_transaction(wanted)
        if included is not None:
            return rpc_objects.transaction_object(included)
        pending = self._chain.pool.find(wanted)
        return None if pending is None else rpc_objects.pending_transaction_object(pending)

    def _receipt(self, transaction_hash: str) -> Json | None:
        included = self._chain.ledger.find_transaction(_bytes(transaction_hash))
        return None if included is None else rpc_objects.receipt_object(included)

    def _logs(self, criteria: Mapping[str, Any]) -> list[Json]:
        if "blockHash" in criteria:
            first = last = self._chain.ledger.block_with_hash(_bytes(criteria["blockHash"])).header.number
        else:
            first = self._log_height(criteria.get("fromBlock", "latest"))
            last = self._log_height(criteria.get("toBlock", "latest"))
        found = self._chain.ledger.logs(
            first,
            last,
            addresses=[_address(address) for address in _listed(criteria.get("address"))],
            topics=[[_bytes(topic) for topic in _listed(position)] for position in criteria.get("topics") or ()],
        )
        return [rpc_objects.log_object(log) for log in found]

    def _log_height(self, tag: str) -> int:
        _require_text(tag)
        return int(tag, 16) if tag.startswith("0x") else self._height(tag)

    def _proof(self, address: str, slots: Sequence[Any], tag: str) -> Json:
        proof = self._chain.get_proof(_address(address), [_integer(slot) for slot in slots], self._height(tag))
        return rpc_objects.proof_object(proof)

    def _fee_history(self, count: Any, newest: str, _percentiles: Sequence[float] = ()) -> Json:
        last = self._height(newest)
        first = max(0, last + 1 - _integer(count))
        headers = [self._chain.ledger.block(number).header for number in range(first, last + 1)]
        return {
            "oldestBlock": quantity(first),
            "baseFeePerGas": [quantity(header.base_fee) for header in headers]
            + [quantity(self._chain.next_base_fee())],
            "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
            "reward": [],
        }

    def _validators(self, tag: str) -> list[str]:
        header = self._chain.ledger.block(self._height(tag)).header
        return [byte_string(validator) for validator in header.validators]


class _VmFailure(Exception):  # noqa: N818 - never leaves this file
    def __init__(self, outcome: evm.Outcome) -> None:
        super().__init__(outcome.error)
        if outcome.error == "Revert":
            self.object: Json = {
                "code": REVERTED_CODE,
                "message": f"execution reverted: {decode_revert(outcome.output)}",
                "data": byte_string(outcome.output),
            }
        else:
            self.object = {"code": SERVER_ERROR_CODE, "message": f"VM error: {outcome.error}"}


def _bytes(value: str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    _require_text(value)
    if not value.startswith("0x"):
        raise ValueError(f"{value[:20]!r} is not 0x-prefixed hexadecimal")
    return bytes.fromhex(value[2:])


def _address(value: str | bytes) -> bytes:
    decoded = _bytes(value)
    if len(decoded) != 20:
        raise ValueError("an address is 20 bytes")
    return decoded


def _integer(value: str | int | bytes) -> int:
    if isinstance(value, bytes):
        number = int.from_bytes(value, "big")
    else:
        number = value if isinstance(value, int) else int(value, 16)
    if not 0 <= number < 2**256:
        raise ValueError("a quantity is a non-negative 256-bit integer")
    return number


def _require_text(value: object) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")


def _listed(value: Any) -> Collection[Any]:
    if value is None:
        return ()
    return value if isinstance(value, (list, tuple)) else (value,)
