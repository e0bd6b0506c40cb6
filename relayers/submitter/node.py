"""What a submitter asks of a chain, in its own words; all errors are ChainErrors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, cast

from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError
from web3.types import BlockIdentifier, TxParams

from chains.chain import Chain, Sendable
from chains.contract_calls import understood
from chains.errors import ChainError, Reason, Rejected
from chains.web3_chain import call_error, target_of
from relayers.submitter.fees import FeeMarket

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is to be called: checksummed recipient, calldata, wei."""

    recipient: str
    payload: bytes
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """What a receipt says; `cost_wei` is gas used times the price paid."""

    transaction_hash: bytes
    block: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    cost_wei: int


def read_message(call: Sendable, value: int) -> Message:
    """The message of a bound function or of a mapping; raises Rejected(MalformedTransaction) for a creation."""
    recipient, payload, carried = target_of(call)
    if recipient is None:
        raise Rejected(Reason.MALFORMED_TRANSACTION, "a submitter calls contracts, it does not create them")
    return Message(recipient=recipient, payload=payload, value=value or carried)


class Node:
    """A chain as its submitter sees it."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._eth = chain.w3.eth

    def now(self) -> int:
        """Seconds: what the next block's timestamp will at least be."""
        return max(self._chain.head().timestamp, self._chain.clock.now())

    def height(self) -> int:
        """Of the head."""
        return self._chain.head().number

    def finalized(self) -> int:
        """Height of the newest final block."""
        return self._chain.finalized_header().number

    def market(self) -> FeeMarket:
        """What the next block asks for."""
        history = self._ask(lambda: self._eth.fee_history(1, "latest"))
        return FeeMarket(base_fee=int(history["baseFeePerGas"][-1]), tip=self._tip())

    def _tip(self) -> int:
        try:
            return int(self._ask(lambda: self._eth.max_priority_fee))
        except Rejected:
            return 0  # a node without the method; the policy's least tip applies

    def nonce(self, address: str, block: BlockIdentifier) -> int:
        """The account's next nonce as of a block or tag."""
        return self._ask(lambda: self._eth.get_transaction_count(to_checksum_address(address), block))

    def balance(self, address: str) -> int:
        """Wei at the head."""
        return int(self._ask(lambda: self._eth.get_balance(to_checksum_address(address), "latest")))

    def inclusion(self, transaction_hash: bytes) -> Inclusion | None:
        """Where the transaction is in the present chain, None if it is not."""
        try:
            receipt = self._ask(lambda: self._eth.get_transaction_receipt(HexBytes(transaction_hash)))
        except TransactionNotFound:
            return None
        return Inclusion(
            transaction_hash=transaction_hash,
            block=receipt["blockNumber"],
            block_hash=bytes(receipt["blockHash"]),
            succeeded=receipt["status"] == 1,
            gas_used=receipt["gasUsed"],
            cost_wei=receipt["gasUsed"] * receipt["effectiveGasPrice"],
        )

    def knows(self, transaction_hash: bytes) -> bool:
        """Whether the node holds the transaction, mined or waiting."""
        try:
            self._ask(lambda: self._eth.get_transaction(HexBytes(transaction_hash)))
        except TransactionNotFound:
            return False
        return True

    def failure(self, transaction_hash: bytes) -> str:
        """Why a mined transaction reverted."""
        try:
            self._chain.wait(transaction_hash)
        except ChainError as error:
            return str(error)
        return ""

    def simulate(
        self, message: Message, sender: str, gas: int | None, *, block: Literal["pending", "latest"] = "pending"
    ) -> None:
        """Run the message, on top of everything pending; raises TransactionReverted with the decoded error."""
        transaction = _transaction(message, sender)
        if gas is not None:
            transaction["gas"] = gas
        self._ask(lambda: self._eth.call(transaction, block))

    def estimate(self, message: Message, sender: str) -> int:
        """Gas the message needs on top of everything pending; raises TransactionReverted with the decoded error."""
        return self._ask(lambda: self._eth.estimate_gas(_transaction(message, sender), "pending"))

    def broadcast(self, raw: bytes) -> None:
        """Hand over a signed transaction; again is harmless. Raises Rejected, or Unavailable when nobody answers."""
        self._chain.submit(raw)

    def wait(self, transaction_hash: bytes) -> None:
        """Wait until the transaction is in a block, however it ends there."""
        try:
            self._chain.wait(transaction_hash)
        except ChainError:
            return

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        try:
            with understood("a node"):
                return question()
        except (ContractLogicError, Web3RPCError) as error:
            if isinstance(error, TransactionNotFound):
                raise
            raise call_error(error) from error


def _transaction(message: Message, sender: str) -> TxParams:
    return {
        "from": to_checksum_address(sender),
        "to": to_checksum_address(message.recipient),
        "data": HexBytes(message.payload),
        "value": cast("Any", message.value),
    }
