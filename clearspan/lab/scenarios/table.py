"""Writes the catalogue into a page: `python -m clearspan.lab.scenarios.table [docs/lab.md]`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from clearspan.lab.scenarios.base import Scenario
from clearspan.lab.scenarios.registry import catalogue

PAGE = Path("docs/lab.md")
BEGIN = "<!-- catalogue: written by `python -m clearspan.lab.scenarios.table` -->"
END = "<!-- end of catalogue -->"


def table(scenarios: Iterable[Scenario]) -> str:
    """A line that counts, then a row for each scenario: what it is, whether it runs, and what its twin has wrong."""
    found = tuple(scenarios)
    live = sum(scenario.attack is not None for scenario in found)
    rows = [f"{len(found)} scenarios: {live} run, {len(found) - live} wait for the part they name.", ""]
    rows += [
        "| scenario | class | source | what is tried | status | what is wrong with the twin |",
        "|---|---|---|---|---|---|",
    ]
    rows += [_row(scenario) for scenario in found]
    return "\n".join(rows)


def written(page: str, scenarios: Iterable[Scenario]) -> str:
    """The page with the table of these scenarios between its marks; raises ValueError where it has no marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the catalogue")
    return f"{head}{BEGIN}\n{table(scenarios)}\n{END}{tail}"


def _row(scenario: Scenario) -> str:
    is_live = scenario.attack is not None
    cells = (
        scenario.identifier,
        scenario.group,
        scenario.source,
        scenario.title,
        "live" if is_live else f"pending: {scenario.missing}",
        "" if scenario.twin is None else scenario.twin.mutation,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str]) -> None:
    """Rewrite the page."""
    page = Path(arguments[0]) if arguments else PAGE
    page.write_text(written(page.read_text(encoding="utf-8"), catalogue()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
