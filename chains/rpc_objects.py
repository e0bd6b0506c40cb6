"""Blocks, transactions, receipts and logs in the shape JSON-RPC gives them."""

from typing import Any

from eth_utils.address import to_checksum_address

from chains.blocks import Block, Transaction
from chains.headers import SealedHeader
from chains.ledger import FoundLog, Included
from chains.proofs import AccountProof

Json = dict[str, Any]


def quantity(value: int) -> str:
    """An integer as JSON-RPC writes it."""
    return hex(value)


def byte_string(value: bytes) -> str:
    """Bytes as JSON-RPC writes them."""
    return f"0x{value.hex()}"


def block_object(block: Block, *, full: bool) -> Json:
    """A block, with its extraData as Besu serves it: true round and seals."""
    header, fields = block.header, block.header.fields
    transactions = [
        transaction_object(Included(block=block, index=index)) if full else byte_string(transaction.hash)
        for index, transaction in enumerate(block.transactions)
    ]
    return {
        **header_object(header),
        "size": quantity(sum(len(field) for field in fields) + sum(len(t.raw) for t in block.transactions)),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }


def header_object(header: SealedHeader) -> Json:
    """The header part of a block."""
    fields = header.fields
    numbers = [int.from_bytes(field, "big") for field in fields]
    optional: Json = {"requestsHash": byte_string(fields[20])} if len(fields) > 20 else {}
    return {
        "number": quantity(header.number),
        "hash": byte_string(header.hash),
        "parentHash": byte_string(header.parent_hash),
        "sha3Uncles": byte_string(fields[1]),
        "miner": to_checksum_address(header.coinbase),
        "stateRoot": byte_string(header.state_root),
        "transactionsRoot": byte_string(fields[4]),
        "receiptsRoot": byte_string(fields[5]),
        "logsBloom": byte_string(fields[6]),
        "difficulty": quantity(numbers[7]),
        "totalDifficulty": quantity(0),
        "gasLimit": quantity(numbers[9]),
        "gasUsed": quantity(numbers[10]),
        "timestamp": quantity(header.timestamp),
        "extraData": byte_string(header.extra.encode(header.variant)),
        "mixHash": byte_string(fields[13]),
        "nonce": byte_string(fields[14]),
        "baseFeePerGas": quantity(numbers[15]),
        "withdrawalsRoot": byte_string(fields[16]),
        "blobGasUsed": quantity(numbers[17]),
        "excessBlobGas": quantity(numbers[18]),
        "parentBeaconBlockRoot": byte_string(fields[19]),
        **optional,
    }


def pending_transaction_object(transaction: Transaction) -> Json:
    """A transaction that waits for a block."""
    fees: Json = {"gasPrice": quantity(transaction.max_fee_per_gas)}
    if transaction.type_id >= 2:
        fees["maxFeePerGas"] = quantity(transaction.max_fee_per_gas)
        fees["maxPriorityFeePerGas"] = quantity(transaction.max_priority_fee_per_gas)
    if transaction.type_id >= 1:
        fees["accessList"] = [
            {"address": to_checksum_address(address), "storageKeys": [word(slot) for slot in slots]}
            for address, slots in transaction.access_list
        ]
        fees["yParity"] = quantity(transaction.y_parity)
    is_legacy = transaction.type_id == 0
    return {
        "hash": byte_string(transaction.hash),
        "type": quantity(transaction.type_id),
        "from": to_checksum_address(transaction.sender),
        "to": None if transaction.to is None else to_checksum_address(transaction.to),
        "nonce": quantity(transaction.nonce),
        "gas": quantity(transaction.gas),
        "value": quantity(transaction.value),
        "input": byte_string(transaction.input),
        "chainId": None if transaction.chain_id is None else quantity(transaction.chain_id),
        "v": quantity(transaction.y_parity + (2 * (transaction.chain_id or 0) + 35 if is_legacy else 0)),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
        "blockHash": None,
        "blockNumber": None,
        "transactionIndex": None,
        **fees,
    }


def transaction_object(included: Included) -> Json:
    """A mined transaction."""
    header = included.block.header
    return {
        **pending_transaction_object(included.transaction),
        "gasPrice": quantity(included.transaction.gas_price(header.base_fee)),
        "blockHash": byte_string(header.hash),
        "blockNumber": quantity(header.number),
        "transactionIndex": quantity(included.index),
    }


def receipt_object(included: Included) -> Json:
    """The outcome of a mined transaction."""
    block, receipt, transaction = included.block, included.receipt, included.transaction
    first = block.first_log_index[included.index]
    created = transaction.created_address
    return {
        "transactionHash": byte_string(transaction.hash),
        "transactionIndex": quantity(included.index),
        "blockHash": byte_string(block.header.hash),
        "blockNumber": quantity(block.header.number),
        "from": to_checksum_address(transaction.sender),
        "to": None if transaction.to is None else to_checksum_address(transaction.to),
        "contractAddress": None if created is None or not receipt.succeeded else to_checksum_address(created),
        "cumulativeGasUsed": quantity(receipt.cumulative_gas),
        "gasUsed": quantity(block.gas_used_by(included.index)),
        "effectiveGasPrice": quantity(transaction.gas_price(block.header.base_fee)),
        "status": quantity(int(receipt.succeeded)),
        "type": quantity(transaction.type_id),
        "logsBloom": byte_string(receipt.bloom),
        "logs": [
            log_object(FoundLog(included=included, log_index=first + position, log=log))
            for position, log in enumerate(receipt.logs)
        ],
    }


def log_object(found: FoundLog) -> Json:
    """A log and where it is."""
    header = found.included.block.header
    return {
        "address": to_checksum_address(found.log.address),
        "topics": [byte_string(topic) for topic in found.log.topics],
        "data": byte_string(found.log.payload),
        "blockHash": byte_string(header.hash),
        "blockNumber": quantity(header.number),
        "blockTimestamp": quantity(header.timestamp),
        "transactionHash": byte_string(found.included.transaction.hash),
        "transactionIndex": quantity(found.included.index),
        "logIndex": quantity(found.log_index),
        "removed": False,
    }


def proof_object(proof: AccountProof) -> Json:
    """What eth_getProof answers."""
    return {
        "address": to_checksum_address(proof.address),
        "accountProof": [byte_string(node) for node in proof.account_nodes],
        "balance": quantity(proof.balance),
        "codeHash": byte_string(proof.code_hash),
        "nonce": quantity(proof.nonce),
        "storageHash": byte_string(proof.storage_hash),
        "storageProof": [
            {
                "key": word(storage.slot),
                "value": quantity(storage.value),
                "proof": [byte_string(node) for node in storage.nodes],
            }
            for storage in proof.storage
        ],
    }


def word(value: int) -> str:
    """A 32-byte word."""
    return byte_string(value.to_bytes(32, "big"))
