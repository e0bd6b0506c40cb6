"""Polygon Plasma: one burn exits as often as its proof can be written differently."""

from __future__ import annotations

from bridge.relaying import deliver, prove_commitments
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist


def attack(stage: Stage) -> Verdict:
    """A deposit is delivered, then again under its own proof and under other forms of it."""
    with stage.world() as world:
        heist = Heist(world)
        packet = heist.deposit(LOOT, heist.thief)
        proof = prove_commitments(heist.way, [packet])
        deliver(heist.way, [packet], heist.thief)
        forms = {
            "the same": proof,
            "junk behind": proof + b"\x01" * 32,
            "padding behind": proof + bytes(32),
            "bits in the padding": proof[:-1] + b"\x01",
            "another height": (1).to_bytes(32, "big") + proof[32:],
            "a far offset": proof[:32] + (96).to_bytes(32, "big") + bytes(32) + proof[64:],
        }
        outcomes = {form: heist.hand_over(packet, changed) for form, changed in forms.items()}
        said = ", ".join(f"{form}: {outcome}" for form, outcome in outcomes.items())
        return Verdict(
            survived=heist.loot == LOOT,
            detail=f"{said}; deposited {LOOT}, credited {heist.loot} base units",
        )


SCENARIO = Scenario(
    identifier="incident-20",
    title="One deposit is delivered again under every form of its proof",
    group="C3",
    source="Polygon Plasma, Oct 2021, $850M at risk",
    attack=attack,
    twin=Twin(mutation="an answered packet may be answered again", contracts=(("Mailbox", "mailbox-replay"),)),
)
