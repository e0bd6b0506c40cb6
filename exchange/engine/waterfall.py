"""What a liquidation needs in common, whether book, backstop or deleveraging carries it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from exchange.engine import deleveraging, gates, margin, means
from exchange.engine.equity import equity_of, reads_stale_round
from exchange.engine.matching import crosses
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.requirements import scan_loss
from exchange.engine.rounding import div_up, mul_div_down
from exchange.engine.rounds import may_liquidate
from exchange.state.account import Account, Position
from exchange.state.config import LiquidationTier
from exchange.state.limits import CASH_SCALE, EPOCH_LIMIT, FACTOR_ONE, PRICE_LIMIT, SCENARIOS
from exchange.state.market import Market, MarketStatus
from exchange.state.order import Side
from exchange.state.pricing import Pricing
from exchange.state.state import State

_SCALE: Final = CASH_SCALE * FACTOR_ONE
ROUND_MASK: Final = (1 << 32) - 1
"""Positions remember this much of a round's number."""

_ROUNDING_SLACK: Final = 2
"""Cash units by which requirement and profit may round against the account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An account below maintenance and a market of it; cash in 1e-6 USD, `size` signed.

    `view` is the account with deleveraging settled, `tier` that of the position's size, `fee` its liquidation fee in
    1e-6. `closing` of the position, in whole lots, go now, at no worse a price than `limit`.
    """

    account_id: int
    market_id: int
    account: Account
    view: Account
    market: Market
    pricing: Pricing
    equity: int
    maintenance: int
    size: int
    has_orders: bool
    tier: int
    fee: int
    limit: int
    closing: int

    @property
    def side(self) -> int:
        """Side of the order that closes the position."""
        return _closing_side(self.size)

    @property
    def is_critical(self) -> bool:
        """Whether half of maintenance is gone."""
        return _is_critical(self.equity, self.maintenance)


def target(state: State, account_id: int, market_id: int) -> Target:
    """Check that an account is below maintenance by fresh rounds, and that nothing forbids to liquidate it here.

    No account is exempt but the insurance fund, which holds no positions. Raises Rejected.
    """
    account = state.accounts.get(account_id)
    if account is None:
        raise Rejected(Reason.ACCOUNT_UNKNOWN)
    if not account_id:
        raise Rejected(Reason.INSURANCE_MAY_NOT_TRADE)
    market, pricing = tradable(state, market_id)
    deleveraging.require_settled(state, account_id, account)
    if reads_stale_round(state, account.positions, account.collateral):
        raise Rejected(Reason.STALE_MARK)
    for held_id in (market_id, *account.positions):
        require_grace_over(state, held_id)
    for asset_id in account.collateral:
        require_collateral_grace_over(state, asset_id)
    view = deleveraging.settled_view(state, account_id)
    equity = equity_of(state, view)
    maintenance = margin.required_of(state, account, view.positions)[1]
    if equity >= maintenance:
        raise Rejected(Reason.NOT_LIQUIDATABLE)
    if account.order_epoch >= EPOCH_LIMIT:
        raise Rejected(Reason.EPOCHS_EXHAUSTED)
    position = view.positions.get(market_id, Position())
    tier = tier_of(state, market, position.size)
    fee = fee_of(market, state.config.liquidation_tiers[tier])
    limit, closing = _plan(state, view, market_id, position, equity, maintenance)
    return Target(
        account_id=account_id,
        market_id=market_id,
        account=account,
        view=view,
        market=market,
        pricing=pricing,
        equity=equity,
        maintenance=maintenance,
        size=position.size,
        has_orders=any(record.bid_quantity or record.ask_quantity for record in account.positions.values()),
        tier=tier,
        fee=fee,
        limit=limit,
        closing=closing,
    )


def _plan(  # noqa: PLR0913, PLR0917
    state: State, view: Account, market_id: int, position: Position, equity: int, maintenance: int
) -> tuple[int, int]:
    """Worst price and size of what closes now.

    The price by the tier's slippage, but within what account and fund can pay for all that has to go. The size is what
    restores maintenance, but no more than a slice, and one slice in a round; a critical account waits for nothing.
    """
    market, pricing, size = state.markets[market_id], state.pricing[market_id], position.size
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    tier = state.config.liquidation_tiers[tier_of(state, market, size)]
    fee = fee_of(market, tier)
    limit = worst_price(market, pricing.mark, _closing_side(size), pricing.width, tier.slippage)
    if not size:
        return limit, 0
    whole = size_to_close(state, view, equity, market_id, limit, fee)
    if not whole:
        return limit, 0
    allowed = means.budget(state, view, equity, market_id)
    limit = means.bounded(limit, allowed, whole if size > 0 else -whole, market, pricing.mark)
    whole = size_to_close(state, view, equity, market_id, limit, fee)
    slice_size = div_up(abs(size) * tier.share, FACTOR_ONE * market.lot) * market.lot
    if whole <= slice_size or _is_critical(equity, maintenance):
        return limit, whole
    return limit, 0 if is_sliced(state, position, market) else slice_size


def _closing_side(size: int) -> int:
    return int(Side.ASK if size > 0 else Side.BID)


def _is_critical(equity: int, maintenance: int) -> bool:
    return 2 * equity < maintenance


def tier_of(state: State, market: Market, size: int) -> int:
    """Number of the highest liquidation tier whose part of the open interest cap a position reaches."""
    reached = abs(size) * FACTOR_ONE
    tiers = state.config.liquidation_tiers
    return max(at for at, tier in enumerate(tiers) if reached >= tier.size * market.open_interest_cap)


