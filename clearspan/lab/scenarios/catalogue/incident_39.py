"""Saga: messages made up by a local contract were taken for remote ones."""

from __future__ import annotations

from bridge.interoperable import encode_evm
from clearspan.lab.scenarios.banking import claim_of_deposit
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A stranger on the settlement chain calls the queue under the vault's name; then a packet from nowhere."""
    with stage.world() as world:
        heist = Heist(world)
        queue = heist.host.contract("ForcedQueue", heist.network.settlement.forced_queue)
        vault = encode_evm(heist.entry.chain_id, heist.entry.vault)
        call = queue.functions.receiveMessage(b"\x39" * 32, vault, claim_of_deposit(heist))
        direct = attempt(heist.host, call, heist.thief)
        unproven = heist.hand_over(heist.invented(), b"")
        return Verdict(
            survived=heist.loot == 0,
            detail=f"a direct call: {direct}; a packet without proof: {unproven}; "
            f"credited {heist.loot} base units for nothing",
        )


SCENARIO = Scenario(
    identifier="incident-39",
    title="A local contract speaks for a remote one",
    group="C5",
    source="Saga, 21 Jan 2026, ~$7M",
    attack=attack,
    twin=Twin(
        mutation="the queue does not ask whether the caller is its mailbox",
        contracts=(("ForcedQueue", "queue-direct-deposit"),),
    ),
)
