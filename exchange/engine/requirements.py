"""What positions and open orders require: standard margin market by market, portfolio margin by underlying.

Losses are exact in 1e-16 USD (cash times `CASH_SCALE`) and rounded up once per market or underlying.
"""

# ruff: noqa: PLR1730, FURB136  # min() and max() cost a call each on the hottest path
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from exchange.engine.rounding import div_up, mul_div_up
from exchange.state.account import Position
from exchange.state.limits import CASH_SCALE, FACTOR_ONE, SCENARIOS
from exchange.state.market import Market
from exchange.state.pricing import CONCENTRATION_SHARE, Pricing

GROSS_SHARE: Final = 10
"""However well positions of an underlying hedge each other, they require a tenth of what they would alone."""

_UNIT: Final = 10**8
_SCALE: Final = CASH_SCALE * FACTOR_ONE
_Entry = tuple[Position, Pricing]
_Sums = tuple[tuple[int, ...], int, int, int]
_KNOWN: Final[dict[tuple[int, ...], tuple[Pricing, _Sums]]] = {}
"""Sums by the identity of a round's pricing, which is held so that it stays one, and the numbers of a record."""

_KNOWN_MOST: Final = 1 << 14


def worst_profit(position: Position, value: int, risk: int) -> int:
    """Profit of a position and its worst open side in one scenario, in 1e-16 USD; never above `size * risk`.

    `value` is mark times multiplier, `risk` the scenario's entry of the risk array.
    """
    profit = position.size * risk
    worst = 0
    bids = position.bid_quantity
    if bids:
        at_limit = bids * value - position.bid_notional * CASH_SCALE
        if position.reduce_bid:
            bids = open_sides(position)[0]
        worst = bids * risk
        if at_limit < 0:
            worst += at_limit
        if worst > 0:
            worst = 0
    asks = position.ask_quantity
    if asks:
        at_limit = position.ask_notional * CASH_SCALE - asks * value
        if position.reduce_ask:
            asks = open_sides(position)[1]
        sold = -asks * risk
        if at_limit < 0:
            sold += at_limit
        if sold < worst:
            worst = sold
    return profit + worst


def open_sides(position: Position) -> tuple[int, int]:
    """How much all bids and all asks could trade: those that only reduce no more than there is to reduce."""
    size = position.size
    bids, asks = position.bid_quantity, position.ask_quantity
    if position.reduce_bid:
        bids += min(0, max(0, -size) - position.reduce_bid)
    if position.reduce_ask:
        asks += min(0, max(0, size) - position.reduce_ask)
    return bids, asks


def scan_loss(positions: Iterable[_Entry]) -> int:
    """Largest loss over the scenarios of one underlying's markets together, in 1e-16 USD, not below 0."""
    entries = list(positions)
    worst = 0
    for scenario in range(SCENARIOS):
        profit = 0
        for position, pricing in entries:
            profit += worst_profit(position, pricing.value, pricing.scan[scenario])
        worst = min(worst, profit)
    return -worst


def scan_loss_alone(position: Position, pricing: Pricing) -> int:
    """`scan_loss` of a single market: profit is concave in the risk entry, so the worst is at an end of the array."""
    low = worst_profit(position, pricing.value, pricing.low)
    high = worst_profit(position, pricing.value, pricing.high)
    worst = low if low < high else high
    return -worst if worst < 0 else 0


def market_loss(position: Position, pricing: Pricing) -> int:
    """What a market requires by itself: scan loss or short-option minimum, and the concentration add-on."""
    loss = scan_loss_alone(position, pricing)
    bids, asks = position.bid_quantity, position.ask_quantity
    if position.reduce_bid or position.reduce_ask:
        bids, asks = open_sides(position)
    long, short = position.size + bids, asks - position.size
    if pricing.short_minimum and short * pricing.short_minimum > loss:
        loss = short * pricing.short_minimum
    widest = long if long > short else short
    if widest > pricing.concentration:
        loss += concentration_addon(loss, widest, pricing.concentration)
    return loss


def concentration_addon(loss: int, size: int, threshold: int) -> int:
    """Grows in proportion above the threshold; who holds a whole open interest cap requires twice as much."""
    return div_up(loss * (size - threshold), threshold * (CONCENTRATION_SHARE - 1))


