"""What to offer per gas: pure arithmetic of EIP-1559, evaluated anew each time; no cap is ever remembered."""

from dataclasses import dataclass
from fractions import Fraction

GWEI = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeMarket:
    """Wei per gas: what the next block burns, and what whoever mines it wants on top."""

    base_fee: int
    tip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeOffer:
    """Wei per gas that a transaction offers, at most and on top of the base fee."""

    max_fee: int
    tip: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeePolicy:
    """How much to offer. Fees in wei per gas.

    cap: never more, as long as nothing is urgent. urgent_cap: what the cap has risen to at a deadline, in a straight
    line over the last `urgent_seconds`. base_fee_multiple: how far the base fee may rise before a pending transaction
    is too cheap. escalate_after_seconds: how long an offer may stay pending before it is raised, by `escalation`, the
    least that nodes take for a replacement being a tenth.
    """

    cap: int = 500 * GWEI
    urgent_cap: int = 2_000 * GWEI
    urgent_seconds: int = 1_800
    base_fee_multiple: Fraction = Fraction(2)
    tip_min: int = 0
    escalate_after_seconds: int = 30
    escalation: Fraction = Fraction(9, 8)

    def __post_init__(self) -> None:
        if self.escalation < Fraction(9, 8) or self.urgent_cap < self.cap or self.base_fee_multiple < 1:
            raise ValueError("escalation is at least 9/8, urgent_cap at least cap, base_fee_multiple at least 1")

    def cap_at(self, now: int, deadline: int | None) -> int:
        """The most to offer now for what has to happen before `deadline`."""
        if deadline is None or deadline - now >= self.urgent_seconds:
            return self.cap
        elapsed = self.urgent_seconds - max(0, deadline - now)
        return self.cap + (self.urgent_cap - self.cap) * elapsed // self.urgent_seconds

    def offer(self, market: FeeMarket, *, now: int, deadline: int | None = None) -> FeeOffer | None:
        """A first offer, or None while even the next block costs more than the cap."""
        cap, tip = self.cap_at(now, deadline), max(market.tip, self.tip_min)
        if market.base_fee + tip > cap:
            return None
        return FeeOffer(max_fee=min(_ceil(market.base_fee * self.base_fee_multiple) + tip, cap), tip=tip)

    def replacement(
        self, previous: FeeOffer, market: FeeMarket, *, now: int, deadline: int | None = None
    ) -> FeeOffer | None:
        """An offer that nodes take in the place of the previous one, or None while that is above the cap."""
        cap = self.cap_at(now, deadline)
        tip = max(market.tip, self.tip_min, previous.tip + 1, _ceil(previous.tip * self.escalation))
        least = max(previous.max_fee + 1, _ceil(previous.max_fee * self.escalation), market.base_fee + tip)
        if least > cap:
            return None
        return FeeOffer(max_fee=max(least, min(_ceil(market.base_fee * self.base_fee_multiple) + tip, cap)), tip=tip)


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
