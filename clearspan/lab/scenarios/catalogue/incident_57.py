"""Aztec Connect: transactions beyond a number that no hash bound were proven and not settled."""

from __future__ import annotations

from collections.abc import Iterator

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, LOOT
from clearspan.lab.scenarios.posting import Post, bodies, framed, is_read_alike, true_batch
from exchange.rollup import Batch


def attack(stage: Stage) -> Verdict:
    """Counts and lengths of a true batch are changed one by one: what is accepted must mean the same to all readers."""
    with stage.world() as world:
        post = Post(world)
        post.heist.deposit(LOOT, world.base.users[0])
        batch = true_batch(world)
        outcomes: dict[str, int] = {}
        doubtful = []
        for name, data in miscounted(batch):
            outcome = post.post(data, batch.roots)
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if outcome == ACCEPTED:
                read = Batch(index=0, parent_root=batch.parent_root, roots=batch.roots, data=data)
                if not is_read_alike(read, post.commitment(post.count - 1)):
                    doubtful.append(name)
        true = post.post(batch.data, batch.roots)
        return Verdict(
            survived=not doubtful and true == ACCEPTED,
            detail=f"{', '.join(f'{count} {name}' for name, count in sorted(outcomes.items()))}; accepted and read "
            f"otherwise: {', '.join(doubtful) or 'none'}; the true batch: {true}",
        )


def miscounted(batch: Batch) -> Iterator[tuple[str, bytes]]:
    """The batch with each count and length one too low and one too high, and with bytes that nothing counts."""
    first, *others = bodies(batch)
    rest = b"".join(map(framed, others))
    for name, at in (("forced count", 8), ("step count", 9), ("step length", 11)):
        for change in (-1, 1):
            changed = bytearray(first)
            changed[at] = (changed[at] + change) % 256
            yield f"{name} {change:+}", framed(bytes(changed)) + rest
    yield "bytes behind the steps", framed(first + b"hidden") + rest
    yield "a step behind the last", framed(first + b"\x00\x01\x06") + rest
    yield "bytes behind the segments", batch.data + b"\x00"
    yield "a segment twice", framed(first) + batch.data
    yield "a segment's length", (len(first) + 1).to_bytes(3, "big") + first + rest


SCENARIO = Scenario(
    identifier="incident-57",
    title="A count of what is in a batch is bound by nothing",
    group="C12",
    source="Aztec Connect, 14 Jun 2026, $2.19M",
    attack=attack,
    twin=Twin(
        mutation="bytes behind a segment's last step are let through",
        contracts=(("Rollup", "rollup-trailing-bytes"),),
    ),
)
