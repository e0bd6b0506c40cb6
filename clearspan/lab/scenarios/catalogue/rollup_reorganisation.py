"""The settlement chain reorganises across deposits, batches and exits."""

from __future__ import annotations

from functools import partial

from bridge.settlement import ForcedQueue
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.mutation import edited
from clearspan.lab.scenarios.traffic import DEEP, DOLLARS, Traffic, replayed
from clearspan.lab.world import VENUE
from relayers.queue_reader import QueueReader

DEPTH = 3
PATIENCE = 200
TIMES = 3


def attack(stage: Stage) -> Verdict:
    """The credit of a deposit goes with its block, then whatever is newest goes while the deposit leaves again."""
    with stage.world(config=DEEP) as world:
        traffic = Traffic(world, 0)
        user = world.users[0]
        before = traffic.held_by(user.wallet.address)
        traffic.deposit(0)
        queue = ForcedQueue(traffic.host, world.deployment.settlement.forced_queue)
        world.run(PATIENCE, lambda: queue.count() > 0)
        world.processes[VENUE].step("queue reader")
        traffic.reorganise(traffic.host, DEPTH, drops=True)
        world.run(PATIENCE, lambda: traffic.at_venue == DOLLARS)
        user.withdraw(traffic.asset.asset, DOLLARS)
        for number in range(TIMES):
            world.run(9)
            traffic.reorganise(traffic.host, 1 + number % DEPTH, drops=number % 2 == 1)
        world.run(PATIENCE, lambda: traffic.held_by(user.wallet.address) == before)
        world.run(20)
        report = replayed(world)
        paid = traffic.held_by(user.wallet.address) - before
        return Verdict(
            survived=report.is_verified and paid == 0 and traffic.at_venue == 0 and not world.breakages,
            detail=f"{TIMES + 1} reorganisations; a deposit of {DOLLARS // 10**6:,} USD came in and was paid out "
            f"{'once' if paid == 0 else 'otherwise'}; {report.batches} batches replayed: "
            f"{report.difference or 'as claimed'}; {len(world.breakages)} daemons broke",
        )


SCENARIO = Scenario(
    identifier="rollup-reorganisation",
    title="The settlement chain reorganises across deposit, batch and exit",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(
        mutation="the queue is read at the head, not where it is final",
        patch=partial(
            edited,
            QueueReader,
            "step",
            "self._queue.chain.finalized_header().number",
            "self._queue.chain.head().number",
        ),
    ),
)
