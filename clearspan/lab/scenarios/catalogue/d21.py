"""FTX: one account was exempt from what held for all others."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import BTC, UNIT, USD, USDC_A
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import thin_floor
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import assess, steps, waterfall

NUMBER = 6


def attack(_stage: Stage) -> Verdict:
    """Six accounts and a compartment of each lose their margin; the insurance fund tries to trade."""
    floor = thin_floor(open_interest_cap=100_000 * UNIT)
    maker = floor.open_account(usd=1_000_000)
    mains = [floor.open_account(usd=100) for _ in range(NUMBER)]
    for main in mains:
        floor.do(floor.signed(steps.OPEN_SUB_ACCOUNT, main, number=1))
        floor.do(floor.signed(steps.TRANSFER, main, to=1 << 24 | main, asset=USDC_A, amount=50 * USD))
    accounts = [*mains, *(1 << 24 | main for main in mains)]
    for account in accounts:
        floor.sell(maker, 1, 450)
        floor.buy(account, 1, 450)
    fund = floor.attempt(floor.order(0, BTC, 0, 1, 1))
    floor.price(btc=0.91)
    floor.buy(maker, 0.9, 450 * len(accounts))
    floor.keep()
    spared = [account for account in accounts if assess(floor.state, account).is_liquidatable]
    owes = floor.attempt(floor.withdraw(0, USDC_A, USD))
    return Verdict(
        survived=not spared and fund != "accepted" and owes != "accepted" and floor.hole() == 0,
        detail=f"of {len(accounts)} accounts below maintenance {len(spared)} were spared; the fund trades: {fund}, "
        f"withdraws what it has not: {owes}",
    )


SCENARIO = Scenario(
    identifier="D21",
    title="One account is exempt from margin",
    group="venue",
    source="FTX and Alameda, 2022",
    attack=attack,
    twin=Twin(
        mutation="one account is never liquidated",
        patch=partial(edited, waterfall, "target", "if account is None:", "if account is None or account_id == 4:"),
    ),
)
