"""Every word of the fault vocabulary has a fault that does something, or a scenario that runs."""

from pathlib import Path

import pytest

from clearspan.lab.chaos import Injector
from clearspan.lab.coverage import NOTHING, Stage, missing, universe
from clearspan.lab.faults import DOMAINS, VOCABULARY
from clearspan.lab.faults.table import BEGIN, written
from clearspan.lab.faults.words import WORDS
from clearspan.lab.scenarios import catalogue
from clearspan.lab.world import World
from relayers.crash_points import CrashPoint

PAGE = Path(__file__).parents[3] / "docs" / "lab.md"
COUNTS = {
    "chain": 20, "network": 13, "RPC": 11, "relayer": 18, "validators": 10, "oracle": 10,
    "sequencer and data availability": 10, "users and tokens": 8, "operator": 6,
}  # fmt: skip
"""Of the list of what can go wrong, by domain."""
NAMED_POINTS = (
    "after-read-before-persist", "after-persist-before-proof", "after-proof-before-sign",
    "after-sign-before-broadcast", "after-broadcast-before-record", "after-inclusion-before-finality",
    "after-finality-before-ack", "mid-fsync", "between-header-update-and-message", "during-nonce-reservation",
    "during-key-rotation", "during-migration",
)  # fmt: skip


def test_no_word_is_missing():
    assert {domain: len(words) for domain, words in WORDS.items()} == COUNTS


def test_what_stands_for_a_word_is_there_and_runs():
    live = {scenario.identifier for scenario in catalogue() if scenario.attack is not None}
    for domain, words in WORDS.items():
        for word, covered_by in words.items():
            assert covered_by, f"{domain}: {word}"
            for name in covered_by:
                assert name in (VOCABULARY if ":" in name else live), f"{domain}: {word} by {name}"


def test_every_fault_stands_for_a_word():
    named = {name for words in WORDS.values() for covered_by in words.values() for name in covered_by}
    assert set(VOCABULARY) - named <= {"relayer:key-rotation"}  # a way to pass its crash point
    assert len(DOMAINS) == len({domain.__name__ for domain in DOMAINS})


def test_the_page_is_as_the_vocabulary_says():
    page = PAGE.read_text(encoding="utf-8")
    assert page == written(page), "run: python -m clearspan.lab.faults.table"
    with pytest.raises(ValueError, match="no place"):
        written(page.replace(BEGIN, ""))


def test_every_named_crash_point_can_be_hit():
    assert set(NAMED_POINTS) <= {str(point) for point in CrashPoint}


@pytest.fixture(scope="module")
def world():
    with World(11) as made:
        made.people_act = False
        made.run(6)
        yield made


@pytest.mark.parametrize("word", VOCABULARY)
def test_a_fault_is_drawn_begins_and_ends(world, word):
    injector = Injector(world)
    number = injector.inject(VOCABULARY[word].draw(world, world.chance("test", word)))
    assert list(world.active_faults) == [word]
    world.run(2)
    injector.heal(number)
    assert not world.active_faults


def test_a_fault_is_drawn_alike_from_alike_chance(world):
    for kind in VOCABULARY.values():
        assert kind.draw(world, world.chance("alike")) == kind.draw(world, world.chance("alike"))


def test_a_campaign_knows_what_it_never_met():
    everything = universe()
    assert len(everything) == (len(VOCABULARY) + 1) * len(CrashPoint) * len(Stage)
    first = everything[0]
    assert first[0] == NOTHING
    gaps = missing({first: 3})
    assert len(gaps.situations) == gaps.of - 1
    assert set(gaps.faults) == set(VOCABULARY)
    assert gaps.points == tuple(str(point) for point in CrashPoint)[1:]
    assert not missing(dict.fromkeys(everything, 1)).situations
