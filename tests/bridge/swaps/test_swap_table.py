"""The table of docs/protocol/swaps.md names tests that exist and run."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]
DOCUMENT = TESTS.parent / "docs" / "protocol" / "swaps.md"


def test_every_scenario_in_the_table_is_there_and_runs():
    table = DOCUMENT.read_text().partition("## Tried")[2]
    rows = re.findall(r"^\| ([^|]+) \| ((?:`test_\w+`(?:, )?)+) \|$", table, re.MULTILINE)
    assert len(rows) >= 17
    sources = [path.read_text() for path in TESTS.rglob("test_*.py")]
    for what, names in rows:
        for name in re.findall(r"`(test_\w+)`", names):
            defined = [source for source in sources if re.search(rf"^def {name}\(", source, re.MULTILINE)]
            assert len(defined) == 1, (what, name)
            assert not re.search(rf"mark\.(skip|skipif|xfail)\b[^\n]*\n(@[^\n]*\n)*def {name}\(", defined[0]), name
