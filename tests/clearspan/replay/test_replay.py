import gzip
import json

import pytest
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.replay.recording import recording_of
from clearspan.replay.stream import PerpetualLine, SpotMid, stream

START = 1_723_161_254 * 10**9
SECOND = 10**9
PERPETUAL = "binance-usdm-btcusdt-20240808.jsonl.gz"
SPOT = "binance-spot-btcusdt-20240808.jsonl.gz"


def write(path, rows):
    with gzip.open(path, "wt") as file:
        file.writelines(f"{START + offset} {json.dumps(message)}\n" for offset, message in rows)
    return path


def depth(bids, asks, first, last):
    return {"stream": "btcusdt@depth@0ms", "data": {"U": first, "u": last, "b": bids, "a": asks}}


def trade(price, size, *, maker_buys):
    return {"stream": "btcusdt@trade", "data": {"p": price, "q": size, "m": maker_buys}}


def best(bid, ask, update=1):
    return {"stream": "btcusdt@bookTicker", "data": {"u": update, "b": bid, "B": "1.000", "a": ask, "A": "1.000"}}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / SPOT, [(0, best("59999.00", "60001.00")), (4 * SECOND, best("60009.00", "60011.00"))])
    write(
        tmp_path / PERPETUAL,
        [
            (
                SECOND,
                {
                    "lastUpdateId": 10,
                    "bids": [["59990.0", "1.0004"], ["59980.0", "2"]],
                    "asks": [["60010.0", "1"], ["60020.0", "3"]],
                },
            ),
            (2 * SECOND, trade("60010.0", "0.4006", maker_buys=False)),
            (3 * SECOND, depth([["59990.0", "0"]], [["60010.0", "0.6"]], 11, 12)),
            (5 * SECOND, trade("59980.0", "0.5", maker_buys=True)),
            (6 * SECOND, {"stream": "btcusdt@markPrice", "data": {}}),
        ],
    )
    return tmp_path


def run(folder, *words):
    answer = CliRunner().invoke(app, ["demo", "--json", "--replay", str(folder / PERPETUAL), *words])
    assert answer.exit_code == 0, answer.stderr
    return json.loads(answer.stdout)


def test_recorded_trades_meet_the_recorded_book(folder):
    report = run(folder, "--out", str(folder / "kept"))
    assert report["ok"] is True
    assert report["verified"] is True
    assert (report["lines"], report["recorded_seconds"]) == (5, 5)
    # Four levels quoted and two trades; the bid at 59,990 is cancelled, the 0.6 left of the offer at 60,010 stay.
    assert report["markets"] == [
        {
            "market": "BTC-PERP",
            "orders": 6,
            "cancels": 1,
            "fills": 2,
            "volume": str((60_010 * 4 // 10 + 59_980 // 2) * 10**6),
            "rejected": {},
        }
    ]
    assert (report["orders"], report["cancels"], report["fills"]) == (6, 1, 2)
    assert report["orders_per_second"] > 0
    profits = {row["name"]: int(row["profit_and_loss"]) for row in report["accounts"]}
    # In thousandths: the index is 60,010, and the average basis of the book has begun to pull the mark down.
    mark, ask, bid = 60_009_925, 60_010_000, 59_980_000
    bought, sold = ask * 400, bid * 500
    assert profits == {
        "maker": (ask - mark) * 400 + (mark - bid) * 500 - (bought + sold) * 200 // 10**6,
        "taker 1": (mark - ask) * 400 - bought * 500 // 10**6,
        "taker 2": (bid - mark) * 500 - sold * 500 // 10**6,
        "taker 3": 0,
        "taker 4": 0,
    }
    assert report["conservation"]["USDC"]["difference"] == "0"
    answer = CliRunner().invoke(app, ["verify", str(folder / "kept"), "--json"])
    assert json.loads(answer.stdout)["state_root"] == report["state_root"]


def test_the_limit_counts_lines_of_the_perpetual_files(folder):
    report = run(folder, "--limit", "2")
    assert (report["lines"], report["orders"], report["fills"]) == (2, 5, 1)


def test_the_stream_is_in_order_of_receipt_and_the_limit_counts_all_perpetuals(folder):
    second = {name: (folder / name.replace("btc", "eth")) for name in (PERPETUAL, SPOT)}
    for name, path in second.items():
        path.write_bytes((folder / name).read_bytes())
    recordings = [recording_of(folder / PERPETUAL), recording_of(second[PERPETUAL])]
    items = list(stream(recordings, limit=3))
    assert [item.time_ns for item in items] == sorted(item.time_ns for item in items)
    assert [type(item) for item in items] == [SpotMid, SpotMid, *[PerpetualLine] * 3]
    assert [item.market for item in items] == [0, 1, 0, 1, 0]
    assert items[0].price == 60_000 * 10**8


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ([SPOT], "SpotRecording"),
        ([PERPETUAL, PERPETUAL], "RecordingTwice"),
        (["binance-usdm-dogeusdt-20240808.jsonl.gz"], "UnknownMarket"),
        (["binance-usdm-ethusdt-20240808.jsonl.gz"], "RecordingMissing"),
    ],
)
def test_what_cannot_be_replayed_says_why_and_leaves_with_1(folder, files, reason):
    for kind in ("usdm", "spot"):
        write(folder / f"binance-{kind}-dogeusdt-20240808.jsonl.gz", [(0, best("0.1", "0.2"))])
    words = [word for name in files for word in ("--replay", str(folder / name))]
    answer = CliRunner().invoke(app, ["demo", *words])
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert f"Rejected: {reason}" in answer.stderr


def test_a_recording_without_lines_is_refused(folder):
    write(folder / PERPETUAL, [])
    answer = CliRunner().invoke(app, ["demo", "--replay", str(folder / PERPETUAL)])
    assert answer.exit_code == 1
    assert "Rejected: BadRecording" in answer.stderr


def test_the_recorded_markets_trade_together(shared):
    files = [shared / "data" / f"binance-usdm-{base}usdt-20240808.jsonl.gz" for base in ("btc", "eth")]
    words = [word for file in files for word in ("--replay", str(file))]
    answer = CliRunner().invoke(app, ["demo", *words, "--limit", "1500", "--json"])
    assert answer.exit_code == 0, answer.stderr
    report = json.loads(answer.stdout)
    assert report["ok"] is True
    assert report["lines"] == 1500
    assert [row["market"] for row in report["markets"]] == ["BTC-PERP", "ETH-PERP"]
    assert all(row["fills"] > 10 and row["rejected"] == {} for row in report["markets"])
    total = sum(int(row["profit_and_loss"]) for row in report["accounts"])
    assert total == -int(report["fees"])
    assert sum(int(row["volume"]) for row in report["accounts"]) == 2 * int(report["volume"])
