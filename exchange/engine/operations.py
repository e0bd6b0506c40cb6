"""Operations: what the admin changes in the listing, announced in the state and effective only after a delay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct as Layout
from types import MappingProxyType
from typing import Final

from exchange.engine import gates, steps
from exchange.engine.events import Event, MarketChanged, OperationEnded, OperationProposed
from exchange.engine.listing import ExpirySpec, ListingError, MarketSpec, list_expiry, market_of
from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.engine.signed_steps import SIGNATURE
from exchange.state.hashing import keccak256
from exchange.state.limits import MARKET_LIMIT, OPERATION_LIMIT
from exchange.state.market import Market, MarketKind, MarketStatus, Phase
from exchange.state.operation import Operation, OperationKind, OperationStatus
from exchange.state.state import State

MARKET_FIELDS: Final = (
    *("underlying", "kind", "tick", "lot", "min_size", "open_interest_cap", "multiplier", "scan_range"),
    *("maintenance_factor", "transfer_factor", "taker_fee", "maker_fee", "liquidation_fee", "liquidation_slippage"),
    *("price_band", "expiry", "strike", "margin_floor", "margin_ceiling", "margin_growth"),
    *("funding_interest", "funding_cap", "backstop_cap"),
)
CHANGEABLE_FIELDS: Final = (
    *("min_size", "open_interest_cap", "maintenance_factor", "transfer_factor", "taker_fee", "maker_fee"),
    *("liquidation_fee", "liquidation_slippage", "price_band", "margin_floor", "margin_ceiling", "margin_growth"),
    *("funding_interest", "funding_cap", "backstop_cap"),
)
LIST_MARKET: Final = Layout(">HBQQQQIIIIIiIIIHQQQIiIQ")
CHANGE_MARKET: Final = Layout(">HQQIIIiIIIQQIiIQ")
OPEN_MARKET: Final = Layout(">HB")
HALT_MARKET: Final = Layout(">H")
LIST_EXPIRY: Final = Layout(">HQqI")


def propose(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Announce an operation; anyone may carry it out once its delay is over. Raises Rejected with nothing changed.

    The signature names the operation's id, which is the next one: so it is good for one proposal.
    """
    spec = steps.PROPOSE
    if len(step) < spec.size + SIGNATURE.size:
        raise Rejected(Reason.MALFORMED)
    _, operation_id, kind, expiry = spec.layout.unpack_from(step)
    body = step[spec.size : -SIGNATURE.size]
    struct_hash = spec.hash(operation_id, kind, expiry, keccak256(body))
    _require_admin(state, signatures, expiry, struct_hash, step[-SIGNATURE.size :])
    if operation_id != state.header.operation_count:
        raise Rejected(Reason.OPERATION_UNKNOWN)
    if operation_id >= OPERATION_LIMIT:
        raise Rejected(Reason.OPERATIONS_EXHAUSTED)
    if kind not in _LAYOUTS or len(body) != _LAYOUTS[kind].size:
        raise Rejected(Reason.MALFORMED)
    config = state.config
    delay = config.halt_delay if kind == OperationKind.HALT_MARKET else config.operation_delay
    effective_at = state.header.clock + delay
    state.operations.append(Operation(OperationStatus.PENDING, effective_at, kind, body))
    state.header.operation_count = operation_id + 1
    state.dirty_operations.add(operation_id)
    return [OperationProposed(operation_id, kind, effective_at)]


def execute_operation(state: State, step: bytes, _signatures: Signatures) -> list[Event]:
    """Carry out an operation whose delay is over; permissionless. Raises Rejected with nothing changed."""
    if len(step) != steps.OPERATION_STEP.size:
        raise Rejected(Reason.MALFORMED)
    _, operation_id = steps.OPERATION_STEP.unpack(step)
    operation = _pending(state, operation_id)
    if state.header.clock < operation.effective_at:
        raise Rejected(Reason.OPERATION_NOT_DUE)
    try:
        event = _ACTIONS[operation.kind](state, _LAYOUTS[operation.kind].unpack(operation.body))
    except ListingError as error:
        raise Rejected(Reason.OPERATION_INVALID) from error
    operation.status = OperationStatus.EXECUTED
    state.dirty_operations.add(operation_id)
    return [*event, OperationEnded(operation_id, operation.kind, is_executed=True)]


def cancel_operation(state: State, step: bytes, signatures: Signatures) -> list[Event]:
    """Take a pending operation back. Raises Rejected with nothing changed."""
    spec = steps.CANCEL_OPERATION
    if len(step) != spec.size:
        raise Rejected(Reason.MALFORMED)
    _, operation_id, expiry, *_ = spec.layout.unpack(step)
    struct_hash = spec.hash(operation_id, expiry)
    _require_admin(state, signatures, expiry, struct_hash, step[-SIGNATURE.size :])
    operation = _pending(state, operation_id)
    operation.status = OperationStatus.CANCELLED
    state.dirty_operations.add(operation_id)
    return [OperationEnded(operation_id, operation.kind, is_executed=False)]


