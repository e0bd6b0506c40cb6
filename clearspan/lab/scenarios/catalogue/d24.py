"""Drift: whoever had the admin's key changed the rules and profited in the same minute."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, NEVER, UNIT, USD, USDC_A, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, floor_at
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import assess, operations, steps
from exchange.engine.operations import CHANGE_MARKET, CHANGEABLE_FIELDS
from exchange.engine.signing import sign_propose
from exchange.state import OperationKind

ADMIN = Floor.signer(990)
DELAY = 172_800
SIZE = 19


def attack(_stage: Stage) -> Verdict:
    """A stolen admin key makes everybody liquidatable at any price; the thief liquidates, and buys what is sold."""
    floor = floor_at(rules={"admin": ADMIN.address, "operation_delay": DELAY})
    victim, other, thief = (floor.open_account(usd=usd) for usd in (100_000, 1_000_000, 100_000))
    floor.sell(other, 50_000, SIZE)
    floor.buy(victim, 50_000, SIZE)
    market = floor.state.markets[BTC]
    wanted = {"maintenance_factor": 1_000_000, "liquidation_slippage": 600_000, "price_band": 999_999}
    fields = {name: getattr(market, name) for name in CHANGEABLE_FIELDS} | wanted
    body = CHANGE_MARKET.pack(BTC, *fields.values())
    floor.do(sign_propose(ADMIN, floor.domain, operation=0, kind=OperationKind.CHANGE_MARKET, body=body, expiry=NEVER))
    worth = floor.equity(victim)
    outcome = floor.attempt(steps.execute_operation(0))
    floor.price(btc=49_500)
    floor.attempt(floor.order(thief, BTC, 0, 45_000, SIZE))
    floor.keep()
    robbed = worth - floor.equity(victim) - 500 * SIZE * USD
    left = leave(floor, victim, other)
    return Verdict(
        survived=robbed <= 0 and left,
        detail=f"carried out at once: {outcome}; the victim lost {dollars(robbed)} besides what the market fell, and "
        f"{'left' if left else 'could not leave'} with {dollars(floor.taken(victim))} before the rules change",
    )


def leave(floor: Floor, account: int, buyer: int) -> bool:
    """Close and withdraw everything while the delay runs."""
    position = floor.state.accounts[account].positions.get(BTC)
    if position is None or floor.state.operations[0].effective_at <= floor.state.header.clock:
        return False
    size = position.size / UNIT
    floor.attempt(floor.order(buyer, BTC, 0, 49_500, size))
    floor.attempt(floor.order(account, BTC, 1, 49_500, size))
    free = assess(floor.state, account).withdrawable
    return floor.attempt(floor.withdraw(account, USDC_A, free)) == "accepted" and not floor.equity(account)


SCENARIO = Scenario(
    identifier="D24",
    title="Rules are changed and used in the same minute",
    group="venue",
    source="Drift, 1 Apr 2026, $285M",
    attack=attack,
    twin=Twin(
        mutation="an operation is not asked whether its delay is over",
        patch=partial(
            edited, operations, "execute_operation", "if state.header.clock < operation.effective_at:", "if False:"
        ),
    ),
)
