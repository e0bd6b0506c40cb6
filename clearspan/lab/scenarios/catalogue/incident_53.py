"""Polygon zkEVM: a deposit went with a reorganisation, was still in the books, and the mending counted it twice."""

from __future__ import annotations

from functools import partial

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.mutation import edited
from clearspan.lab.scenarios.traffic import DOLLARS, Traffic
from relayers.scanning import Scanner

DEPTHS = (2, 3)
PATIENCE = 120


def attack(stage: Stage) -> Verdict:
    """Deposits on a chain final three deep go two and three blocks later; others take their heights and nonces."""
    with stage.world() as world:
        traffic = Traffic(world, 1)
        for number, depth in enumerate(DEPTHS):
            start = traffic.chain.head().number
            traffic.deposit(number % 2)
            world.run(30, partial(is_above, traffic, start + depth))
            traffic.chain.reorganise(depth, keeps=lambda _: False)
            world.users[2].deposit(traffic.asset.asset, (number + 2) * DOLLARS)
            world.mine(traffic.chain)
        world.run(PATIENCE, lambda: traffic.at_venue == traffic.locked)
        vault, credit, cash = (amount // DOLLARS for amount in (traffic.locked, traffic.credited, traffic.at_venue))
        return Verdict(
            survived=traffic.credited == traffic.locked == traffic.at_venue > 0,
            detail=f"{len(DEPTHS)} deposits were taken out and {len(DEPTHS)} came in their places; the vault has "
            f"{vault} thousand USD, {credit} are credited, accounts hold {cash}",
        )


def is_above(traffic: Traffic, height: int) -> bool:
    """Whether the chain has come so far."""
    return traffic.chain.head().number >= height


SCENARIO = Scenario(
    identifier="incident-53",
    title="A deposit is dropped by a reorganisation after it was seen",
    group="C9",
    source="Polygon zkEVM, 23 Mar and 8 Apr 2024",
    attack=attack,
    twin=Twin(
        mutation="relayers read packets at the head, not where it is final",
        patch=partial(
            edited, Scanner, "scan_source", "source.chain.finalized_header().number", "source.chain.head().number"
        ),
    ),
)
