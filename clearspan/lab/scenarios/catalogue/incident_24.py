"""DKG: nothing was a proof, and a node passed for a leaf."""

from __future__ import annotations

from bridge.settlement import Ledger, Outbox, Rollup
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A withdrawal of a victim's deposit that nobody signed, proven by nothing, by zeros and by the root itself."""
    with stage.world() as world:
        heist = Heist(world)
        settlement = heist.network.settlement
        rollup, outbox = Rollup(heist.host, settlement.rollup), Outbox(heist.host, settlement.outbox)
        world.users[0].deposit(0, LOOT)
        world.run(600, lambda: heist.loot > 0 and rollup.batch_count() > 0 and rollup.is_final(0))
        root = rollup.batch(0).state_root
        withdrawal = (7, 1, heist.thief.address, 0, heist.entry.chain_id, heist.token, LOOT)
        outcomes = []
        for path, top in stage_proofs(root):
            call = outbox.contract.functions.release(0, withdrawal, path, top)
            outcomes.append(attempt(heist.host, call, heist.thief))
        released = Ledger(heist.host, settlement.ledger).credit(heist.entry.chain_id, heist.token).released
        return Verdict(
            survived=released == 0,
            detail=f"{', '.join(sorted(set(outcomes)))}; released {released} of {heist.loot} base units of a victim's",
        )


def stage_proofs(root: bytes) -> list[tuple[list[bytes], list[bytes]]]:
    """Proofs of nothing, of zeros and of the root, for trees of every depth up to 20 and 4."""
    empty: list[tuple[list[bytes], list[bytes]]] = [([], [])]
    for word in (bytes(32), root):
        empty += [([word] * 3 * depth, [word] * 3 * top) for depth in (16, 20) for top in (1, 2, 3)]
    return empty


SCENARIO = Scenario(
    identifier="incident-24",
    title="Nothing, zeros and inner nodes as the proof of a withdrawal",
    group="C3",
    source="DKG F01, Jun 2026",
    attack=attack,
    twin=Twin(
        mutation="the root that a proof climbs to is not compared",
        contracts=(("WithdrawalOutbox", "outbox-unproven"),),
    ),
)
