import json

import pytest
from eth_utils import to_checksum_address

from bridge.errors import Reason, Rejected
from bridge.parameters import NetworkParameters
from bridge.registry import Deployment, RegisteredAsset, SettlementEntry, VaultEntry


def address(number):
    return to_checksum_address(number.to_bytes(20, "big"))


@pytest.fixture(name="deployment")
def _deployment():
    settlement = SettlementEntry(
        chain_id=100,
        name="settlement",
        validators=(address(1),),
        deployed_at=0,
        mailbox=address(2),
        clients={101: address(3)},
        swap_escrow=address(12),
        forced_queue=address(4),
        rollup=address(5),
        outbox=address(6),
        ledger=address(9),
    )
    vault = VaultEntry(
        chain_id=101,
        name="east",
        validators=(address(7),),
        deployed_at=3,
        mailbox=address(8),
        clients={100: address(9)},
        swap_escrow=address(13),
        vault=address(10),
    )
    asset = RegisteredAsset(asset=0, chain_id=101, token=address(11), symbol="USDC", decimals=6)
    return Deployment(
        parameters=NetworkParameters(),
        genesis_root="0x" + "ab" * 32,
        settlement=settlement,
        vaults=(vault,),
        assets=(asset,),
    )


def test_a_saved_file_loads_to_the_same_network(deployment, tmp_path):
    deployment.save(tmp_path / "deployment.json")
    assert Deployment.load(tmp_path / "deployment.json") == deployment


def test_entries_are_found_by_chain(deployment):
    assert deployment.chain(100) is deployment.settlement
    assert deployment.vault(101) is deployment.vaults[0]
    assert deployment.asset_of(101, "USDC") is deployment.assets[0]


@pytest.mark.parametrize("chain_id", [100, 102])
def test_a_chain_without_a_vault_is_refused(deployment, chain_id):
    with pytest.raises(Rejected) as refusal:
        deployment.vault(chain_id)
    assert refusal.value.reason is Reason.NO_SUCH_CHAIN


@pytest.mark.parametrize(
    "path", [(), ("settlement",), ("vaults", 0), ("assets", 0), ("parameters",), ("parameters", "tokens", 0)]
)
def test_an_unknown_key_is_named(deployment, path):
    document = json.loads(deployment.dump())
    place = document
    for step in path:
        place = place[step]
    place["colour"] = "blue"
    with pytest.raises(Rejected) as refusal:
        Deployment.parse(json.dumps(document))
    assert refusal.value.reason is Reason.UNKNOWN_KEY
    assert "colour" in refusal.value.detail


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda document: document.pop("assets"), Reason.MALFORMED_FILE),
        (lambda document: document.update(version=2), Reason.MALFORMED_FILE),
        (lambda document: document.update(genesis_root="0x00"), Reason.MALFORMED_FILE),
        (lambda document: document["settlement"].update(rollup="0x" + "aB" * 20), Reason.NOT_AN_ADDRESS),
        (lambda document: document["parameters"].update(trusting_period_seconds=0), Reason.UNSAFE_PARAMETER),
    ],
)
def test_a_wrong_file_is_refused(deployment, change, reason):
    document = json.loads(deployment.dump())
    change(document)
    with pytest.raises(Rejected) as refusal:
        Deployment.parse(json.dumps(document))
    assert refusal.value.reason is reason


def test_text_that_is_no_json_is_refused():
    with pytest.raises(Rejected) as refusal:
        Deployment.parse("{")
    assert refusal.value.reason is Reason.MALFORMED_FILE


@pytest.mark.parametrize(
    "change",
    [
        {"trusting_period_seconds": 0},
        {"trust_numerator": 1, "trust_denominator": 4},
        {"trust_numerator": 4, "trust_denominator": 3},
        {"trust_denominator": 0},
        {"max_timeout_seconds": 14 * 86_400},
        {"max_proof_age_seconds": 0},
        {"challenge_blocks": 0},
        {"challenge_seconds": 0},
        {"inclusion_delay_seconds": 0},
    ],
)
def test_unsafe_parameters_are_refused(change):
    with pytest.raises(Rejected) as refusal:
        NetworkParameters(**change)
    assert refusal.value.reason is Reason.UNSAFE_PARAMETER


def test_the_bounds_of_trust_are_included():
    NetworkParameters(trust_numerator=1, trust_denominator=3)
    NetworkParameters(trust_numerator=1, trust_denominator=1)
