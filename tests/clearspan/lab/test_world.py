"""One seed is one run, and a world comes to rest after what was done to it."""

import subprocess
import sys

import pytest

from clearspan.lab.chaos import Injector, draw_plan
from clearspan.lab.world import World

RUN = """
from clearspan.lab.chaos import Injector, draw_plan
from clearspan.lab.world import World
with World(5) as world:
    Injector(world).schedule(draw_plan(world, seconds=40, faults=6))
    world.run(60)
    print(world.trace.digest)
"""


def run(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", RUN], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": hash_seed}
    )
    return done.stdout


def test_a_seed_is_one_run_under_any_hash_seed():
    assert run("1") == run("2") != ""


def test_another_seed_is_another_run():
    digests = set()
    for seed in (1, 2):
        with World(seed) as world:
            world.run(20)
            digests.add(world.trace.digest)
    assert len(digests) == 2


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_deposited_is_answered_once_the_faults_are_healed(seed):
    with World(seed) as world:
        injector = Injector(world)
        injector.schedule(draw_plan(world, seconds=60, faults=8))
        world.run(90)
        world.people_act = False
        injector.heal_all()
        assert not world.active_faults
        world.run(240)
        relayer = world.processes["relayer 1"]
        assert relayer.is_up
        did = {happening.what for happening in world.trace.happenings}
        assert {"begins", "ends", "acknowledged"} <= did
