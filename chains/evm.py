"""The one door to py-evm and py-trie: executes transactions over a key-value store and reads its tries.

Nothing else in the house but `fast_evm` imports `eth` or `trie`. Blocks, headers, seals and the pool are this package's
own; py-evm is the state transition and nothing more, which skips its quadratic block building and double validation.
"""

# py-evm types addresses and hashes as NewTypes of bytes and leaves parts untyped; this file is where that ends.
# mypy: disable-error-code="arg-type, attr-defined, no-untyped-call"

import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import rlp
from eth.abc import ComputationAPI
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import Revert, VMError
from eth.precompiles import point_evaluation
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.state import PragueTransactionExecutor
from eth.vm.message import Message
from eth_hash.auto import keccak
from eth_keys.exceptions import BadSignature
from eth_utils import ValidationError as EthUtilsValidationError
from trie import HexaryTrie

from chains.blocks import BLOOM_BYTES, Receipt, Transaction, create_address
from chains.errors import Reason, Rejected
from chains.fast_evm import FastState
from chains.keys import CURVE_ORDER

EMPTY_ROOT: bytes = keccak(b"\x80")
BLOB_TRANSACTION = 3
CALL_GAS = 60_000_000

# py-evm raises the limit to 100,000 frames, where deeply nested JSON from anybody overflows the C stack and kills the
# process; the deepest EVM call, 1,024 levels, takes about 7,000.
sys.setrecursionlimit(12_000)
# py-evm reads the 400 kB trusted setup from disk on every call of the precompile, 1.7 s each.
point_evaluation.load_trusted_setup = cache(point_evaluation.load_trusted_setup)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockContext:
    """What the EVM can see of the block it runs in; `ancestors` are hashes, the parent's first."""

    chain_id: int
    number: int
    timestamp: int
    coinbase: bytes
    mix_hash: bytes
    gas_limit: int
    base_fee: int
    ancestors: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMessage:
    """A message to run and forget; `to` is None for a creation, `gas` is what the message itself gets."""

    sender: bytes
    to: bytes | None
    value: int = 0
    payload: bytes = b""
    gas: int = CALL_GAS


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a call came to: output or revert bytes, and the name of the EVM's error, None on success."""

    output: bytes
    error: str | None
    gas_used: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What a block's transactions came to, persisted.

    failures: outcome by hash of those that reverted. dropped: stopped being valid, and why. deferred: wait for more
    room or a lower base fee, and their senders' later ones with them.
    """

    state_root: bytes
    transaction_root: bytes = EMPTY_ROOT
    receipt_root: bytes = EMPTY_ROOT
    bloom: bytes = bytes(BLOOM_BYTES)
    gas_used: int = 0
    transactions: tuple[Transaction, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    failures: Mapping[bytes, Outcome] = field(default_factory=dict)
    dropped: tuple[tuple[Transaction, str], ...] = ()
    deferred: tuple[Transaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account as the state trie holds it."""

    nonce: int = 0
    balance: int = 0
    storage_root: bytes = EMPTY_ROOT
    code_hash: bytes = keccak(b"")


