"""How much a provider has at stake, and how much it may have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bridge.swaps.book import KeptSwap
from bridge.swaps.cash import CashLeg
from bridge.swaps.guarantees import Guarantee
from bridge.swaps.legs import Leg
from exchange.sdk.errors import Rejected

Place = tuple[int, str]
"""Chain id and asset; the rollup's address for cash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """USD in 1e-8; assets in base units by place, none of an asset that is not named.

    soft: of all swaps that rely on the operator's word. per_customer and open: swaps at a time.
    """

    per_swap_e8: int
    total_e8: int
    soft_e8: int
    open: int
    per_customer: int
    assets: Mapping[Place, int]


def place_of(leg: Leg) -> Place:
    """Where a leg's inventory is."""
    return leg.chain_id, leg.asset


def is_soft(swap: KeptSwap) -> bool:
    """Whether this side risks something on the operator's word alone."""
    return swap.guarantee is Guarantee.SOFT and isinstance(swap.plan.other, CashLeg)


def require_within(
    limits: Limits, open_swaps: Sequence[KeptSwap], swap: KeptSwap, value_e8: Callable[[Leg], int]
) -> None:
    """Raise Rejected unless the swap fits beside those that are open (it may be one of them).

    Reasons: AbovePerSwapLimit, AboveTotalLimit, AboveSoftLimit, AboveAssetLimit, TooManySwaps.
    """
    others = [kept for kept in open_swaps if kept.hashlock != swap.hashlock]
    own, customer = swap.plan.own, swap.plan.own.payee
    worth = value_e8(own)
    if worth > limits.per_swap_e8:
        raise Rejected("AbovePerSwapLimit", f"{worth} of {limits.per_swap_e8}")
    if worth + sum(value_e8(kept.plan.own) for kept in others) > limits.total_e8:
        raise Rejected("AboveTotalLimit", f"{limits.total_e8}")
    if is_soft(swap) and worth + sum(value_e8(kept.plan.own) for kept in others if is_soft(kept)) > limits.soft_e8:
        raise Rejected("AboveSoftLimit", f"{limits.soft_e8}")
    there = sum(kept.plan.own.amount for kept in others if place_of(kept.plan.own) == place_of(own))
    if own.amount + there > limits.assets.get(place_of(own), 0):
        raise Rejected("AboveAssetLimit", f"{limits.assets.get(place_of(own), 0)}")
    if len(others) + 1 > limits.open:
        raise Rejected("TooManySwaps", f"{limits.open} at a time")
    if sum(kept.plan.own.payee == customer for kept in others) + 1 > limits.per_customer:
        raise Rejected("TooManySwaps", f"{limits.per_customer} at a time with {customer}")
