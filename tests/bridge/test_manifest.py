"""A file of addresses is worth what its signer is: nothing in it may be exchanged."""

import json

import pytest
from eth_account import Account

from bridge.errors import Reason, Rejected
from bridge.manifest import Manifest, vouch
from chains.keys import derive_key
from clearspan.devnet.config import DevnetConfig
from clearspan.lab.snapshot import snapshot
from exchange.sdk.gateway import Gateway

OWNER, THIEF = (Account.from_key(derive_key("manifest", who)) for who in ("owner", "thief"))


@pytest.fixture(scope="module")
def network():
    return snapshot(DevnetConfig(finality_depths=(0, 0, 3), challenge_seconds=20, challenge_blocks=6)).network


@pytest.fixture(scope="module")
def manifest(network):
    return vouch(network.deployment, network.by_id, OWNER)


def refused(text, network, signer=OWNER):
    with pytest.raises(Rejected) as caught:
        Manifest.parse(text).check(network.by_id, signer.address)
    return caught.value


def test_what_was_signed_is_read_back(manifest, network, tmp_path):
    path = tmp_path / "manifest.json"
    path.write_text(manifest.dump(), encoding="utf-8")
    assert Manifest.load(path).check(network.by_id, OWNER.address) == network.deployment
    assert isinstance(Gateway.vouched_for(manifest, network.by_id, signer=OWNER.address), Gateway)


def test_anybody_elses_signature_is_worth_nothing(manifest, network):
    assert refused(manifest.dump(), network, THIEF).reason is Reason.ADDRESS_MISMATCH
    forged = vouch(network.deployment, network.by_id, THIEF)
    assert "does not vouch" in refused(forged.dump(), network).detail


def test_every_address_and_every_hash_is_bound(manifest, network):
    text = manifest.dump()
    places = [
        ("deployment", "vaults", 0, "vault"),
        ("deployment", "settlement", "mailbox"),
        ("deployment", "assets", 0, "token"),
    ]
    chain_id, codes = next(iter(json.loads(text)["code"].items()))
    places.append(("code", chain_id, next(iter(codes))))
    for place in places:
        changed = json.loads(text)
        inner = changed
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = THIEF.address if place[0] == "deployment" else "0x" + "66" * 32
        assert refused(json.dumps(changed), network).reason is Reason.ADDRESS_MISMATCH


def test_other_code_at_an_address_is_noticed(network):
    """Signed as it should be, for a chain on which the address has nothing."""
    vault = network.deployment.vaults[0]
    moved = vault.model_copy(update={"vault": THIEF.address})
    other = network.deployment.model_copy(update={"vaults": (moved, *network.deployment.vaults[1:])})
    vouched = vouch(other, network.by_id, OWNER)
    codes = {chain_id: dict(found) for chain_id, found in vouched.code.items()}
    assert vouched.check(network.by_id, OWNER.address) == other
    codes[vault.chain_id][THIEF.address] = "0x" + "66" * 32
    assert refused(vouched.model_copy(update={"code": codes}).dump(), network).reason is Reason.ADDRESS_MISMATCH


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(Rejected) as caught:
        Manifest.parse("{}")
    assert caught.value.reason is Reason.MALFORMED_FILE
