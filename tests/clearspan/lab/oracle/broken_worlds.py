"""Worlds with one line wrong, in which nobody acts by chance, and a judge that looks on."""

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.relaying import acknowledge, expire, update_client
from bridge.vaults import Exit, Vault
from clearspan.devnet.config import DevnetConfig
from clearspan.lab.oracle import Judge
from clearspan.lab.scenarios.moves import Heist, attempt
from clearspan.lab.world import NETWORK, World, WorldConfig


@contextmanager
def broken(
    *twins: tuple[str, str], network: DevnetConfig = NETWORK, watches: bool = False, **config: int
) -> Iterator[tuple[Heist, Judge]]:
    """A world with these contracts broken, its thief, and its judge."""
    with World(1, WorldConfig(network=network, twins=twins, **config)) as world:
        world.people_act = False
        yield Heist(world), Judge(world, watches=watches)


def named(judge: Judge) -> set[str]:
    """What the judge accused of, after a last look at all that became final."""
    for chain in judge._world.chains.values():
        judge._world.mine(chain)
    judge.look_back()
    return {str(violation.invariant) for violation in judge.violations}


def refund_due(heist: Heist, amount: int) -> None:
    """A deposit of the thief's that nobody delivered in time; the vault owes it back."""
    packet = heist.lock(amount, heist.thief)
    heist.world.clock.advance(max(0, packet.timeout_timestamp - heist.world.clock.now()))
    answers = expire(heist.way, [packet], heist.thief)
    heist.settle()
    update_client(heist.way.backward, heist.host, heist.thief)
    acknowledge(heist.way, answers, heist.thief)
    heist.settle()


def drain_refunds(heist: Heist, most: int = 10) -> str:
    """Ask the vault to pay refunds; `accepted`, or the error."""
    vault = Vault(heist.source, heist.entry.vault)
    outcome = attempt(heist.source, vault.drain(heist.token, Exit.REFUND, most), heist.thief)
    heist.settle()
    return outcome
