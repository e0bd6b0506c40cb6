"""Sources of prices: what they know, and what they do not say."""

import json

import pytest

from chains.http_server import HttpServer, Reply
from relayers.ports import SourcePrice
from relayers.price_sources import FilePrices, HttpPrices, MiddleOf, RecordedPrices

SYMBOLS = ("BTC", "ETH")
NOW = 1_800_000_000


class Fixed:
    def __init__(self, price, time=NOW, confidence=0):
        self.price = price
        self.time = time
        self.confidence = confidence

    def latest(self, _):
        if self.price is None:
            return None
        return SourcePrice(price_e8=self.price, time=self.time, confidence_e8=self.confidence)


def document(price="60123.5", time=NOW, symbol="BTC"):
    return json.dumps({symbol: {"price": price, "time": time}}).encode()


def test_a_document_may_say_how_sure_it_is(tmp_path):
    path = tmp_path / "prices.json"
    source = FilePrices(path, SYMBOLS)
    for told, heard in (("0", 0), ("12.5", 1_250_000_000), ("0.000000001", 1)):
        path.write_text(json.dumps({"BTC": {"price": "60123.5", "time": NOW, "confidence": told}}))
        assert source.latest(0) == SourcePrice(price_e8=6_012_350_000_000, time=NOW, confidence_e8=heard)
    for wrong in ("-1", "NaN", "Infinity", "much", "1e30"):
        path.write_text(json.dumps({"BTC": {"price": "60123.5", "time": NOW, "confidence": wrong}}))
        assert source.latest(0) is None


class TestDocuments:
    def test_a_file_is_read_each_time(self, tmp_path):
        path = tmp_path / "prices.json"
        source = FilePrices(path, SYMBOLS)
        assert source.latest(0) is None
        path.write_bytes(document())
        assert source.latest(0) == SourcePrice(price_e8=6_012_350_000_000, time=NOW)
        assert source.latest(1) is None
        path.write_bytes(document("2500", NOW + 1, "ETH"))
        assert source.latest(1) == SourcePrice(price_e8=2_500 * 10**8, time=NOW + 1)

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"[]", b'{"BTC": 5}', b'{"BTC": {"price": 60000.5, "time": 5}}', document("0"), document("-1"),
         document("NaN"), document("Infinity"), document("1e400"), document("0.000000001"), document("x"),
         document(str(1 << 70)), document(time=-1), document(time=1.5)],
    )  # fmt: skip
    def test_what_is_no_price_is_none(self, tmp_path, body):
        path = tmp_path / "prices.json"
        path.write_bytes(body)
        assert FilePrices(path, SYMBOLS).latest(0) is None

    def test_an_address_is_asked_once_a_second(self):
        asked, seconds = [], [0.0]

        def answer(_):
            asked.append(1)
            return Reply(body=document())

        with HttpServer(name="prices", gets=answer) as server:
            source = HttpPrices(server.url, SYMBOLS, monotonic=lambda: seconds[0])
            assert source.latest(0) == source.latest(0) == SourcePrice(price_e8=6_012_350_000_000, time=NOW)
            assert len(asked) == 1
            seconds[0] = 1.0
            assert source.latest(1) is None
            assert len(asked) == 2
        seconds[0] = 2.0
        assert source.latest(0) is None


def test_a_recording_is_played_from_now_on_and_again():
    now = [NOW]
    source = RecordedPrices({0: [(0, 100), (3, 130), (4, 140)]}, lambda: now[0])
    heard = []
    for second in range(7):
        now[0] = NOW + second
        heard.append(source.latest(0).price_e8)
        assert source.latest(0).time == now[0]
    assert heard == [100, 100, 100, 130, 140, 100, 100]
    assert source.latest(1) is None


class TestMiddle:
    def test_a_liar_moves_it_no_further_than_the_honest_ones(self):
        for lie in (1, 10**15):
            sources = [Fixed(100), Fixed(lie), Fixed(102)]
            found = MiddleOf(sources, needed=2, age_seconds_max=10, now=lambda: NOW).latest(0)
            assert 100 <= found.price_e8 <= 102

    def test_too_few_or_too_old_is_nothing_and_it_is_as_old_as_the_oldest(self):
        def middle(*sources):
            return MiddleOf(sources, needed=2, age_seconds_max=10, now=lambda: NOW).latest(0)

        assert middle(Fixed(100), Fixed(None)) is None
        assert middle(Fixed(100), Fixed(101, NOW - 11)) is None
        assert middle(Fixed(100), Fixed(101, NOW + 1)) is None
        assert middle(Fixed(100), Fixed(101, NOW - 10)) == SourcePrice(price_e8=100, time=NOW - 10, confidence_e8=1)

    def test_its_confidence_is_how_far_more_than_half_of_the_sources_lie(self):
        def confidence(*sources):
            return MiddleOf(sources, needed=1, age_seconds_max=10, now=lambda: NOW).latest(0).confidence_e8

        assert confidence(Fixed(100)) == 0
        assert confidence(Fixed(100, confidence=3)) == 3
        assert confidence(Fixed(100), Fixed(102), Fixed(10**15)) == 2
        assert confidence(Fixed(100), Fixed(90), Fixed(10**15)) == 10
        assert confidence(Fixed(100), Fixed(10**15)) == 10**15 - 100
        assert confidence(Fixed(100, confidence=7), Fixed(102, confidence=1), Fixed(101, confidence=2)) == 2

    def test_it_needs_no_more_than_there_are(self):
        for needed in (0, 2):
            with pytest.raises(ValueError, match="needed"):
                MiddleOf([Fixed(1)], needed=needed, age_seconds_max=1, now=lambda: NOW)
