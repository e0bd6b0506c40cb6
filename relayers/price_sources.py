"""Where an oracle has its prices from: files, addresses, recordings, and the middle of several."""

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import ceil
from pathlib import Path
from typing import Annotated

import msgspec
import requests
import structlog

from relayers.ports import PriceSource, SourcePrice

ANSWER_BYTES_MAX = 65_536
PRICE_E8_MAX = 1 << 63


class Quoted(msgspec.Struct, frozen=True):
    """One price as files and addresses tell it: a decimal in quotes, USD; when it was, in seconds; give or take."""

    price: str
    time: Annotated[int, msgspec.Meta(ge=0, lt=1 << 40)]
    confidence: str = "0"


class FilePrices:
    """`{"BTC": {"price": "60123.5", "time": 1767225600}}` in a file that somebody else keeps writing (and renames)."""

    def __init__(self, path: Path, symbols: Sequence[str]) -> None:
        self._path = path
        self._symbols = symbols

    def latest(self, underlying: int) -> SourcePrice | None:
        """See PriceSource; None where the file is not there, or is no such thing."""
        try:
            body = self._path.read_bytes()
        except OSError as error:
            _say(str(self._path), str(error))
            return None
        return _price(body, self._symbols[underlying], str(self._path))


class HttpPrices:
    """The same document at an address, asked at most once a second."""

    def __init__(
        self,
        url: str,
        symbols: Sequence[str],
        *,
        timeout_seconds: float = 3.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._symbols = symbols
        self._timeout_seconds = timeout_seconds
        self._monotonic = monotonic
        self._asked_at = float("-inf")
        self._body = b""

    def latest(self, underlying: int) -> SourcePrice | None:
        """See PriceSource; None where nobody answers."""
        if self._monotonic() - self._asked_at >= 1:
            self._body, self._asked_at = self._ask(), self._monotonic()
        return _price(self._body, self._symbols[underlying], self._url) if self._body else None

    def _ask(self) -> bytes:
        try:
            with requests.get(self._url, timeout=self._timeout_seconds, stream=True, allow_redirects=False) as answer:
                answer.raise_for_status()
                body: bytes = answer.raw.read(ANSWER_BYTES_MAX, decode_content=True)
        except OSError as error:
            _say(self._url, type(error).__name__)
            return b""
        return body


class RecordedPrices:
    """Recorded prices played again from now on, second by second, and from their beginning after their end.

    rows: seconds since the recording began and 1e-8 USD, ascending, by underlying. A price of now is as new as now.
    """

    def __init__(self, rows: Mapping[int, Sequence[tuple[int, int]]], now: Callable[[], int]) -> None:
        self._rows = rows
        self._now = now
        self._began = now()

    def latest(self, underlying: int) -> SourcePrice | None:
        """See PriceSource."""
        rows = self._rows.get(underlying)
        if not rows:
            return None
        now = self._now()
        at = (now - self._began) % (rows[-1][0] + 1)
        place = bisect_right(rows, at, key=lambda row: row[0])
        return SourcePrice(price_e8=rows[max(0, place - 1)][1], time=now)


class MiddleOf:
    """The lower median of several sources, where `needed` of them know a price that is not too old.

    No price is said to be newer than the oldest of those it is made of. A source that lies moves it no further than
    the honest ones on either side. Its confidence is how far from it more than half of the sources lie, what they give
    or take themselves included; so sources that disagree are silence at the venue, and one of three that lies is not.
    """

    def __init__(
        self, sources: Sequence[PriceSource], *, needed: int, age_seconds_max: int, now: Callable[[], int]
    ) -> None:
        if not 0 < needed <= len(sources):
            raise ValueError("needed lies between 1 and the number of sources")
        self._sources = sources
        self._needed = needed
        self._age_seconds_max = age_seconds_max
        self._now = now

    def latest(self, underlying: int) -> SourcePrice | None:
        """See PriceSource."""
        now = self._now()
        found = [price for source in self._sources if (price := source.latest(underlying)) is not None]
        fresh = [price for price in found if now - self._age_seconds_max <= price.time <= now]
        if len(fresh) < self._needed:
            return None
        middle = sorted(price.price_e8 for price in fresh)[(len(fresh) - 1) // 2]
        reaches = sorted(abs(price.price_e8 - middle) + price.confidence_e8 for price in fresh)
        time = min(price.time for price in fresh)
        return SourcePrice(price_e8=middle, time=time, confidence_e8=reaches[len(fresh) // 2])


def _price(body: bytes, symbol: str, where: str) -> SourcePrice | None:
    try:
        quoted = msgspec.json.decode(body, type=dict[str, Quoted]).get(symbol)
        if quoted is None:
            return None
        scaled = Decimal(quoted.price) * 10**8
        units = int(scaled)
        confidence = ceil(Decimal(quoted.confidence) * 10**8)
    except (msgspec.MsgspecError, InvalidOperation, ValueError, OverflowError) as error:
        _say(where, f"{symbol}: {error}"[:200])
        return None
    if units != scaled or not 0 < units < PRICE_E8_MAX or not 0 <= confidence < PRICE_E8_MAX:
        _say(where, f"{symbol}: {quoted.price[:40]}, give or take {quoted.confidence[:40]}")
        return None
    return SourcePrice(price_e8=units, time=quoted.time, confidence_e8=confidence)


def _say(where: str, what: str) -> None:
    structlog.get_logger().debug("no price", source=where, error=what)
