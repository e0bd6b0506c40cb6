"""The half of a chain that is the same for every chain web3.py can talk to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, cast

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractConstructor, ContractEvent, ContractFunction
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import BlockIdentifier, EventData, RPCEndpoint, TxReceipt

import contracts
from chains.chain import Sendable
from chains.contract_calls import call_request, calldata, failed_call, read_output, understood
from chains.errors import ChainError, Reason, Rejected, TransactionReverted
from chains.node_errors import general_error, machine_failure, message_of
from chains.reverts import decode_revert

DEFAULT_GAS = 8_000_000
"""Gas of a transaction whose sender named none: enough for all we deploy, and cheaper than estimating in py-evm."""
FEE_HEADROOM = 16
"""A transaction offers this multiple of the base fee and pays the base fee."""


class Web3Chain(ABC):
    """Signing, calling, deploying and log reading on top of a web3.py instance."""

    w3: Web3
    chain_id: int

    def send(
        self,
        call: Sendable,
        sender: LocalAccount,
        *,
        value: int = 0,
        gas: int | None = None,
        nonce: int | None = None,
    ) -> HexBytes:
        """Sign and submit; answers the transaction's hash.

        gas: 8,000,000 where none is given. nonce: the next after everything mined and pending where none is given.
        Raises Rejected when the transaction can never be mined.
        """
        to, payload, carried_value = target_of(call)
        sender_address = bytes.fromhex(sender.address[2:])
        tip = self._tip()
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": self._next_nonce(sender_address) if nonce is None else nonce,
            "gas": DEFAULT_GAS if gas is None else gas,
            "maxFeePerGas": self._base_fee() * FEE_HEADROOM + tip,
            "maxPriorityFeePerGas": tip,
            "value": value or carried_value,
            "data": payload,
        }
        if to is not None:
            transaction["to"] = to
        return HexBytes(self._submit(bytes(sender.sign_transaction(transaction).raw_transaction)))

    def transact(self, call: Sendable, sender: LocalAccount, *, value: int = 0, gas: int | None = None) -> TxReceipt:
        """Send and wait for the receipt; raises TransactionReverted with the decoded error."""
        return self.wait(self.send(call, sender, value=value, gas=gas))

    @abstractmethod
    def wait(self, transaction_hash: bytes) -> TxReceipt:
        """The receipt once mined; raises TransactionReverted with the decoded error."""

    def call(self, function: ContractFunction, *, sender: str | None = None, block: BlockIdentifier = "latest") -> Any:
        """What the function would answer at a block.

        Raises TransactionReverted with the decoded error, DishonestNode(MalformedAnswer) for what is no such answer.
        """
        request = call_request(function, sender, block)
        response = self.w3.provider.make_request(RPCEndpoint("eth_call"), request)
        if response.get("error") is not None:
            raise failed_call(response["error"])
        return read_output(function, response["result"])

    def contract(self, name: str, address: str | bytes) -> Contract:
        """A deployed contract under the interface of one of our artifacts."""
        return self.w3.eth.contract(address=to_checksum_address(address), abi=contracts.load(name).abi)

    def deploy(self, name: str, args: Sequence[Any], sender: LocalAccount, *, gas: int | None = None) -> Contract:
        """Deploy one of our artifacts; raises TransactionReverted with the decoded error."""
        artifact = contracts.load(name)
        return self.deploy_code(artifact.abi, artifact.bytecode, args, sender, gas=gas)

    def deploy_code(
        self,
        abi: Sequence[Mapping[str, Any]],
        bytecode: bytes,
        args: Sequence[Any],
        sender: LocalAccount,
        *,
        gas: int | None = None,
    ) -> Contract:
        """Deploy any contract; raises TransactionReverted with the decoded error."""
        factory = self.w3.eth.contract(abi=cast("Any", abi), bytecode=bytecode)
        receipt = self.transact(factory.constructor(*args), sender, gas=gas)
        address = receipt["contractAddress"]
        if address is None:
            raise Rejected(Reason.MALFORMED_TRANSACTION, "the transaction created no contract")
        return self.w3.eth.contract(address=address, abi=cast("Any", abi))

    def logs(self, event: ContractEvent, from_block: int, to_block: int) -> tuple[EventData, ...]:
        """Decoded events of one contract between two heights, both included, in chain order.

        Raises DishonestNode(MalformedAnswer) for what are no such events.
        """
        with understood("eth_getLogs"):
            return tuple(event.get_logs(from_block=from_block, to_block=to_block))

    def _next_nonce(self, sender: bytes) -> int:
        return self.w3.eth.get_transaction_count(to_checksum_address(sender), "pending")

    def _base_fee(self) -> int:
        return self.w3.eth.get_block("latest")["baseFeePerGas"]

    def _tip(self) -> int:
        """Wei per gas that whoever mines wants above the base fee."""
        return 0

    def _submit(self, raw: bytes) -> bytes:
        return self.w3.eth.send_raw_transaction(raw)


def call_error(error: ContractLogicError | Web3RPCError) -> ChainError:
    """What a failed call or estimation of gas means, from web3.py's exception."""
    if isinstance(error, ContractLogicError):
        return decode_revert(_revert_bytes(error)).as_error()
    return vm_error(error)


def vm_error(error: Web3RPCError) -> ChainError:
    """An EVM failure that is not a revert, such as OutOfGas, or the node's refusal, from its answer."""
    refused = (error.rpc_response or {}).get("error") or {"message": str(error)}
    name = machine_failure(message_of(refused))
    if name is not None:
        return TransactionReverted(name, (), error=f"{name}()")
    return general_error("eth_call", refused)


def target_of(call: Sendable) -> tuple[str | None, bytes, int]:
    """Recipient (None for a creation), calldata and wei of what is to be sent."""
    if isinstance(call, ContractFunction):
        return call.address, calldata(call), 0
    if isinstance(call, ContractConstructor):
        return None, bytes(HexBytes(call.data_in_transaction)), 0
    unknown = set(call) - {"to", "value", "data"}
    if unknown:
        raise Rejected(Reason.MALFORMED_TRANSACTION, f"unknown fields: {', '.join(sorted(unknown))}")
    to = call.get("to")
    return None if to is None else to_checksum_address(to), bytes(HexBytes(call.get("data", b""))), call.get("value", 0)


def _revert_bytes(error: ContractLogicError) -> bytes:
    payload = error.data
    return bytes.fromhex(payload.removeprefix("0x")) if isinstance(payload, str) and payload != "no data" else b""
