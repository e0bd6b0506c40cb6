"""A hash whose preimage is known is locked under again."""

from __future__ import annotations

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import ACCEPTED


def attack(stage: Stage) -> Verdict:
    """The same terms are locked again once the claim has told everybody the preimage."""
    with stage.world() as world:
        table = Table(world)
        swap, secret = table.locked()
        table.at(swap.timelocks.claim_from)
        first = table.claim(swap, secret)
        again = table.lock(swap)
        stolen = table.claim(swap, secret) if again == ACCEPTED else "not tried"
        return Verdict(
            survived=first == ACCEPTED and again != ACCEPTED,
            detail=f"claimed: {first}; the same terms locked again: {again}; claimed with the known preimage: {stolen}",
        )


SCENARIO = Scenario(
    identifier="htlc-same-hash-replay",
    title="The same terms are locked again under a known preimage",
    group="HTLC",
    source="hash locks: same hash replay",
    attack=attack,
    twin=Twin(
        mutation="terms may be locked in their claiming stage", contracts=(("SwapEscrow", "swap-key-used-twice"),)
    ),
)
