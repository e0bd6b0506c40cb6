"""Gravity Bridge and others: one signature counted twice, other forms of it, signatures by nobody."""

from __future__ import annotations

from chains.keys import CURVE_ORDER
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, forged, raw_update, stolen


def attack(stage: Stage) -> Verdict:
    """Two keys of four, whose seals are repeated, malleated and padded until there are three."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.invented()
        draft = forged(heist.mine(), packet)
        one, two = draft.sealed_by(stolen(heist.source.validators.validators[:2])).sorted_seals
        high = two[:32] + (CURVE_ORDER - int.from_bytes(two[32:64], "big")).to_bytes(32, "big")
        forms = {
            "twice": two,
            "high s": high + bytes([two[64] ^ 1]),
            "nobody": bytes(65),
            "v of 29": two[:64] + b"\x1d",
            "EIP-2098": two[:32] + bytes([two[32] | two[64] << 7]) + two[33:64],
            "padded": two + b"\0",
        }
        members = heist.trusted().validators
        refusals = {}
        for form, third in forms.items():
            call = heist.client.functions.update(raw_update(draft, [one, two, third], members))
            refusals[form] = attempt(heist.host, call, heist.thief)
        taken = [form for form, outcome in refusals.items() if outcome == ACCEPTED]
        proven = heist.proves(heist.client, draft, packet)
        said = ", ".join(f"{form}: {outcome}" for form, outcome in refusals.items())
        return Verdict(survived=not taken and proven != ACCEPTED, detail=f"{said}; the invented deposit: {proven}")


SCENARIO = Scenario(
    identifier="incident-15",
    title="Two keys pose as three: repeated, malleable and empty seals",
    group="C2",
    source="Gravity Bridge L-01; LegendaryMoneyMon, 28 May 2026",
    attack=attack,
    twin=Twin(
        mutation="a signer may follow itself",
        contracts=(("QbftLightClient", "client-duplicate-signer"),),
    ),
)
