"""Two batches in one place, and two promises of one place."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED
from clearspan.lab.scenarios.posting import STEP, Post
from exchange.sequencer import Confirmation, OperatorKey, recover_operator
from exchange.state.hashing import keccak256


def attack(stage: Stage) -> Verdict:
    """A poster posts two batches of one index and two that start from one root, and signs two steps in one place."""
    with stage.world() as world:
        post = Post(world)
        genesis = post.parent
        first = post.post(post.segment(), [keccak256(b"one")])
        again = post.post(post.segment(steps=[STEP, STEP]), [keccak256(b"two")], index=0, parent=genesis)
        beside = post.post(post.segment(steps=[STEP, STEP]), [keccak256(b"two")], parent=genesis)
        domain = world.base.genesis().domain
        key = OperatorKey(bytes(world.base.network.keys.operator.key), domain)
        signers = {recover_operator(receipt(key, step, world.clock.now()), domain) for step in (b"one", b"two")}
        named = "name their signer" if signers == {key.address} else "name nobody"
        return Verdict(
            survived=first == ACCEPTED and ACCEPTED not in {again, beside} and signers == {key.address},
            detail=f"first {first}, the same index again {again}, another from the same root {beside}; both receipts "
            f"of one place {named}: evidence without a bond",
        )


def receipt(key: OperatorKey, step: bytes, clock: int) -> Confirmation:
    """A promise of place 7."""
    step_hash = keccak256(step)
    signature = key.sign(sequence=7, step_hash=step_hash, clock=clock)
    return Confirmation(sequence=7, step_hash=step_hash, clock=clock, signature=signature, events=())


SCENARIO = Scenario(
    identifier="rollup-equivocation",
    title="Two batches of one index, two receipts of one sequence",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(mutation="a batch may start from any root", contracts=(("Rollup", "rollup-any-parent"),)),
)
