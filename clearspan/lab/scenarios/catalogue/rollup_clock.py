"""Clocks leap, fall back, or stand at their bound."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.counter import counter
from clearspan.lab.scenarios.moves import ACCEPTED
from clearspan.lab.scenarios.posting import Post
from exchange.state.hashing import keccak256

HOUR = 3_600


def attack(stage: Stage) -> Verdict:
    """A poster's clock runs an hour ahead, by a minute, and back; a venue's clock falls back by an hour under load."""
    with stage.world() as world:
        post = Post(world)
        outcomes = {}
        for name, ahead in (("an hour ahead", HOUR), ("a minute ahead", 60)):
            outcomes[name] = post.post(post.segment(clock=world.clock.now() + ahead), [keccak256(name.encode())])
        true = post.post(post.segment(), [keccak256(b"true")])
        outcomes["an hour back"] = post.post(post.segment(clock=world.clock.now() - HOUR), [keccak256(b"back")])
    clocks = fallen_back()
    return Verdict(
        survived=true == ACCEPTED and ACCEPTED not in outcomes.values() and clocks == sorted(clocks),
        detail=f"{', '.join(f'{name}: {outcome}' for name, outcome in outcomes.items())}; the true one: {true}; the "
        f"venue's time {'never fell' if clocks == sorted(clocks) else 'fell'}",
    )


def fallen_back() -> list[int]:
    """Times that a venue gives its steps while its clock falls back by an hour."""
    with counter() as venue:
        steps = list(venue.load(4))
        seen = []
        for number, step in enumerate(steps):
            venue.watch.seconds += -HOUR if number == len(steps) // 2 else 1
            venue.submit(step)
            seen.append(venue.venue.state.header.clock)
        return seen


SCENARIO = Scenario(
    identifier="rollup-clock",
    title="Clocks leap ahead, fall back or stand at their bound",
    group="rollup",
    source="classes of rollup failures",
    attack=attack,
    twin=Twin(mutation="a batch may be of a time to come", contracts=(("Rollup", "rollup-future-clock"),)),
)
