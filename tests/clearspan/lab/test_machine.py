"""Hypothesis finds a planted bug and shrinks the schedule to the one action that shows it."""

import re
from contextlib import nullcontext

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from clearspan.lab.machine import WorldMachine
from clearspan.lab.world import VENUE, World, WorldConfig

FAST = settings(
    max_examples=10,
    stateful_step_count=5,
    deadline=None,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


class Quiet(WorldMachine):
    """Chains and users, no processes to wait for."""

    CONFIG = WorldConfig(trades=False, relayers=0)
    WORDS = ("chain:halt", "chain:reorg", "chain:gas-spike")
    RESTS = False

    def __init__(self):
        super().__init__()
        self.world.processes[VENUE].is_paused = True


class Broken(Quiet):
    """The vault does not compare a deposit of ether with what came along."""

    CONFIG = WorldConfig(trades=False, relayers=0, twins=(("CollateralVault", "vault-ignores-value"),))


@pytest.mark.slow
def test_a_planted_bug_is_found_and_shrunk_to_one_action():
    with pytest.raises(AssertionError, match="I1 CONSERVATION") as caught:
        run_state_machine_as_test(Broken, settings=FAST)
    told = "\n".join(caught.value.__notes__)
    called = re.findall(r"^state\.(\w+)\(", told, re.MULTILINE)
    assert [name for name in called if name not in {"promises_are_kept", "wait"}] == ["deposit_nothing", "teardown"]
    assert called.count("wait") <= 1
    assert re.search(r"deposit_nothing\((?=.*units=1)(?=.*user=0)", told)


def test_a_planted_bug_fails_the_schedule_that_shows_it():
    for kind, is_broken in ((Broken, True), (Quiet, False)):
        machine = kind()
        machine.deposit(user=1, asset=1, units=1)
        machine.deposit_nothing(user=0, units=1)
        machine.wait(seconds=5)
        with pytest.raises(AssertionError, match="I1") if is_broken else nullcontext():
            machine.promises_are_kept()
        machine.teardown()


def test_nothing_is_found_where_nothing_is_wrong():
    run_state_machine_as_test(Quiet, settings=settings(FAST, max_examples=3))


def test_a_schedule_with_relayers_comes_to_rest():
    machine = WorldMachine()
    machine.deposit(user=0, asset=0, units=1)
    machine.begin_fault(choice=0, seed=1)
    machine.wait(seconds=10)
    machine.end_fault()
    machine.promises_are_kept()
    machine.teardown()
    assert isinstance(machine.world, World)
