"""Bulk envelopes: one signature, one nonce, up to 32 items, a bounded part a step, and nobody in between."""

from __future__ import annotations

import pytest

from exchange.engine import (
    EnvelopeDropped,
    EnvelopeOpened,
    Filled,
    ItemBegun,
    ItemRejected,
    OrderPlaced,
    OrderReduced,
    OrderRemoved,
    Reason,
    RegisterOpened,
    Rejected,
    cancel_item,
    invariants,
    open_orders,
    place_item,
    replace_item,
    set_clock,
    sign_place_bulk,
    steps,
    trigger_item,
)
from exchange.engine.due import due_step
from exchange.state import Scope, Side, TimeInForce
from exchange.state.order import OrderFlag

UNIT = 10**8
NEVER = 2**63


def item(price: float, size: float, side: int = Side.BID, market: int = 0, **options: int) -> bytes:
    return place_item(market=market, side=side, price=round(price * UNIT), size=round(size * UNIT), **options)


def bulk(venue, account: int, items: list[bytes], **options) -> bytes:
    return sign_place_bulk(
        options.pop("key", venue.signers[account & 0xFFFFFF]),
        venue.domain,
        account=account,
        items=items,
        nonce=options.pop("nonce", None) or venue.next_nonce(),
        expiry=NEVER,
        **options,
    )


def reason_of(venue, step: bytes) -> Reason:
    with pytest.raises(Rejected) as caught:
        venue.do(step)
    return caught.value.reason


def drain(venue) -> list[object]:
    events: list[object] = []
    while (step := due_step(venue.state, [0, 1])) is not None:
        events += venue.do(step)
    return events


def test_a_short_envelope_is_done_in_one_step(venue) -> None:
    events = venue.do(bulk(venue, 1, [item(49_000 - n, 0.1) for n in range(8)]))
    assert [type(event) for event in events] == [ItemBegun, OrderPlaced] * 8
    assert [event.item for event in events if isinstance(event, ItemBegun)] == list(range(8))
    assert {event.nonce for event in events} == {venue.nonce}
    assert venue.state.accounts[1].envelope is None
    assert venue.state.header.envelope_account == 0


def test_a_long_one_goes_on_in_order_by_anyones_step(venue) -> None:
    first = venue.do(bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(20)]))
    assert first[-1] == EnvelopeOpened(1, venue.nonce, 12)
    assert len(first) == 17
    assert reason_of(venue, steps.continue_bulk(2)) == Reason.ENVELOPE_CLOSED
    second = venue.do(steps.continue_bulk(1))
    third = venue.do(steps.continue_bulk(1))
    assert [len(second), len(third)] == [17, 8]
    assert third[-2].item == 19
    placed = [event.price for event in first + second + third if isinstance(event, OrderPlaced)]
    assert placed == [(49_000 - n) * UNIT for n in range(20)]
    assert reason_of(venue, steps.continue_bulk(1)) == Reason.ENVELOPE_CLOSED


def test_nobody_gets_in_between_but_cancels(venue) -> None:
    (own,) = venue.sell(2, 51_000, 1)
    step = bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(20)])
    venue.do(step)
    refused = (
        venue.order(2, 0, Side.ASK, 49_000, 1),
        venue.order(2, 1, Side.ASK, 3_000, 1),
        bulk(venue, 2, [item(49_000, 0.1)]),
        steps.liquidate(2, 0),
        venue.order(1, 0, Side.BID, 49_500, 0.1),
    )
    assert [reason_of(venue, other) for other in refused] == [Reason.ENVELOPE_OPEN] * len(refused)
    venue.do(venue.cancel(2, 0, own.slot, own.sequence))
    drain(venue)
    venue.do(refused[0])


def test_the_nonce_is_used_once_even_while_it_is_open(venue) -> None:
    step = bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(20)])
    venue.do(step)
    assert reason_of(venue, step) == Reason.NONCE_USED
    drain(venue)
    assert reason_of(venue, step) == Reason.NONCE_USED
    assert len(open_orders(venue.state, 1)) == 20


