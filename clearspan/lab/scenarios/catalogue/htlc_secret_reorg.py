"""The chain on which the secret was shown reorganises, and the claim that showed it is gone."""

from __future__ import annotations

from functools import partial

from bridge.swaps import machine
from bridge.swaps.escrow import LegStatus
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.couple import Couple, told
from clearspan.lab.scenarios.mutation import edited

DEPTH = 3


def attack(stage: Stage) -> Verdict:
    """One, two, three blocks after the reveal a reorganisation takes the claim out; the preimage stays known."""
    early = 0
    lost: dict[str, int] = {}
    ends: list[tuple[str, str]] = []
    for depth in range(1, DEPTH + 1):
        with stage.world() as world:
            couple = Couple(world)
            early += reorganised(couple, depth)
            ends.append(couple.ends())
            lost |= couple.lost()
    return Verdict(
        survived=not early and not lost and set(ends) == {("claimed", "claimed")},
        detail=f"{early} times one party had both legs while the reveal was not final; legs ended "
        f"{', '.join('/'.join(end) for end in ends)}; it cost {told(lost)}",
    )


def reorganised(couple: Couple, depth: int) -> int:
    """Take the reveal out so many blocks after it; how often the long leg was claimed before the reveal was final."""
    long, short = couple.agree()
    couple.run(lambda: couple.short.status(short) is LegStatus.CLAIMED, until=short.timelocks.refund_from)
    for _ in range(depth - 1):
        couple.responder.step()
        couple.tick()
    couple.responder.step()
    couple.short.chain.reorganise(depth, keeps=lambda _: False)
    couple.tick()
    early = int(couple.long.status(long) is LegStatus.CLAIMED and couple.short.status(short) is LegStatus.LOCKED)
    couple.run(lambda: couple.long.status(long) is LegStatus.CLAIMED, until=long.timelocks.refund_from)
    early += couple.short.final_status(short) is not LegStatus.CLAIMED
    couple.finish(long)
    return early


SCENARIO = Scenario(
    identifier="htlc-secret-reorg",
    title="The chain on which the secret was revealed reorganises",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="a reveal is used before it is final",
        patch=partial(
            edited,
            machine,
            "_follow",
            "knowledge.own.final is LegStatus.CLAIMED",
            "knowledge.own.head is LegStatus.CLAIMED",
        ),
    ),
)
