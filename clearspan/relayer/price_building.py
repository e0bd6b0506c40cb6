"""Builds the sources that an oracle's options name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import model_validator

from clearspan.replay.recording import Best, read_lines
from relayers.operating.config import Section
from relayers.ports import PriceSource
from relayers.price_sources import FilePrices, HttpPrices, RecordedPrices

SECOND_NS = 10**9


class PriceSection(Section):
    """One source: a `file` that is kept written, a `url`, or spot recordings by underlying, played from now on."""

    file: Path | None = None
    url: str | None = None
    recordings: dict[str, Path] | None = None

    @model_validator(mode="after")
    def _is_one(self) -> PriceSection:
        if sum(value is not None for value in (self.file, self.url, self.recordings)) != 1:
            raise ValueError("a source is a file, a url or recordings")
        return self


def price_sources(
    sections: Sequence[PriceSection], symbols: Sequence[str], now: Callable[[], int], base: Path
) -> list[PriceSource]:
    """In their order; paths are relative to `base`."""
    return [_source(section, symbols, now, base) for section in sections]


def _source(section: PriceSection, symbols: Sequence[str], now: Callable[[], int], base: Path) -> PriceSource:
    if section.file is not None:
        return FilePrices(base / section.file, symbols)
    if section.url is not None:
        return HttpPrices(section.url, symbols)
    recordings = section.recordings or {}
    return RecordedPrices(
        {number: _rows(base / recordings[symbol]) for number, symbol in enumerate(symbols) if symbol in recordings},
        now,
    )


def _rows(path: Path) -> list[tuple[int, int]]:
    """Second since the beginning and the middle between the best prices, the last of each second; 1e-8 USD."""
    rows: dict[int, int] = {}
    began: int | None = None
    for line in read_lines(path):
        if began is None:
            began = line.time_ns
        if isinstance(line.event, Best):
            rows[(line.time_ns - began) // SECOND_NS] = (line.event.bid + line.event.ask) // 2
    return sorted(rows.items())
