"""Writes the vocabulary into a page: `python -m clearspan.lab.faults.table [docs/lab.md]`."""

from __future__ import annotations

import sys
from pathlib import Path

from clearspan.lab.faults.words import WORDS

PAGE = Path("docs/lab.md")
BEGIN = "<!-- vocabulary: written by `python -m clearspan.lab.faults.table` -->"
END = "<!-- end of vocabulary -->"


def table() -> str:
    """A row for each word: its domain, and the faults of chaos runs and the scenarios that stand for it."""
    rows = ["| domain | what goes wrong | fault of chaos runs | scenario |", "|---|---|---|---|"]
    for domain, words in WORDS.items():
        for word, names in words.items():
            faults = ", ".join(f"`{name}`" for name in names if ":" in name)
            scenarios = ", ".join(name for name in names if ":" not in name)
            rows.append(f"| {domain} | {word} | {faults} | {scenarios} |")
    return "\n".join(rows)


def written(page: str) -> str:
    """The page with the table between its marks; raises ValueError where it has no marks."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("the page has no place for the vocabulary")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main(arguments: list[str]) -> None:
    """Rewrite the page."""
    page = Path(arguments[0]) if arguments else PAGE
    page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
