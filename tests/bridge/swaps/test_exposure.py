"""What a swap can cost by design, as numbers."""

import math
import random
from dataclasses import replace

import pytest

from bridge.swaps.exposure import Halt, fee_reserve_wei, free_option_share, halt_losses, option_seconds
from bridge.swaps.machine import Role
from bridge.swaps.timelocks import ChainBounds, Rules
from tests.bridge.swaps.worlds import NOW, plan_of

QBFT = ChainBounds(inclusion_seconds=30, finality_seconds=5, halt_seconds=60, drift_seconds=5)
ETHEREUM = ChainBounds(inclusion_seconds=120, finality_seconds=960, reorganisation_seconds=60, drift_seconds=15)
RULES = Rules(long=ETHEREUM, short=QBFT, reaction_seconds=60)
SCHEDULE = RULES.plan(NOW)
PLAN = plan_of(Role.INITIATOR, RULES, SCHEDULE)
LONG, SHORT = PLAN.own, PLAN.other


@pytest.mark.parametrize("volatility", [0.3, 0.8, 1.5])
@pytest.mark.parametrize("seconds", [600, 3_600, 86_400])
def test_the_free_option_is_worth_what_a_simulation_says(volatility, seconds):
    """The initiator reveals only if it gets more than it gives: a geometric Brownian motion, seeded."""
    share = free_option_share(volatility, seconds)
    spread = volatility * math.sqrt(seconds / (365 * 86_400))
    dice = random.Random(7)
    draws = 40_000
    paid = sum(max(0.0, math.exp(dice.gauss(-spread * spread / 2, spread)) - 1) for _ in range(draws)) / draws
    assert paid == pytest.approx(share, rel=0.03)


def test_the_option_of_this_schedule_is_worth_basis_points():
    """A premium, or a spread in the quote, of that much makes up for it: 0.2 % for an hour's window at 60 % a year."""
    seconds = option_seconds(SCHEDULE, RULES)
    assert SCHEDULE.short.refund_from > SCHEDULE.long.claim_from + seconds
    share = free_option_share(0.6, seconds)
    assert 0.0005 < share < 0.0025
    assert free_option_share(0.6, 4 * seconds) == pytest.approx(2 * share, rel=0.01)


def test_no_volatility_or_no_time_is_no_option():
    assert free_option_share(0, 3_600) == free_option_share(1, 0) == 0
    for arguments in ((-0.1, 1), (0.1, -1)):
        with pytest.raises(ValueError, match="negative"):
            free_option_share(*arguments)


def test_a_hundredfold_fee_takes_forty_full_blocks_and_is_kept_in_reserve():
    gas, fee = 60_000, 10**9
    assert fee_reserve_wei(gas, fee, 0) == gas * fee
    assert fee_reserve_wei(gas, fee, 39) < 100 * gas * fee < fee_reserve_wei(gas, fee, 40)
    assert fee_reserve_wei(1, 7, 1) == 8, "rounded up"


def halted(swap, since, until):
    return halt_losses(RULES, LONG, SHORT, Halt(chain_id=swap.chain_id, since=since, until=until))


def test_the_report_of_a_halt_names_loser_and_amount():
    deadline = LONG.timelocks.refund_from
    (loss,) = halted(LONG, deadline - 600, deadline)
    assert (loss.loser, loss.chain_id, loss.asset, loss.amount) == (Role.RESPONDER, 2, SHORT.asset, SHORT.amount)
    losses = halted(SHORT, SHORT.timelocks.refund_from - 100, SHORT.timelocks.refund_from)
    assert [(loss.loser, loss.chain_id) for loss in losses] == [(Role.INITIATOR, 1)]
    both = halted(SHORT, SHORT.timelocks.refund_from - 100, deadline)
    assert [loss.loser for loss in both] == [Role.INITIATOR, Role.RESPONDER]


def test_halts_that_are_short_or_elsewhere_in_time_cost_nothing():
    long, short = LONG.timelocks, SHORT.timelocks
    assert halted(SHORT, short.refund_from - 30, short.refund_from + 30) == ()
    assert halted(LONG, NOW, long.refund_from - ETHEREUM.landing_seconds - 1) == ()
    assert halted(LONG, long.refund_from, long.refund_from + 10_000) == ()
    assert halted(SHORT, short.refund_from, short.refund_from + 10_000) == ()
    assert halted(SHORT, NOW, short.claim_from) == ()


def test_a_greater_allowance_moves_the_deadline_past_the_halt():
    """The same halt under rules that allow for it, and a schedule planned by them: nobody can lose."""
    patient = replace(RULES, long=replace(ETHEREUM, halt_seconds=7_200))
    plan = plan_of(Role.INITIATOR, patient, patient.plan(NOW))
    deadline = plan.own.timelocks.refund_from
    halt = Halt(chain_id=1, since=deadline - 7_200, until=deadline)
    assert halt_losses(patient, plan.own, plan.other, halt) == ()
    assert halt_losses(RULES, plan.own, plan.other, halt) != ()
