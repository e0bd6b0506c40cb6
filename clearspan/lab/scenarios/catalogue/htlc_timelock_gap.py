"""The second leg ends so late that the first can no longer be claimed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from random import Random

from web3.contract.contract import ContractFunction

from bridge.swaps import timelocks
from bridge.swaps.errors import SwapRefused
from bridge.swaps.machine import Step
from bridge.swaps.timelocks import ChainBounds, Rules, Schedule
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.couple import RULES, Couple, told
from clearspan.lab.scenarios.mutation import edited

CONFIGURATIONS = 300


def attack(stage: Stage) -> Verdict:
    """An initiator plans the gap away and reveals in the last second; and bounds by chance, each a second too short."""
    taken = narrow_schedules_taken(Random(7))
    with stage.world() as world:
        couple = Couple(world)
        good = RULES.plan(couple.now)
        long, short = couple.agree(without_gap(good), RULES, theirs=RULES)
        follower, thief = couple.responder, couple.initiator.wallet
        couple.long.chain.transact(approval(couple), thief)
        couple.initiator.ports[long.chain_id].lock(long)
        kept = couple.initiator.book.open()[0].preimage or b""
        couple.run(lambda: False, follower, until=short.timelocks.refund_from - 6, every=20)
        if follower.has(Step.LOCK):
            couple.initiator.ports[short.chain_id].claim(short, kept)
            couple.tick()
        couple.run(lambda: False, follower, until=long.timelocks.refund_from)
        couple.initiator.ports[long.chain_id].refund(long)
        couple.finish(long)
        lost = couple.lost()
    return Verdict(
        survived=not lost and not taken,
        detail=f"of {CONFIGURATIONS} schedules with a second too little {taken} were taken; the one without a gap cost "
        f"{told(lost)}",
    )


def approval(couple: Couple) -> ContractFunction:
    """The initiator's escrow may take its dollars."""
    token = couple.long.chain.contract("TestToken", couple.long.token)
    return token.functions.approve(couple.long.reader.address, 2**256 - 1)


def without_gap(good: Schedule) -> Schedule:
    """The long leg ends as soon after the short one as the escrow lets it."""
    end = good.short.refund_from
    public = min(good.long.public_claim_from, end - 1)
    public = max(good.long.claim_from + 1, min(public, end - 1))
    return replace(
        good,
        long=replace(good.long, public_claim_from=public, refund_from=end, public_refund_from=end + 60),
    )


def narrow_schedules_taken(dice: Random) -> int:
    """How many schedules of bounds by chance a responder takes although the long leg ends a second too early."""
    taken = 0
    for _ in range(CONFIGURATIONS):
        bounds = [ChainBounds(**{name: dice.randint(0, 3_600) for name in FIELDS}) for _ in range(2)]
        rules = Rules(long=bounds[0], short=bounds[1], reaction_seconds=dice.randint(0, 3_600))
        good = rules.plan(0)
        room = good.short.refund_from + rules.short.known_seconds + rules.reaction_seconds + rules.long.landing_seconds
        narrow = replace(good.long, public_claim_from=room - 2, refund_from=room - 1, public_refund_from=room + 60)
        try:
            rules.require_responders_room(replace(good, long=narrow), 0)
            taken += 1
        except SwapRefused:
            pass
    return taken


FIELDS = ("inclusion_seconds", "finality_seconds", "reorganisation_seconds", "halt_seconds", "drift_seconds")

SCENARIO = Scenario(
    identifier="htlc-timelock-gap",
    title="The second leg ends too late for the first to be claimed",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="nobody asks whether the long leg can still be claimed after the last reveal",
        patch=partial(
            edited,
            timelocks.Rules,
            "require_responders_room",
            "if max(revealed, opened) + self.long.landing_seconds > long.refund_from:",
            "if max(revealed, opened) < 0:",
        ),
    ),
)