def test_items_stand_alone(venue) -> None:
    (resting,) = venue.buy(1, 48_000, 0.1)
    items = [
        item(49_000, 0.1),
        item(49_000.05, 0.1),
        cancel_item(market=0, slot=resting.slot, sequence=resting.sequence + 9),
        item(49_000, 1_000),
        cancel_item(market=0, slot=resting.slot, sequence=resting.sequence),
        item(2_900, 0.5, market=1),
        item(1, 1, market=7),
    ]
    events = venue.do(bulk(venue, 1, items))
    told = [event for event in events if not isinstance(event, ItemBegun)]
    outcome = [event.reason if isinstance(event, ItemRejected) else type(event) for event in told]
    assert outcome == [
        OrderPlaced,
        Reason.PRICE_OFF_TICK,
        Reason.ORDER_UNKNOWN,
        Reason.INSUFFICIENT_MARGIN,
        OrderRemoved,
        OrderPlaced,
        Reason.MARKET_UNKNOWN,
    ]
    assert [event.item for event in events if isinstance(event, ItemRejected)] == [1, 2, 3, 6]


def test_a_taker_in_an_envelope_finishes_before_the_next_item(venue) -> None:
    for _ in range(20):
        venue.sell(2, 50_000, 0.01)
    events = venue.do(bulk(venue, 1, [item(50_000, 0.2), item(50_100, 0.05), item(2_900, 0.1, market=1)]))
    assert sum(isinstance(event, Filled) for event in events) <= 8
    assert any(isinstance(event, RegisterOpened) for event in events)
    assert reason_of(venue, steps.continue_bulk(1)) == Reason.REGISTER_OPEN
    assert due_step(venue.state, []) == steps.continue_register(0)
    rest = drain(venue)
    placed = [event for event in rest if isinstance(event, OrderPlaced)]
    assert [(event.market, event.remaining) for event in placed] == [(0, 5 * UNIT // 100), (1, UNIT // 10)]
    assert venue.state.accounts[1].positions[0].size == 20 * UNIT // 100


@pytest.mark.parametrize("how", ["cancel all", "liquidation epoch"])
def test_killing_the_orders_kills_what_is_left_of_the_envelope(venue, how: str) -> None:
    venue.do(bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(20)]))
    if how == "cancel all":
        venue.do(venue.cancel_all(1))
    else:
        venue.state.accounts[1].kill_orders()
        venue.state.dirty_accounts.add(1)
    (dropped,) = venue.do(steps.continue_bulk(1))
    assert isinstance(dropped, EnvelopeDropped)
    assert dropped.items == 12
    assert open_orders(venue.state, 1) == []
    venue.buy(2, 49_000, 0.1)


def test_every_step_touches_at_most_eight(venue) -> None:
    for _ in range(30):
        venue.sell(2, 50_000, 0.01)
    events = venue.do(bulk(venue, 1, [item(50_000, 0.03, time_in_force=TimeInForce.IOC) for _ in range(10)]))
    while True:
        touched = sum(isinstance(event, Filled | OrderPlaced | OrderRemoved) for event in events)
        assert touched <= 8
        step = due_step(venue.state, [0])
        if step is None:
            break
        events = venue.do(step)
    assert venue.state.accounts[1].positions[0].size == 30 * UNIT // 100


@pytest.mark.parametrize(
    "items",
    [
        [],
        [item(49_000, 0.1)] * 33,
        [item(49_000, 0.1)[:-1]],
        [item(49_000, 0.1) + b"\x00"],
    ],
)
def test_envelopes_of_a_wrong_length(venue, items: list[bytes]) -> None:
    assert reason_of(venue, bulk(venue, 1, items)) == Reason.MALFORMED


def test_items_with_fields_that_mean_nothing_are_malformed(venue) -> None:
    cancel = cancel_item(market=0, slot=0, sequence=1)
    place = item(49_000, 0.1)
    bad = [b"\x09" + place[1:], place[:6] + b"\x00\x00\x00\x01" + place[10:], cancel[:3] + b"\x01" + cancel[4:]]
    events = venue.do(bulk(venue, 1, bad))
    assert [event.reason for event in events if isinstance(event, ItemRejected)] == [Reason.MALFORMED] * 3


def test_an_envelope_of_thirty_two_is_the_largest(venue) -> None:
    step = bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(32)])
    assert len(step) == 31 + 32 * 34 + 65 < 4_096
    venue.do(step)
    drain(venue)
    assert len(open_orders(venue.state, 1)) == 32


def test_a_session_key_needs_the_scopes_of_all_items(venue) -> None:
    bot = venue.signer(77)
    trade = venue.set_key(1, bot, Scope.TRADE)
    cancel = cancel_item(market=0, slot=0, sequence=1)
    assert reason_of(venue, bulk(venue, 1, [item(49_000, 0.1), cancel], key=bot, key_id=trade)) == (
        Reason.KEY_OUT_OF_SCOPE
    )
    venue.do(bulk(venue, 1, [item(49_000, 0.1)], key=bot, key_id=trade))


