"""What a step, an order, a withdrawal or a move of prices would do, by the code that does it, on copies of rows.

Nothing of the state changes. Without `signatures` a step counts as signed by the owner of the account it is tried on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from exchange.engine import marking, steps
from exchange.engine.due import markets_after, run_due, with_remedies
from exchange.engine.events import Event
from exchange.engine.liquidation_price import LiquidationRange, liquidation_ranges
from exchange.engine.margin import MarginReport, assess
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.rounds import flip
from exchange.engine.signatures import Signatures
from exchange.engine.signed_steps import SignedStep
from exchange.engine.transition import set_clock, try_apply
from exchange.state.limits import PRICE_LIMIT
from exchange.state.order import Side, TimeInForce
from exchange.state.state import State

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """`reason` (None: it would be taken), what would happen, and the account's margin before and after.

    `liquidation`: after it, for each underlying that the account depends on, the prices of its liquidation.
    """

    reason: Reason | None
    events: tuple[Event, ...]
    before: MarginReport
    after: MarginReport
    liquidation: tuple[LiquidationRange, ...] = ()


class _CopiedRows(list[_Row], Generic[_Row]):
    """A list that hands out its own copy of a row."""

    def __init__(self, rows: Iterable[_Row]) -> None:
        super().__init__(rows)
        self._own: set[int] = set()

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, int) and at not in self._own and -len(self) <= at < len(self):
            self._own.add(at)
            self[at] = copy(super().__getitem__(at))
        return super().__getitem__(at)


class _CopiedAccounts(dict[int, Any]):
    """A dictionary that hands out its own copy of an account, positions included."""

    def __init__(self, rows: dict[int, Any]) -> None:
        super().__init__(rows)
        self._own: set[int] = set()

    def __getitem__(self, key: int) -> Any:
        row = super().__getitem__(key)
        if key not in self._own:
            self._own.add(key)
            row = deepcopy(row)
            self[key] = row
        return row

    def get(self, key: int, default: Any = None) -> Any:
        """The account's copy, or the default."""
        return self[key] if key in self else default  # noqa: SIM401  # `get` is what is being defined


class _Anyone(Signatures):
    """Takes every step as signed by an address."""

    def __init__(self, address: bytes) -> None:
        self._address = address

    def recover(self, digest: bytes, r: bytes, s: bytes, v: int) -> bytes | None:  # noqa: ARG002
        """The address."""
        return self._address


def sandbox(state: State) -> State:
    """A state that behaves like this one and shares its rows until they are read; it cannot be committed."""
    shadow = State.__new__(State)
    shadow.__dict__.update(state.__dict__)
    values = shadow.__dict__
    values["header"] = copy(state.header)
    values["accounts"] = _CopiedAccounts(state.accounts)
    for name in ("markets", "underlyings", "expiries", "assets", "waiting"):
        values[name] = _CopiedRows(getattr(state, name))
    values["orders"] = [_CopiedRows(slots) for slots in state.orders]
    for name in ("withdrawals", "locks", "hash_uses", "operations", "pricing"):
        values[name] = list(getattr(state, name))
    values["books"] = deepcopy(state.books)
    for name in ("marks", "shortages", "reservations", "deleveragings"):
        values[name] = {key: copy(row) for key, row in getattr(state, name).items()}
    values["hash_index"] = deepcopy(state.hash_index)
    for name in values:
        if name.startswith("dirty_"):
            values[name] = set()
    return shadow


def simulate(
    state: State, account_id: int, step: bytes, *, clock: int | None = None, signatures: Signatures | None = None
) -> Simulation:
    """What a step would do to an account's margin, with what makes room for it and what it leaves due, as sequenced.

    `clock`: seconds, not before the state's; that by default. Raises KeyError for an unknown account.
    """
    before = assess(state, account_id)
    shadow = sandbox(state)
    if clock is not None:
        set_clock(shadow, clock)
    checked = signatures or _Anyone(state.accounts[account_id].owner)

    def run(one: bytes) -> list[Event]:
        return try_apply(shadow, one, checked)

    try:
        events = with_remedies(shadow, step, run)
    except Rejected as rejection:
        ranges = liquidation_ranges(state, account_id)
        return Simulation(reason=rejection.reason, events=(), before=before, after=before, liquidation=ranges)
    events += run_due(shadow, markets_after(shadow, events), run)
    return _compared(shadow, account_id, events, before)


def simulate_order(  # noqa: PLR0913
    state: State,
    account_id: int,
    *,
    market: int,
    side: Side,
    price: int,
    size: int,
    time_in_force: TimeInForce = TimeInForce.GTC,
    flags: int = 0,
) -> Simulation:
    """What a limit order would do; price in 1e-8 USD, size in 1e-8."""
    step = _unsigned(
        state,
        steps.PLACE_ORDER,
        account=account_id,
        market=market,
        side=int(side),
        timeInForce=int(time_in_force),
        flags=flags,
        price=price,
        size=size,
        goodTill=0,
    )
    return simulate(state, account_id, step)


def simulate_withdrawal(state: State, account_id: int, *, asset: int, amount: int) -> Simulation:
    """What a withdrawal would do; amount in the asset's base units."""
    step = _unsigned(state, steps.WITHDRAW, account=account_id, asset=asset, amount=amount, recipient=b"\x01" * 20)
    return simulate(state, account_id, step)


def simulate_price(state: State, account_id: int, *, underlying: int, price: int) -> Simulation:
    """What an index price (1e-8 USD) now would make of an account's margin, triggers and oracle rules apart."""
    return simulate_prices(state, account_id, {underlying: price})


def simulate_prices(state: State, account_id: int, prices: Mapping[int, int]) -> Simulation:
    """`simulate_price` of several underlyings at once. Raises Rejected(PriceOutOfRange), IndexError, KeyError."""
    if not all(0 < price < PRICE_LIMIT for price in prices.values()):
        raise Rejected(Reason.PRICE_OUT_OF_RANGE)
    before = assess(state, account_id)
    shadow = sandbox(state)
    events: list[Event] = []
    for underlying, price in prices.items():
        events += _move(shadow, underlying, price)
    return _compared(shadow, account_id, events, before)


def _move(shadow: State, underlying: int, price: int) -> list[Event]:
    leaf = shadow.underlyings[underlying]
    leaf.price, leaf.time, leaf.report = price, max(leaf.time + 1, shadow.header.clock), leaf.report + 1
    leaf.priced_count = 0
    events: list[Event] = []
    if not leaf.market_count:
        events.append(flip(shadow, underlying, leaf))
    for market_id in range(len(shadow.markets)):
        shadow.markets[market_id].trigger_above = shadow.markets[market_id].trigger_below = 0
    for group in marking.outstanding(shadow, underlying):
        events += marking.reprice(shadow, steps.reprice(*group), _Anyone(b""))
    return events


def _compared(shadow: State, account_id: int, events: list[Event], before: MarginReport) -> Simulation:
    return Simulation(
        reason=None,
        events=tuple(events),
        before=before,
        after=assess(shadow, account_id),
        liquidation=liquidation_ranges(shadow, account_id),
    )


def _unsigned(state: State, spec: SignedStep, **values: int | bytes) -> bytes:
    nonce = state.accounts[int(values["account"])].nonce_high + 1
    fields = spec.flat({"key": 0, "nonce": nonce, "expiry": (1 << 63), **values})
    return spec.layout.pack(spec.kind, *fields, bytes(32), bytes(32), 27)
