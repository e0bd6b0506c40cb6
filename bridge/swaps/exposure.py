"""What a swap can cost although everybody follows the rules: the free option, a halt across the timelocks, fees."""

import math
from dataclasses import dataclass

from eth_typing import ChecksumAddress

from bridge.swaps.legs import Leg
from bridge.swaps.machine import Role
from bridge.swaps.timelocks import Rules, Schedule

SECONDS_PER_YEAR = 365 * 86_400
BASE_FEE_STEP = (9, 8)
"""EIP-1559: a full block raises the base fee by an eighth."""


def free_option_share(volatility: float, seconds: int) -> float:
    """Worth of the initiator's option to reveal or not, as a share of what is swapped.

    At the money, no interest: 2 N(s/2) - 1 with s = volatility * sqrt(seconds / year) (Black 1976). volatility: of the
    price of one leg in the other, a year, 1.0 is 100 %. seconds: from the responder's lock to the last reveal.
    """
    if volatility < 0 or seconds < 0:
        raise ValueError("neither a volatility nor a duration is negative")
    spread = volatility * math.sqrt(seconds / SECONDS_PER_YEAR)
    return math.erf(spread / (2 * math.sqrt(2)))


def option_seconds(schedule: Schedule, rules: Rules) -> int:
    """For how long the initiator can choose: from the responder's earliest lock to the last reveal it can risk."""
    earliest_lock = schedule.long.claim_from
    return max(0, schedule.short.refund_from - rules.short.landing_seconds - earliest_lock)


def fee_reserve_wei(gas: int, base_fee: int, full_blocks: int) -> int:
    """Wei to keep for a claim that must get in after so many full blocks, each of which raises the base fee."""
    fee = base_fee
    for _ in range(full_blocks):
        fee = -(-fee * BASE_FEE_STEP[0] // BASE_FEE_STEP[1])
    return gas * fee


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Who can lose what: `amount` base units of `asset` on a chain, for nothing; `when` says how it comes to that."""

    loser: Role
    chain_id: int
    asset: ChecksumAddress
    amount: int
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """A chain that makes no block from `since` to `until`, in seconds."""

    chain_id: int
    since: int
    until: int


def halt_losses(rules: Rules, long: Leg, short: Leg, halt: Halt) -> tuple[Loss, ...]:
    """Who can lose, and how much, by a halt that the rules do not allow for; empty where nobody can.

    One of them at most: a halt before the reveal costs both of them time alone.
    """
    bounds = rules.long if halt.chain_id == long.chain_id else rules.short
    if halt.until - halt.since <= bounds.halt_seconds:
        return ()
    unstopped = bounds.landing_seconds - bounds.halt_seconds
    responder = Loss(
        loser=Role.RESPONDER,
        chain_id=short.chain_id,
        asset=short.asset,
        amount=short.amount,
        when="the short leg was claimed, and the long leg's claim could not land before the long leg's deadline",
    )
    if halt.chain_id == long.chain_id:
        reaches = halt.until + unstopped >= long.timelocks.refund_from > halt.since
        return (responder,) if reaches else ()
    losses = []
    if halt.until >= short.timelocks.refund_from > halt.since:
        initiator = Loss(
            loser=Role.INITIATOR,
            chain_id=long.chain_id,
            asset=long.asset,
            amount=long.amount,
            when="the preimage was in a claim that the short chain did not include before the short leg's deadline",
        )
        losses.append(initiator)
    answered = halt.until + bounds.finality_seconds + rules.reaction_seconds + rules.long.landing_seconds
    if answered >= long.timelocks.refund_from and halt.since < short.timelocks.refund_from:
        losses.append(responder)
    return tuple(losses)


def break_even_bribe(amount: int, blocks: int) -> int:
    """The most per block that keeping a claim out until its deadline is worth, in base units of the leg, rounded up.

    Who gets the leg back if the claim fails can pay so much to each producer of the window, and not more.
    """
    if blocks < 1:
        raise ValueError("a window has a block at least")
    return -(-amount // blocks)
