"""Two replicas on PostgreSQL, three chains, and everything going wrong at once: each packet ends once all the same."""

import sys
from dataclasses import replace

import pytest

from relayers.leases import LEASE_SECONDS
from relayers.packet_claims import CLAIM_SECONDS
from tests.soak.soaking import DEAR, FEE_CAP, MEGABYTE, Plan, Soak, growth

SHORT = Plan(packets=100, burst=12, send_every=0.3, kill_every=3.0, spike_seconds=1.0)
QUIET = Plan(
    packets=64, burst=32, send_every=0.1, kill_every=None, reorganise_every=None, spike_seconds=0, lies=0, refunds=0
)
LONG = Plan(
    packets=3_000,
    seed=7,
    burst=40,
    send_every=1.0,
    kill_every=12.0,
    down_at_most=3.0,
    reorganise_every=5.0,
    spike_seconds=20.0,
    calm_share=0.4,
    stays_down_seconds=90.0,
    deadline_seconds=3_000.0,
)
TAKEN_OVER_SECONDS = max(LEASE_SECONDS, CLAIM_SECONDS)
STEP_SECONDS = 60
"""What the steps of the other may take beside that: 67 s in all were measured with two cores at load 19."""
GROWTH_MAX = MEGABYTE / 10
"""Bytes a second, over the calm part of a long run: what caches take before they are full."""
SAMPLES_MIN = 30
MEMORY_MAX = 400 * MEGABYTE


def wrong_with(outcome, plan):
    """Everything that should not be; what was on its way when a process or a block vanished may be sent in vain."""
    verdict, disturbances = outcome.verdict, outcome.kills + outcome.reorganisations
    found = list(verdict.wrong)
    if len(verdict.wasted) > disturbances:
        found.append(f"{len(verdict.wasted)} transactions were wasted, there were {disturbances} disturbances")
    found += [f"{wei} wei were spent on {chain}" for chain, wei in verdict.spent_wei.items() if wei > plan.budget_wei]
    if verdict.dearest_wei > FEE_CAP:
        found.append(f"{verdict.dearest_wei} wei were paid for a unit of gas")
    if outcome.memory_most > MEMORY_MAX:
        found.append(f"{outcome.memory_most // MEGABYTE} MB of memory")
    found += [f"{name} was accused" for name in outcome.blamed() - {"east-3"}]
    return found


def test_every_packet_ends_once_whatever_happens(network, postgres, tmp_path):
    outcome = Soak(network, tmp_path, postgres.new_url(), SHORT).run()
    assert wrong_with(outcome, SHORT) == []
    verdict = outcome.verdict
    assert verdict.delivered + verdict.refunded == verdict.packets > SHORT.packets // 2  # reorganisations unsend some
    assert outcome.kills > 0 < outcome.reorganisations
    assert sum(outcome.lies.values()) > 0
    assert outcome.blamed() == {"east-3"}


@pytest.mark.slow
def test_replicas_that_nobody_disturbs_waste_nothing(network, postgres, tmp_path):
    outcome = Soak(network, tmp_path, postgres.new_url(), QUIET).run()
    assert wrong_with(outcome, QUIET) == []
    assert outcome.verdict.delivered == QUIET.packets


@pytest.mark.slow
def test_the_twin_without_claims_is_seen_to_waste(network, postgres, tmp_path):
    entry = ("-m", "tests.soak.broken", "claims")
    outcome = Soak(network, tmp_path, postgres.new_url(), QUIET, entry=entry).run()
    assert any("were wasted" in wrong for wrong in wrong_with(outcome, QUIET))


def test_the_twin_without_a_budget_is_seen_to_overspend(network, postgres, tmp_path):
    poor = replace(QUIET, packets=8, replicas=1, budget_wei=1)
    outcome = Soak(network, tmp_path, postgres.new_url(), poor, entry=("-m", "tests.soak.broken", "budget")).run()
    assert any("wei were spent" in wrong for wrong in wrong_with(outcome, poor))


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_thousands_of_packets_through_hours_of_bad_luck(network, postgres, tmp_path):
    outcome = Soak(network, tmp_path, postgres.new_url(), LONG).run()
    verdict = outcome.verdict
    slopes = {name: growth(samples) for name, samples in outcome.memory.items() if len(samples) >= SAMPLES_MIN}
    sys.stdout.write(
        f"\nseed {LONG.seed}: {verdict.delivered} delivered, {verdict.refunded} refunded in {outcome.seconds:.0f} s; "
        f"{outcome.kills} kills, {outcome.reorganisations} reorganisations, {sum(outcome.lies.values())} lies; "
        f"{verdict.transactions} transactions, {len(verdict.wasted)} wasted; taken over in "
        f"{outcome.taken_over_seconds:.0f} s; memory at most {outcome.memory_most // MEGABYTE} MB, "
        f"growing { ({name: round(slope / 1024) for name, slope in slopes.items()}) } kB/s\n"
    )
    assert wrong_with(outcome, LONG) == []
    assert verdict.delivered + verdict.refunded == verdict.packets > LONG.packets // 2
    assert verdict.dearest_wei >= DEAR
    assert outcome.blamed() == {"east-3"}
    assert outcome.taken_over_seconds <= TAKEN_OVER_SECONDS + STEP_SECONDS
    assert slopes, "nobody ran undisturbed for long enough"
    assert max(slopes.values()) <= GROWTH_MAX
