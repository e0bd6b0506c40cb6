"""Sources out of a configuration: paths beside it, and recordings second by second."""

import gzip
import json

import pytest
from pydantic import ValidationError

from clearspan.relayer.price_building import PriceSection, price_sources
from exchange.sdk.errors import Rejected
from relayers.price_sources import FilePrices, HttpPrices, RecordedPrices

SECOND = 10**9


def line(second, bid, ask):
    body = {"b": bid, "B": "1", "a": ask, "A": "1", "u": 1}
    return (
        f"{1_700_000_000 * SECOND + int(second * SECOND)} ".encode()
        + json.dumps({"stream": "btcusdt@bookTicker", "data": body}).encode()
    )


def test_a_recording_becomes_the_last_middle_of_each_second(tmp_path):
    path = tmp_path / "binance-spot-btcusdt-20240808.jsonl.gz"
    rows = [line(0, "100", "102"), line(0.5, "101", "103"), line(2.1, "99.5", "100.5")]
    path.write_bytes(gzip.compress(b"\n".join(rows) + b"\n"))
    now = [1_800_000_000]
    section = PriceSection.model_validate({"recordings": {"BTC": path.name}})
    (source,) = price_sources([section], ("ETH", "BTC"), lambda: now[0], tmp_path)
    assert isinstance(source, RecordedPrices)
    heard = []
    for second in range(4):
        now[0] = 1_800_000_000 + second
        heard.append(source.latest(1).price_e8 // 10**8)
    assert heard == [102, 102, 100, 102]
    assert source.latest(0) is None
    path.write_bytes(b"torn")
    with pytest.raises(Rejected, match="BadRecording"):
        price_sources([section], ("ETH", "BTC"), lambda: now[0], tmp_path)


def test_each_section_is_one_source(tmp_path):
    sections = [PriceSection.model_validate(one) for one in ({"file": "p.json"}, {"url": "http://127.0.0.1:9"})]
    (tmp_path / "p.json").write_text('{"BTC": {"price": "5", "time": 7}}')
    file, address = price_sources(sections, ("BTC",), lambda: 0, tmp_path)
    assert isinstance(file, FilePrices)
    assert isinstance(address, HttpPrices)
    assert file.latest(0).price_e8 == 5 * 10**8
    assert address.latest(0) is None


@pytest.mark.parametrize("section", [{}, {"file": "a", "url": "b"}, {"path": "a"}])
def test_anything_else_is_refused(section):
    with pytest.raises(ValidationError):
        PriceSection.model_validate(section)
