"""At the deadline gas is a hundred times dearer, or producers leave the claim out."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from bridge.swaps.exposure import break_even_bribe
from bridge.swaps.machine import Step
from bridge.swaps.timelocks import ChainBounds
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.couple import AMOUNT, BOUNDS, TICK, Couple, told
from clearspan.lab.scenarios.couple import RULES as COMMON
from clearspan.lab.scenarios.mutation import edited

FACTOR = 100
RULES = replace(COMMON, public_seconds=1)
KNOWN_SECONDS = BOUNDS.finality_seconds + BOUNDS.halt_seconds + BOUNDS.drift_seconds


def attack(stage: Stage) -> Verdict:
    """The reveal comes in its last second; its answer meets dear gas, censors and a halt at their bounds."""
    with stage.world() as world:
        couple = Couple(world)
        long, short = couple.agree(rules=RULES)
        deadline = short.timelocks.refund_from
        couple.run(lambda: couple.responder.has(Step.LOCK), until=deadline)
        couple.run(lambda: False, couple.responder, until=deadline - 6, every=30)
        couple.initiator.ports[short.chain_id].claim(short, couple.initiator.book.open()[0].preimage or b"")
        couple.tick()
        while couple.now < deadline + KNOWN_SECONDS + RULES.reaction_seconds:
            couple.tick(10)
        chain, sender = couple.long.chain, bytes.fromhex(couple.responder.wallet.address[2:])
        chain.fee_floor = chain.next_base_fee() * FACTOR
        couple.responder.step()
        began = couple.now
        chain.censors = lambda transaction: transaction.sender == sender
        while couple.now < began + BOUNDS.inclusion_seconds:
            couple.tick()
        chain.censors = None
        couple.long.halt(halted=True)
        couple.tick(BOUNDS.halt_seconds)
        couple.long.halt(halted=False)
        couple.tick(1)
        couple.finish(long)
        lost = couple.lost()
        blocks = max(1, (long.timelocks.refund_from - began) // TICK)
    return Verdict(
        survived=not lost,
        detail=f"fees times {FACTOR}, the claim kept out for {BOUNDS.inclusion_seconds} s and the chain halted for "
        f"{BOUNDS.halt_seconds} s: it cost {told(lost)}; keeping it out to the end is worth "
        f"{break_even_bribe(AMOUNT, blocks) / 10**6:.0f} USD a block",
    )


SCENARIO = Scenario(
    identifier="htlc-fee-spike",
    title="Gas is a hundred times dearer, and the claim is censored, at the deadline",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="the time it takes to get into a block is not counted",
        patch=partial(edited, ChainBounds, "locking_seconds", "self.inclusion_seconds + ", "0 + "),
    ),
)
