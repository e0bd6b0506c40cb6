"""The page says what the catalogue holds, and every incident is in it."""

import dataclasses
from pathlib import Path

import pytest

from clearspan.lab.scenarios import catalogue, find
from clearspan.lab.scenarios.table import BEGIN, END, main, table, written

PAGE = Path(__file__).parents[3] / "docs" / "lab.md"
INCIDENTS, VENUE = range(1, 58), range(1, 25)


def test_the_page_is_as_the_catalogue_says():
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page, catalogue()), "run: python -m clearspan.lab.scenarios.table"


def test_a_stale_page_is_noticed():
    page = PAGE.read_text(encoding="utf-8")
    assert page != written(page, catalogue()[1:])
    renamed = dataclasses.replace(find("incident-43"), title="Something else")
    assert page != written(page, [renamed if one.identifier == "incident-43" else one for one in catalogue()])


def test_every_incident_is_live_or_waits_for_a_named_part():
    found = {scenario.identifier for scenario in catalogue()}
    assert found >= {f"incident-{number}" for number in INCIDENTS} | {f"D{number}" for number in VENUE}


def test_what_waits_says_for_what_and_what_runs_names_its_twin():
    waiting = next(scenario for scenario in catalogue() if scenario.attack is None)
    assert f"pending: {waiting.missing}" in table([waiting])
    live = find("incident-43")
    assert "pending" not in table([live])
    assert live.twin.mutation in table([live])


def test_a_page_without_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("nothing here", encoding="utf-8")
    with pytest.raises(ValueError, match="no place"):
        main([str(page)])
    page.write_text(f"before\n{BEGIN}\n(nothing yet)\n{END}\nafter\n", encoding="utf-8")
    main([str(page)])
    assert page.read_text(encoding="utf-8").startswith("before\n")
    assert page.read_text(encoding="utf-8").endswith("after\n")
    assert "(nothing yet)" not in page.read_text(encoding="utf-8")
