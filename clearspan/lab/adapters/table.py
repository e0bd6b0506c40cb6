"""Writes what each bridge survives into a page: `python -m clearspan.lab.adapters.table [docs/lab.md]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from clearspan.lab.adapters.running import BRIDGES, Tried, try_all

PAGE = Path("docs/lab.md")
BEGIN = "<!-- bridges: written by `python -m clearspan.lab.adapters.table` -->"
END = "<!-- end of bridges -->"


def table(results: Mapping[str, Sequence[Tried]]) -> str:
    """One row an attack, one column a bridge."""
    names = list(results)
    counts = ", ".join(f"{name} survives {sum(one.verdict.survived for one in results[name])}" for name in names)
    rows = [
        f"{len(results[names[0]])} attacks: {counts}.",
        "",
        f"| attack | what is tried | incidents | {' | '.join(names)} |",
        "|---|---|---|" + "---|" * len(names),
    ]
    for column in zip(*results.values(), strict=True):
        attack = column[0].attack
        verdicts = ["survives" if one.verdict.survived else f"**falls**: {one.verdict.detail}" for one in column]
        cells = (attack.identifier, attack.title, ", ".join(attack.incidents), *verdicts)
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


def written(page: str, results: Mapping[str, Sequence[Tried]]) -> str:
    """The page with the table between its marks; raises ValueError where it has no marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the bridges")
    return f"{head}{BEGIN}\n{table(results)}\n{END}{tail}"


def main(arguments: list[str]) -> None:
    """Try everything and rewrite the page."""
    page = Path(arguments[0]) if arguments else PAGE
    results = {name: try_all(name) for name in BRIDGES}
    page.write_text(written(page.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
