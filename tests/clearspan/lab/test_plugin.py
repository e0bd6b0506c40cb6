"""The lab as a pytest plugin, in a session of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

GOOD = """
from clearspan.lab import chaos

@chaos(seeds=2, duration=20, faults=2)
def test_a_deposit_is_never_lost(world, invariants):
    world.users[0].deposit(0, 10**9)

def test_fixtures(world, chain, faults, invariants):
    from clearspan.lab.faults.chain import Halt
    number = faults.inject(Halt(chain.chain_id))
    height = chain.head().number
    world.run(20)
    assert chain.head().number == height
    faults.heal(number)
    world.run(20)
    assert chain.head().number > height
    assert invariants.violations == []
"""

BAD = """
from clearspan.lab import chaos
from clearspan.lab.oracle.violations import Invariant

@chaos(seeds=1, duration=5, faults=1)
def test_a_broken_promise_fails_the_test(world, invariants):
    world.users[0].deposit(0, 10**9)
    invariants.accuse_at_end(Invariant.CONSERVATION, "three wei are missing")
"""


def run(tmp_path, text, *options):
    (tmp_path / "test_chaotic.py").write_text(text)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, str(tmp_path)],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment,
    )  # fmt: skip


def test_each_seed_is_a_test_and_the_fixtures_work(tmp_path):
    done = run(tmp_path, GOOD)
    assert "3 passed" in done.stdout, done.stdout


def test_a_broken_promise_fails_with_seed_plan_and_timelines(tmp_path):
    done = run(tmp_path, BAD, "--lab-seeds", "3..3")
    assert "1 failed" in done.stdout
    for told in ("three wei are missing", "seed 3", "lab plan", "packets"):
        assert told in done.stdout, done.stdout


def test_seeds_that_are_no_range_are_refused(tmp_path):
    done = run(tmp_path, GOOD, "--lab-seeds", "one..two")
    assert done.returncode != 0
    assert "A..B" in done.stdout + done.stderr
