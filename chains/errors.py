"""Everything a chain can answer instead of doing what was asked.

ChainError
├── Rejected                 the request is wrong; `reason` names the rule it broke
│   ├── WrongChainId
│   ├── NonceTooLow
│   ├── NonceTooHigh
│   ├── InsufficientFunds
│   ├── TransactionReverted  carries the decoded error and the raw revert bytes
│   └── ProofError           carries a ProofReason
└── Unavailable              the request may be right; try again later
    ├── ChainHalted
    ├── DishonestNode        a node contradicts itself; another node may serve
    └── OutcomeUnknown       a submission went unanswered; carries the transaction, which may be sent again
"""

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why something was rejected or could not be served; names are stable."""

    CHAIN_HALTED = "ChainHalted"
    """Fewer validators than the quorum are online."""
    DATABASE_EXISTS = "DatabaseExists"
    """A new chain was to be kept in a file that already holds one."""
    DOUBLE_SIGN = "DoubleSign"
    """A validator was asked for a second, different seal at one height and round."""
    FALSE_HEADER = "FalseHeader"
    """A node served a header that is not the one asked for, or does not hash to the hash it names."""
    FEE_TOO_LOW = "FeeTooLow"
    """The transaction offers less than the base fee."""
    FINALITY_VIOLATED = "FinalityViolated"
    """A node replaced a block that was final before."""
    GAS_LIMIT_TOO_HIGH = "GasLimitTooHigh"
    """The transaction asks for more gas than a block holds."""
    GAS_LIMIT_TOO_LOW = "GasLimitTooLow"
    """The transaction's gas does not cover its intrinsic cost or its calldata floor."""
    INSUFFICIENT_FUNDS = "InsufficientFunds"
    """The sender cannot pay value and gas, counting what it has pending."""
    INVALID_CHAIN = "InvalidChain"
    """A kept chain does not agree with itself."""
    INVALID_PARAMETERS = "InvalidParameters"
    """A JSON-RPC call with parameters of the wrong shape."""
    INVALID_PROOF = "InvalidProof"
    """A Merkle-Patricia proof does not prove what it claims."""
    INVALID_SEAL = "InvalidSeal"
    """A commit seal is malformed, malleable or recovers to nobody."""
    INVALID_SIGNATURE = "InvalidSignature"
    """The transaction's signature recovers to nobody."""
    MALFORMED_ANSWER = "MalformedAnswer"
    """A node answered something that is not JSON-RPC, or not of the shape the method has."""
    MALFORMED_HEADER = "MalformedHeader"
    """A header or its extraData is not what its consensus would have written."""
    MALFORMED_TRANSACTION = "MalformedTransaction"
    """The bytes are not a transaction."""
    METHOD_NOT_FOUND = "MethodNotFound"
    """A JSON-RPC method this chain does not serve."""
    NODE_REFUSED = "NodeRefused"
    """A node refused for a reason of its own; the message says which."""
    NODE_UNREACHABLE = "NodeUnreachable"
    """No connection, a broken one, or a server error."""
    NONCE_TOO_HIGH = "NonceTooHigh"
    """The nonce leaves a gap after what the sender has mined and pending."""
    NONCE_TOO_LOW = "NonceTooLow"
    """The nonce was already used, on chain or in the pool."""
    NOTHING_FINAL = "NothingFinal"
    """The node names no block as final yet."""
    NOT_SEALED = "NotSealed"
    """The block is not final yet, so nobody has sealed it, or its chain knows no seals."""
    OUTCOME_UNKNOWN = "OutcomeUnknown"
    """The node did not answer a submission: it may have been taken or not."""
    OVERSIZED_ANSWER = "OversizedAnswer"
    """A node answered more bytes than anything asked for can have."""
    QUORUM_LOST = "QuorumLost"
    """Fewer nodes agree, or answer at all, than have to."""
    RATE_LIMITED = "RateLimited"
    """The node takes no more requests for now."""
    READ_ONLY = "ReadOnly"
    """The chain was reopened for reading."""
    RECORD_IN_USE = "RecordInUse"
    """Another process holds this validator's record of what it signed."""
    RECORD_ROLLED_BACK = "RecordRolledBack"
    """A validator's record of what it signed lacks signatures that it gave."""
    RECORD_UNWRITABLE = "RecordUnwritable"
    """A validator could not write down what it was about to sign, and therefore did not."""
    REORGANISED = "Reorganised"
    """The chain changed under the question."""
    TIMED_OUT = "TimedOut"
    """No answer, or no block with the transaction, in the time allowed."""
    TRANSACTION_DROPPED = "TransactionDropped"
    """The transaction stopped being valid before it could be mined, or a reorganisation took it out again."""
    TRANSACTION_REVERTED = "TransactionReverted"
    """The transaction or the call failed in the EVM."""
    UNKNOWN_BLOCK = "UnknownBlock"
    """No block has this number or hash."""
    UNKNOWN_TRANSACTION = "UnknownTransaction"
    """No transaction has this hash."""
    UNKNOWN_VALIDATOR = "UnknownValidator"
    """No validator of this chain has this address."""
    UNSUPPORTED_TRANSACTION = "UnsupportedTransaction"
    """A transaction type this chain does not take (blobs)."""
    VALIDATOR_OFFLINE = "ValidatorOffline"
    """The validator does not answer."""
    WRONG_CHAIN_ID = "WrongChainId"
    """The transaction was signed for another chain, or for none."""