def test_good_till_is_for_every_item(venue) -> None:
    until = venue.state.header.clock + 50
    events = venue.do(bulk(venue, 1, [item(49_000, 0.1), item(48_000, 0.1)], good_till=until))
    placed = [event for event in events if isinstance(event, OrderPlaced)]
    assert [venue.state.orders[0][event.slot].expiry for event in placed] == [until, until]


def test_a_forged_item_breaks_the_signature(venue) -> None:
    step = bytearray(bulk(venue, 1, [item(49_000, 0.1), item(48_000, 0.1)]))
    step[31 + 34 + 18] ^= 1
    assert reason_of(venue, bytes(step)) == Reason.BAD_SIGNATURE


def test_an_open_envelope_survives_a_commit_and_a_revert(venue) -> None:
    state = venue.state
    venue.do(bulk(venue, 1, [item(49_000 - n, 0.01) for n in range(20)]))
    root = state.commit()
    number = state.commit_number
    drain(venue)
    state.commit()
    assert state.revert_to(number) == root
    assert len(state.accounts[1].envelope.items) == 12 * 34
    drain(venue)
    assert len(open_orders(state, 1)) == 20


def test_a_fired_switch_is_carried_out_before_new_orders_and_not_before_cancels(venue) -> None:
    (resting,) = venue.buy(1, 48_000, 0.1)
    venue.do(venue.signed(steps.SCHEDULE_CANCEL_ALL, 1, time=venue.state.header.clock + 1))
    set_clock(venue.state, venue.state.header.clock + 1)
    step = bulk(venue, 1, [item(49_000, 0.1)])
    assert reason_of(venue, step) == Reason.CANCEL_ALL_DUE
    venue.do(bulk(venue, 1, [cancel_item(market=0, slot=resting.slot, sequence=resting.sequence)]))
    venue.do(steps.cancel_due(1))
    venue.do(step)


def placed(events) -> OrderPlaced:
    (event,) = [event for event in events if isinstance(event, OrderPlaced)]
    return event


