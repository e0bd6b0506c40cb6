"""What attesting costs; exact, since chains, keys and clock are fixed, with a little room above."""

import pytest

from bridge.attestations import encode_evidence
from tests.contracts.attesting import attest, signers
from tests.contracts.harness import RELAYER

UPDATES = {(4, 3): 87_000, (7, 4): 95_000, (22, 12): 157_000, (50, 26): 264_000}


def measure_updates(count, threshold):
    """Gas of the first update and of those that follow."""
    attesting = attest(team=signers(count), threshold=threshold)
    used = []
    for _ in range(2):
        header = attesting.mine()
        update = attesting.update(attesting.attestation(header), attesting.team[:threshold])
        used.append(attesting.send(attesting.call(update))["gasUsed"])
    return used


def measure_rest():
    """Gas of everything else, by name."""
    attesting = attest()
    functions = attesting.client.functions
    used = {
        "rotate, 4 to 4 signers": attesting.send(functions.rotate(attesting.rotation(signers(4, "next"))))["gasUsed"]
    }
    header = attesting.mine()
    honest = attesting.update(attesting.attestation(header))
    lied = attesting.update(attesting.attestation(header, state_root=b"\x66" * 32))
    attesting.send(attesting.call(honest))
    used["update, known state"] = attesting.send(attesting.call(honest))["gasUsed"]
    evidence = functions.misbehaviour(encode_evidence(honest, lied))
    used["misbehaviour"] = attesting.host.w3.eth.estimate_gas(
        evidence.build_transaction({"from": RELAYER.address, "gas": 10**6})
    )
    used["update, misbehaviour"] = attesting.send(attesting.call(lied))["gasUsed"]
    return used


@pytest.mark.parametrize(("count", "threshold"), UPDATES)
def test_gas_of_an_update(count, threshold):
    _, following = measure_updates(count, threshold)
    assert following < UPDATES[count, threshold]


def test_gas_of_the_rest():
    used = measure_rest()
    bounds = {
        "rotate, 4 to 4 signers": 137_000,
        "update, known state": 43_000,
        "misbehaviour": 120_000,
        "update, misbehaviour": 67_000,
    }
    assert {name for name in used if used[name] >= bounds[name]} == set(), used