def portfolio_loss(positions: Sequence[_Entry]) -> int:
    """What the markets of one underlying require together.

    The joint scan loss and the charge between expiries, but at least the short-option minimums and a tenth of what the
    markets would require alone; and the concentration add-ons on top.
    """
    minimum = gross = addons = 0
    rows = []
    for position, pricing in positions:
        profits, alone, whole, least = _sums_of(position, pricing)
        rows.append(profits)
        addons += whole - (alone if alone > least else least)
        minimum += least
        gross += alone if alone > least else least
    joint = -min(0, *map(sum, zip(*rows, strict=True)))
    return max(joint + expiry_charge(positions), minimum, div_up(gross, GROSS_SHARE)) + addons


def _sums_of(position: Position, pricing: Pricing) -> _Sums:
    """What a market adds to its underlying's joint loss: profits by scenario, loss alone, with its add-on, and least.

    Remembered as long as neither the record nor the round's pricing changes: both are the key, so nothing is ever old.
    """
    key = (
        id(pricing),
        *(position.size, position.bid_quantity, position.ask_quantity, position.bid_notional, position.ask_notional),
        *(position.reduce_bid, position.reduce_ask),
    )
    known = _KNOWN.get(key)
    if known is not None and known[0] is pricing:
        return known[1]
    short = open_sides(position)[1] - position.size
    sums = (
        tuple(worst_profit(position, pricing.value, risk) for risk in pricing.scan),
        scan_loss_alone(position, pricing),
        market_loss(position, pricing),
        short * pricing.short_minimum if short > 0 else 0,
    )
    if len(_KNOWN) >= _KNOWN_MOST:
        _KNOWN.clear()
    _KNOWN[key] = (pricing, sums)
    return sums


def expiry_charge(positions: Sequence[_Entry]) -> int:
    """Charge for delta long in some expiries and short in others, open orders at their worst."""
    longs: dict[int, int] = {}
    shorts: dict[int, int] = {}
    spread = 0
    for position, pricing in positions:
        bids, asks = open_sides(position)
        up = (position.size + bids) * pricing.delta
        down = (position.size - asks) * pricing.delta
        if up < down:
            up, down = down, up
        longs[pricing.expiry] = longs.get(pricing.expiry, 0) + up
        shorts[pricing.expiry] = shorts.get(pricing.expiry, 0) - down
        spread = max(spread, pricing.spread)
    if len(longs) < 2:
        return 0
    matched = min(sum(max(0, up) for up in longs.values()), sum(max(0, down) for down in shorts.values()))
    return div_up(matched * spread, _UNIT)


def growth_at(market: Market, open_interest: int) -> int:
    """What an open interest makes of the initial requirement, in 1e-6, rounded up.

    1 up to the floor, more by the growth at the ceiling.
    """
    beyond = min(open_interest, market.margin_ceiling) - market.margin_floor
    if beyond <= 0:
        return FACTOR_ONE
    return FACTOR_ONE + div_up(market.margin_growth * beyond, market.margin_ceiling - market.margin_floor)


def requirements(grouped: Mapping[int, Sequence[_Entry]], *, portfolio: bool = False) -> tuple[int, int, int]:
    """Initial, maintenance and transfer requirement in cash, never netted between underlyings.

    Initial and transfer requirement grow with the open interest, maintenance does not: nobody is liquidated because
    others trade. Rounded up per market, or per underlying where margin is the portfolio's.
    """
    initial = maintenance = transfer = 0
    for positions in grouped.values():
        if portfolio and len(positions) > 1:
            units = [(portfolio_loss(positions), positions)]
        else:
            units = [(market_loss(*entry), [entry]) for entry in positions]
        for loss, entries in units:
            grown = loss * max(pricing.margin_factor for _, pricing in entries)
            initial += div_up(grown, _SCALE)
            maintenance += mul_div_up(loss, max(pricing.maintenance_factor for _, pricing in entries), _SCALE)
            transfer += mul_div_up(grown, max(pricing.transfer_factor for _, pricing in entries), _SCALE * FACTOR_ONE)
    return initial, maintenance, transfer