def test_an_order_is_replaced_in_an_envelope_as_by_a_step_of_its_own(venue) -> None:
    old = placed(venue.sell(2, 51_000, 1))
    kept = placed(venue.sell(2, 52_000, 1))
    name = {"market": 0, "slot": old.slot, "sequence": old.sequence}
    smaller = {"market": 0, "slot": kept.slot, "sequence": kept.sequence}
    events = venue.do(
        bulk(
            venue,
            2,
            [
                replace_item(**name, price=51_500 * UNIT, size=2 * UNIT),
                replace_item(**smaller, price=52_000 * UNIT, size=UNIT // 2),
                replace_item(**name, price=51_600 * UNIT, size=UNIT),
            ],
        )
    )
    assert [type(event) for event in events] == [
        *(ItemBegun, OrderRemoved, OrderPlaced),
        *(ItemBegun, OrderReduced),
        *(ItemBegun, ItemRejected),
    ]
    assert events[-1].reason == Reason.ORDER_UNKNOWN
    rests = {(order.price, order.remaining, order.nonce) for order in open_orders(venue.state, 2)}
    assert rests == {(51_500 * UNIT, 2 * UNIT, venue.nonce), (52_000 * UNIT, UNIT // 2, kept.nonce)}
    invariants.check(venue.state)


def test_who_may_not_replace_an_order_does_not_by_an_envelope(venue) -> None:
    foreign = placed(venue.sell(2, 51_000, 1))
    items = [replace_item(market=0, slot=foreign.slot, sequence=foreign.sequence, price=50_500 * UNIT, size=UNIT)]
    events = venue.do(bulk(venue, 1, items))
    assert [type(event) for event in events] == [ItemBegun, ItemRejected]
    assert (events[1].reason, len(open_orders(venue.state, 2))) == (Reason.ORDER_UNKNOWN, 1)
    # A key that may only cancel may not replace.
    signer = venue.signer(77)
    key = venue.set_key(2, signer, Scope.CANCEL)
    assert reason_of(venue, bulk(venue, 2, items, key=signer, key_id=key)) == Reason.KEY_OUT_OF_SCOPE


def test_a_replacement_beyond_margin_leaves_the_order_alone(venue) -> None:
    old = placed(venue.sell(2, 51_000, 1))
    item_ = replace_item(market=0, slot=old.slot, sequence=old.sequence, price=51_000 * UNIT, size=900 * UNIT)
    events = venue.do(bulk(venue, 2, [item_]))
    assert events[-1].reason == Reason.INSUFFICIENT_MARGIN
    (order,) = open_orders(venue.state, 2)
    assert (order.sequence, order.remaining) == (old.sequence, UNIT)


def test_a_step_touches_eight_orders_and_a_replacement_is_two(venue) -> None:
    names = [placed(venue.sell(2, 51_000 + n, 0.1)) for n in range(10)]
    items = [
        replace_item(market=0, slot=one.slot, sequence=one.sequence, price=one.price + 100 * UNIT, size=UNIT // 10)
        for one in names
    ]
    steps_taken = [venue.do(bulk(venue, 2, items))]
    while venue.state.accounts[2].envelope is not None:
        steps_taken.append(venue.do(steps.continue_bulk(2)))
    touched = [sum(isinstance(event, OrderPlaced | OrderRemoved | Filled) for event in taken) for taken in steps_taken]
    assert touched == [8, 8, 4]
    assert sorted(order.price for order in open_orders(venue.state, 2)) == [(51_100 + n) * UNIT for n in range(10)]
    # One touch is left after seven orders: the replacement waits for the next step.
    more = open_orders(venue.state, 2)[0]
    mixed = [item(49_000 - n, 0.01) for n in range(7)]
    mixed.append(replace_item(market=0, slot=more.slot, sequence=more.sequence, price=52_000 * UNIT, size=UNIT // 10))
    first = venue.do(bulk(venue, 2, mixed))
    assert sum(isinstance(event, OrderPlaced) for event in first) == 7
    assert first[-1] == EnvelopeOpened(2, venue.nonce, 1)


def test_a_replacement_that_crosses_fills(venue) -> None:
    venue.sell(1, 50_500, 1)
    bid = placed(venue.buy(2, 49_000, 1))
    events = venue.do(
        bulk(venue, 2, [replace_item(market=0, slot=bid.slot, sequence=bid.sequence, price=50_500 * UNIT, size=UNIT)])
    )
    assert [type(event) for event in events] == [ItemBegun, OrderRemoved, Filled]
    invariants.check(venue.state)


def test_stops_wait_from_an_envelope_and_fire(venue) -> None:
    venue.sell(1, 50_000, 1)
    venue.buy(2, 50_000, 1)
    venue.buy(1, 47_000, 2)
    stop = {"market": 0, "side": Side.ASK, "price": 46_000 * UNIT, "size": UNIT, "trigger": 48_000 * UNIT}
    flags = int(OrderFlag.TRIGGER_BELOW | OrderFlag.REDUCE_ONLY)
    events = venue.do(bulk(venue, 2, [trigger_item(**stop, flags=flags), trigger_item(**stop, flags=0)]))
    assert [type(event) for event in events] == [ItemBegun, OrderPlaced, ItemBegun, ItemRejected]
    assert events[1].trigger == 48_000 * UNIT
    venue.price(btc=47_900)
    fired = drain(venue)
    assert any(isinstance(event, Filled) for event in fired)
    assert venue.state.accounts[2].positions.get(0) is None
    invariants.check(venue.state)


@pytest.mark.parametrize(
    "wrong",
    [
        steps.ITEM.pack(2, 0, 1, 0, 0, 0, 50_000 * UNIT, UNIT, 1),
        steps.ITEM.pack(2, 0, 0, 1, 0, 0, 50_000 * UNIT, UNIT, 1),
        steps.ITEM.pack(2, 0, 0, 0, 1, 0, 50_000 * UNIT, UNIT, 1),
        steps.ITEM.pack(3, 0, 0, 1, 0, 0, 50_000 * UNIT, UNIT, 0),
        steps.ITEM.pack(3, 0, 0, 1, 0, 1, 50_000 * UNIT, UNIT, 1),
        steps.ITEM.pack(4, 0, 0, 1, 0, 0, 50_000 * UNIT, UNIT, 0),
    ],
)
def test_fields_an_item_does_not_have_are_zero(venue, wrong) -> None:
    events = venue.do(bulk(venue, 2, [wrong]))
    assert events[-1].reason == Reason.MALFORMED


def test_a_replacement_waits_for_the_register_of_its_market(venue) -> None:
    resting = placed(venue.sell(1, 51_000, 0.1))
    for n in range(12):
        venue.sell(2, 50_000 + n, 0.1)
    own = replace_item(market=0, slot=resting.slot, sequence=resting.sequence, price=51_500 * UNIT, size=UNIT // 10)
    first = venue.do(bulk(venue, 1, [item(50_100, 1.2), own]))
    assert isinstance(first[-1], EnvelopeOpened)
    assert reason_of(venue, steps.continue_bulk(1)) == Reason.REGISTER_OPEN
    assert any(isinstance(event, OrderPlaced) and event.price == 51_500 * UNIT for event in drain(venue))
