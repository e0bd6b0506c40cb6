"""What a chain is: in-process chains with checkable consensus, their seals, their proofs, their clock."""

import chains.hash_backend  # noqa: F401 - sets the fast one
from chains.audit import AuditReport, audit
from chains.chain import Chain
from chains.clock import Clock, SystemClock, VirtualClock
from chains.endpoints import EndpointEvent, EndpointNode, Fault
from chains.errors import (
    ChainError,
    ChainHalted,
    DishonestNode,
    InsufficientFunds,
    NonceTooHigh,
    NonceTooLow,
    OutcomeUnknown,
    ProofError,
    ProofReason,
    Reason,
    Rejected,
    TransactionReverted,
    Unavailable,
    WrongChainId,
)
from chains.finality import Depth, FinalityPolicy, QbftFinal, RpcTag
from chains.headers import SealedHeader
from chains.local import LocalChain
from chains.plain_header import PlainHeader
from chains.proofs import (
    AccountProof,
    StorageProof,
    verify_account,
    verify_storage,
    verify_trie,
)
from chains.qbft import ExtraData, Variant, Vote, block_hash, commit_digest, quorum
from chains.quorum_chain import QuorumChain
from chains.reverts import RevertReason, decode_revert
from chains.rpc_chain import Patience, RpcChain
from chains.server import ChainServer
from chains.validators import Validator, ValidatorSet

__all__ = [
    "AccountProof",
    "AuditReport",
    "Chain",
    "ChainError",
    "ChainHalted",
    "ChainServer",
    "Clock",
    "Depth",
    "DishonestNode",
    "EndpointEvent",
    "EndpointNode",
    "ExtraData",
    "Fault",
    "FinalityPolicy",
    "InsufficientFunds",
    "LocalChain",
    "NonceTooHigh",
    "NonceTooLow",
    "OutcomeUnknown",
    "Patience",
    "PlainHeader",
    "ProofError",
    "ProofReason",
    "QbftFinal",
    "QuorumChain",
    "Reason",
    "Rejected",
    "RevertReason",
    "RpcChain",
    "RpcTag",
    "SealedHeader",
    "StorageProof",
    "SystemClock",
    "TransactionReverted",
    "Unavailable",
    "Validator",
    "ValidatorSet",
    "Variant",
    "VirtualClock",
    "Vote",
    "WrongChainId",
    "audit",
    "block_hash",
    "commit_digest",
    "decode_revert",
    "quorum",
    "verify_account",
    "verify_storage",
    "verify_trie",
]