def fee_of(market: Market, tier: LiquidationTier) -> int:
    """The market's liquidation fee in a tier, in 1e-6, rounded up."""
    return div_up(market.liquidation_fee * tier.fee, FACTOR_ONE)


def is_sliced(state: State, position: Position, market: Market) -> bool:
    """Whether a slice of the position went in the active round."""
    return position.liquidated_round == state.underlyings[market.underlying].round & ROUND_MASK


def note_slice(state: State, position: Position, market: Market) -> None:
    """Remember that a whole slice went in the active round."""
    position.liquidated_round = state.underlyings[market.underlying].round & ROUND_MASK


def tradable(state: State, market_id: int) -> tuple[Market, Pricing]:
    """The market if it is open, idle and freshly priced. Raises Rejected."""
    market = gates.idle_market(state, market_id)
    if state.header.envelope_account:
        raise Rejected(Reason.ENVELOPE_OPEN)
    gates.require_none_due(state, market_id)
    pricing = state.pricing[market_id]
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    if pricing.fresh_until < state.header.clock:
        raise Rejected(Reason.STALE_MARK)
    return market, pricing


def require_grace_over(state: State, market_id: int) -> None:
    """Raise Rejected(GracePeriod) shortly after an outage of the oracle or a halt of the market: owners act first."""
    market = state.markets[market_id]
    if market.status != MarketStatus.OPEN:
        return
    grace = state.underlyings[market.underlying].grace
    if not may_liquidate(state, market.underlying) or (
        market.resumed_at and state.header.clock < market.resumed_at + grace
    ):
        raise Rejected(Reason.GRACE_PERIOD)


def require_collateral_grace_over(state: State, asset_id: int) -> None:
    """Raise Rejected(GracePeriod) shortly after an outage of what prices a collateral; never priced, it has none."""
    underlying = state.underlyings[state.assets[asset_id].underlying]
    if state.header.clock < underlying.resumed_at + underlying.grace:
        raise Rejected(Reason.GRACE_PERIOD)


def worst_price(market: Market, mark: int, side: int, width: int = 0, slippage: int = FACTOR_ONE) -> int:
    """Price that a liquidation of `side` accepts at worst: the mark by the slippage, rounded towards the mark.

    The slippage is a share of `width`, where that is more than the mark: options are cheap and move like their index.
    `slippage` is the tier's part of it.
    """
    away = mul_div_down(max(mark, width), market.liquidation_slippage * slippage, FACTOR_ONE * FACTOR_ONE)
    return max(1, mark - away) if side == Side.ASK else min(mark + away, PRICE_LIMIT - 1)


def meets_orders(state: State, market_id: int, side: int, limit: int) -> bool:
    """Whether the first resting order is within the limit."""
    market = state.markets[market_id]
    reference = market.best_bid if side else market.best_ask
    return reference != 0 and crosses(side, limit, state.orders[market_id][reference - 1].price)


def size_to_close(  # noqa: PLR0913, PLR0917
    state: State, account: Account, equity: int, market_id: int, limit: int, fee: int
) -> int:
    """Smallest size, in whole lots, that restores maintenance if all of it closes at the limit and pays the fee.

    Zero if maintenance is met without orders, the whole position if no part of it suffices. What is left of equity over
    maintenance is concave in the size, so that halving finds the smallest. Under portfolio margin never more than takes
    the risk away that the other markets leave: a hedge is not closed while the account is worth anything.
    """
    market, pricing, size = state.markets[market_id], state.pricing[market_id], account.positions[market_id].size
    if pricing is None:
        raise Rejected(Reason.NO_MARK)
    held, direction = abs(size), 1 if size > 0 else -1
    per_unit = (direction * (pricing.mark - limit) * FACTOR_ONE + limit * fee) * market.multiplier
    bare = {at: Position(size=position.size) for at, position in account.positions.items()}

    def missing(closing: int) -> int:
        records = {**bare, market_id: Position(size=direction * (held - closing))}
        return margin.required_of(state, account, records)[1] + div_up(closing * per_unit, _SCALE) - equity

    if missing(0) <= 0:
        return 0
    most = held
    if margin.is_portfolio(account) and equity > 0:
        entries = margin.by_underlying(state, bare)[market.underlying]
        if len(entries) > 1:
            most = min(held, div_up(_risk_reducing(entries, pricing, size), market.lot) * market.lot)
    if missing(most) + _ROUNDING_SLACK > 0:
        return most
    low, high = 0, most // market.lot
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if missing(middle * market.lot) + _ROUNDING_SLACK > 0 else (low, middle)
    return high * market.lot


def _risk_reducing(entries: list[tuple[Position, Pricing]], pricing: Pricing, size: int) -> int:
    """Size to close at which what the position gains in no scenario is more than half way to the worst loss."""
    profits = [sum(position.size * priced.scan[at] for position, priced in entries) for at in range(SCENARIOS)]
    loss = max(scan_loss(entries), -min(profits))
    direction = 1 if size > 0 else -1
    return min(
        (
            (loss + profit) // (2 * direction * risk)
            for profit, risk in zip(profits, pricing.scan, strict=True)
            if direction * risk > 0
        ),
        default=abs(size),
    )


def kill_orders(state: State, target: Target) -> None:
    """Kill all orders of the account; nothing here can fail."""
    if target.has_orders:
        target.account.kill_orders()
    state.dirty_accounts.add(target.account_id)
    state.dirty_markets.add(target.market_id)
