"""A root is posted, and its bytes are missing, cut or false."""

from __future__ import annotations

from collections.abc import Iterator

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, LOOT
from clearspan.lab.scenarios.posting import Post, bodies, framed, true_batch
from exchange.rollup import Batch


def attack(stage: Stage) -> Verdict:
    """A true batch's roots are posted without bytes, with cut ones, and with bytes whose counts are put right again.

    Batches carry their bytes: the contract derives the commitment from them, so there is no hash to post instead.
    """
    with stage.world() as world:
        post = Post(world)
        post.heist.deposit(LOOT, world.base.users[0])
        batch = true_batch(world)
        genesis, held = post.parent, 0
        outcomes: dict[str, int] = {}
        for data in withheld(batch):
            outcome = post.post(data, batch.roots, index=0, parent=genesis)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            held += outcome == ACCEPTED
        true = post.post(batch.data, batch.roots, index=0, parent=genesis)
        return Verdict(
            survived=not held and true == ACCEPTED and post.parent == batch.state_root,
            detail=f"{', '.join(f'{count} {name}' for name, count in sorted(outcomes.items()))}; whole: {true}",
        )


def withheld(batch: Batch) -> Iterator[bytes]:
    """Nothing, every few cuts, a segment less, and a last segment that lost bytes and says so."""
    yield b""
    for length in range(1, len(batch.data), 29):
        yield batch.data[:length]
    whole = bodies(batch)
    yield b"".join(map(framed, whole[:-1]))
    for cut in (1, 20, 100):
        if len(whole[-1]) > cut + 10:
            yield b"".join(map(framed, [*whole[:-1], whole[-1][:-cut]]))


SCENARIO = Scenario(
    identifier="rollup-withheld-data",
    title="A root is posted whose bytes are missing or cut",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(
        mutation="a segment may end elsewhere than its last step",
        contracts=(("Rollup", "rollup-trailing-bytes"),),
    ),
)
