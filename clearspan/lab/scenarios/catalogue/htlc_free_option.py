"""The initiator reveals only when the price has moved its way."""

from __future__ import annotations

import math
from functools import partial
from random import Random

from bridge.swaps.guarantees import Guarantee, SwapKind
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.mutation import edited
from relayers.liquidity import pricing
from relayers.liquidity.pricing import Amount, Tariff

PATHS = 20_000
STEPS = 8
YEAR = 365 * 86_400


def attack(_stage: Stage) -> Verdict:
    """A customer takes quotes of ether for dollars and settles those that pay: prices move at random, in many paths."""
    worst = -math.inf
    told = []
    for volatility in (0.3, 0.8, 1.5):
        for window in (600, 3_600, 86_400):
            gain, premium = exercised(volatility, window)
            worst = max(worst, gain / premium)
            told.append(f"{gain / premium:.2f}")
    return Verdict(
        survived=worst <= 1.03,
        detail=f"over {len(told)} volatilities and windows the option paid {', '.join(told)} of its premium; "
        "above 1.03 is more than chance",
    )


def exercised(volatility: float, window: int) -> tuple[float, float]:
    """What choosing pays on average and what is charged for it, in dollars, for ten ether."""
    tariff = Tariff(
        prices_e8={"ETH": 3_000 * 10**8, "USDC": 10**8},
        volatility={"ETH": volatility},
        spread_ppm=dict.fromkeys(Guarantee, 0),
        capital_ppm=0,
        gas=0,
        gas_price=0,
    )
    gives = Amount(symbol="ETH", decimals=18, units=10 * 10**18)
    takes = Amount(symbol="USDC", decimals=6, units=0)
    _, parts = pricing.price(tariff, SwapKind.SWAP, Guarantee.FINAL, gives, takes, window=window, locked=window)
    dice = Random(window)
    spread = volatility * math.sqrt(window / STEPS / YEAR)
    gain = 0.0
    for _ in range(PATHS // 2):
        moves = [dice.gauss(0, spread) for _ in range(STEPS)]
        for sign in (1, -1):
            log = sum(sign * move - spread * spread / 2 for move in moves)
            gain += max(0.0, 1 - math.exp(log)) * 30_000
    return gain / PATHS, parts.option_premium / 10**6


SCENARIO = Scenario(
    identifier="htlc-free-option",
    title="The initiator reveals only when the price has moved",
    group="HTLC",
    source="classes of hash lock failures",
    attack=attack,
    twin=Twin(
        mutation="the premium is for half of the window",
        patch=partial(
            edited,
            pricing,
            "price",
            "free_option_share(volatility, window)",
            "free_option_share(volatility, window / 2)",
        ),
    ),
)
