"""Attestations and rotations, against EIP-712 as eth-account does it."""

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_decode
from bridge.attestations import (
    APPROVALS_TYPE,
    Attestation,
    AttestationDomain,
    Rotation,
    approve,
    ascending,
    encode_attestation,
    encode_evidence,
    encode_member,
    encode_rotation,
    signers_hash,
)
from bridge.clients import CONSENSUS_STATE_TYPE, ConsensusState
from bridge.errors import Reason, Rejected

SIGNERS = [Account.from_key(bytes([9]) * 31 + bytes([index])) for index in range(1, 6)]
ADDRESSES = ascending(to_checksum_address(signer.address) for signer in SIGNERS)
DOMAIN = AttestationDomain(
    client_chain_id=1001,
    client=to_checksum_address("0x" + "c1" * 20),
    attested_chain_id=1002,
    attested_contract=to_checksum_address("0x" + "a7" * 20),
)
STATE = ConsensusState(
    block_hash=b"\x01" * 32, parent_hash=b"\x02" * 32, state_root=b"\x03" * 32, timestamp=1_700_000_000
)
ATTESTATION = Attestation(epoch=3, height=77, state=STATE)
ROTATION = Rotation(nonce=2, epoch=4, threshold=3, signers=ADDRESSES)
EXPIRY = 1_700_000_900


def typed(message, fields, primary):
    """The same message as a wallet shows it."""
    return {
        "types": {
            "EIP712Domain": [
                {"name": "name", "type": "string"},
                {"name": "version", "type": "string"},
                {"name": "chainId", "type": "uint256"},
                {"name": "verifyingContract", "type": "address"},
                {"name": "salt", "type": "bytes32"},
            ],
            primary: [{"name": name, "type": kind} for name, kind in fields.items()],
        },
        "primaryType": primary,
        "domain": {
            "name": "Clearspan Attestation",
            "version": "1",
            "chainId": DOMAIN.client_chain_id,
            "verifyingContract": DOMAIN.client,
            "salt": DOMAIN.salt,
        },
        "message": message,
    }


def digest_of(full):
    signable = encode_typed_data(full_message=full)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def test_an_attestation_is_the_eip712_message_a_wallet_would_show():
    fields = {
        "epoch": "uint64",
        "height": "uint64",
        "blockHash": "bytes32",
        "parentHash": "bytes32",
        "stateRoot": "bytes32",
        "timestamp": "uint64",
        "expiry": "uint64",
    }
    message = {
        "epoch": 3,
        "height": 77,
        "blockHash": STATE.block_hash,
        "parentHash": STATE.parent_hash,
        "stateRoot": STATE.state_root,
        "timestamp": STATE.timestamp,
        "expiry": EXPIRY,
    }
    expected = digest_of(typed(message, fields, "Attestation"))
    assert DOMAIN.digest(ATTESTATION.struct_hash(EXPIRY)) == expected


def test_a_rotation_is_the_eip712_message_a_wallet_would_show():
    fields = {
        "nonce": "uint64",
        "epoch": "uint64",
        "threshold": "uint64",
        "signers": "address[]",
        "expiry": "uint64",
    }
    message = {"nonce": 2, "epoch": 4, "threshold": 3, "signers": list(ADDRESSES), "expiry": EXPIRY}
    expected = digest_of(typed(message, fields, "Rotation"))
    assert DOMAIN.digest(ROTATION.struct_hash(EXPIRY)) == expected


def test_an_approval_recovers_to_its_signer_and_has_a_low_s():
    approval = approve(DOMAIN, ATTESTATION, expiry=EXPIRY, signer=SIGNERS[0])
    assert approval == approve(DOMAIN, ATTESTATION, expiry=EXPIRY, signer=SIGNERS[0])
    digest = DOMAIN.digest(ATTESTATION.struct_hash(EXPIRY))
    assert Account._recover_hash(digest, vrs=(approval.v, approval.r, approval.s)) == SIGNERS[0].address
    assert approval.s <= 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def other(value):
    if isinstance(value, int):
        return value + 1
    if isinstance(value, bytes):
        return b"\x7e" * len(value)
    if isinstance(value, tuple):
        return value[1:]
    if isinstance(value, ConsensusState):
        return replace(value, state_root=b"\x7e" * 32)
    return to_checksum_address("0x" + "7e" * 20)


