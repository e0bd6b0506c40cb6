"""The venue's constants, committed to by the header's `configHash`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from struct import Struct as Layout
from typing import Final

from exchange.state.hashing import keccak256
from exchange.state.limits import FACTOR_ONE

_LAYOUT: Final = Layout(">Q20s20s20sIIBIIIIIQIIIIBBB")
_TIER: Final = Layout(">QIi")
_LIQUIDATION_TIER: Final = Layout(">4I")
_DOMAIN_TYPE: Final = keccak256(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_NAME: Final = keccak256(b"Clearspan")
_VERSION: Final = keccak256(b"1")


@dataclass(frozen=True, kw_only=True)
class Domain:
    """EIP-712 domain of every signature: `Clearspan`, `1`, the settlement chain, the `Rollup` address."""

    settlement_chain: int
    rollup: bytes

    @cached_property
    def prefix(self) -> bytes:
        """`0x1901` and the domain separator: what a struct hash is signed behind."""
        separator = keccak256(
            _DOMAIN_TYPE + _NAME + _VERSION + self.settlement_chain.to_bytes(32, "big") + bytes(12) + self.rollup
        )
        return b"\x19\x01" + separator


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTier:
    """From a `volume` (1e-6 USD a period) on, these shares (1e-6) of a market's fees; a negative one is a rebate."""

    volume: int
    taker: int
    maker: int


