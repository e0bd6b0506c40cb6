"""A chain that somebody else runs: anvil, geth, Besu, or a local chain of another process, over JSON-RPC."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from eth_utils.address import to_canonical_address, to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound
from web3.middleware import AttributeDictMiddleware, ExtraDataToPOAMiddleware, ValidationMiddleware
from web3.providers import BaseProvider
from web3.types import TxReceipt

from chains.blocks import Transaction
from chains.clock import Clock, SystemClock
from chains.contract_calls import understood
from chains.errors import (
    ChainError,
    DishonestNode,
    InsufficientFunds,
    NonceTooHigh,
    NonceTooLow,
    OutcomeUnknown,
    Reason,
    Rejected,
    Unavailable,
)
from chains.evm import decode_transaction
from chains.finality import FinalityPolicy, QbftFinal, RpcTag
from chains.finality_watch import FinalityWatch
from chains.headers import SealedHeader
from chains.node_errors import ALREADY_KNOWN, message_of, refusal_reason
from chains.node_provider import NodeProvider, http_provider
from chains.plain_header import PlainHeader
from chains.proofs import AccountProof
from chains.replays import explain_failure
from chains.rpc_objects import byte_string, quantity, word
from chains.rpc_reading import read_header, read_proof
from chains.web3_chain import Web3Chain

REMEMBERED_TRANSACTIONS = 10_000
"""Of so many it is told apart whether they were never mined or are not any more."""
REMEMBERED_HEADERS = 8
"""Daemons of a process ask for the same few blocks again and again, and each costs an encoding and a hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait for what, in seconds, and by what measure.

    request: for one answer. mined: for a transaction's block. unknown: for a node to know a transaction at all, which
    one of several behind an address may take a moment to. poll: between two looks.
    """

    request_seconds: float = 10.0
    mined_seconds: float = 120.0
    unknown_seconds: float = 5.0
    poll_seconds: float = 0.25
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


class RpcChain(Web3Chain):
    """The Chain protocol over any node's JSON-RPC.

    The node is believed as little as can be: each header must hash to the hash it names, each proof must verify against
    it, and what was final once stays so. Receipts, calls and logs are the node's word.
    finality: what counts as final; a header with QBFT validators must then be sealed by a quorum of them as well.
    """

    def __init__(  # noqa: PLR0913 - every argument but the first two has a default
        self,
        provider: BaseProvider,
        *,
        chain_id: int,
        name: str | None = None,
        finality: FinalityPolicy | RpcTag | None = None,
        clock: Clock | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.name = name or f"chain-{chain_id}"
        self.clock = clock or SystemClock()
        self.finality = finality or RpcTag("finalized")
        self.patience = patience or Patience()
        self._node = NodeProvider(provider, chain_id)
        self._watch = FinalityWatch()
        self._mined_in: dict[bytes, int] = {}
        self._answers: deque[tuple[Any, SealedHeader]] = deque(maxlen=REMEMBERED_HEADERS)
        self.w3 = Web3(
            self._node,
            middleware=[
                (AttributeDictMiddleware, "attrdict"),
                (ValidationMiddleware, "validation"),
                (ExtraDataToPOAMiddleware, "extra_data"),
            ],
        )

    @classmethod
    def connect(cls, url: str, *, chain_id: int, patience: Patience | None = None, **arguments: Any) -> Self:
        """Over HTTP; raises WrongChainId when the node serves another chain, Unavailable when it does not answer."""
        patience = patience or Patience()
        provider = http_provider(url, patience.request_seconds)
        chain = cls(provider, chain_id=chain_id, patience=patience, **arguments)
        chain.check()
        return chain

    def check(self) -> None:
        """Raises WrongChainId when the node serves another chain, Unavailable when it does not answer."""
        self._node.check_chain_id()

    # Reading

    def head(self) -> SealedHeader:
        """The newest header; raises Unavailable, DishonestNode(FalseHeader)."""
        header = self._header("latest")
        if header is None:
            raise Unavailable(Reason.UNKNOWN_BLOCK, "the node has no head")
        return header

    def header(self, number: int) -> SealedHeader:
        """The canonical header at a height; raises Rejected(UnknownBlock), Unavailable, DishonestNode(FalseHeader)."""
        header = self._header(quantity(number))
        if header is None:
            raise Rejected(Reason.UNKNOWN_BLOCK, f"number {number}")
        if header.number != number:
            raise DishonestNode(Reason.FALSE_HEADER, f"block {number} asked for, block {header.number} served")
        return header

    def finalized_header(self) -> SealedHeader:
        """The newest final header, by the chain's policy.

        What follows is held against the first one, which is therefore taken only from a node that serves this chain.
        Raises Unavailable(NothingFinal, NotSealed, Reorganised), WrongChainId or DishonestNode(FinalityViolated).
        """
        if self._watch.height < 0:
            self.check()
        try:
            header = self._watch.advance(self._final_candidate(), self.header)
        except Rejected as error:
            if error.reason is not Reason.UNKNOWN_BLOCK:
                raise
            raise Unavailable(Reason.REORGANISED, error.message) from error
        return header.judged(is_final=True) if isinstance(header, PlainHeader) else header

    def get_proof(self, address: str | bytes, slots: Sequence[int], block_number: int) -> AccountProof:
        """The account and these storage slots at a block, each verified against its header.

        Raises Rejected(UnknownBlock), Unavailable(Reorganised), DishonestNode(InvalidProof).
        """
        account = to_canonical_address(address)
        header = self.header(block_number)
        answer = self._node.ask(
            "eth_getProof", to_checksum_address(account), [word(slot) for slot in slots], quantity(block_number)
        )
        try:
            return read_proof(answer, header, account, slots)
        except DishonestNode as error:
            if self.header(block_number).hash != header.hash:
                raise Unavailable(Reason.REORGANISED, f"block {block_number} was replaced") from error
            raise

    def _header(self, tag: str) -> SealedHeader | None:
        block = self._node.ask("eth_getBlockByNumber", tag, False)
        if block is None:
            return None
        header = self._read(block)
        return (
            header.judged(is_final=header.number <= self._watch.height) if isinstance(header, PlainHeader) else header
        )

    def _read(self, block: Any) -> SealedHeader:
        """The header of an answer, from memory where just this answer was read before."""
        for answer, header in tuple(self._answers):
            if answer is block or answer == block:
                return header
        header = read_header(block)
        self._answers.append((block, header))
        return header

    def _final_candidate(self) -> SealedHeader:
        if isinstance(self.finality, RpcTag):
            candidate = self._tagged(self.finality.tag)
        else:
            head = self.head()
            height = self.finality.finalized_height(head.number)
            candidate = head if height == head.number else self.header(height)
        needs_seals = isinstance(self.finality, QbftFinal) or not isinstance(candidate, PlainHeader)
        if needs_seals and candidate.number > 0:
            _require_quorum(candidate)
        return candidate

    def _tagged(self, tag: str) -> SealedHeader:
        try:
            header = self._header(tag)
        except Rejected as error:
            raise Unavailable(Reason.NOTHING_FINAL, error.message) from error
        if header is None:
            raise Unavailable(Reason.NOTHING_FINAL, f"no {tag} block")
        return header

    # Transactions

    def submit(self, raw: bytes) -> bytes:
        """Hand over a signed transaction and answer its hash; handing it over again changes nothing.

        Raises Rejected when it can never be mined, OutcomeUnknown when the node does not answer.
        """
        transaction = decode_transaction(raw)
        self._node.check_destination(transaction.chain_id)
        pending_nonce = self._next_nonce(transaction.sender)
        if transaction.nonce > pending_nonce:
            raise NonceTooHigh(given=transaction.nonce, expected=pending_nonce)
        refused = self._hand_over(transaction)
        if refused is not None and not self._is_known(transaction, message_of(refused)):
            raise self._refusal(transaction, refused)
        return transaction.hash

    def receipt(self, transaction_hash: bytes) -> TxReceipt | None:
        """The receipt, None while the transaction is not in a block, or is not any more."""
        try:
            with understood("eth_getTransactionReceipt"):
                return self.w3.eth.get_transaction_receipt(HexBytes(transaction_hash))
        except TransactionNotFound:
            return None

    def wait(self, transaction_hash: bytes) -> TxReceipt:
        """The receipt once mined, which a reorganisation may still undo: ask again once its block is final.

        Raises TransactionReverted with the decoded error, Rejected(UnknownTransaction), Rejected(TransactionDropped)
        when a block that held it is gone and so is it, or Unavailable(TimedOut).
        """
        key, patience = bytes(transaction_hash), self.patience
        began = patience.monotonic()
        while (receipt := self.receipt(key)) is None:
            waited = patience.monotonic() - began
            is_known = self._node.ask("eth_getTransactionByHash", byte_string(key)) is not None
            if not is_known and key in self._mined_in:
                message = f"0x{key.hex()} was in block {self._mined_in[key]}, which was reorganised away"
                raise Rejected(Reason.TRANSACTION_DROPPED, message)
            if not is_known and waited >= patience.unknown_seconds:
                raise Rejected(Reason.UNKNOWN_TRANSACTION, f"0x{key.hex()}")
            if waited >= patience.mined_seconds:
                raise Unavailable(Reason.TIMED_OUT, f"0x{key.hex()} was not mined in {patience.mined_seconds:g} s")
            patience.sleep(patience.poll_seconds)
        with understood("eth_getTransactionReceipt"):
            self._remember(key, receipt["blockNumber"])
            if receipt["status"] == 1:
                return receipt
        raise self._failure(key)

    def _submit(self, raw: bytes) -> bytes:
        return self.submit(raw)

    def _failure(self, transaction_hash: bytes) -> ChainError:
        receipt = self._node.ask("eth_getTransactionReceipt", byte_string(transaction_hash))
        if receipt is None:
            return Unavailable(Reason.REORGANISED, f"0x{transaction_hash.hex()} was reorganised away")
        with understood("eth_getTransactionReceipt"):
            return explain_failure(self._node.request, receipt)

    def _tip(self) -> int:
        try:
            with understood("eth_maxPriorityFeePerGas"):
                return int(self._node.ask("eth_maxPriorityFeePerGas"), 16)
        except Rejected:
            return 0

    def _next_nonce(self, sender: bytes) -> int:
        with understood("eth_getTransactionCount"):
            return super()._next_nonce(sender)

    def _base_fee(self) -> int:
        with understood("eth_getBlockByNumber"):
            return super()._base_fee()

    def _remember(self, transaction_hash: bytes, number: int) -> None:
        self._mined_in[transaction_hash] = number
        if len(self._mined_in) > REMEMBERED_TRANSACTIONS:
            del self._mined_in[next(iter(self._mined_in))]

    def _hand_over(self, transaction: Transaction) -> Any:
        """The node's error, None when it took the transaction; the same bytes again while it does not answer."""
        for is_last in (False, False, True):
            try:
                return self._node.request("eth_sendRawTransaction", [byte_string(transaction.raw)]).get("error")
            except Unavailable as error:
                if is_last:
                    raise OutcomeUnknown(
                        transaction_hash=transaction.hash, raw=transaction.raw, message=str(error)
                    ) from error
                self.patience.sleep(self.patience.poll_seconds)
        raise AssertionError("unreachable")

    def _is_known(self, transaction: Transaction, message: str) -> bool:
        return (
            ALREADY_KNOWN.search(message) is not None
            or self._node.ask("eth_getTransactionByHash", byte_string(transaction.hash)) is not None
        )

    def _refusal(self, transaction: Transaction, refused: Any) -> Rejected:
        reason = refusal_reason(refused)
        if reason is Reason.NONCE_TOO_LOW:
            return NonceTooLow(given=transaction.nonce, expected=self._next_nonce(transaction.sender))
        if reason is Reason.INSUFFICIENT_FUNDS:
            with understood("eth_getBalance"):
                available = self.w3.eth.get_balance(to_checksum_address(transaction.sender))
            return InsufficientFunds(available=available, needed=transaction.maximum_cost)
        return Rejected(reason, message_of(refused))


def _require_quorum(header: SealedHeader) -> None:
    try:
        is_sealed = header.is_final and not isinstance(header, PlainHeader)
    except Rejected as error:
        raise DishonestNode(Reason.INVALID_SEAL, f"block {header.number}: {error.message}") from error
    if not is_sealed:
        raise Unavailable(Reason.NOT_SEALED, f"block {header.number} has no quorum of its validators' seals")
