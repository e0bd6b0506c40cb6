"""What everything above this package may ask of a chain, whatever runs it."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractEvent, ContractFunction
from web3.types import BlockIdentifier, EventData, TxReceipt

from chains.clock import Clock
from chains.headers import SealedHeader
from chains.proofs import AccountProof

Sendable = ContractFunction | ContractConstructor | Mapping[str, Any]
"""What can be sent: a bound contract function, a constructor, or a transaction's `to`, `value` and `data`."""


class Chain(Protocol):
    """One EVM chain: read it, prove its state, transact on it.

    Errors are ChainErrors: Rejected where the request is wrong, Unavailable where it may be tried again.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def clock(self) -> Clock:
        """Where block timestamps come from."""
        ...

    @property
    def w3(self) -> Web3:
        """A real web3.py instance."""
        ...

    def head(self) -> SealedHeader:
        """The newest header, without seals while it is not final."""
        ...

    def header(self, number: int) -> SealedHeader:
        """The canonical header at a height; raises Rejected(UnknownBlock)."""
        ...

    def finalized_header(self) -> SealedHeader:
        """The newest final header."""
        ...

    def get_proof(self, address: str | bytes, slots: Sequence[int], block_number: int) -> AccountProof:
        """The account and these storage slots at a block, with proofs against its state root; nothing is verified."""
        ...

    def send(
        self,
        call: Sendable,
        sender: LocalAccount,
        *,
        value: int = 0,
        gas: int | None = None,
        nonce: int | None = None,
    ) -> HexBytes:
        """Sign and submit; answers the transaction's hash. Raises Rejected when it can never be mined."""
        ...

    def submit(self, raw: bytes) -> bytes:
        """Hand over a signed transaction and answer its hash; handing it over again changes nothing.

        Raises Rejected when it can never be mined, Unavailable when nobody answers.
        """
        ...

    def wait(self, transaction_hash: bytes) -> TxReceipt:
        """The receipt once mined; raises TransactionReverted with the decoded error."""
        ...

    def transact(self, call: Sendable, sender: LocalAccount, *, value: int = 0, gas: int | None = None) -> TxReceipt:
        """Send and wait."""
        ...

    def call(self, function: ContractFunction, *, sender: str | None = None, block: BlockIdentifier = "latest") -> Any:
        """What the function would answer; raises TransactionReverted with the decoded error."""
        ...

    def contract(self, name: str, address: str | bytes) -> Contract:
        """A deployed contract under the interface of one of our artifacts."""
        ...

    def deploy(self, name: str, args: Sequence[Any], sender: LocalAccount, *, gas: int | None = None) -> Contract:
        """Deploy one of our artifacts."""
        ...

    def logs(self, event: ContractEvent, from_block: int, to_block: int) -> tuple[EventData, ...]:
        """Decoded events of one contract between two heights, both included, in chain order."""
        ...
