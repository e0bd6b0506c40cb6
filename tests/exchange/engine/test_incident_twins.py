"""Incidents of other venues tried on the engine, where they fail, and on one line of it changed, where they do not."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

import exchange.engine
from clearspan.lab.floor import BTC, BTC_SPEC, ETH_SPEC, NEVER, UNIT, USD, USDC_A, Floor
from clearspan.lab.scenarios.mutation import edited
from exchange.engine import (
    assess,
    funding,
    margin,
    marking,
    means,
    operations,
    oracle,
    placing,
    quorum,
    set_clock,
    steps,
    views,
    waterfall,
)
from exchange.engine.operations import HALT_MARKET, OPEN_MARKET
from exchange.engine.signing import sign_propose
from exchange.state import OperationKind
from tests.exchange.engine.conftest import Venue
from tests.exchange.engine.test_deleveraging import equities, two_bankrupt

Attack = Callable[[], bool]
"""Whether the attack got what it wanted."""

ADMIN = Floor.signer(990)
ACCOUNT = re.compile(r"(^|[._])account(_id)?$")


def both(attack: Attack, line: AbstractContextManager[None]) -> tuple[bool, bool]:
    """Whether an attack succeeds on the engine, and on the engine with one line changed."""
    real = attack()
    with line:
        return real, attack()


def reopened_on_a_moved_price() -> bool:
    """D6: a market is halted while its price falls; the first after it opens again is a liquidator."""
    floor = Floor(admin=ADMIN.address, operation_delay=0)
    floor.price(btc=50_000, eth=3_000)
    victim, other = floor.open_account(usd=6_000), floor.open_account(usd=10**6)
    floor.sell(other, 50_000, 1)
    floor.buy(victim, 50_000, 1)
    halt = (OperationKind.HALT_MARKET, HALT_MARKET.pack(BTC))
    opening = (OperationKind.OPEN_MARKET, OPEN_MARKET.pack(BTC, 0))
    for number, (kind, body) in enumerate((halt, opening)):
        floor.do(sign_propose(ADMIN, floor.domain, operation=number, kind=kind, body=body, expiry=NEVER))
        floor.do(steps.execute_operation(number))
        floor.price(btc=46_500)
    floor.buy(other, 46_400, 1)
    floor.attempt(steps.liquidate(victim, BTC))
    return floor.state.accounts[victim].positions[BTC].size < UNIT


def test_d6_a_halt_ends_with_a_grace_period() -> None:
    line = edited(operations, "_open_market", "market.resumed_at = state.header.clock", "pass")
    assert both(reopened_on_a_moved_price, line) == (False, True)


def liquidated_at_an_old_price() -> bool:
    """D6: the oracle stood still; a liquidator comes before its first fresh price."""
    floor = Floor()
    floor.price(btc=50_000, eth=3_000)
    victim, other = floor.open_account(usd=6_000), floor.open_account(usd=10**6)
    floor.sell(other, 50_000, 1)
    floor.buy(victim, 50_000, 1)
    floor.price(btc=46_500)
    floor.buy(other, 46_400, 1)
    set_clock(floor.state, floor.state.header.clock + 3_600)
    floor.attempt(steps.liquidate(victim, BTC))
    return floor.state.accounts[victim].positions[BTC].size < UNIT


def test_d6_no_liquidation_before_a_fresh_price(monkeypatch) -> None:
    assert not liquidated_at_an_old_price()
    # Three rules hold it up: freshness of the market, of all that margin reads, and the grace period.
    monkeypatch.setattr(waterfall, "reads_stale_round", lambda *_: False)
    monkeypatch.setattr(waterfall, "require_grace_over", lambda *_: None)
    assert not liquidated_at_an_old_price()
    with edited(waterfall, "tradable", "pricing.fresh_until < state.header.clock", "False"):
        assert liquidated_at_an_old_price()


def forged_price() -> bool:
    """D9: keys of nobody report a price."""
    floor = Floor()
    floor.price(btc=50_000)
    set_clock(floor.state, floor.state.header.clock + 1)
    thieves = sorted((Floor.signer(at) for at in (901, 902, 903)), key=lambda key: key.address)
    floor.attempt(floor.report(BTC, 60_000, keys=thieves))
    return floor.state.underlyings[BTC].price == 60_000 * UNIT


def test_d9_only_the_oracles_keys_report() -> None:
    line = edited(quorum, "require_signers", "signer not in signers", "False")
    assert both(forged_price, line) == (False, True)


def collusion() -> bool:
    """D12: two accounts trade with each other, pump, withdraw, dump; did they take out more than they brought?"""
    floor = Floor()
    floor.state.underlyings[BTC].deviation = 10**7
    floor.price(btc=50_000, eth=3_000)
    bank = floor.open_account(usd=10**6)
    one, two = floor.open_account(usd=20_000), floor.open_account(usd=20_000)
    floor.sell(one, 50_000, 3)
    floor.buy(two, 50_000, 3)
    floor.price(btc=60_000)
    for slice_usd in (5_000, 1_000, 100):
        while floor.attempt(floor.withdraw(two, USDC_A, slice_usd * USD)) == "accepted":
            pass
    floor.price(btc=48_000)
    for side, account in ((1, one), (0, two)):
        floor.attempt(floor.order(bank, BTC, side, 48_000, 3))
        floor.attempt(floor.order(account, BTC, 1 - side, 48_000, 3))
        floor.take_all(account)
    return floor.taken(one, two) > 40_000 * USD


def test_d12_a_pair_takes_out_no_more_than_it_brought() -> None:
    """Profit that leaves before the price comes back is paid out of everybody's money."""
    entry = "min(0, unrealised(*entry)) for entries"
    line = edited(margin, "require_transfer", entry, "unrealised(*entry) for entries")
    assert both(collusion, line) == (False, True)


