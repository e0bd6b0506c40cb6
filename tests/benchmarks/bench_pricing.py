"""Option pricing: a price, a strike with its array, and 320 strikes repriced while orders flow.

python tests/benchmarks/bench_pricing.py
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from math import erf, exp, log, sqrt
from time import perf_counter

from exchange.engine import MarketSpec, set_clock, steps, try_apply
from exchange.engine.expiring import due_expiry
from exchange.engine.marking import option_terms, outstanding, terms_outstanding
from exchange.engine.pricing import E18, OptionTerms, Quote, black76, deviation, option_quote
from exchange.state import Side
from exchange.state.market import MarketKind
from tests.exchange.engine.conftest import BTC, UNIT
from tests.exchange.engine.derivatives import FAR, MARKETS, PERPETUAL, Derivatives, market

STRIKES = 320
LISTED = 320
"""Options; the figures are per strike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingBenchmark:
    """Microseconds; `repriced` and `orders` in seconds for all strikes, `latency` of an order in between, the worst."""

    float_price: float
    price: float
    strike: float
    strike_in_workers: float
    reprice_cold: float
    reprice_prepared: float
    orders_between: float
    orders_alone: float
    longest_step: float

    def __str__(self) -> str:
        rows = (
            ("Black-76, call and put, in floats", f"{self.float_price:.2f} us"),
            ("Black-76, call and put, in integers", f"{self.price:.2f} us"),
            ("a strike with greeks and 16 scenarios", f"{self.strike:.0f} us"),
            ("the same in two workers, with sending it to and fro", f"{self.strike_in_workers:.0f} us"),
            ("Reprice, a strike, priced in the step", f"{self.reprice_cold:.0f} us"),
            ("Reprice, a strike, priced ahead by a worker", f"{self.reprice_prepared:.0f} us"),
            (f"{STRIKES} strikes, priced in the steps", f"{self.reprice_cold * STRIKES / 1000:.0f} ms"),
            (f"{STRIKES} strikes, priced ahead", f"{self.reprice_prepared * STRIKES / 1000:.1f} ms"),
            ("orders alone", f"{self.orders_alone:.0f} us each"),
            ("orders while all strikes are repriced, priced ahead", f"{self.orders_between:.0f} us each"),
            ("longest Reprice of eight, priced ahead", f"{self.longest_step:.0f} us"),
        )
        return "\n".join(f"| {name} | {value} |" for name, value in rows)


def float_black76(forward: float, strike: float, total: float) -> tuple[float, float]:
    """What the integers are compared with."""
    d1 = log(forward / strike) / total + total / 2
    call = forward * (1 + erf(d1 / sqrt(2))) / 2 - strike * (1 + erf((d1 - total) / sqrt(2))) / 2
    return call, call - forward + strike + 0 * exp(0)


def run(rounds: int = 3) -> PricingBenchmark:
    """Every figure in one run of one process; workers are two more."""
    total = deviation(6 * E18 // 10, 30 * 86_400)
    loops = 4_000
    start = perf_counter()
    for at in range(loops):
        float_black76(50_000.0, 52_000.0 + at, 0.17)
    float_price = (perf_counter() - start) / loops
    start = perf_counter()
    for at in range(loops):
        black76(50_000 * E18, (52_000 + at) * E18, total)
    price = (perf_counter() - start) / loops
    venue = _venue()
    terms = _terms(venue)
    start = perf_counter()
    for term in terms:
        option_quote(term)
    strike = (perf_counter() - start) / len(terms)
    with ProcessPoolExecutor(2) as pool:
        quote_all(pool, terms[:8])
        start = perf_counter()
        quote_all(pool, terms)
        in_workers = (perf_counter() - start) / len(terms)
        cold, _, _ = _reprice(venue, None, rounds=1)
        prepared, between, longest = _reprice(venue, pool, rounds=rounds)
    alone = _orders(venue, 300)
    return PricingBenchmark(
        float_price=float_price * 1e6,
        price=price * 1e6,
        strike=strike * 1e6,
        strike_in_workers=in_workers * 1e6,
        reprice_cold=cold * 1e6,
        reprice_prepared=prepared * 1e6,
        orders_between=between * 1e6,
        orders_alone=alone * 1e6,
        longest_step=longest * 1e6,
    )


def quote_all(pool: ProcessPoolExecutor, terms: list[OptionTerms]) -> list[Quote]:
    """What a sequencer does when a report has come: all quotes by workers, in the order of the terms."""
    return list(pool.map(option_quote, terms, chunksize=20))


def _venue() -> Derivatives:
    strikes: tuple[MarketSpec, ...] = tuple(
        market(kind, expiry=FAR, strike=(30_000 + 400 * at) * UNIT, symbol=f"{kind.name}-{at}")
        for at in range(LISTED // 2)
        for kind in (MarketKind.CALL, MarketKind.PUT)
    )
    venue = Derivatives((MARKETS[0], *strikes))
    for _ in range(2):
        venue.open_account(usd=10_000_000)
    _tick(venue, 50_000)
    for group in outstanding(venue.state, BTC):
        try_apply(venue.state, steps.reprice(*group))
    return venue


def _tick(venue: Derivatives, usd: float) -> None:
    if due_expiry(venue.state, BTC) is not None:
        raise RuntimeError("the benchmark ran into an expiry")
    set_clock(venue.state, venue.state.header.clock + 1)
    try_apply(venue.state, venue.report(BTC, usd))


def _terms(venue: Derivatives) -> list[OptionTerms]:
    state = venue.state
    return [
        option_terms(leaf, state.underlyings[BTC], state.expiries[FAR])
        for leaf in state.markets
        if leaf.kind != MarketKind.PERPETUAL
    ]


def _reprice(venue: Derivatives, pool: ProcessPoolExecutor | None, *, rounds: int) -> tuple[float, float, float]:
    """Seconds a strike, seconds an order in between, and of the longest step."""
    state = venue.state
    spent = ordering = longest = 0.0
    orders = 0
    for number in range(rounds):
        _tick(venue, 50_100 + number)
        if pool is not None:
            terms = terms_outstanding(state, BTC)
            state.quotes.update(zip(terms, quote_all(pool, terms), strict=True))
        for group in outstanding(state, BTC):
            step = steps.reprice(*group)
            start = perf_counter()
            try_apply(state, step)
            elapsed = perf_counter() - start
            spent += elapsed
            longest = max(longest, elapsed)
            ordering += _orders(venue, 8) * 8
            orders += 8
        state.quotes.clear()
    return spent / (rounds * LISTED), ordering / orders, longest


def _orders(venue: Derivatives, count: int) -> float:
    signed = [venue.order(1 + at % 2, PERPETUAL, Side(at % 2), 50_100, 0.001) for at in range(count)]
    start = perf_counter()
    for step in signed:
        try_apply(venue.state, step)
    return (perf_counter() - start) / count


if __name__ == "__main__":
    print(run())
