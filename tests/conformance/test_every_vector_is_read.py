"""No published file, and no published example of the engine, goes without a test that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
ENGINE = {
    "perp-margin-examples.json": ("docs_examples", "markets"),
    "span-arrays.json": ("scenarios", "span16", "long_future", "long_call_dec410", "params", "requirement"),
    "black76-svi-funding.json": ("tolerance_abs", "black76", "svi", "perp_funding"),
}
"""Keys with numbers; the others name sources and formulas."""


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    files = [file for file in TESTS.rglob("test_*.py") if file != Path(__file__)]
    return {str(file): file.read_text() for file in files}


def test_every_file_is_read(shared: Path, texts: dict[str, str]) -> None:
    files = sorted(file.name for file in (shared / "vectors").rglob("*.json"))
    assert files
    unread = [name for name in files if not any(f'"{name}"' in text for text in texts.values())]
    assert unread == []


@pytest.mark.parametrize("file", ENGINE)
def test_every_example_of_the_engine_is_read(vector, texts: dict[str, str], file: str) -> None:
    published: dict[str, Any] = vector(file)
    assert set(published) - {"source", "formulas"} == set(ENGINE[file])
    names = set(ENGINE[file]) | set(published.get("docs_examples", {}))
    readers = [text for text in texts.values() if f'"{file}"' in text]
    assert {name for name in names if not any(f'"{name}"' in text for text in readers)} == set()