class Evm:
    """State at any root, over one key-value store."""

    def __init__(self, store: MutableMapping[bytes, bytes], chain_id: int) -> None:
        self._store = _Database(store)
        self._database = AtomicDB(self._store)
        self.chain_id = chain_id
        self.machine: type[FastState] = FastState

    def genesis(self, context: BlockContext, balances: Iterable[tuple[bytes, int]]) -> Execution:
        """Write the first state: balances in wei and nothing else."""
        state = self._state(context, EMPTY_ROOT)
        for address, balance in balances:
            state.set_balance(address, balance)
        state.persist()
        return Execution(state_root=state.state_root)

    def execute(self, context: BlockContext, parent_root: bytes, transactions: Sequence[Transaction]) -> Execution:
        """Run transactions in order and persist the state they lead to."""
        state = self._state(context, parent_root)
        progress = SimpleNamespace(gas_used=0, gas_limit=context.gas_limit)
        done: list[Transaction] = []
        native_receipts: list[Any] = []
        failures: dict[bytes, Outcome] = {}
        dropped: list[tuple[Transaction, str]] = []
        deferred: list[Transaction] = []
        late_senders: set[bytes] = set()
        for transaction in transactions:
            fits = progress.gas_used + transaction.gas <= context.gas_limit
            if transaction.sender in late_senders or not fits or transaction.max_fee_per_gas < context.base_fee:
                late_senders.add(transaction.sender)
                deferred.append(transaction)
                continue
            state.lock_changes()
            try:
                computation = state.apply_transaction(transaction.native)
            except EthUtilsValidationError as error:
                dropped.append((transaction, str(error)))
                continue
            receipt = PragueVM.make_receipt(progress, transaction.native, computation, state)
            if computation.is_error:
                failures[transaction.hash] = _outcome(computation, receipt.gas_used - progress.gas_used)
            progress.gas_used = receipt.gas_used
            done.append(transaction)
            native_receipts.append(receipt)
        state.persist()
        bloom = 0
        for receipt in native_receipts:
            bloom |= int(receipt.bloom)
        return Execution(
            state_root=state.state_root,
            transaction_root=self._write_trie([transaction.native for transaction in done]),
            receipt_root=self._write_trie(native_receipts),
            bloom=bloom.to_bytes(BLOOM_BYTES, "big"),
            gas_used=progress.gas_used,
            transactions=tuple(done),
            receipts=tuple(Receipt.decode(receipt.encode()) for receipt in native_receipts),
            failures=failures,
            dropped=tuple(dropped),
            deferred=tuple(deferred),
        )

    def call(self, context: BlockContext, root: bytes, call: CallMessage) -> Outcome:
        """Run a message without writing anything and without asking who pays for gas."""
        state = self._state(context, root)
        if state.get_balance(call.sender) < call.value:
            return Outcome(output=b"", error="InsufficientFunds", gas_used=0)
        transaction_context = CancunTransactionContext(gas_price=0, origin=call.sender)
        for warm in (call.sender, context.coinbase, call.to):
            if warm is not None:
                state.mark_address_warm(warm)
        if call.to is None:
            created = create_address(call.sender, state.get_nonce(call.sender))
            state.increment_nonce(call.sender)
            message = Message(
                gas=call.gas,
                to=b"",
                sender=call.sender,
                value=call.value,
                data=b"",
                code=call.payload,
                create_address=created,
            )
            computation = state.computation_class.apply_create_message(state, message, transaction_context)
        else:
            code, delegate = PragueTransactionExecutor(state).get_code_at_address(call.to)
            message = Message(
                gas=call.gas,
                to=call.to,
                sender=call.sender,
                value=call.value,
                data=call.payload,
                code=code,
                is_delegation=delegate is not None,
            )
            computation = state.computation_class.apply_message(state, message, transaction_context)
        return _outcome(computation, call.gas - computation.get_gas_remaining())

    def account(self, root: bytes, address: bytes) -> Account:
        """The account at a state root; an absent one is empty."""
        encoded = cast("bytes", HexaryTrie(self._store, root)[keccak(address)])
        if not encoded:
            return Account()
        nonce, balance, storage_root, code_hash = cast("list[bytes]", rlp.decode(encoded))
        return Account(
            nonce=int.from_bytes(nonce, "big"),
            balance=int.from_bytes(balance, "big"),
            storage_root=storage_root,
            code_hash=code_hash,
        )

    def storage(self, root: bytes, address: bytes, slot: int) -> int:
        """One word of an account's storage at a state root."""
        trie = HexaryTrie(self._store, self.account(root, address).storage_root)
        encoded = cast("bytes", trie[keccak(slot.to_bytes(32, "big"))])
        return int.from_bytes(cast("bytes", rlp.decode(encoded)), "big") if encoded else 0

    def code(self, root: bytes, address: bytes) -> bytes:
        """An account's code at a state root."""
        account = self.account(root, address)
        return b"" if account.code_hash == Account().code_hash else self._store[account.code_hash]

    def prove(self, root: bytes, key: bytes) -> tuple[bytes, ...]:
        """Nodes from the root down to a hashed key, without those inlined in their parent."""
        nodes = HexaryTrie(self._store, root).get_proof(key)
        encoded = [cast("bytes", rlp.encode(node, infer_serializer=False)) for node in nodes]
        return tuple(node for depth, node in enumerate(encoded) if depth == 0 or len(node) >= 32)

    def _state(self, context: BlockContext, root: bytes) -> FastState:
        execution_context = ExecutionContext(
            coinbase=context.coinbase,
            timestamp=context.timestamp,
            block_number=context.number,
            difficulty=0,
            mix_hash=context.mix_hash,
            gas_limit=context.gas_limit,
            prev_hashes=context.ancestors,
            chain_id=self.chain_id,
            base_fee_per_gas=context.base_fee,
            excess_blob_gas=0,
        )
        return self.machine(self._database, execution_context, root)

    def _write_trie(self, items: Sequence[Any]) -> bytes:
        root, nodes = make_trie_root_and_nodes(tuple(items))
        for key, node in nodes.items():
            self._store[key] = node
        return cast("bytes", root)


