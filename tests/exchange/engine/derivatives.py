"""A venue with a BTC perpetual that pays funding, a future and options of two expiries."""

from __future__ import annotations

from typing import Any

from exchange.engine import (
    Event,
    ExpirySpec,
    MarketSpec,
    UnderlyingSpec,
    genesis,
    set_clock,
    sign_report,
    sign_smile_report,
    steps,
)
from exchange.engine.expiring import due_expiry, markets_to_end
from exchange.engine.marking import outstanding
from exchange.engine.pricing import E18, YEAR_SECONDS, Smile
from exchange.engine.signing import oracle_report
from exchange.state.market import MarketKind
from tests.exchange.engine.conftest import ASSETS, BTC, ORACLES, START, UNIT, Venue

DAY = 86_400
NEAR, FAR = 0, 1
NEAR_TIME, FAR_TIME = START + 7 * DAY, START + 35 * DAY
PERPETUAL, FUTURE, CALL, PUT, FAR_CALL = range(5)


def flat_smile(volatility: float, seconds: int) -> Smile:
    """Nearly the same volatility at all strikes, with a little curvature."""
    variance = volatility**2 * seconds / YEAR_SECONDS
    return Smile(*(round(value * E18) for value in (0.95 * variance, 0.1 * variance, -0.1, 0.0, 0.5)))


def market(kind: MarketKind, **changed: Any) -> MarketSpec:
    return MarketSpec(
        **{
            "symbol": f"BTC-{kind.name}",
            "underlying": BTC,
            "kind": kind,
            "tick": UNIT // 10,
            "lot": UNIT // 1000,
            "min_size": UNIT // 1000,
            "open_interest_cap": 10_000 * UNIT,
            **changed,
        }
    )


MARKETS = (
    market(MarketKind.PERPETUAL, funding_cap=7_500),
    market(MarketKind.FUTURE, expiry=NEAR),
    market(MarketKind.CALL, expiry=NEAR, strike=50_000 * UNIT),
    market(MarketKind.PUT, expiry=NEAR, strike=50_000 * UNIT),
    market(MarketKind.CALL, expiry=FAR, strike=60_000 * UNIT),
)
EXPIRIES = (
    ExpirySpec(underlying=BTC, time=NEAR_TIME, smile=flat_smile(0.6, 7 * DAY), carry=50_000_000),
    ExpirySpec(underlying=BTC, time=FAR_TIME, smile=flat_smile(0.6, 35 * DAY)),
)


class Derivatives(Venue):
    """Prices are of BTC; time moves as told."""

    def __init__(
        self, markets: tuple[MarketSpec, ...] = MARKETS, *, index: dict[str, Any] | None = None, **rules: Any
    ) -> None:
        super().__init__(**rules)
        underlyings = (UnderlyingSpec(symbol="BTC", **(index or {})), UnderlyingSpec(symbol="ETH"))
        self.state = genesis(self.config, markets, underlyings, ASSETS, expiries=EXPIRIES, clock=START)

    def tick(self, usd: float, seconds: int = 1) -> list[Event]:
        """Some time later a price is reported, and everything outstanding is marked and settled."""
        set_clock(self.state, self.state.header.clock + seconds)
        events = self.settle()
        events += self.do(self.report(BTC, usd))
        for group in outstanding(self.state, BTC):
            events += self.do(steps.reprice(*group))
        return events + self.settle()

    def settle(self) -> list[Event]:
        events: list[Event] = []
        while (expiry := due_expiry(self.state, BTC)) is not None:
            events += self.do(steps.settle_expiry(expiry, *markets_to_end(self.state, expiry)))
        return events

    def reports(self, prices: list[float], *, time: int | None = None, confidence: float = 0, keys=ORACLES) -> bytes:
        """A report with a price of each source; at most four sources."""
        time = self.state.header.clock if time is None else time
        parts = [
            sign_report(
                key,
                self.domain,
                underlying=BTC,
                price=round(price * UNIT),
                time=time,
                confidence=round(confidence * UNIT),
            )
            for key, price in zip(keys, prices, strict=False)
        ]
        return oracle_report(BTC, time, parts)

    def smile(self, expiry: int, smile: Smile, carry: int = 0, **options: Any) -> bytes:
        return sign_smile_report(
            options.get("keys", ORACLES[:3]),
            self.domain,
            expiry=expiry,
            time=options.get("time", self.state.header.clock),
            carry=carry,
            smile=smile,
        )