class ProofReason(StrEnum):
    """Why a Merkle-Patricia proof was refused."""

    ABSENT = "Absent"
    """The path ends without the key; absence is never proven."""
    HASH_MISMATCH = "HashMismatch"
    """A node does not hash to what its parent (or the root) says."""
    MALFORMED_NODE = "MalformedNode"
    """A node is not canonical RLP of a leaf, an extension or a branch."""
    TRUNCATED = "Truncated"
    """The path goes on, the proof does not."""
    UNUSED_NODE = "UnusedNode"
    """The proof goes on, the path does not."""
    WRONG_VALUE = "WrongValue"
    """The proven value is not the claimed one."""


class ChainError(Exception):
    """Root of what a chain can answer; `reason` is stable, the message is for people."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else str(reason))
        self.reason = reason
        self.message = message


class Rejected(ChainError):  # noqa: N818 - named after the answer, not after the class tree
    """The request is wrong and stays wrong."""


class Unavailable(ChainError):  # noqa: N818
    """The request may be right; nothing was done; try again later."""


class WrongChainId(Rejected):
    """A transaction signed for another chain, or a node that serves another."""

    def __init__(self, *, given: int | None, expected: int, message: str | None = None) -> None:
        signed_for = "no chain in particular" if given is None else f"chain {given}"
        super().__init__(Reason.WRONG_CHAIN_ID, message or f"signed for {signed_for}, this is chain {expected}")
        self.given = given
        self.expected = expected


class NonceTooLow(Rejected):
    """A nonce the sender has already used."""

    def __init__(self, *, given: int, expected: int) -> None:
        super().__init__(Reason.NONCE_TOO_LOW, f"nonce {given} is used, the next is {expected}")
        self.given = given
        self.expected = expected


class NonceTooHigh(Rejected):
    """A nonce that leaves a gap."""

    def __init__(self, *, given: int, expected: int) -> None:
        super().__init__(Reason.NONCE_TOO_HIGH, f"nonce {given} leaves a gap, the next is {expected}")
        self.given = given
        self.expected = expected


class InsufficientFunds(Rejected):
    """A sender that cannot pay; amounts in wei."""

    def __init__(self, *, available: int, needed: int) -> None:
        super().__init__(Reason.INSUFFICIENT_FUNDS, f"needs {needed} wei, has {available}")
        self.available = available
        self.needed = needed


class TransactionReverted(Rejected):
    """The EVM refused: `error` is `ErrorName(args)`, `output` the raw revert bytes."""

    def __init__(self, error_name: str, args: tuple[Any, ...], *, error: str, output: bytes = b"") -> None:
        super().__init__(Reason.TRANSACTION_REVERTED, error)
        self.error_name = error_name
        self.error_args = args
        self.error = error
        self.output = output


class ProofError(Rejected):
    """A proof that proves nothing."""

    def __init__(self, proof_reason: ProofReason, message: str = "") -> None:
        super().__init__(Reason.INVALID_PROOF, f"{proof_reason}: {message}" if message else str(proof_reason))
        self.proof_reason = proof_reason


class ChainHalted(Unavailable):
    """Too few validators are online to seal a block."""

    def __init__(self, *, online: int, needed: int) -> None:
        super().__init__(Reason.CHAIN_HALTED, f"{online} validators online, {needed} needed")
        self.online = online
        self.needed = needed


class DishonestNode(Unavailable):
    """A node whose answer contradicts itself, its proof or what it said before; nothing of it was used."""


class OutcomeUnknown(Unavailable):
    """A submission that nobody answered: send the same bytes again, or wait for the hash; both are safe."""

    def __init__(self, *, transaction_hash: bytes, raw: bytes, message: str) -> None:
        super().__init__(Reason.OUTCOME_UNKNOWN, f"0x{transaction_hash.hex()}: {message}")
        self.transaction_hash = transaction_hash
        self.raw = raw
