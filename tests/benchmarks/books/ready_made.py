"""Books from PyPI on one flow, each in its own terms; run in an environment of their own: `.venv-books`.

Prints one JSON object a line: name, operations, seconds, traded. A book that cannot take an order for just what it
meets at once gets it as a limit, and what is left is cancelled.
"""
# ruff: noqa: PLC0415 - each book is imported by the one that runs it

from __future__ import annotations

import gc
import json
import logging
import sys
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from flow import CANCEL, LIMIT, Operation, make_flow, run_ladder

logging.disable(logging.CRITICAL)

Steps = list[tuple[Callable[..., Any], tuple[Any, ...]]]


def ladder(flow: list[Operation]) -> tuple[float, int]:
    started = perf_counter()
    traded = run_ladder(flow)
    return perf_counter() - started, traded


def orderly_chaos(flow: list[Operation]) -> tuple[float, int]:
    from orderly_chaos import LimitOrderBook, Side

    sides = (Side.BUY, Side.SELL)
    book = LimitOrderBook()
    traded = 0
    started = perf_counter()
    for kind, number, side, price, size in flow:
        if kind == CANCEL:
            book.cancel(number + 1)
            continue
        filled = book.limit(sides[side], order_id=number + 1, quantity=size, price=price)
        traded += filled
        if kind != LIMIT and filled < size:
            book.cancel(number + 1)
    return perf_counter() - started, traded


def obook(flow: list[Operation]) -> tuple[float, int]:
    import obook as package

    ids: dict[int, int] = {}
    traded = 0
    with package.Book(max_orders=1 << 20) as book:
        started = perf_counter()
        for kind, number, side, price, size in flow:
            if kind == CANCEL:
                book.cancel(user=1 + number, order_id=ids[number])
                continue
            tif = package.GTC if kind == LIMIT else package.IOC
            result = book.submit(user=1 + number, side=side, price=price, qty=size, tif=tif)
            ids[number] = result.order_id
            traded += sum(event.qty for event in book.events() if event.kind == package.EventKind.TRADE)
        seconds = perf_counter() - started
    return seconds, traded


def cython_orderbook(flow: list[Operation]) -> tuple[float, int]:
    from decimal import Decimal

    from cython_orderbook import Order, OrderBook, OrderSide

    sides = (OrderSide.BID, OrderSide.ASK)
    prices = {operation[3]: Decimal(operation[3]) for operation in flow}
    book = OrderBook()
    orders: dict[int, Any] = {}
    started = perf_counter()
    for kind, number, side, price, size in flow:
        if kind == CANCEL:
            book.cancel_order(orders[number].order_id)
            continue
        orders[number] = order = Order(side=sides[side], price=prices[price], original_quantity=size)
        book.add_limit_order(order)
        if kind != LIMIT and order.remaining_quantity:
            book.cancel_order(order.order_id)
    seconds = perf_counter() - started
    takers = (order.original_quantity - order.remaining_quantity for order in orders.values())
    return seconds, sum(takers) // 2


def lightmatchingengine(flow: list[Operation]) -> tuple[float, int]:
    from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

    book = LightMatchingEngine()
    ids: dict[int, int] = {}
    traded = 0
    started = perf_counter()
    for kind, number, side, price, size in flow:
        if kind == CANCEL:
            book.cancel_order(ids[number], "X")
            continue
        order, _ = book.add_order("X", price, size, Side.SELL if side else Side.BUY)
        ids[number] = order.order_id
        traded += size - order.leaves_qty
        if kind != LIMIT and order.leaves_qty:
            book.cancel_order(order.order_id, "X")
    return perf_counter() - started, traded


def pyorderbook(flow: list[Operation]) -> tuple[float, int]:
    from pyorderbook import Book, ask, bid

    book = Book()
    orders: dict[int, Any] = {}
    traded = 0
    started = perf_counter()
    for kind, number, side, price, size in flow:
        if kind == CANCEL:
            book.cancel(orders[number])
            continue
        orders[number] = order = (ask if side else bid)("X", price, size)
        book.match(order)
        traded += size - order.quantity
        if kind != LIMIT and order.quantity:
            book.cancel(order)
    return perf_counter() - started, traded


def fastlob(flow: list[Operation]) -> tuple[float, int]:
    from fastlob import Orderbook, OrderParams, OrderSide, OrderType

    sides = (OrderSide.BID, OrderSide.ASK)
    ids: dict[int, Any] = {}
    traded = 0
    with Orderbook(name="flow") as book:
        started = perf_counter()
        for kind, number, side, price, size in flow:
            if kind == CANCEL:
                book.cancel(ids[number])
                continue
            result = book(OrderParams(side=sides[side], price=price, quantity=size, otype=OrderType.GTC))
            ids[number] = result.orderid()
            _, left = book.get_status(ids[number])
            traded += size - int(left)
            if kind != LIMIT and left:
                book.cancel(ids[number])
        seconds = perf_counter() - started
    return seconds, traded


BOOKS = (ladder, orderly_chaos, obook, cython_orderbook, lightmatchingengine, pyorderbook, fastlob)
SLOW = frozenset(("lightmatchingengine", "pyorderbook", "fastlob"))
"""Take a tenth of the flow."""


def main(operations: int, wanted: Iterable[str]) -> None:
    """Run the books that were asked for, all unless told."""
    names = set(wanted)
    flow = make_flow(operations)
    for book in BOOKS:
        if names and book.__name__ not in names:
            continue
        taken = flow[: operations // 10] if book.__name__ in SLOW else flow
        gc.collect()
        try:
            seconds, traded = book(taken)
        except Exception as error:  # noqa: BLE001 - somebody else's package
            print(json.dumps({"name": book.__name__, "error": repr(error)}), flush=True)
            continue
        found = {"name": book.__name__, "operations": len(taken), "seconds": seconds, "traded": traded}
        print(json.dumps({**found, "agrees": traded == run_ladder(taken)}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
