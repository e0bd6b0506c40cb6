"""October 2025: deleveraging took one half of hedged books, and ended them."""

from __future__ import annotations

from functools import partial

from clearspan.lab.floor import ETH, UNIT
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.dealing import dollars, thin_floor
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import deleveraging, steps


def attack(_stage: Stage) -> Verdict:
    """A short loses all and more; of the two longs it is closed against, one has lost its gain in another market."""
    floor = thin_floor(open_interest_cap=10_000 * UNIT)
    rich, hedged, short = floor.open_account(usd=60), floor.open_account(usd=340), floor.open_account(usd=100)
    other = floor.open_account(usd=10_000)
    floor.sell(short, 1, 500)
    floor.buy(rich, 1, 300)
    floor.buy(hedged, 1, 200)
    floor.sell(other, 3_000, 1, market=ETH)
    floor.buy(hedged, 3_000, 1, market=ETH)
    floor.price(eth=2_750)
    floor.price(eth=2_500, btc=2)
    accounts = (rich, hedged, short, other)
    before = {account: floor.equity(account) for account in accounts}
    floor.attempt(steps.deleverage(short, 0))
    for account in accounts:
        floor.attempt(steps.settle_deleveraging(account))
    after = {account: floor.equity(account) for account in accounts}
    ruined = [account for account in accounts if after[account] < min(0, before[account])]
    floor.hole()
    return Verdict(
        survived=not ruined and bool(floor.state.deleveragings),
        detail=f"the short owed {dollars(-before[short])}; the hedged long had {dollars(before[hedged])} and has "
        f"{dollars(after[hedged])}; {len(ruined)} accounts ended below zero by it",
    )


SCENARIO = Scenario(
    identifier="D5",
    title="Deleveraging breaks hedged books",
    group="venue",
    source="10 Oct 2025, ~$19B of positions",
    attack=attack,
    twin=Twin(
        mutation="what an account gives up is not held against what it is worth",
        patch=partial(
            edited,
            deleveraging,
            "_relief",
            "return min(due.lost, max(0, -(equity_of(state, account) + change)))",
            "return 0",
        ),
    ),
)
