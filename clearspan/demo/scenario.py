"""The scenario: who deposits what where, what they trade, how prices move, who withdraws to which chain."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from random import Random

from clearspan.demo.snapshots import Snapshot, take_snapshot
from clearspan.devnet import Devnet
from clearspan.progress import Progress
from exchange.sdk import Handle, Rejected, Trader

CASH = "USDC"
BTC = "BTC-PERP"
ETH = "ETH-PERP"
LADDER = ("0.0005", "0.001", "0.002", "0.004", "0.008")
"""Distances of the maker's levels from the price, as shares of it."""

UNDERLYINGS = {BTC: "BTC", ETH: "ETH"}
TICKS = {BTC: Decimal("0.1"), ETH: Decimal("0.01")}
SIZES = {BTC: Decimal("0.8"), ETH: Decimal(15)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Everybody with money in it. `alice` trades and leaves for the other chain, `bob` quotes, `carol` overreaches."""

    alice: Trader
    bob: Trader
    carol: Trader
    dave: Trader
    insurance: Trader

    @property
    def everyone(self) -> tuple[Trader, ...]:
        """The insurance fund first, as account 0."""
        return (self.insurance, self.alice, self.bob, self.carol, self.dave)


@dataclass(frozen=True, slots=True, kw_only=True)
class CashChange:
    """USDC of one owner's wallets over the trading, in base units: what transfers say and what the chains say."""

    expected: int
    actual: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What the scenario left behind: `before` when all deposits are credited, `after` when everything has settled."""

    cast: Cast
    deposits: tuple[tuple[Trader, Handle], ...]
    withdrawals: tuple[tuple[Trader, Handle], ...]
    before: Snapshot
    after: Snapshot
    cash_assets: tuple[int, ...]

    def withdrawn(self, name: str) -> int:
        """Cash an account took out after `before`, 1e-6 USD."""
        return sum(
            handle.transfer.amount
            for trader, handle in self.withdrawals
            if trader.name == name and handle.transfer.asset == CASH
        )

    def profit_and_loss(self, name: str) -> int:
        """Change of cash and open profit that no withdrawal explains, 1e-6 USD; collateral is not revalued."""
        before, after = self.before.accounts[name], self.after.accounts[name]
        change = after.cash + after.unrealised - before.cash - before.unrealised
        return change + self.withdrawn(name)

    def cash_changes(self) -> dict[str, CashChange]:
        """By name."""
        found = {}
        for name, after in self.after.accounts.items():
            before = self.before.accounts[name]
            actual = sum(after.wallets[asset] - before.wallets[asset] for asset in self.cash_assets)
            found[name] = CashChange(expected=self.withdrawn(name), actual=actual)
        return found


def play(net: Devnet, progress: Progress, seed: int) -> Story:
    """The whole way once. Seeds change prices and sizes; the order of events stays."""
    random = Random(seed)
    prices = {"BTC": _around(random, "60000", "0.05"), "ETH": _around(random, "2600", "0.05")}
    progress.stage("The oracle's three keys sign the first prices")
    _move(net, progress, prices)

    cast = Cast(
        alice=net.trader("alice"),
        bob=net.trader("bob"),
        carol=net.trader("carol"),
        dave=net.trader("dave"),
        insurance=net.insurance(),
    )
    deposits = _deposit(net, progress, cast, random)
    before = take_snapshot(net, cast.everyone)

    progress.stage("Traders send signed orders; the engine matches them by price and time")
    for market in (BTC, ETH):
        _quote(cast.bob, market, prices[UNDERLYINGS[market]])
    _trade(cast, random, progress, prices)

    progress.stage("Prices move, and so do profits and losses")
    prices["BTC"] = _moved(prices["BTC"], random, "0.02", "0.03")
    _requote(net, progress, cast.bob, prices)
    cast.dave.create_order(market=BTC, side="sell", type="market", amount=_size(random, "0.5"))
    _liquidate(net, progress, cast, prices, random)

    withdrawals = _withdraw(net, progress, cast, random)
    progress.stage("Everything comes to rest: batches final, packets answered, vaults paid")
    for _, handle in (*deposits, *withdrawals):
        handle.wait("finalized")
    net.settle()
    after = take_snapshot(net, cast.everyone)
    return Story(
        cast=cast,
        deposits=tuple(deposits),
        withdrawals=tuple(withdrawals),
        before=before,
        after=after,
        cash_assets=tuple(asset.asset_id for asset in net.core.catalogue.assets if asset.symbol == CASH),
    )


def _deposit(net: Devnet, progress: Progress, cast: Cast, random: Random) -> list[tuple[Trader, Handle]]:
    progress.stage("Traders lock USDC and ETH in the vaults of both chains")
    plan = (
        (cast.alice, "alpha", "USDC", _thousands(random, 60, 90)),
        (cast.alice, "beta", "ETH", str(random.randint(15, 25))),
        (cast.bob, "beta", "USDC", _thousands(random, 600, 800)),
        (cast.carol, "alpha", "USDC", _thousands(random, 10, 14)),
        (cast.dave, "alpha", "ETH", str(random.randint(20, 40))),
        (cast.dave, "beta", "USDC", _thousands(random, 20, 30)),
        (cast.insurance, "beta", "USDC", _thousands(random, 40, 60)),
    )
    handles = []
    for trader, chain, asset, amount in plan:
        handles.append((trader, trader.deposit(chain=chain, asset=asset, amount=amount)))
        progress.note(f"{trader.name} locks {amount} {asset} on {chain}")
    progress.stage("Relayers carry the deposits to the settlement chain with storage proofs")
    for _, handle in handles:
        handle.wait("credited")
    progress.note(f"{len(handles)} deposits credited after {net.core.steps} blocks")
    return handles


def _trade(cast: Cast, random: Random, progress: Progress, prices: dict[str, Decimal]) -> None:
    bought = cast.alice.create_order(market=BTC, side="buy", type="market", amount=_size(random, "1"))
    progress.note(f"alice buys {bought.filled} {BTC} at {_plain(bought.average_price)}")
    leverage = cast.carol.fetch_balance().equity * Decimal("8.5") / prices["ETH"]
    bought = cast.carol.create_order(market=ETH, side="buy", type="market", amount=_cut(leverage, "0.001"))
    progress.note(f"carol buys {bought.filled} {ETH} at {_plain(bought.average_price)}, on thin margin")
    sold = cast.dave.create_order(market=ETH, side="sell", type="market", amount=_size(random, "6"))
    progress.note(f"dave sells {sold.filled} {ETH} at {_plain(sold.average_price)}")
    resting = cast.dave.create_order(
        market=BTC, side="buy", amount=_size(random, "0.4"), price=_tick(prices["BTC"] * Decimal("0.97"), BTC)
    )
    assert resting.order_id is not None  # noqa: S101 - 3 % below the market, it rests
    cast.dave.cancel_order(order_id=resting.order_id)
    try:
        cast.carol.create_order(market=ETH, side="buy", type="market", amount=_size(random, "40"))
    except Rejected as refusal:
        progress.note(f"carol's second order is refused: {refusal.reason}")


def _liquidate(net: Devnet, progress: Progress, cast: Cast, prices: dict[str, Decimal], random: Random) -> None:
    """A fall that closes part of carol's position, then a gap that takes the rest below zero."""
    progress.stage("ETH falls; carol's account goes under and is liquidated into the book")
    for low, high in (("-0.062", "-0.068"), ("-0.105", "-0.115")):
        prices["ETH"] = _moved(prices["ETH"], random, low, high)
        _requote(net, progress, cast.bob, prices)
    net.step()
    sizes = ", ".join(f"{row.size} {row.market}" for row in cast.carol.fetch_positions()) or "nothing"
    progress.note(f"carol is left with {sizes} and {cast.carol.fetch_balance().cash} USD")


def _withdraw(net: Devnet, progress: Progress, cast: Cast, random: Random) -> list[tuple[Trader, Handle]]:
    progress.stage("Traders withdraw: alice to the chain she did not deposit USDC on")
    plan = (
        (cast.alice, "beta", "USDC", _thousands(random, 20, 30)),
        (cast.dave, "alpha", "ETH", str(random.randint(1, 3))),
        (cast.bob, "alpha", "USDC", _thousands(random, 5, 9)),
    )
    handles = []
    for trader, chain, asset, amount in plan:
        handles.append((trader, trader.withdraw(chain=chain, asset=asset, amount=amount)))
        progress.note(f"{trader.name} asks for {amount} {asset} on {chain}")
    progress.stage("Batches pass the challenge period; the outbox releases, relayers carry, vaults pay")
    begun = net.core.steps
    for _, handle in handles:
        handle.wait("finalized")
    progress.note(f"{len(handles)} withdrawals paid after {net.core.steps - begun} blocks")
    return handles


def _requote(net: Devnet, progress: Progress, maker: Trader, prices: dict[str, Decimal]) -> None:
    """The maker gets out of the way, bids where the price is going, and offers once it is there."""
    maker.cancel_all_orders()
    for market in (BTC, ETH):
        _quote(maker, market, prices[UNDERLYINGS[market]], sides=("buy",))
    _move(net, progress, prices)
    for market in (BTC, ETH):
        _quote(maker, market, prices[UNDERLYINGS[market]], sides=("sell",))


def _quote(maker: Trader, market: str, price: Decimal, sides: tuple[str, ...] = ("buy", "sell")) -> None:
    for side in sides:
        for distance in LADDER:
            away = price * (1 + Decimal(distance) * (1 if side == "sell" else -1))
            maker.create_order(market=market, side=side, amount=SIZES[market], price=_tick(away, market))


def _move(net: Devnet, progress: Progress, prices: dict[str, Decimal]) -> None:
    for underlying, price in prices.items():
        net.core.set_price(underlying, price)
    net.step()
    progress.note("  ".join(f"{underlying} {price}" for underlying, price in prices.items()))


def _around(random: Random, middle: str, spread: str) -> Decimal:
    return _moved(Decimal(middle), random, f"-{spread}", spread)


def _moved(price: Decimal, random: Random, low: str, high: str) -> Decimal:
    """The price after a move between two shares of it, in whole cents."""
    steps = 10_000
    span = Decimal(high) - Decimal(low)
    return _cut(price * (1 + Decimal(low) + span * random.randint(0, steps) / steps), "0.01")


def _thousands(random: Random, low: int, high: int) -> str:
    return str(random.randint(low, high) * 1000)


def _size(random: Random, middle: str) -> Decimal:
    """Within a fifth of `middle`, in thousandths."""
    return _cut(Decimal(middle) * random.randint(800, 1200) / 1000, "0.001")


def _tick(price: Decimal, market: str) -> Decimal:
    return price // TICKS[market] * TICKS[market]


def _cut(number: Decimal, step: str) -> Decimal:
    return number.quantize(Decimal(step), rounding=ROUND_DOWN)


def _plain(price: Decimal | None) -> str:
    return "nothing" if price is None else f"{price.normalize():f}"