def funding_of_a_fat_premium() -> bool:
    """D12: the only two quotes stand far above the index for an hour; does an honest long pay beyond the cap?"""
    floor = Floor((replace(BTC_SPEC, funding_cap=7_500, price_band=999_999), ETH_SPEC))
    floor.price(btc=50_000, eth=3_000)
    honest, thief, other = (floor.open_account(usd=10**7) for _ in range(3))
    floor.sell(thief, 50_000, 10)
    floor.buy(honest, 50_000, 10)
    floor.buy(other, 90_000, 1)
    floor.sell(thief, 90_100, 1)
    for _ in range(80):
        set_clock(floor.state, floor.state.header.clock + 49)
        floor.price(btc=50_000)
    paid = floor.state.markets[BTC].funding_index * 10 * UNIT // 10**14
    return paid > 10 * 50_000 * 7_500 * 2


def test_d12_whatever_the_premium_funding_stays_within_its_cap() -> None:
    line = edited(
        funding,
        "hourly_rate",
        "max(-cap, min(cap, average_premium // CONVERGENCE_HOURS + interest))",
        "average_premium",
    )
    assert both(funding_of_a_fat_premium, line) == (False, True)


def order_that_cannot_pay_its_fee() -> bool:
    """D13: the margin is there before the last statement, which charges the fee, and not after it."""
    floor = Floor()
    floor.price(btc=50_000, eth=3_000)
    account, other = floor.open_account(usd=100_000), floor.open_account(usd=10**6)
    floor.sell(other, 50_000, 19.95)
    floor.attempt(floor.order(account, BTC, 0, 50_000, 19.95))
    report = assess(floor.state, account)
    return report.backing < report.initial


def test_d13_the_fee_is_in_the_check() -> None:
    line = edited(placing, "require_margin", "price * size * market.multiplier * market.taker_fee", "0 * size")
    assert both(order_that_cannot_pay_its_fee, line) == (False, True)


