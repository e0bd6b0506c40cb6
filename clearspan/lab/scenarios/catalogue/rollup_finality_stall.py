"""The settlement chain finalises nothing for hours."""

from __future__ import annotations

from functools import partial

from bridge.settlement import Rollup
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.mutation import edited
from clearspan.lab.scenarios.traffic import DEEP, DOLLARS, Traffic, replayed, stall_finality
from relayers.withdrawal_releaser import WithdrawalReleaser

PATIENCE = 200
STALL = 60
"""Long enough for a challenge period several times over."""


def attack(stage: Stage) -> Verdict:
    """Finality stops when a withdrawal has been asked for, while blocks go on; then it goes on too."""
    with stage.world(config=DEEP) as world:
        traffic = Traffic(world, 0)
        user = world.users[0]
        stall = stall_finality(world, traffic.host)
        before = traffic.held_by(user.wallet.address)
        traffic.deposit(0)
        world.run(PATIENCE, lambda: traffic.at_venue == DOLLARS)
        rollup = Rollup(traffic.host, world.deployment.settlement.rollup)
        user.withdraw(traffic.asset.asset, DOLLARS)
        posted = rollup.batch_count()
        world.run(PATIENCE, lambda: rollup.batch_count() == posted + 2)
        stall.frozen_at = traffic.host.finalized_header().number
        world.run(STALL)
        early = traffic.released
        backlog = 0 if world.venue is None else world.venue.backlog_bytes
        stall.frozen_at = None
        world.run(PATIENCE, lambda: traffic.held_by(user.wallet.address) == before)
        report = replayed(world)
        paid = traffic.held_by(user.wallet.address) == before
        return Verdict(
            survived=not early and paid and report.is_verified and not world.breakages,
            detail=f"after {STALL} s without finality {early} base units had been released and {backlog} bytes waited; "
            f"afterwards the exit was {'paid' if paid else 'not paid'}; {report.batches} batches replayed: "
            f"{report.difference or 'as claimed'}",
        )


SCENARIO = Scenario(
    identifier="rollup-finality-stall",
    title="The settlement chain finalises nothing for a long time",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(
        mutation="withdrawals are released when their batch is old enough at the head",
        patch=partial(
            edited,
            WithdrawalReleaser,
            "_collect",
            "self._rollup.chain.finalized_header().number",
            "self._rollup.chain.head().number",
        ),
    ),
)
