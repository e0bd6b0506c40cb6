"""A chain stands still from before the reveal until after its timelock."""

from __future__ import annotations

from functools import partial

from bridge.swaps import exposure
from bridge.swaps.exposure import Halt, halt_losses
from bridge.swaps.machine import Step
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.couple import BOUNDS, RULES, TICK, Couple, told
from clearspan.lab.scenarios.mutation import edited


def attack(stage: Stage) -> Verdict:
    """The initiator's chain halts when the reveal is sent: within the bound that both agreed on, then far beyond it.

    Locks by the clock cannot be safe through the second: what can be asked is that the report says who loses what.
    """
    within, _ = halted(stage, BOUNDS.halt_seconds)
    beyond, reported = halted(stage, None)
    return Verdict(
        survived=not within and beyond == reported,
        detail=f"a halt of {BOUNDS.halt_seconds} s cost {told(within)}; one across the deadline cost {told(beyond)}, "
        f"the report had said {told(reported)}",
    )


def halted(stage: Stage, seconds: int | None) -> tuple[dict[str, int], dict[str, int]]:
    """What a halt of the long chain from the reveal on costs, until its deadline for None; and what was reported."""
    with stage.world() as world:
        couple = Couple(world)
        long, short = couple.agree()
        end = long.timelocks.public_refund_from
        couple.run(lambda: couple.initiator.has(Step.CLAIM), until=end)
        since = couple.now
        until = long.timelocks.refund_from + TICK if seconds is None else since + seconds - TICK
        couple.long.halt(halted=True)
        couple.run(lambda: False, couple.responder, until=until)
        couple.long.halt(halted=False)
        losses = halt_losses(RULES, long, short, Halt(chain_id=long.chain_id, since=since, until=couple.now))
        couple.finish(long)
        return couple.lost(), {str(loss.loser): loss.amount for loss in losses}


SCENARIO = Scenario(
    identifier="htlc-chain-halt",
    title="A chain halts from before the reveal until after its timelock",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="the report of a halt finds that nobody can lose",
        patch=partial(
            edited, exposure, "halt_losses", "if halt.until - halt.since <= bounds.halt_seconds:", "if bounds:"
        ),
    ),
)
