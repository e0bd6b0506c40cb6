"""DKG: nothing was a proof, and a node passed for a leaf."""

from __future__ import annotations

from bridge.relaying import deliver
from bridge.settlement import Ledger, Outbox, Rollup
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, attempt


def attack(stage: Stage) -> Verdict:
    """A withdrawal of a victim's deposit that nobody signed, proven by nothing, by zeros and by the root itself."""
    with stage.world() as world:
        heist = Heist(world)
        settlement = heist.network.settlement
        rollup, outbox = Rollup(heist.host, settlement.rollup), Outbox(heist.host, settlement.outbox)
        deliver(heist.way, [heist.deposit(LOOT, world.base.users[0])], heist.thief)
        world.run(600, lambda: rollup.batch_count() > 0)
        world.clock.advance(heist.network.parameters.challenge_seconds)
        for _ in range(heist.network.parameters.challenge_blocks):
            heist.host.mine()
        root = rollup.batch(0).state_root
        withdrawal = (7, 1, heist.thief.address, 0, heist.entry.chain_id, heist.token, LOOT)
        outcomes = []
        for path, top in worthless_proofs(root):
            call = outbox.contract.functions.release(0, withdrawal, path, top)
            outcomes.append(attempt(heist.host, call, heist.thief))
        released = Ledger(heist.host, settlement.ledger).credit(heist.entry.chain_id, heist.token).released
        return Verdict(
            survived=released == 0,
            detail=f"{', '.join(sorted(set(outcomes)))}; released {released} of {heist.loot} base units of a victim's",
        )


def worthless_proofs(root: bytes) -> list[tuple[list[bytes], list[bytes]]]:
    """Proofs of nothing, of zeros and of the root, for trees of the right depth and of others."""
    empty: list[tuple[list[bytes], list[bytes]]] = [([], [])]
    for word in (bytes(32), root):
        empty += [([word] * 3 * depth, [word] * 3 * top) for depth in (16, 20) for top in (1, 2, 3)]
    return empty


SCENARIO = Scenario(
    identifier="incident-24",
    title="Nothing, zeros and the root itself as the proof of a withdrawal",
    group="C3",
    source="DKG F01, Jun 2026",
    attack=attack,
    twin=Twin(
        mutation="the root that a proof climbs to is not compared",
        contracts=(("WithdrawalOutbox", "outbox-unproven"),),
    ),
)
