"""Recordings: which file is what, and its lines as typed events.

A line is `<local receive time, ns> <json message>`; a file is gzip of such lines. Perpetual and spot files of one pair
and date are told apart by name: `binance-usdm-btcusdt-20240808.jsonl.gz` and `binance-spot-btcusdt-20240808.jsonl.gz`.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from exchange.sdk.errors import Rejected

_NAME = re.compile(r"(?P<venue>[a-z]+)-(?P<kind>usdm|spot)-(?P<base>[a-z0-9]+)usdt-(?P<date>[0-9]{8})\.jsonl\.gz")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A perpetual's file and the spot file beside it; `base` is the underlying, upper case."""

    base: str
    perpetual: Path
    spot: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Absolute sizes by price, both 1e-8, zero where a level is gone. A snapshot has `first` None and replaces all."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    first: int | None
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """Best bid and ask with their sizes, 1e-8."""

    bid: int
    bid_size: int
    ask: int
    ask_size: int
    update: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One recorded trade, 1e-8; `taker_buys` says which way the marketable order went."""

    price: int
    size: int
    taker_buys: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: when it was received (ns) and what it says; None for a message of a stream nobody asked for."""

    time_ns: int
    event: Depth | Best | Trade | None


def recording_of(path: Path) -> Recording:
    """The recording whose perpetual file is `path`.

    Raises Rejected(NotARecording) for another name, Rejected(SpotRecording) for a spot file, Rejected(RecordingMissing)
    where either file is absent.
    """
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise Rejected("NotARecording", f"{path.name}; expected a name like binance-usdm-btcusdt-20240808.jsonl.gz")
    if name["kind"] == "spot":
        raise Rejected("SpotRecording", f"{path.name} holds a spot market; give the perpetual's file")
    spot = path.with_name(f"{name['venue']}-spot-{name['base']}usdt-{name['date']}.jsonl.gz")
    for needed in (path, spot):
        if not needed.is_file():
            raise Rejected("RecordingMissing", f"{needed.name} is not in {path.parent}")
    return Recording(base=name["base"].upper(), perpetual=path, spot=spot)


def read_lines(path: Path) -> Iterator[Line]:
    """Every line in file order; raises Rejected(BadRecording) with the line's number."""
    number = 0
    try:
        with gzip.open(path, "rb") as file:
            for number, raw in enumerate(file, start=1):  # noqa: B007 - named in the error
                time, _, message = raw.partition(b" ")
                yield Line(time_ns=int(time), event=_event(msgspec.json.decode(message)))
    except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
        raise Rejected("BadRecording", f"{path.name} near line {number}: {error}") from error


def e8(number: str) -> int:
    """A plain decimal as an integer of 1e-8; more than eight decimals raise ValueError."""
    whole, _, fraction = number.partition(".")
    if len(fraction) > 8 or not (whole + fraction).isdecimal():
        raise ValueError(f"{number!r} is not a number of at most eight decimals")
    return int(whole + fraction.ljust(8, "0"))


def _levels(rows: Any) -> tuple[tuple[int, int], ...]:
    return tuple((e8(price), e8(size)) for price, size in rows)


def _event(message: dict[str, Any]) -> Depth | Best | Trade | None:
    if "stream" not in message:
        bids, asks = _levels(message["bids"]), _levels(message["asks"])
        return Depth(bids=bids, asks=asks, first=None, last=message["lastUpdateId"])
    body = message["data"]
    stream = message["stream"].partition("@")[2].partition("@")[0]
    if stream == "depth":
        return Depth(bids=_levels(body["b"]), asks=_levels(body["a"]), first=body["U"], last=body["u"])
    if stream == "bookTicker":
        bid, bid_size, ask, ask_size = e8(body["b"]), e8(body["B"]), e8(body["a"]), e8(body["A"])
        return Best(bid=bid, bid_size=bid_size, ask=ask, ask_size=ask_size, update=body["u"])
    if stream == "trade":
        return Trade(price=e8(body["p"]), size=e8(body["q"]), taker_buys=not body["m"])
    return None
