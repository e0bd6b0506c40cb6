"""Option pricing in integers that Solidity reproduces bit for bit; the rules are docs/protocol/pricing.md."""

from exchange.engine.pricing.black76 import YEAR_SECONDS, Greeks, Premiums, black76, deviation, greeks
from exchange.engine.pricing.fixed_point import E18, X96, exp, ln, sqrt
from exchange.engine.pricing.normal import cdf, density, mills
from exchange.engine.pricing.scenarios import (
    LINEAR_MOVES,
    SCENARIOS,
    OptionTerms,
    Quote,
    expired_quote,
    linear_quote,
    option_quote,
    volatility_shock,
)
from exchange.engine.pricing.smile import (
    Smile,
    SmileFlaw,
    calendar_holds,
    clipped_variance,
    flaw_of,
    moneyness,
    total_variance,
    volatility,
)

__all__ = [
    "E18",
    "LINEAR_MOVES",
    "SCENARIOS",
    "X96",
    "YEAR_SECONDS",
    "Greeks",
    "OptionTerms",
    "Premiums",
    "Quote",
    "Smile",
    "SmileFlaw",
    "black76",
    "calendar_holds",
    "cdf",
    "clipped_variance",
    "density",
    "deviation",
    "exp",
    "expired_quote",
    "flaw_of",
    "greeks",
    "linear_quote",
    "ln",
    "mills",
    "moneyness",
    "option_quote",
    "sqrt",
    "total_variance",
    "volatility",
    "volatility_shock",
]
