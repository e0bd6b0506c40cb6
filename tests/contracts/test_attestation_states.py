"""What attested states prove, when they freeze the client, and how long they last."""

from dataclasses import replace

import pytest

from bridge.attestations import encode_evidence, signers_hash
from bridge.clients import consensus_state
from bridge.light_clients import ClientStatus, UpdateResult
from chains.errors import TransactionReverted
from tests.contracts.attesting import BALANCE, DRIFT, MAX_APPROVAL, TRUSTING, addresses, attest, signers
from tests.contracts.harness import TRADER, deploy, refused

FORGED = {"state_root": b"\x66" * 32}


@pytest.fixture
def attesting():
    return attest()


# What a quorum says is believed


def test_an_attested_state_proves_storage(attesting):
    assert attesting.status is ClientStatus.EXPIRED
    header = attesting.mine()
    assert attesting.take(attesting.update(attesting.attestation(header))) is UpdateResult.UPDATED
    functions = attesting.client.functions
    assert attesting.host.call(functions.consensusHash(header.number)) == consensus_state(header).digest
    assert attesting.host.call(functions.latestHeight()) == header.number
    assert attesting.host.call(functions.latestTimestamp()) == header.timestamp
    assert attesting.status is ClientStatus.ACTIVE
    assert attesting.host.call(attesting.verification(header)) == header.timestamp


def test_the_same_state_again_changes_nothing(attesting):
    update = attesting.update(attesting.attestation(attesting.mine()))
    assert attesting.take(update) is UpdateResult.UPDATED
    assert attesting.take(update) is UpdateResult.NO_OP
    assert attesting.status is ClientStatus.ACTIVE


def test_an_older_state_is_taken_from_the_signers_of_today(attesting):
    older, newer = attesting.mine(), attesting.mine()
    assert attesting.take(attesting.update(attesting.attestation(newer))) is UpdateResult.UPDATED
    assert attesting.take(attesting.update(attesting.attestation(older))) is UpdateResult.UPDATED
    assert attesting.host.call(attesting.client.functions.latestHeight()) == newer.number
    assert attesting.host.call(attesting.verification(older)) == older.timestamp


def test_every_three_of_four_suffice():
    for missing in range(4):
        attesting = attest()
        by = [signer for index, signer in enumerate(attesting.team) if index != missing]
        assert attesting.take(attesting.update(attesting.attestation(attesting.mine()), by)) is UpdateResult.UPDATED


def test_the_domain_is_the_one_that_is_signed(attesting):
    assert attesting.host.call(attesting.client.functions.domainSeparator()) == attesting.domain.separator


# Conflict freezes, and nothing in that call is undone


def test_another_state_of_a_height_freezes(attesting):
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    assert attesting.take(attesting.update(attesting.attestation(header, **FORGED))) is UpdateResult.MISBEHAVIOUR
    assert attesting.status is ClientStatus.FROZEN
    refused(attesting.host, attesting.verification(header), "ClientNotActive(2)")
    later = attesting.update(attesting.attestation(attesting.mine()))
    refused(attesting.host, attesting.call(later), "ClientNotActive(2)")
    refused(
        attesting.host, attesting.client.functions.rotate(attesting.rotation(signers(4, "next"))), "ClientNotActive(2)"
    )


def test_the_twin_that_forgives():
    twin = attest(twin="attestor-forgives")
    header = twin.mine()
    twin.take(twin.update(twin.attestation(header)))
    assert twin.take(twin.update(twin.attestation(header, **FORGED))) is UpdateResult.MISBEHAVIOUR
    assert twin.status is ClientStatus.ACTIVE


def test_a_minority_cannot_freeze(attesting):
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    lied = attesting.update(attesting.attestation(header, **FORGED), attesting.team[:2])
    refused(attesting.host, attesting.call(lied), "QuorumNotReached(2, 3)")
    assert attesting.status is ClientStatus.ACTIVE


@pytest.mark.parametrize(("height", "timestamp"), [(+1, 0), (+1, -5), (-1, 0), (-1, +5)])
def test_time_going_backwards_freezes(attesting, height, timestamp):
    attesting.mine()
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    lied = attesting.attestation(header, timestamp=header.timestamp + timestamp)
    update = attesting.update(replace(lied, height=header.number + height))
    assert attesting.take(update) is UpdateResult.MISBEHAVIOUR
    assert attesting.status is ClientStatus.FROZEN


def test_evidence_of_two_states_of_a_height_freezes_even_after_it_expired(attesting):
    header = attesting.mine()
    evidence = encode_evidence(
        attesting.update(attesting.attestation(header)), attesting.update(attesting.attestation(header, **FORGED))
    )
    attesting.until(attesting.clock.now() + 2 * MAX_APPROVAL)
    attesting.send(attesting.client.functions.misbehaviour(evidence))
    assert attesting.status is ClientStatus.FROZEN


def test_evidence_of_time_going_backwards_freezes(attesting):
    header = attesting.mine()
    honest = attesting.attestation(header)
    backwards = replace(attesting.attestation(header, block_hash=b"\x05" * 32), height=header.number + 1)
    attesting.send(
        attesting.client.functions.misbehaviour(encode_evidence(attesting.update(backwards), attesting.update(honest)))
    )
    assert attesting.status is ClientStatus.FROZEN


