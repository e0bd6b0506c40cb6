"""dYdX's chain: a whole market was liquidated in one trade, the venue halted, and resumed on old prices."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, NEVER, USD, USDC_A, Floor
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import thin_floor
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import operations, steps
from exchange.engine.operations import HALT_MARKET, OPEN_MARKET
from exchange.engine.signing import sign_propose
from exchange.state import OperationKind

ADMIN = Floor.signer(990)
HALT_SECONDS = 8 * 3_600


def attack(_stage: Stage) -> Verdict:
    """All open interest goes in one fill that empties the fund; then a halt of eight hours, and a price that moved."""
    floor = thin_floor(rules={"admin": ADMIN.address, "operation_delay": HALT_SECONDS})
    longs = [floor.open_account(usd=60), floor.open_account(usd=40)]
    short = floor.open_account(usd=100)
    floor.sell(short, 1, 500)
    floor.buy(longs[0], 1, 300)
    floor.buy(longs[1], 1, 200)
    floor.sell(longs[0], 1.21, 300)
    floor.sell(longs[1], 1.21, 200)
    floor.deposit(0, USDC_A, 5 * USD)
    floor.price(btc=1.3)
    floor.do(steps.liquidate(short, BTC))
    emptied = floor.state.markets[BTC].open_interest == 0 and floor.state.accounts[0].cash == 0
    trades_on = {floor.attempt(floor.order(longs[side], BTC, side, 1.3, 500)) for side in (1, 0)} == {"accepted"}
    liquidated = halted_and_reopened(floor, longs[0])
    return Verdict(
        survived=emptied and trades_on and not liquidated and floor.hole() == 0,
        detail=f"emptied in one fill: {emptied}, trades again: {trades_on}; who lost margin during the halt was "
        f"{'liquidated before it could add any' if liquidated else 'given time to add some'}",
    )


def halted_and_reopened(floor: Floor, holder: int) -> bool:
    """The market stands still while the price moves against a holder; liquidators come first, the holder after them."""
    halt, reopening = (
        (OperationKind.HALT_MARKET, HALT_MARKET.pack(BTC)),
        (OperationKind.OPEN_MARKET, OPEN_MARKET.pack(BTC, 0)),
    )
    for number, (kind, body) in enumerate((halt, reopening)):
        floor.do(sign_propose(ADMIN, floor.domain, operation=number, kind=kind, body=body, expiry=NEVER))
        floor.wait(HALT_SECONDS * number)
        for _ in range(3):
            floor.wait(floor.config.oracle_staleness - 2)
            floor.price(btc=1.3 if number == 0 else 1.07)
        floor.do(steps.execute_operation(number))
    vulture = floor.open_account(usd=1_000)
    floor.buy(vulture, 1.06, 500)
    floor.keep()
    floor.deposit(holder, USDC_A, 1_000 * USD)
    return BTC not in floor.state.accounts[holder].positions


SCENARIO = Scenario(
    identifier="D6",
    title="All of a market is liquidated in one trade, and a halt ends on a moved price",
    group="venue",
    source="dYdX chain, 10 Oct 2025, 8 h halt",
    attack=attack,
    twin=Twin(
        mutation="a market that opens again does not note when",
        patch=partial(edited, operations, "_open_market", "market.resumed_at = state.header.clock", "pass"),
    ),
)