def decode_transaction(raw: bytes) -> Transaction:
    """Read signed transaction bytes; raises Rejected for malformed, unsupported or wrongly signed ones."""
    if not raw:
        raise Rejected(Reason.MALFORMED_TRANSACTION, "no bytes")
    if raw[0] == BLOB_TRANSACTION:
        raise Rejected(Reason.UNSUPPORTED_TRANSACTION, "blob transactions are not taken")
    type_id = raw[0] if raw[0] < 0x80 else 0
    try:
        native = PragueVM.get_transaction_builder().decode(raw)
        least_gas = max(native.intrinsic_gas, _calldata_floor(native.data))
    except Exception as error:  # py-evm lets every kind of exception out of malformed bytes
        raise Rejected(Reason.MALFORMED_TRANSACTION, f"{type(error).__name__}: {error}") from error
    if native.gas < least_gas:
        raise Rejected(Reason.GAS_LIMIT_TOO_LOW, f"{native.gas}, at least {least_gas}")
    if native.s > CURVE_ORDER // 2:
        raise Rejected(Reason.INVALID_SIGNATURE, "s is high")
    try:
        sender = native.sender
    except (BadSignature, EthUtilsValidationError, ValueError) as error:
        raise Rejected(Reason.INVALID_SIGNATURE, str(error)) from error
    try:
        native.validate()
    except EthUtilsValidationError as error:
        raise Rejected(Reason.MALFORMED_TRANSACTION, str(error)) from error
    return Transaction(
        hash=native.hash,
        raw=raw,
        type_id=type_id,
        sender=sender,
        to=native.to or None,
        nonce=native.nonce,
        gas=native.gas,
        value=native.value,
        input=native.data,
        max_fee_per_gas=native.max_fee_per_gas,
        max_priority_fee_per_gas=native.max_priority_fee_per_gas,
        chain_id=native.chain_id,
        access_list=tuple((address, tuple(slots)) for address, slots in (native.access_list if type_id else ())),
        y_parity=native.y_parity,
        r=native.r,
        s=native.s,
        native=native,
    )


def intrinsic_gas(payload: bytes, *, creates: bool) -> int:
    """Gas a plain transaction costs before the first instruction, or the calldata floor where that is more."""
    zeros = payload.count(0)
    creation = 32_000 + 2 * (-(-len(payload) // 32)) if creates else 0
    return max(21_000 + creation + 4 * zeros + 16 * (len(payload) - zeros), _calldata_floor(payload))


def _calldata_floor(payload: bytes) -> int:
    zeros = payload.count(0)
    return 21_000 + 10 * (zeros + 4 * (len(payload) - zeros))


def _outcome(computation: ComputationAPI, gas_used: int) -> Outcome:
    if not computation.is_error:
        return Outcome(output=computation.output, error=None, gas_used=gas_used)
    error: VMError = computation.error
    output = computation.output if isinstance(error, Revert) else b""
    return Outcome(output=output, error=type(error).__name__, gas_used=gas_used)


class _Database(BaseDB):
    """py-evm's idea of a key-value store, over ours."""

    def __init__(self, store: MutableMapping[bytes, bytes]) -> None:
        self._mapping = store

    def __getitem__(self, key: bytes) -> bytes:
        return self._mapping[key]

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._mapping[key] = value

    def __delitem__(self, key: bytes) -> None:
        del self._mapping[key]

    def _exists(self, key: bytes) -> bool:
        return key in self._mapping

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._mapping)

    def __len__(self) -> int:
        return len(self._mapping)