def test_evidence_needs_a_conflict_and_two_quorums(attesting):
    first, second = attesting.mine(), attesting.mine()
    honest, later = attesting.update(attesting.attestation(first)), attesting.update(attesting.attestation(second))
    lied = attesting.update(attesting.attestation(first, **FORGED), attesting.team[:2])
    misbehaviour = attesting.client.functions.misbehaviour
    for evidence in (encode_evidence(honest, honest), encode_evidence(honest, later), encode_evidence(later, honest)):
        refused(attesting.host, misbehaviour(evidence), "NoConflict()")
    for evidence in (encode_evidence(honest, lied), encode_evidence(lied, honest)):
        refused(attesting.host, misbehaviour(evidence), "QuorumNotReached(2, 3)")
    refused(attesting.host, misbehaviour(b""), "MalformedEncoding()")
    assert attesting.status is ClientStatus.EXPIRED


# States


def test_nothing_is_no_state(attesting):
    header = attesting.mine()
    for nothing in ({"state_root": bytes(32)}, {"timestamp": 0}):
        update = attesting.update(attesting.attestation(header, **nothing))
        refused(attesting.host, attesting.call(update), "EmptyState()")
    twin = attest(twin="attestor-empty-state")
    update = twin.update(twin.attestation(twin.mine(), state_root=bytes(32)))
    assert twin.take(update) is UpdateResult.UPDATED


def test_a_state_may_be_a_little_ahead_and_no_further(attesting):
    header = attesting.mine()
    attesting.until(attesting.clock.now() + 1)
    ahead = attesting.clock.now() + DRIFT
    update = attesting.update(attesting.attestation(header, timestamp=ahead + 1))
    refused(attesting.host, attesting.call(update), f"StateFromFuture({ahead + 1})")
    attesting.until(attesting.clock.now() + 1)
    update = attesting.update(attesting.attestation(header, timestamp=ahead + 1))
    assert attesting.take(update) is UpdateResult.UPDATED


def test_without_news_it_expires_and_news_revive_it(attesting):
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    attesting.until(header.timestamp + TRUSTING - 1)
    assert attesting.status is ClientStatus.ACTIVE
    attesting.until(header.timestamp + TRUSTING)
    assert attesting.status is ClientStatus.EXPIRED
    refused(attesting.host, attesting.verification(header), "ClientNotActive(1)")
    fresh = attesting.mine()
    assert attesting.take(attesting.update(attesting.attestation(fresh))) is UpdateResult.UPDATED
    assert attesting.host.call(attesting.verification(fresh)) == fresh.timestamp


def test_only_the_attested_contract_is_proven(attesting):
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    refused(attesting.host, attesting.verification(header, account=TRADER.address), f"WrongAccount({TRADER.address})")


def other_contract(twin):
    """A contract of the attacker's making on the attested chain, truly proven."""
    attesting = attest(twin=twin)
    mine = deploy(attesting.source, "TestToken", "Mine", "ME", 6)
    attesting.source.transact(mine.functions.mint(TRADER.address, BALANCE), TRADER)
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    attesting.token = mine
    return attesting, header


def test_another_contract_of_the_chain_is_not_what_was_attested():
    attesting, header = other_contract(None)
    refused(attesting.host, attesting.verification(header), f"WrongAccount({attesting.token.address})")
    twin, header = other_contract("attestor-any-account")
    assert twin.host.call(twin.verification(header)) == header.timestamp


def test_only_what_is_there_is_proven(attesting):
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    slot, proof = attesting.proof_of_balance(header)
    name = f"0x{slot:064x}"
    refused(attesting.host, attesting.verification(header, value=BALANCE + 1), f"ValueMismatch({name})")
    refused(attesting.host, attesting.verification(header, value=0), f"ZeroValue({name})")
    refused(attesting.host, attesting.verification(header, slots=[]), "LengthMismatch()")
    refused(
        attesting.host, attesting.verification(header, height=header.number + 1), f"UnknownHeight({header.number + 1})"
    )
    forged = b"\x01" + proof[1:]
    refused(attesting.host, attesting.verification(header, proof=forged), f"UnknownHeight({header.number})")
    flipped = proof[:-40] + bytes([proof[-40] ^ 1]) + proof[-39:]
    refused(attesting.host, attesting.verification(header, proof=flipped), "HashMismatch()")


# Bytes


def test_bytes_that_are_no_update(attesting):
    update = attesting.update(attesting.attestation(attesting.mine()))
    for length in [*range(0, len(update), 32), len(update) - 1]:
        with pytest.raises(TransactionReverted) as caught:
            attesting.host.call(attesting.call(update[:length]), block="pending")
        assert caught.value.error_name in {"MalformedEncoding", "EmptyState"}
    for word in (0, 1, 5, 6, 7):
        changed = update[: 32 * word] + b"\xff" * 32 + update[32 * word + 32 :]
        refused(attesting.host, attesting.call(changed), "MalformedEncoding()")


def test_any_changed_word_of_a_signed_state_is_noticed(attesting):
    update = attesting.update(attesting.attestation(attesting.mine()))
    for word in range(1, 6):
        changed = bytearray(update)
        changed[32 * word + 31] ^= 1
        with pytest.raises(TransactionReverted) as caught:
            attesting.host.call(attesting.call(bytes(changed)), block="pending")
        assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}


def test_what_the_client_says_of_its_signers(attesting):
    epoch = attesting.host.call(attesting.client.functions.signerEpoch(1))
    assert (bytes(epoch[0]), epoch[2]) == (signers_hash(addresses(attesting.team)), 3)
    assert tuple(attesting.host.call(attesting.client.functions.signerEpoch(2))) == (bytes(32), 0, 0)
    assert attesting.host.call(attesting.client.functions.rotations()) == 0
