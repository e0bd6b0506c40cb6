"""KiloEx: a forged signature set the price from 100 to 10,000."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

from clearspan.lab.floor import BTC, UNIT, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.moves import swapped
from exchange.engine import Signer, oracle, steps

STRANGERS = tuple(sorted((Signer(sha256(b"x%d" % at).digest()) for at in range(4)), key=lambda key: key.address))


def attack(_stage: Stage) -> Verdict:
    """A thief is long against a victim and reports a higher price: with keys of its own, and in oracles' reports."""
    floor = floor_at()
    victim, thief = floor.open_account(usd=10_000), floor.open_account(usd=10_000)
    floor.open_account(usd=1_000_000)
    floor.sell(victim, 50_000, 1)
    floor.buy(thief, 50_000, 1)
    before = floor.equity(victim)
    outcomes = []
    for forge in (of_strangers, with_a_flipped_price, signed_for_another_time):
        floor.wait(1)
        outcomes.append(floor.attempt(forge(floor, 74_000)))
        floor.mark()
        floor.keep()
    jump = floor.attempt(floor.reports(BTC, [76_000] * 3))
    kept = BTC in floor.state.accounts[victim].positions
    return Verdict(
        survived=kept and floor.equity(victim) == before and floor.hole() == 0,
        detail=f"forged: {', '.join(outcomes)}; by true keys a jump by half: {jump}; the price is "
        f"{floor.state.underlyings[BTC].price / UNIT:,.0f}; a victim of {dollars(before)} has "
        f"{dollars(floor.equity(victim))}",
    )


def of_strangers(floor: Floor, price: float) -> bytes:
    """Three signatures, of nobody's."""
    return floor.reports(BTC, [price] * 3, keys=STRANGERS)


def with_a_flipped_price(floor: Floor, price: float) -> bytes:
    """The oracles' signatures under another price."""
    forged = bytearray(floor.reports(BTC, [50_000] * 3))
    for at in range(steps.ORACLE_REPORT.size, len(forged), steps.REPORT.size):
        forged[at : at + 8] = round(price * UNIT).to_bytes(8, "big")
    return bytes(forged)


def signed_for_another_time(floor: Floor, price: float) -> bytes:
    """True reports of a time to come, said to be of now."""
    later = bytearray(floor.reports(BTC, [price] * 3, time=floor.state.header.clock + 50))
    head = floor.reports(BTC, [price] * 3)[: steps.ORACLE_REPORT.size]
    return head + bytes(later[steps.ORACLE_REPORT.size :])


SCENARIO = Scenario(
    identifier="D9",
    title="A stranger sets prices",
    group="venue",
    source="KiloEx, 14 Apr 2025, $7.5M",
    attack=attack,
    twin=Twin(
        mutation="nobody asks whose signatures a report carries",
        patch=partial(swapped, oracle, "require_signers", lambda *_: None),
    ),
)