def _require_admin(state: State, signatures: Signatures, expiry: int, struct_hash: bytes, signature: bytes) -> None:
    if expiry <= state.header.clock:
        raise Rejected(Reason.EXPIRED)
    signer = signatures.recover(keccak256(state.domain_prefix + struct_hash), *SIGNATURE.unpack(signature))
    if signer != state.config.admin:
        raise Rejected(Reason.BAD_SIGNATURE, signer=signer or b"")


def _pending(state: State, operation_id: int) -> Operation:
    if operation_id >= len(state.operations):
        raise Rejected(Reason.OPERATION_UNKNOWN)
    operation = state.operations[operation_id]
    if operation.status != OperationStatus.PENDING:
        raise Rejected(Reason.OPERATION_NOT_PENDING)
    return operation


def _list_market(state: State, fields: tuple[int, ...]) -> list[Event]:
    if len(state.markets) >= MARKET_LIMIT:
        raise Rejected(Reason.OPERATION_INVALID)
    values = dict(zip(MARKET_FIELDS, fields, strict=True))
    spec = MarketSpec(symbol="", **_with_kind(values), status=MarketStatus.LISTED)  # type: ignore[arg-type]
    shared = {state.markets[other].scan_range for other in _markets_of(state, spec.underlying)}
    if shared - {spec.scan_range}:
        raise Rejected(Reason.OPERATION_INVALID)
    market_id = state.add_market(market_of(spec, state))
    state.refresh_pricing(spec.underlying)
    return [MarketChanged(market_id, MarketStatus.LISTED, Phase.ANY)]


def _change_market(state: State, fields: tuple[int, ...]) -> list[Event]:
    market_id, *changed = fields
    market = _market(state, market_id)
    values = {name: getattr(market, name) for name in MARKET_FIELDS}
    values.update(zip(CHANGEABLE_FIELDS, changed, strict=True))
    market_of(MarketSpec(symbol="", **_with_kind(values)), state)  # type: ignore[arg-type]
    for name, value in zip(CHANGEABLE_FIELDS, changed, strict=True):
        setattr(market, name, value)
    state.dirty_markets.add(market_id)
    state.refresh_pricing(market.underlying)
    return [MarketChanged(market_id, market.status, market.phase)]


def _open_market(state: State, fields: tuple[int, ...]) -> list[Event]:
    market_id, phase = fields
    market = _market(state, market_id)
    if phase > max(Phase):
        raise Rejected(Reason.OPERATION_INVALID)
    if market.status != MarketStatus.OPEN:
        market.status = MarketStatus.OPEN
        market.resumed_at = state.header.clock
    market.phase = phase
    state.dirty_markets.add(market_id)
    return [MarketChanged(market_id, market.status, phase)]


def _halt_market(state: State, fields: tuple[int, ...]) -> list[Event]:
    (market_id,) = fields
    market = _market(state, market_id)
    if market.status != MarketStatus.OPEN:
        raise Rejected(Reason.OPERATION_INVALID)
    market.status = MarketStatus.HALTED
    state.dirty_markets.add(market_id)
    return [MarketChanged(market_id, market.status, market.phase)]


def _list_expiry(state: State, fields: tuple[int, ...]) -> list[Event]:
    underlying, time, carry, volatility_range = fields
    list_expiry(state, ExpirySpec(underlying=underlying, time=time, carry=carry, volatility_range=volatility_range))
    return []


def _market(state: State, market_id: int) -> Market:
    """A market that is not over and in the middle of nothing."""
    if market_id >= len(state.markets):
        raise Rejected(Reason.MARKET_UNKNOWN)
    market = state.markets[market_id]
    if market.register:
        raise Rejected(Reason.REGISTER_OPEN)
    if state.header.envelope_account:
        raise Rejected(Reason.ENVELOPE_OPEN)
    if market.status >= MarketStatus.EXPIRED or gates.has_expired(state, market):
        raise Rejected(Reason.MARKET_EXPIRED)
    return market


def _markets_of(state: State, underlying: int) -> list[int]:
    return state.markets_of[underlying] if underlying < len(state.underlyings) else []


def _with_kind(values: dict[str, int]) -> dict[str, int]:
    try:
        return {**values, "kind": MarketKind(values["kind"])}
    except ValueError as error:
        raise Rejected(Reason.OPERATION_INVALID) from error


_LAYOUTS: Final[Mapping[int, Layout]] = MappingProxyType(
    {
        int(OperationKind.LIST_MARKET): LIST_MARKET,
        int(OperationKind.OPEN_MARKET): OPEN_MARKET,
        int(OperationKind.HALT_MARKET): HALT_MARKET,
        int(OperationKind.CHANGE_MARKET): CHANGE_MARKET,
        int(OperationKind.LIST_EXPIRY): LIST_EXPIRY,
    }
)
_ACTIONS: Final[Mapping[int, Callable[[State, tuple[int, ...]], list[Event]]]] = MappingProxyType(
    {
        int(OperationKind.LIST_MARKET): _list_market,
        int(OperationKind.OPEN_MARKET): _open_market,
        int(OperationKind.HALT_MARKET): _halt_market,
        int(OperationKind.CHANGE_MARKET): _change_market,
        int(OperationKind.LIST_EXPIRY): _list_expiry,
    }
)
