"""The attacks that any bridge can be tried with: ours survives them, a weak one falls, and the page says so."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clearspan.cli import app
from clearspan.lab.adapters.attacks import ATTACKS
from clearspan.lab.adapters.clearspan_bridge import clearspan_bridge
from clearspan.lab.adapters.running import UnknownBridge, opener, try_all
from clearspan.lab.adapters.table import written
from clearspan.lab.scenarios.base import Stage

PAGE = Path(__file__).parents[4] / "docs" / "lab.md"
WEAK = {
    "replay", "stolen-key", "altered", "other-chain", "reorganised", "never-delivered", "without-relayer", "amnesia",
    "taxed-token",
}  # fmt: skip
"""What a gateway falls to that believes its relayer."""


@pytest.fixture(scope="module")
def results():
    return {name: try_all(name) for name in ("clearspan", "erc7786")}


def fallen(tried):
    return {one.attack.identifier for one in tried if not one.verdict.survived}


def test_ours_survives_everything(results):
    assert [one.verdict.detail for one in results["clearspan"] if not one.verdict.survived] == []


def test_the_weak_one_falls_where_it_should(results):
    assert fallen(results["erc7786"]) == WEAK


def test_the_page_says_what_came_of_it(results):
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page, results), "run: python -m clearspan.lab.adapters.table"


def test_a_page_that_says_something_else_is_noticed(results):
    page = PAGE.read_text(encoding="utf-8")
    assert page != written(page, {"erc7786": results["clearspan"], "clearspan": results["erc7786"]})


@pytest.mark.parametrize(
    ("identifier", "twin"),
    [
        ("replay", ("Mailbox", "mailbox-replay")),
        ("direct-call", ("ForcedQueue", "queue-direct-deposit")),
        ("impostor", ("ForcedQueue", "queue-any-vault")),
        ("taxed-token", ("CollateralVault", "vault-credits-what-was-said")),
    ],
)
def test_attacks_through_the_ports_kill_our_own_twins(identifier, twin):
    (attack,) = [one for one in ATTACKS if one.identifier == identifier]
    with clearspan_bridge(Stage(contracts=(twin,))) as bridge:
        assert not attack.attempt(bridge).survived


def test_the_command_aims_at_a_bridge():
    answer = CliRunner().invoke(app, ["lab", "scenarios", "--bridge", "erc7786", "--run", "replay", "--json"])
    assert answer.exit_code == 1
    (row,) = json.loads(answer.stdout)["attacks"]
    assert (row["id"], row["survived"]) == ("replay", False)


def test_somebody_elses_bridge_is_named_by_its_function():
    assert opener("clearspan.lab.adapters.erc7786_bridge:erc7786_bridge") is opener("erc7786")
    for name in ("nothing", "clearspan.lab.adapters.erc7786_bridge:nothing"):
        with pytest.raises(UnknownBridge):
            opener(name)
    assert CliRunner().invoke(app, ["lab", "scenarios", "--bridge", "nothing"]).exit_code == 2
