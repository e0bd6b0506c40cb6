"""DKG: nothing was a proof, and a node passed for a leaf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bridge.settlement import Ledger, Outbox, Rollup
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt
from clearspan.lab.scenarios.traffic import DOLLARS, Traffic
from clearspan.lab.world import VENUE, World
from exchange.state import WithdrawalProof

OWN = 10**6
"""What the thief may withdraw, in base units."""
CHILDREN = 3
"""Siblings a level."""


def attack(stage: Stage) -> Verdict:
    """A thief with a true proof of one dollar makes others of it, and of nothing, zeros and the root."""
    with stage.world() as world:
        heist, traffic = Heist(world), Traffic(world, 0)
        settlement = heist.network.settlement
        rollup, outbox = Rollup(heist.host, settlement.rollup), Outbox(heist.host, settlement.outbox)
        for user in range(2):
            traffic.deposit(user)
        world.run(200, lambda: traffic.at_venue == 2 * DOLLARS)
        world.users[1].withdraw(traffic.asset.asset, OWN)
        world.run(100, lambda: withdrawn(world, rollup) is not None)
        batch, true = withdrawn(world, rollup) or (0, None)
        if true is None:
            return Verdict(survived=False, detail="the venue posted no withdrawal")
        world.processes[VENUE].stop()
        world.clock.advance(heist.network.parameters.challenge_seconds)
        for _ in range(heist.network.parameters.challenge_blocks):
            heist.host.mine()
        heist.settle()
        root = rollup.batch(batch).state_root
        outcomes: dict[str, int] = {}
        for arguments in forgeries(true, root, world.base.users[2].address):
            outcome = attempt(heist.host, outbox.contract.functions.release(batch, *arguments), heist.thief)
            outcomes[outcome.partition("(")[0]] = outcomes.get(outcome.partition("(")[0], 0) + 1
        honest = attempt(heist.host, outbox.contract.functions.release(batch, *release(true)), heist.thief)
        released = Ledger(heist.host, settlement.ledger).credit(heist.entry.chain_id, heist.token).released
        tried = ", ".join(f"{count} {name}" for name, count in sorted(outcomes.items()))
        return Verdict(
            survived=released == OWN and honest == ACCEPTED,
            detail=f"forged: {tried}; the true one: {honest}; released {released} of {2 * DOLLARS} base units, "
            f"{OWN} by right",
        )


def withdrawn(world: World, rollup: Rollup) -> tuple[int, WithdrawalProof] | None:
    """The batch that was posted with a withdrawal in it, and the withdrawal."""
    venue = world.venue
    found = ((at, proof) for at in range(rollup.batch_count()) for proof in (venue.withdrawals_in(at) if venue else ()))
    return next(found, None)


def release(proof: WithdrawalProof, **changed: Any) -> tuple[Any, ...]:
    """Arguments of `release`, some fields of the withdrawal changed."""
    leaf = proof.withdrawal
    names = ("id", "account", "recipient", "asset", "chain_id", "token", "amount")
    fields = tuple(changed.get(name, getattr(leaf, name)) for name in names)
    return fields, list(proof.withdrawal_proof), list(proof.root_proof)


def forgeries(true: WithdrawalProof, root: bytes, stranger: str) -> Iterator[tuple[Any, ...]]:
    """Fields changed; levels left out, added, exchanged; nodes in a leaf's place; nothing, zeros and the root."""
    for changed in ({"amount": 2 * DOLLARS - OWN}, {"id": 1}, {"id": 4}, {"account": 1}, {"recipient": stranger}):
        yield release(true, **changed)
    loot, path, top = release(true, amount=2 * DOLLARS - OWN)
    for shifted in (path[CHILDREN:], path[:-CHILDREN], [*path[:CHILDREN], *path], [*path, *top[:CHILDREN]]):
        yield loot, shifted, top
        yield release(true)[0], shifted, top
    yield loot, path, top[CHILDREN:]
    yield loot, [*path, *top], []
    yield loot, [], [*path, *top]
    yield loot, list(reversed(path)), top
    yield loot, [], []
    for word in (bytes(32), root):
        for depth in (len(path) // CHILDREN, len(path) // CHILDREN - 1):
            yield loot, [word] * CHILDREN * depth, [word] * len(top)


SCENARIO = Scenario(
    identifier="incident-24",
    title="Nothing, nodes and pieces of a true proof as the proof of another withdrawal",
    group="C3",
    source="DKG F01, Jun 2026",
    attack=attack,
    twin=Twin(
        mutation="the root that a proof climbs to is not compared",
        contracts=(("WithdrawalOutbox", "outbox-unproven"),),
    ),
)
