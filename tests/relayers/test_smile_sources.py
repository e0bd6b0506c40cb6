"""Smiles out of a file: those of the expiries it names, and nothing out of anything else."""

import json

import pytest

from exchange.engine.pricing import Smile
from relayers.ports import SourceSmile
from relayers.smile_sources import FileSmiles

GOOD = {"time": 5, "carry": -3, "smile": [1, 2, -3, 4, 5]}


def test_a_file_is_read_each_time(tmp_path):
    path = tmp_path / "smiles.json"
    source = FileSmiles(path, ["BTC-DEC", "ETH-DEC"])
    assert source.latest(0) is None
    path.write_text(json.dumps({"ETH-DEC": GOOD}))
    assert source.latest(1) == SourceSmile(time=5, carry=-3, smile=Smile(1, 2, -3, 4, 5))
    assert source.latest(0) is None
    assert source.latest(2) is None


@pytest.mark.parametrize(
    "change", [{"time": -1}, {"time": 1.5}, {"carry": 1 << 31}, {"smile": [1, 2, 3, 4]}, {"smile": [1, 2, 3, 4, 0.5]}]
)
def test_what_is_no_smile_is_none(tmp_path, change):
    path = tmp_path / "smiles.json"
    path.write_text(json.dumps({"BTC-DEC": {**GOOD, **change}}))
    assert FileSmiles(path, ["BTC-DEC"]).latest(0) is None
