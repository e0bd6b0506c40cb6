"""What was proven and what is settled are not the same."""

from __future__ import annotations

from collections.abc import Iterator

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED
from clearspan.lab.scenarios.posting import Post, true_batch
from exchange.rollup import Batch

STRIDE = 31
"""Every thirty-first byte of the data is changed, and each of its first sixteen."""


def attack(stage: Stage) -> Verdict:
    """A true batch is posted; then each field of it is changed and posted again, and the commitments compared."""
    with stage.world() as world:
        post = Post(world)
        batch = true_batch(world)
        post.post_batch(batch)
        kept = post.commitment(0)
        tried, accepted, unbound = 0, 0, []
        for name, data, roots in changed(batch):
            tried += 1
            if post.post(data, roots) == ACCEPTED:
                accepted += 1
                if post.commitment(post.count - 1) == kept:
                    unbound.append(name)
        misplaced = post.post(batch.data, batch.roots, index=0)
        rooted = post.post(batch.data, batch.roots, parent=batch.parent_root)
        return Verdict(
            survived=not unbound and ACCEPTED not in {misplaced, rooted},
            detail=f"{tried} changes, {accepted} accepted; under the same commitment: {', '.join(unbound) or 'none'}; "
            f"at another index {misplaced}, from another root {rooted}",
        )


def changed(batch: Batch) -> Iterator[tuple[str, bytes, tuple[bytes, ...]]]:
    """Each root changed and exchanged, then byte after byte of the data."""
    other = bytes(reversed(batch.roots[-1]))
    for at in range(len(batch.roots)):
        yield f"root {at}", batch.data, (*batch.roots[:at], other, *batch.roots[at + 1 :])
    for at in (*range(3, 19), *range(19, len(batch.data), STRIDE)):
        flipped = bytearray(batch.data)
        flipped[at] ^= 1
        yield f"byte {at}", bytes(flipped), batch.roots


SCENARIO = Scenario(
    identifier="rollup-settlement-mismatch",
    title="Each field of a batch is changed under the same commitment",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(mutation="a segment's leaf does not hold its root", contracts=(("Rollup", "rollup-unbound-root"),)),
)
