"""Data comes a block before or after the end of its window."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED
from clearspan.lab.scenarios.posting import Post
from exchange.state.hashing import keccak256


def attack(stage: Stage) -> Verdict:
    """A batch is asked for its finality around both bounds; batches are posted around the oldest clock allowed."""
    with stage.world() as world:
        post = Post(world)
        limits = world.deployment.parameters
        post.post(post.segment(), [keccak256(b"0")])
        posted = post.rollup.batch(0)
        wrong = []
        for blocks in range(1, limits.challenge_blocks + 3):
            early = blocks < limits.challenge_blocks
            if blocks == 2:
                world.clock.advance(max(0, posted.posted_at + limits.challenge_seconds - world.clock.now()))
            post.chain.mine()
            head = post.chain.head()
            due = head.timestamp >= posted.posted_at + limits.challenge_seconds and not early
            if post.rollup.is_final(0) != due:
                wrong.append(f"{head.timestamp - posted.posted_at} s and {blocks} blocks")
            post.heist.settle()
        lag = limits.max_clock_lag_seconds
        post.wait(2 * lag)
        now = max(post.chain.head().timestamp + 1, world.clock.now())
        too_old = post.post(post.segment(clock=now - lag - 60), [keccak256(b"1")])
        in_time = post.post(post.segment(clock=now - lag + 60), [keccak256(b"2")])
        return Verdict(
            survived=not wrong and too_old != ACCEPTED and in_time == ACCEPTED and post.count == 2,
            detail=f"final at the wrong time: {', '.join(wrong) or 'never'}; a minute before the bound of {lag} s: "
            f"{in_time}, a minute beyond: {too_old}",
        )


SCENARIO = Scenario(
    identifier="rollup-late-data",
    title="Data appears a block before or after the end of its window",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(
        mutation="a batch is final after its seconds, however few blocks there were",
        contracts=(("Rollup", "rollup-final-by-seconds-alone"),),
    ),
)
