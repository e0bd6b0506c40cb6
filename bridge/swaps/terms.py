"""What two parties agree on: one leg of a swap, the key it is locked under, what its early refund is signed over."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, Self

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_decode, abi_encode, hash_words, require_address, require_uint
from bridge.errors import Reason, Rejected

PREIMAGE_BYTES = 32
SWAP_DOMAIN = keccak(b"clearspan.swap.v1")
EARLY_REFUND_TYPEHASH = keccak(b"EarlyRefund(bytes32 id,address locker,address asset,uint256 amount)")
_EIP712_DOMAIN_TYPEHASH = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_FIELDS = "(address,address,address,uint128,bytes32,uint128,uint256,uint64)"
_TIME_BITS = 40
_STAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Timelocks:
    """When the stages of a leg begin, in seconds; each lasts until the next begins.

    claim_from: the payee may claim, nothing can be locked any more. public_claim_from: anyone may claim for the payee.
    refund_from: nobody may claim, the locker may take back. public_refund_from: anyone may give back to the locker.
    """

    claim_from: int
    public_claim_from: int
    refund_from: int
    public_refund_from: int

    def __post_init__(self) -> None:
        for number, time in enumerate(self.as_tuple()):
            require_uint(time, _TIME_BITS, f"time {number} of a swap")

    def as_tuple(self) -> tuple[int, int, int, int]:
        """The times in their order."""
        return self.claim_from, self.public_claim_from, self.refund_from, self.public_refund_from

    @property
    def is_ascending(self) -> bool:
        """Whether every stage lasts."""
        return self.claim_from < self.public_claim_from < self.refund_from < self.public_refund_from

    def pack(self) -> int:
        """The word the escrow takes."""
        word = 0
        for time in self.as_tuple():
            word = word << _TIME_BITS | time
        return word

    @classmethod
    def unpack(cls, word: int) -> Self:
        """Read the escrow's word; raises `Rejected(NOT_CANONICAL)` where it has more bits."""
        if not 0 <= word < 1 << _TIME_BITS * _STAGES:
            raise Rejected(Reason.NOT_CANONICAL, f"no four times: {word:#x}")
        times = [word >> _TIME_BITS * stage & (1 << _TIME_BITS) - 1 for stage in reversed(range(_STAGES))]
        return cls(claim_from=times[0], public_claim_from=times[1], refund_from=times[2], public_refund_from=times[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """One leg: `amount` base units of `asset` (zero address: ether) for `payee`, or back to `locker`.

    chain_id and escrow are part of the key, as everything is. safety_deposit in wei. hashlock is the sha256 of exactly
    32 bytes.
    """

    chain_id: int
    escrow: ChecksumAddress
    locker: ChecksumAddress
    payee: ChecksumAddress
    asset: ChecksumAddress
    amount: int
    hashlock: bytes
    safety_deposit: int
    timelocks: Timelocks
    nonce: int

    def __post_init__(self) -> None:
        require_uint(self.chain_id, 64, "chain id")
        for address in (self.escrow, self.locker, self.payee, self.asset):
            require_address(address)
        require_uint(self.amount, 128, "amount")
        require_uint(self.safety_deposit, 128, "safety deposit")
        require_uint(self.nonce, 64, "nonce")
        if type(self.hashlock) is not bytes or len(self.hashlock) != PREIMAGE_BYTES:
            raise Rejected(Reason.OUT_OF_RANGE, "a hashlock has 32 bytes")

    def as_abi(self) -> tuple[Any, ...]:
        """The struct as the escrow takes it."""
        return (
            self.locker,
            self.payee,
            self.asset,
            self.amount,
            self.hashlock,
            self.safety_deposit,
            self.timelocks.pack(),
            self.nonce,
        )

    def as_batched(self, preimage: bytes) -> tuple[Any, ...]:
        """The struct as a batch of claims takes it."""
        require_preimage(preimage)
        word = self.timelocks.pack()
        return self.locker, self.amount, self.safety_deposit, word, self.nonce, preimage

    def encode(self) -> bytes:
        """All of it as bytes, to be kept."""
        return abi_encode(["uint64", "address", _FIELDS], [self.chain_id, self.escrow, self.as_abi()])

    @classmethod
    def decode(cls, encoded: bytes) -> Self:
        """Read kept bytes back; raises `Rejected(NOT_CANONICAL)`."""
        chain_id, escrow, fields = abi_decode(["uint64", "address", _FIELDS], encoded)
        locker, payee, asset, amount, hashlock, safety_deposit, word, nonce = fields
        return cls(
            chain_id=chain_id,
            escrow=to_checksum_address(escrow),
            locker=to_checksum_address(locker),
            payee=to_checksum_address(payee),
            asset=to_checksum_address(asset),
            amount=amount,
            hashlock=hashlock,
            safety_deposit=safety_deposit,
            timelocks=Timelocks.unpack(word),
            nonce=nonce,
        )

    @property
    def identifier(self) -> bytes:
        """The key: keccak256(abi.encode(domain, chain id, escrow, swap))."""
        types = ["bytes32", "uint256", "address", _FIELDS]
        return hash_words(types, [SWAP_DOMAIN, self.chain_id, self.escrow, self.as_abi()])

    @property
    def early_refund_digest(self) -> bytes:
        """What the payee signs (EIP-712) to let the locker take back before the deadline."""
        domain = hash_words(
            ["bytes32", "bytes32", "bytes32", "uint256", "address"],
            [_EIP712_DOMAIN_TYPEHASH, keccak(b"Clearspan SwapEscrow"), keccak(b"1"), self.chain_id, self.escrow],
        )
        agreed = hash_words(
            ["bytes32", "bytes32", "address", "address", "uint256"],
            [EARLY_REFUND_TYPEHASH, self.identifier, self.locker, self.asset, self.amount],
        )
        return keccak(b"\x19\x01" + domain + agreed)


def hashlock_of(preimage: bytes) -> bytes:
    """The sha256 of a preimage; raises `Rejected(OUT_OF_RANGE)` unless it has exactly 32 bytes."""
    require_preimage(preimage)
    return hashlib.sha256(preimage).digest()


def require_preimage(preimage: bytes) -> None:
    """Raise `Rejected(OUT_OF_RANGE)` unless these are exactly 32 bytes."""
    if type(preimage) is not bytes or len(preimage) != PREIMAGE_BYTES:
        raise Rejected(Reason.OUT_OF_RANGE, f"a preimage has 32 bytes, this one {len(preimage)}")


def derive_preimage(seed: bytes, *, chain_id: int, locker: ChecksumAddress, nonce: int) -> bytes:
    """The preimage of an initiator's swap: who keeps the seed and reads the logs can never lose it.

    seed: at least 32 secret bytes. A nonce must be used for one swap of a locker on a chain only.
    """
    if len(seed) < PREIMAGE_BYTES:
        raise Rejected(Reason.OUT_OF_RANGE, "a seed has at least 32 bytes")
    scope = abi_encode(["bytes32", "uint64", "address", "uint64"], [SWAP_DOMAIN, chain_id, locker, nonce])
    return hmac.new(seed, scope, hashlib.sha256).digest()
