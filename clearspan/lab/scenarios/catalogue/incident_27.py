"""Nomad: the default of a map was an accepted root."""

from __future__ import annotations

from bridge.abi import abi_encode
from bridge.clients import encode_client_proof, encode_proof
from bridge.packets import commitment_slot, packet_id
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, lone_word

NEVER = 7_000_000


def attack(stage: Stage) -> Verdict:
    """A packet proven at a height that no client took, then one proven by an empty slot of the true state."""
    with stage.world() as world:
        heist = Heist(world)
        heist.update(heist.mine())
        packet, header = heist.invented(), heist.trusted()
        client_proof = encode_client_proof(forged(header, packet), lone_word(packet)[1])
        unknown = heist.hand_over(packet, abi_encode(["uint64", "bytes"], [NEVER, client_proof]))
        slot = commitment_slot(packet_id(packet))
        empty = heist.source.get_proof(heist.entry.mailbox, [slot], header.number)
        absent = heist.hand_over(packet, encode_proof(header, empty))
        return Verdict(
            survived=heist.loot == 0,
            detail=f"at height {NEVER}, never taken: {unknown}; by an empty slot: {absent}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-27",
    title="A message nobody sent is proven by a default value",
    group="C4",
    source="Nomad, 1 Aug 2022, $152M",
    attack=attack,
    twin=Twin(
        mutation="a height without a state counts as known",
        contracts=(("QbftLightClient", "client-zero-is-known"),),
    ),
)
