"""A leg in the exchange's own state: cash locked for another account under a hash (docs/protocol/state.md)."""

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak

from bridge.abi import hash_words, require_address, require_uint
from bridge.errors import Reason, Rejected
from bridge.swaps.terms import PREIMAGE_BYTES, Timelocks

CASH_DOMAIN = keccak(b"clearspan.swap.cash.v1")
_TYPES = ["bytes32", "uint64", "address", "address", "address", "uint128", "bytes32", "uint64", "uint64", "uint64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CashLeg:
    """`amount` of cash (1e-6 USD) of the account `locker` owns, for the account `payee` owns.

    chain_id and rollup name the exchange: its settlement chain and the rollup there. lock_before: the signed lock is
    refused from then on. deadline: claimable before it, by anyone for the payee; refundable from it on, by anyone for
    the locker. The exchange takes a hash once, so hash and terms together are the leg's name.
    """

    chain_id: int
    rollup: ChecksumAddress
    locker: ChecksumAddress
    payee: ChecksumAddress
    amount: int
    hashlock: bytes
    lock_before: int
    deadline: int
    nonce: int

    def __post_init__(self) -> None:
        require_uint(self.chain_id, 64, "chain id")
        for address in (self.rollup, self.locker, self.payee):
            require_address(address)
        require_uint(self.amount, 128, "amount")
        for time in (self.lock_before, self.deadline):
            require_uint(time, 39, "time of a cash lock")
        require_uint(self.nonce, 64, "nonce")
        if type(self.hashlock) is not bytes or len(self.hashlock) != PREIMAGE_BYTES:
            raise Rejected(Reason.OUT_OF_RANGE, "a hashlock has 32 bytes")

    @property
    def escrow(self) -> ChecksumAddress:
        """What holds it: the rollup."""
        return self.rollup

    @property
    def asset(self) -> ChecksumAddress:
        """Cash has no token; the rollup stands for it."""
        return self.rollup

    @property
    def timelocks(self) -> Timelocks:
        """The stages of an escrow that a cash lock has; both public ones begin at once."""
        return Timelocks(
            claim_from=self.lock_before,
            public_claim_from=self.lock_before + 1,
            refund_from=self.deadline,
            public_refund_from=self.deadline + 1,
        )

    @property
    def identifier(self) -> bytes:
        """Hash of everything."""
        return hash_words(
            _TYPES,
            [
                CASH_DOMAIN,
                self.chain_id,
                self.rollup,
                self.locker,
                self.payee,
                self.amount,
                self.hashlock,
                self.lock_before,
                self.deadline,
                self.nonce,
            ],
        )