def one_wild_source() -> bool:
    """D15: one of three sources prints 1.30 for 1.00; is a short liquidated for it?"""
    floor = Floor()
    floor.price(btc=50_000, eth=3_000)
    short, other = floor.open_account(usd=10_000), floor.open_account(usd=10**6)
    floor.buy(other, 50_000, 1)
    floor.sell(short, 50_000, 1)
    floor.sell(other, 55_000, 1)
    set_clock(floor.state, floor.state.header.clock + 1)
    floor.attempt(floor.reports(BTC, [50_000, 50_000, 65_000]))
    floor.mark()
    floor.deposit(0, USDC_A, 10**6 * USD)
    floor.attempt(steps.liquidate(short, BTC))
    return BTC not in floor.state.accounts[short].positions


def test_d15_one_source_moves_no_median() -> None:
    line = edited(oracle, "oracle_report", "prices[(len(prices) - 1) // 2]", "prices[-1]")
    assert both(one_wild_source, line) == (False, True)


def wild_last_trade() -> bool:
    """D16, D17: a trade with oneself at a wild price in our own thin book; does the mark follow?"""
    floor = Floor((replace(BTC_SPEC, funding_cap=7_500), ETH_SPEC))
    floor.price(btc=50_000, eth=3_000)
    maker, taker = floor.open_account(usd=10**6), floor.open_account(usd=10**6)
    floor.sell(maker, 54_900, 0.1)
    floor.buy(taker, 54_900, 0.1)
    floor.price(btc=50_000)
    return floor.state.pricing[BTC].mark > 50_000 * UNIT


def test_d16_d17_the_last_trade_alone_moves_no_mark() -> None:
    median = "sorted((fair, fair if middle is None else middle, market.last_price or fair))[1]"
    assert both(wild_last_trade, edited(marking, "perpetual_mark", median, "market.last_price or fair")) == (
        False,
        True,
    )


def needless_deleveraging() -> bool:
    """D20: the fund could pay a deficit; do the winners pay any of it?"""
    venue = two_bankrupt(Venue, 1_000)
    before = equities(venue)
    for account in (1, 2):
        venue.do(steps.deleverage(account, BTC))
    after = equities(venue)
    return any(after[account] < before[account] for account in (3, 4))


def test_d20_the_fund_pays_before_the_winners() -> None:
    line = edited(means, "deficit", "lacking - max(0, state.accounts[0].cash)", "lacking")
    assert both(needless_deleveraging, line) == (False, True)


def exempt_account() -> bool:
    """D21: one account is never liquidated, and ends below zero."""
    floor = Floor()
    floor.price(btc=50_000, eth=3_000)
    other = floor.open_account(usd=10**6)
    accounts = [floor.open_account(usd=6_000) for _ in range(3)]
    for account in accounts:
        floor.sell(other, 50_000, 1)
        floor.buy(account, 50_000, 1)
    for price in (47_000, 46_000, 44_500, 43_000):
        floor.price(btc=price)
        floor.buy(other, price - 100, 3)
        floor.keep()
    return any(floor.equity(account) < 0 for account in accounts)


@pytest.mark.parametrize("account", [2, 3, 4])
def test_d21_no_account_is_spared(account: int) -> None:
    line = edited(waterfall, "target", "if account is None:", f"if account is None or account_id == {account}:")
    assert both(exempt_account, line) == (False, True)


def test_d21_no_rule_names_an_account_but_the_venues_own() -> None:
    """Of all comparisons of an account's id, none is with a number, a list or a set; views only read."""
    named = []
    for file in sorted(set(Path(exchange.engine.__file__).parent.rglob("*.py")) - {Path(views.__file__)}):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Compare) or not ACCOUNT.search(ast.unparse(node.left)):
                continue
            for right in node.comparators:
                is_number = isinstance(right, ast.Constant) and right.value is not None
                if is_number or isinstance(right, ast.Set | ast.List | ast.Tuple | ast.Dict):
                    named.append(f"{file.name}: {ast.unparse(node)}")
    assert named == []