BASE_TIER: Final = FeeTier(volume=0, taker=FACTOR_ONE, maker=FACTOR_ONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationTier:
    """How positions from a size on are liquidated; everything in 1e-6.

    `size` is a part of the market's open interest cap. One round closes at most `share` of the position, no further
    from the mark than `slippage` times the market's, for `fee` times its liquidation fee.
    """

    size: int
    share: int
    slippage: int
    fee: int


LIQUIDATION_TIERS: Final = (
    LiquidationTier(size=0, share=FACTOR_ONE, slippage=FACTOR_ONE, fee=FACTOR_ONE),
    LiquidationTier(size=20_000, share=500_000, slippage=FACTOR_ONE, fee=FACTOR_ONE),
    LiquidationTier(size=100_000, share=200_000, slippage=1_500_000, fee=2 * FACTOR_ONE),
)
LIQUIDATION_TIER_LIMIT: Final = 16
TIER_FACTOR_LIMIT: Final = 10 * FACTOR_ONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Addresses are 20 bytes, `oracle_staleness` seconds, `oracle_deviation` 1e-6, signers strictly ascending.

    `admin` proposes operations, which wait `operation_delay` seconds, halts `halt_delay`; the zero address is nobody.
    Options are as good as unpriced once their smile is older than `smile_staleness` seconds (0: never).
    A hash lock's deadline lies `lock_seconds_min` to `lock_seconds_max` ahead of the clock, both included.
    A withdrawal that waits is at least `waiting_min` (1e-6 USD) and costs `waiting_fee` (1e-6 of it); rebates are paid
    from that and whole once the first in line has waited `rebate_ramp_seconds`. A reservation's deposit must have
    entered the forced queue within `reservation_seconds`, or costs `reservation_bond` (1e-6 of the amount).
    """

    settlement_chain: int
    rollup: bytes
    insurance_owner: bytes
    oracle_threshold: int
    oracle_staleness: int
    oracle_deviation: int
    signers: tuple[bytes, ...]
    admin: bytes = bytes(20)
    operation_delay: int = 172_800
    halt_delay: int = 0
    smile_staleness: int = 0
    lock_seconds_min: int = 60
    lock_seconds_max: int = 30 * 86_400
    waiting_min: int = 10 * 10**6
    waiting_fee: int = 1_000
    rebate_ramp_seconds: int = 3_600
    reservation_seconds: int = 7_200
    reservation_bond: int = 10_000
    fee_tiers: tuple[FeeTier, ...] = (BASE_TIER,)
    liquidation_tiers: tuple[LiquidationTier, ...] = LIQUIDATION_TIERS

    def __post_init__(self) -> None:
        for address in (self.rollup, self.insurance_owner, self.admin, *self.signers):
            if len(address) != 20:
                raise ValueError("addresses are 20 bytes")
        if list(self.signers) != sorted(set(self.signers)):
            raise ValueError("oracle signers must be strictly ascending")
        if not 1 <= self.oracle_threshold <= 255 or self.reports_needed > len(self.signers) or len(self.signers) > 255:
            raise ValueError("there must be at least three oracle signers and no fewer than the threshold")
        self._check_terms()
        volumes = [tier.volume for tier in self.fee_tiers]
        if not volumes or volumes[0] or volumes != sorted(set(volumes)) or len(volumes) > 255:
            raise ValueError("fee tiers must start at 0 and ascend strictly")
        if not all(0 <= tier.taker <= FACTOR_ONE and abs(tier.maker) <= FACTOR_ONE for tier in self.fee_tiers):
            raise ValueError("a tier's shares are at most 1")
        sizes = [tier.size for tier in self.liquidation_tiers]
        if not sizes or sizes[0] or sizes != sorted(set(sizes)) or len(sizes) > LIQUIDATION_TIER_LIMIT:
            raise ValueError("liquidation tiers must start at 0 and ascend strictly")
        if not all(tier.size <= FACTOR_ONE and 0 < tier.share <= FACTOR_ONE for tier in self.liquidation_tiers):
            raise ValueError("a liquidation tier closes something, and no more than a position")
        factors = [factor for tier in self.liquidation_tiers for factor in (tier.slippage, tier.fee)]
        if not all(0 <= factor <= TIER_FACTOR_LIMIT for factor in factors):
            raise ValueError("a liquidation tier takes at most ten times the market's slippage and fee")

    def _check_terms(self) -> None:
        if not 0 < self.lock_seconds_min <= self.lock_seconds_max:
            raise ValueError("a lock lasts for a while, and not longer than it may")
        if self.waiting_min <= 0 or max(self.waiting_fee, self.reservation_bond) >= FACTOR_ONE:
            raise ValueError("waiting and reserving cost less than the amount")
        if min(self.rebate_ramp_seconds, self.reservation_seconds) <= 0:
            raise ValueError("rebates grow and reservations last for a while")

    @property
    def reports_needed(self) -> int:
        """Reports that make a price: the threshold, but never fewer than three."""
        return max(3, self.oracle_threshold)

    @property
    def domain(self) -> Domain:
        """Domain that steps are signed for."""
        return Domain(settlement_chain=self.settlement_chain, rollup=self.rollup)

    def encode(self) -> bytes:
        """Preimage of the header's `configHash`."""
        return _LAYOUT.pack(
            self.settlement_chain,
            self.rollup,
            self.insurance_owner,
            self.admin,
            self.operation_delay,
            self.halt_delay,
            self.oracle_threshold,
            self.oracle_staleness,
            self.oracle_deviation,
            self.smile_staleness,
            self.lock_seconds_min,
            self.lock_seconds_max,
            self.waiting_min,
            self.waiting_fee,
            self.rebate_ramp_seconds,
            self.reservation_seconds,
            self.reservation_bond,
            len(self.fee_tiers),
            len(self.liquidation_tiers),
            len(self.signers),
        ) + b"".join(
            [
                *(_TIER.pack(tier.volume, tier.taker, tier.maker) for tier in self.fee_tiers),
                *(
                    _LIQUIDATION_TIER.pack(tier.size, tier.share, tier.slippage, tier.fee)
                    for tier in self.liquidation_tiers
                ),
                *self.signers,
            ]
        )

    @classmethod
    def decode(cls, body: bytes) -> Config:
        """Inverse of `encode`; ValueError for any other length."""
        chain, rollup, insurance, admin, operation_delay, halt_delay, *numbers = _LAYOUT.unpack_from(body)
        threshold, staleness, deviation, *terms, tier_count, liquidation_count, count = numbers
        smile_staleness, lock_min, lock_max, waiting_min, waiting_fee, ramp, reservation, bond = terms
        fees_end = _LAYOUT.size + _TIER.size * tier_count
        tiers_end = fees_end + _LIQUIDATION_TIER.size * liquidation_count
        if len(body) != tiers_end + 20 * count:
            raise ValueError("config of a wrong length")
        tiers = (_TIER.unpack_from(body, at) for at in range(_LAYOUT.size, fees_end, _TIER.size))
        sliced = (_LIQUIDATION_TIER.unpack_from(body, at) for at in range(fees_end, tiers_end, _LIQUIDATION_TIER.size))
        return cls(
            settlement_chain=chain,
            rollup=rollup,
            insurance_owner=insurance,
            oracle_threshold=threshold,
            oracle_staleness=staleness,
            oracle_deviation=deviation,
            signers=tuple(body[at : at + 20] for at in range(tiers_end, len(body), 20)),
            admin=admin,
            operation_delay=operation_delay,
            halt_delay=halt_delay,
            smile_staleness=smile_staleness,
            lock_seconds_min=lock_min,
            lock_seconds_max=lock_max,
            waiting_min=waiting_min,
            waiting_fee=waiting_fee,
            rebate_ramp_seconds=ramp,
            reservation_seconds=reservation,
            reservation_bond=bond,
            fee_tiers=tuple(FeeTier(volume=volume, taker=taker, maker=maker) for volume, taker, maker in tiers),
            liquidation_tiers=tuple(
                LiquidationTier(size=size, share=share, slippage=slippage, fee=fee)
                for size, share, slippage, fee in sliced
            ),
        )

    def hash(self) -> bytes:
        """The header's `configHash`."""
        return keccak256(self.encode())
