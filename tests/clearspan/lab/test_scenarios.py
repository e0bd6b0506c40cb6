"""Every scenario of the catalogue: the system survives it, its twin does not."""

import dataclasses

import pytest

import contracts
from clearspan.lab.scenarios import Scenario, Stage, Twin, Verdict, catalogue, find, run_scenario
from clearspan.lab.scenarios.registry import UnknownScenario
from clearspan.lab.scenarios.running import Pending

LIVE = [scenario for scenario in catalogue() if scenario.attack is not None]


@pytest.mark.parametrize("scenario", LIVE, ids=lambda scenario: scenario.identifier)
def test_the_system_survives_and_its_twin_does_not(scenario):
    result = run_scenario(scenario)
    assert result.system.survived, result.system.detail
    assert not result.twin.survived, f"the twin proves nothing: {result.twin.detail}"
    assert result.passed


def test_a_scenario_whose_twin_survives_does_not_pass():
    harmless = dataclasses.replace(find("incident-43"), twin=Twin(mutation="nothing is wrong"))
    result = run_scenario(harmless)
    assert result.system.survived
    assert not result.passed


def test_a_scenario_waits_for_a_named_part_or_has_an_attack_and_a_twin():
    waiting = Scenario(identifier="x-1", title="", group="C1", source="", missing="an executor")
    with pytest.raises(Pending, match="an executor"):
        run_scenario(waiting)
    for wrong in ({}, {"attack": lambda stage: Verdict(survived=True, detail="")}, {"twin": Twin(mutation="")}):
        with pytest.raises(ValueError, match="x-1"):
            Scenario(identifier="x-1", title="", group="C1", source="", **wrong)


def test_an_unknown_scenario_is_a_typed_error():
    with pytest.raises(UnknownScenario):
        find("incident-0")


def test_only_a_contracts_own_twin_replaces_it():
    with pytest.raises(ValueError, match="twin of CollateralVault"), contracts.replaced({"Mailbox": "vault-any-peer"}):
        pass
    with contracts.replaced({"CollateralVault": "vault-any-peer"}):
        assert contracts.load("CollateralVault") == contracts.twin("vault-any-peer")
    assert contracts.load("CollateralVault") != contracts.twin("vault-any-peer")


def test_nobody_acts_by_chance_on_a_stage():
    with Stage().world() as world:
        world.run(60)
        assert not [happening for happening in world.trace.happenings if happening.lane in {"ann", "ben"}]
