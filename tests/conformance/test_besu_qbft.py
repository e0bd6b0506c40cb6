"""Headers, seals and extraData as Hyperledger Besu writes them."""

import pytest
import rlp
from eth_hash.auto import keccak

from chains import (
    AccountProof,
    ExtraData,
    LocalChain,
    ProofError,
    SealedHeader,
    StorageProof,
    Variant,
    VirtualClock,
    Vote,
    quorum,
    verify_account,
    verify_storage,
)
from chains.qbft import MalformedHeader


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


@pytest.fixture(scope="module")
def live(vector):
    return vector("besu-qbft-live.json")


@pytest.fixture(scope="module")
def besu(vector):
    return vector("besu-extra-data-and-quorum.json")


@pytest.fixture(scope="module")
def header(live):
    return SealedHeader.decode(unhex(live["updateHeight11"]["headerRlp"]))


def account_proof(live, **changes):
    nodes = rlp.decode(unhex(live["updateHeight11"]["accountProof"]))
    fields = {
        "address": unhex(live["routerAddress"]),
        "account_nodes": tuple(rlp.encode(node) for node in nodes),
        "storage_hash": unhex(live["updateHeight11"]["expectedStorageRoot"]),
        "storage": (),
        "nonce": 1,
        "code_hash": unhex("0x7f79b8b370510aa3a9ea8536a9459c92de9493272cd5fe45c02364cfe254a9a7"),
    }
    return AccountProof(**{**fields, **changes})


def test_a_live_header_reads_back_and_writes_the_same_bytes(live, header):
    expected = live["updateHeight11"]
    assert header.number == expected["height"]
    assert header.timestamp == expected["expectedTimestamp"]
    assert [f"0x{address.hex()}" for address in header.validators] == [
        address.lower() for address in expected["expectedValidators"]
    ]
    assert header.sealed_rlp == unhex(expected["headerRlp"])
    assert len(header.fields) == 20


def test_the_live_seals_are_of_its_validators_and_a_quorum(live, header):
    assert len(header.seals) == 3
    assert set(header.signers) < {unhex(address) for address in live["initialTrustedValidators"]}
    assert header.is_final
    assert header.with_seals(header.sorted_seals).is_final


def test_a_live_header_read_wrongly_is_not_final(live, header):
    raw = unhex(live["updateHeight11"]["headerRlp"])
    with pytest.raises(MalformedHeader):
        SealedHeader.decode(raw, Variant.IBFT2)
    assert not header.altered(timestamp=header.timestamp + 1).with_seals(header.seals).is_final
    assert not header.altered(round=1).with_seals(header.seals).is_final


def test_the_live_account_is_proven_under_the_header(live, header):
    assert verify_account(header.state_root, account_proof(live)).nonce == 1


def test_the_live_word_is_proven_under_its_storage_root(live):
    membership = live["membership"]
    nodes = tuple(rlp.encode(node) for node in rlp.decode(unhex(membership["proof"])))
    store = keccak((int.from_bytes(keccak(b"ibc.storage.IBCStore"), "big") - 1).to_bytes(32, "big"))[:31] + b"\x00"
    slot = int.from_bytes(keccak(keccak(unhex(membership["path"])) + store), "big")
    word = StorageProof(slot=slot, value=int(membership["value"], 16), nodes=nodes)
    assert verify_storage(keccak(nodes[0]), word) == word.value
    with pytest.raises(ProofError, match="Absent"):
        verify_storage(keccak(nodes[0]), StorageProof(slot=slot + 1, value=word.value, nodes=nodes))


def test_qbft_extra_data(besu):
    case = besu["qbft_extra_data"]
    assert ExtraData.decode(unhex(case["raw"])) == decoded(case, unhex(case["vanity"]))


def test_ibft2_extra_data(besu):
    case, vanity = besu["ibft2_extra_data"], unhex(besu["qbft_extra_data"]["vanity"])
    assert ExtraData.decode(unhex(case["raw"]), Variant.IBFT2) == decoded(case, vanity)


def decoded(case, vanity):
    return ExtraData(
        vanity=vanity,
        validators=tuple(map(unhex, case["validators"])),
        vote=Vote(recipient=unhex(case["vote"]["recipient"]), add=case["vote"]["add"]),
        round=case["round"],
        seals=tuple(
            seal["r"].to_bytes(32, "big") + seal["s"].to_bytes(32, "big") + bytes([seal["v"]]) for seal in case["seals"]
        ),
    )


def test_hash_rules(besu):
    rules = besu["hash_rules"]
    assert set(rules) == {
        "commit_seal_digest_qbft", "commit_seal_digest_ibft2", "onchain_block_hash_qbft", "onchain_block_hash_ibft2",
    }  # fmt: skip
    extra = ExtraData.decode(unhex(besu["qbft_extra_data"]["raw"]))
    vanity, validators, vote, round_bytes, _ = rlp.decode(unhex(besu["qbft_extra_data"]["raw"]))
    assert extra.encode_for_commit() == rlp.encode([vanity, validators, vote, round_bytes, []])
    assert extra.encode_for_hash() == rlp.encode([vanity, validators, vote, b"", []])
    four_bytes = round_bytes.rjust(4, b"\x00")
    assert extra.encode_for_commit(Variant.IBFT2) == rlp.encode([vanity, validators, vote, four_bytes])
    assert extra.encode_for_hash(Variant.IBFT2) == rlp.encode([vanity, validators, vote])


def test_quorum_table(besu):
    for case in besu["required_quorum"]:
        assert quorum(case["validators"]) == case["quorum"], case
    for case in besu["commit_seal_rule_table"]:
        assert (case["committers"] >= quorum(case["validators"])) is case["valid"], case


def test_commit_seal_table_on_real_headers(besu, make_sealed):
    for case in besu["commit_seal_rule_table"]:
        header = make_sealed(case["validators"], case["committers"])
        assert header.is_final is case["valid"], case


@pytest.fixture
def make_sealed():
    mined = {}

    def make(validators, committers):
        if validators not in mined:
            mined[validators] = LocalChain(chain_id=5, clock=VirtualClock(), validators=validators).mine()
        header = mined[validators]
        return header.with_seals(header.seals[:committers])

    return make
