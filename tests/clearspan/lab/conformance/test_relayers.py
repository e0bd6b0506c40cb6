"""Ours conforms; a naive one fails what it should; a program is put through the same."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.lab.conformance import CASES, run_case
from clearspan.lab.conformance.command import command_relayer
from clearspan.lab.conformance.ours import named_relayer, our_relayer
from tests.clearspan.lab.conformance.naive import naive_relayer

BY_NAME = {case.identifier: case for case in CASES}


@pytest.mark.parametrize("name", BY_NAME)
def test_our_relayer_conforms(name):
    assert run_case(BY_NAME[name], our_relayer).problem == ""


@pytest.mark.parametrize(
    "name",
    ["delivers-once", "before-finality", "killed", "amnesia", "lying-node", "expired", "poison", "missing-events"],
)
def test_a_naive_relayer_fails(name):
    assert run_case(BY_NAME[name], naive_relayer).problem


def test_a_naive_relayer_waits_for_a_node_that_sleeps():
    """The suite can pass others than ours."""
    assert run_case(BY_NAME["stale-node"], naive_relayer).problem == ""


@pytest.mark.parametrize(
    ("name", "conforms"), [("stale-node", True), pytest.param("amnesia", False, marks=pytest.mark.slow)]
)
def test_a_program_is_started_killed_and_judged(name, conforms):
    start = command_relayer(f"{sys.executable} {Path(__file__).with_name('naive.py')}", step_seconds=0.3)
    assert run_case(BY_NAME[name], start).conforms is conforms


def test_the_command():
    answer = CliRunner().invoke(app, ["lab", "relayer-conformance", "--case", "poison", "--json"])
    assert answer.exit_code == 0
    assert [row["conforms"] for row in json.loads(answer.stdout)["cases"]] == [True]
    assert CliRunner().invoke(app, ["lab", "relayer-conformance", "--relayer", "nothing:here"]).exit_code == 2


def test_a_relayer_of_that_name():
    assert named_relayer("clearspan.lab.conformance.ours:our_relayer") is our_relayer
    with pytest.raises(LookupError):
        named_relayer("clearspan.lab.conformance.ours:nobody")
