"""What a chain is: in-process chains with checkable consensus, their seals, their proofs, their clock."""

import os

# Read once by eth-hash at its first import; pysha3 is about 20 times faster than the pure Python fallback.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")

from chains.chain import Chain  # noqa: E402 - the hash backend has to be chosen first
from chains.clock import Clock, VirtualClock  # noqa: E402
from chains.errors import (  # noqa: E402
    ChainError,
    ChainHalted,
    InsufficientFunds,
    NonceTooHigh,
    NonceTooLow,
    ProofError,
    ProofReason,
    Reason,
    Rejected,
    TransactionReverted,
    Unavailable,
    WrongChainId,
)
from chains.finality import Depth, FinalityPolicy, QbftFinal  # noqa: E402
from chains.headers import SealedHeader  # noqa: E402
from chains.local import LocalChain  # noqa: E402
from chains.proofs import (  # noqa: E402
    AccountProof,
    StorageProof,
    verify_account,
    verify_storage,
    verify_trie,
)
from chains.qbft import ExtraData, Variant, Vote, block_hash, commit_digest, quorum  # noqa: E402
from chains.reverts import RevertReason, decode_revert  # noqa: E402
from chains.validators import Validator, ValidatorSet  # noqa: E402

__all__ = [
    "AccountProof",
    "Chain",
    "ChainError",
    "ChainHalted",
    "Clock",
    "Depth",
    "ExtraData",
    "FinalityPolicy",
    "InsufficientFunds",
    "LocalChain",
    "NonceTooHigh",
    "NonceTooLow",
    "ProofError",
    "ProofReason",
    "QbftFinal",
    "Reason",
    "Rejected",
    "RevertReason",
    "SealedHeader",
    "StorageProof",
    "TransactionReverted",
    "Unavailable",
    "Validator",
    "ValidatorSet",
    "Variant",
    "VirtualClock",
    "Vote",
    "WrongChainId",
    "block_hash",
    "commit_digest",
    "decode_revert",
    "quorum",
    "verify_account",
    "verify_storage",
    "verify_trie",
]
