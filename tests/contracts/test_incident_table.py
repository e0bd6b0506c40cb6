"""The table of incidents names tests that exist and run."""

import re
from pathlib import Path

TABLE = Path(__file__).parents[2] / "docs" / "incidents.md"


def test_incident_31_every_scenario_in_the_table_is_there_and_runs():
    rows = re.findall(r"^\| (\d+|D\d[D\d, ]*) \|.*\| ((?:`test_\w+`(?:, )?)+) \|$", TABLE.read_text(), re.MULTILINE)
    assert {int(number) for number, _ in rows if number.isdecimal()} >= {
        *(12, 18, 27, 29, 30, 31, 36, 37, 38, 39, 41, 42, 43, 44, 45, 48, 49, 50, 56)
    }
    sources = [path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")]
    for number, names in rows:
        for name in re.findall(r"`(test_\w+)`", names):
            defined = [source for source in sources if re.search(rf"^ *def {name}\(", source, re.MULTILINE)]
            assert len(defined) == 1, (number, name)
            assert not re.search(rf"mark\.(skip|skipif|xfail)\b[^\n]*\n( *@[^\n]*\n)* *def {name}\(", defined[0]), name