@pytest.mark.parametrize("field", ["client_chain_id", "client", "attested_chain_id", "attested_contract"])
def test_every_part_of_the_domain_is_signed(field):
    elsewhere = replace(DOMAIN, **{field: other(getattr(DOMAIN, field))})
    struct = ATTESTATION.struct_hash(EXPIRY)
    assert elsewhere.digest(struct) != DOMAIN.digest(struct)


@pytest.mark.parametrize("subject", [ATTESTATION, ROTATION], ids=["attestation", "rotation"])
def test_every_field_is_signed(subject):
    hashes = {subject.struct_hash(EXPIRY), subject.struct_hash(EXPIRY + 1)}
    changed = [replace(subject, **{field: other(getattr(subject, field))}) for field in subject.__slots__]
    hashes |= {subject.struct_hash(EXPIRY) for subject in changed}
    assert len(hashes) == 2 + len(changed)


@pytest.mark.parametrize("field", ["block_hash", "parent_hash", "state_root", "timestamp"])
def test_every_field_of_the_state_is_signed(field):
    changed = replace(ATTESTATION, state=replace(STATE, **{field: other(getattr(STATE, field))}))
    assert changed.struct_hash(EXPIRY) != ATTESTATION.struct_hash(EXPIRY)


def test_an_update_sorts_signers_and_approvals():
    approvals = [approve(DOMAIN, ATTESTATION, expiry=EXPIRY, signer=signer) for signer in SIGNERS]
    encoded = encode_attestation(ATTESTATION, ADDRESSES[::-1], approvals)
    assert encoded == encode_attestation(ATTESTATION, ADDRESSES, approvals[::-1])
    epoch, height, state, signers, given = abi_decode(
        ["uint64", "uint64", CONSENSUS_STATE_TYPE, "address[]", APPROVALS_TYPE], encoded
    )
    assert (epoch, height, state) == (3, 77, STATE.as_abi())
    assert [to_checksum_address(signer) for signer in signers] == list(ADDRESSES)
    by_signer = {approval.signer: approval.as_abi() for approval in approvals}
    assert list(given) == [by_signer[signer] for signer in ADDRESSES]


def test_a_rotation_names_the_next_signers_and_the_present_ones():
    approvals = [approve(DOMAIN, ROTATION, expiry=EXPIRY, signer=signer) for signer in SIGNERS[:3]]
    encoded = encode_rotation(ROTATION, ADDRESSES, approvals)
    nonce, threshold, following, present, given = abi_decode(
        ["uint64", "uint64", "address[]", "address[]", APPROVALS_TYPE], encoded
    )
    assert (nonce, threshold, len(given)) == (2, 3, 3)
    assert tuple(map(to_checksum_address, following)) == ROTATION.signers
    assert tuple(map(to_checksum_address, present)) == ADDRESSES


def test_what_goes_around_updates():
    assert abi_decode(["bytes", "bytes"], encode_evidence(b"a", b"b")) == (b"a", b"b")
    assert abi_decode(["uint256", "bytes"], encode_member(1, b"a")) == (1, b"a")


def test_a_signer_set_is_hashed_as_packed_words():
    assert signers_hash(ADDRESSES) == keccak(b"".join(bytes(12) + bytes.fromhex(one[2:]) for one in ADDRESSES))
    assert signers_hash(()) == keccak(b"")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("client_chain_id", 2**64, Reason.OUT_OF_RANGE),
        ("attested_chain_id", -1, Reason.OUT_OF_RANGE),
        ("client", "0x" + "c1" * 20, Reason.NOT_AN_ADDRESS),
        ("attested_contract", "here", Reason.NOT_AN_ADDRESS),
    ],
)
def test_a_domain_of_wrong_parts_is_refused(field, value, reason):
    with pytest.raises(Rejected) as caught:
        replace(DOMAIN, **{field: value})
    assert caught.value.reason is reason


@pytest.mark.parametrize("expiry", [-1, 2**64, 1.5])
def test_an_expiry_that_is_no_moment_is_refused(expiry):
    with pytest.raises(Rejected) as caught:
        approve(DOMAIN, ATTESTATION, expiry=expiry, signer=SIGNERS[0])
    assert caught.value.reason is Reason.OUT_OF_RANGE
