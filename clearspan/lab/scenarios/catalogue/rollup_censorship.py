"""The sequencer leaves one user out for ever."""

from __future__ import annotations

from clearspan.lab.scenarios.banking import carry
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, LOOT
from clearspan.lab.scenarios.posting import Post
from exchange.state.hashing import keccak256


def attack(stage: Stage) -> Verdict:
    """Two deposits wait in the forced queue; batches go on without them, to their deadline and a second beyond."""
    with stage.world() as world:
        post = Post(world)
        for user in world.base.users[:2]:
            carry(post.heist, post.heist.lock(LOOT, user))
        while post.chain.head().timestamp < post.queue.deadline(0) - 1:
            post.wait(max(0, post.queue.deadline(0) - 1 - world.clock.now()))
        outcomes = {}
        outcomes["in time"] = post.post(post.segment(), [keccak256(b"1")])
        post.wait(2)
        outcomes["overdue"] = post.post(post.segment(), [keccak256(b"2")])
        outcomes["the second alone"] = post.post(post.segment(forced=1), [keccak256(b"3")])
        post.wait(5)
        outcomes["all that is due"] = post.post(post.segment(forced=2 - taken(post)), [keccak256(b"4")])
        return Verdict(
            survived=outcomes["overdue"] != ACCEPTED and taken(post) == 2,
            detail=f"{', '.join(f'{name}: {outcome}' for name, outcome in outcomes.items())}; {taken(post)} of 2 "
            "taken, in their order",
        )


def taken(post: Post) -> int:
    """Items of the queue that batches took."""
    return post.rollup.batch(post.count - 1).queue_cursor if post.count else 0


SCENARIO = Scenario(
    identifier="rollup-censorship",
    title="The sequencer drops one user for ever",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(mutation="a batch is not asked for what is overdue", contracts=(("Rollup", "rollup-censors"),)),
)
