"""Somebody agrees, lets the other lock, and goes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bridge.swaps import timelocks
from bridge.swaps.machine import Step
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.couple import AMOUNT, RULES, Couple, told
from clearspan.lab.scenarios.mutation import edited

LONGEST = 1_200
"""Seconds for which the victim locks money at the most."""
MONTH = 29 * 86_400


def attack(stage: Stage) -> Verdict:
    """A thief locks and never reveals: on a fair schedule, and on one that holds the victim's money for a month.

    Nobody pays the victim for the time: the bond the class asks for does not exist, so the window has to be short.
    """
    victim = replace(RULES, longest_seconds=LONGEST)
    held, lost = [], {}
    for stretch in (0, MONTH):
        with stage.world() as world:
            couple = Couple(world)
            schedule = stretched(RULES.plan(couple.now), stretch)
            _, short = couple.agree(schedule, RULES, theirs=victim)
            start = couple.now
            wait_for_lock(couple, start + LONGEST // 2)
            if couple.responder.has(Step.LOCK):
                held.append(short.timelocks.refund_from - start)
            if not stretch:
                couple.finish(short)
                lost = {name: amount for name, amount in couple.lost().items() if name != "initiator"}
    return Verdict(
        survived=bool(held) and max(held) <= LONGEST and not lost,
        detail=f"{AMOUNT // 10**6:,} USD were locked for {', '.join(f'{seconds:,}' for seconds in held)} s, "
        f"{LONGEST:,} is what the victim accepts; besides time it cost {told(lost)}",
    )


def stretched(good: timelocks.Schedule, seconds: int) -> timelocks.Schedule:
    """The same with both ends so much later."""
    short, long = good.short, good.long
    return timelocks.Schedule(
        short=replace(
            short, refund_from=short.refund_from + seconds, public_refund_from=short.public_refund_from + seconds
        ),
        long=replace(
            long, refund_from=long.refund_from + seconds, public_refund_from=long.public_refund_from + seconds
        ),
    )


def wait_for_lock(couple: Couple, until: int) -> None:
    """Until the victim has locked, or a time."""
    couple.run(lambda: couple.responder.has(Step.LOCK), until=until)


SCENARIO = Scenario(
    identifier="htlc-griefing-lock",
    title="The counterparty never follows",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="nobody asks for how long a leg is locked",
        patch=partial(
            edited,
            timelocks.Rules,
            "require_responders_room",
            "if max(long.public_refund_from, short.public_refund_from) > now + longest:",
            "if longest < 0:",
        ),
    ),
)
