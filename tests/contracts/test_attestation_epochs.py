"""Signers come and go: by their own quorum, after a delay, and whoever has gone is worth nothing."""

import pytest

from bridge.attestations import Attestation, encode_evidence
from bridge.light_clients import ClientStatus, UpdateResult
from chains.errors import TransactionReverted
from tests.contracts.attesting import EPOCH_DELAY, MAX_APPROVAL, RETENTION, addresses, attest, signers
from tests.contracts.harness import OWNER, RELAYER, refused

NEXT = signers(5, "next")
FORGED = {"state_root": b"\x66" * 32}


def rotated(*, twin=None, until=0):
    """A client whose second epoch began `until` seconds ago (or is to begin, when negative), and when it did."""
    attesting = attest(twin=twin)
    begins = attesting.rotate(attesting.rotation(NEXT))
    if begins + until > attesting.host.head().timestamp:
        attesting.until(begins + until)
    return attesting, begins


def attempt(attesting, epoch, team, **altered):
    """What an update by three of this team in this epoch does, in the next block."""
    header = attesting.source.mine()
    subject: Attestation = attesting.attestation(header, epoch=epoch, **altered)
    update = attesting.update(subject, team[:3], team=team)
    return UpdateResult(attesting.host.call(attesting.call(update), block="pending"))


def refusal(attesting, epoch, team):
    with pytest.raises(TransactionReverted) as caught:
        attempt(attesting, epoch, team)
    return caught.value.error


def test_the_present_quorum_chooses_the_next_signers_and_they_begin_after_the_delay():
    attesting = attest()
    before = attesting.clock.now()
    begins = attesting.rotate(attesting.rotation(NEXT))
    assert begins >= before + EPOCH_DELAY
    functions = attesting.client.functions
    event = attesting.client.events.EpochScheduled().get_logs(from_block=attesting.host.head().number)[0]
    assert (event["args"]["epoch"], event["args"]["activeFrom"], event["args"]["threshold"]) == (2, begins, 3)
    assert tuple(event["args"]["signers"]) == addresses(NEXT)
    attesting.until(begins - 1)
    assert attesting.host.call(functions.currentEpoch(), block="pending") == 1
    assert refusal(attesting, 2, NEXT) == "EpochNotActive(2)"
    assert attempt(attesting, 1, attesting.team) is UpdateResult.UPDATED
    attesting.until(begins)
    assert attesting.host.call(functions.currentEpoch(), block="pending") == 2
    assert attempt(attesting, 2, NEXT) is UpdateResult.UPDATED


def test_twins_whose_epochs_begin_at_once():
    hasty = attest(twin="attestor-hasty-epoch")
    hasty.send(hasty.client.functions.rotate(hasty.rotation(NEXT)))
    assert attempt(hasty, 2, NEXT) is UpdateResult.UPDATED
    eager, _ = rotated(twin="attestor-epoch-to-come", until=-EPOCH_DELAY + 10)
    assert attempt(eager, 2, NEXT) is UpdateResult.UPDATED


# Retired signers (incident 1)


def test_a_retired_signer_is_worth_nothing_once_the_retention_is_over():
    attesting, begins = rotated(until=RETENTION - 1)
    assert attempt(attesting, 1, attesting.team) is UpdateResult.UPDATED
    attesting.until(begins + RETENTION)
    assert refusal(attesting, 1, attesting.team) == "EpochNotActive(1)"
    assert attempt(attesting, 2, NEXT) is UpdateResult.UPDATED


def test_the_twin_that_never_forgets_a_signer():
    twin, _ = rotated(twin="attestor-keeps-retired", until=400 * 86_400)
    assert attempt(twin, 1, twin.team, **FORGED) is UpdateResult.UPDATED


def test_without_retention_the_old_signers_are_out_with_the_first_moment_of_the_new():
    attesting = attest(retention=0)
    begins = attesting.rotate(attesting.rotation(NEXT))
    attesting.until(begins - 1)
    assert attempt(attesting, 1, attesting.team) is UpdateResult.UPDATED
    attesting.until(begins)
    assert refusal(attesting, 1, attesting.team) == "EpochNotActive(1)"


def test_retired_keys_help_out_nowhere():
    """Four stolen keys, one of them of a signer who has left: in no epoch do they count together."""
    attesting = attest()
    stays, leaves = attesting.team[:2], attesting.team[2]
    following = sorted([*stays, *signers(2, "fresh")], key=lambda one: one.address.lower())
    begins = attesting.rotate(attesting.rotation(following))
    attesting.until(begins + RETENTION)
    stolen = sorted([*stays, leaves], key=lambda one: one.address.lower())
    lied = attesting.attestation(attesting.source.mine(), epoch=2, **FORGED)
    update = attesting.update(lied, stolen, team=following)
    refused(attesting.host, attesting.call(update), f"ForeignSigner({leaves.address})")
    only_live = attesting.update(lied, stays, team=following)
    refused(attesting.host, attesting.call(only_live), "QuorumNotReached(2, 3)")


def test_signers_of_two_epochs_do_not_add_up():
    """While the retention runs, each epoch's approvals count in it alone."""
    attesting, _ = rotated(until=1)
    mixed = sorted([*attesting.team[:2], *NEXT[:2]], key=lambda one: one.address.lower())
    for epoch, team in ((1, attesting.team), (2, NEXT)):
        lied = attesting.attestation(attesting.source.mine(), epoch=epoch, **FORGED)
        with pytest.raises(TransactionReverted) as caught:
            attesting.host.transact(attesting.call(attesting.update(lied, mixed, team=team)), RELAYER)
        assert caught.value.error_name == "ForeignSigner"


def test_an_epoch_is_signed():
    """A signer of both epochs signs for one of them."""
    attesting = attest()
    begins = attesting.rotate(attesting.rotation(attesting.team))
    attesting.until(begins)
    header = attesting.source.mine()
    first = attesting.update(attesting.attestation(header, epoch=1))
    moved = (2).to_bytes(32, "big") + first[32:]
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.call(moved), RELAYER)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}
    assert attesting.take(first) is UpdateResult.UPDATED


def test_evidence_by_retired_signers_is_none():
    """Keys that leak after their time cannot freeze the client."""
    attesting, begins = rotated()
    header = attesting.source.mine()
    evidence = encode_evidence(
        attesting.update(attesting.attestation(header)), attesting.update(attesting.attestation(header, **FORGED))
    )
    attesting.until(begins + RETENTION)
    refused(attesting.host, attesting.client.functions.misbehaviour(evidence), "EpochNotActive(1)")
    assert attesting.status is ClientStatus.EXPIRED


# Nobody but the quorum rotates


def test_no_rotation_without_a_quorum_of_the_present_signers():
    attesting = attest()
    rotate = attesting.client.functions.rotate
    fewer = attesting.rotation(NEXT, attesting.team[:2])
    refused(attesting.host, rotate(fewer), "QuorumNotReached(2, 3)")
    refused(attesting.host, rotate(fewer), "QuorumNotReached(2, 3)", sender=OWNER)
    refused(attesting.host, rotate(attesting.rotation(NEXT, [])), "QuorumNotReached(0, 3)")
    by_the_next = attesting.rotation(NEXT, NEXT[:3])
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(rotate(by_the_next), RELAYER)
    assert caught.value.error_name == "ForeignSigner"
    refused(attesting.host, rotate(attesting.rotation(NEXT, NEXT[:3], team=NEXT)), "WrongSigners(1)")


def test_no_call_but_a_rotation_changes_signers():
    """Nobody has a key to this contract: there is no owner, no setter, no upgrade."""
    attesting = attest()
    changing = {
        entry["name"]
        for entry in attesting.client.abi
        if entry.get("stateMutability") == "nonpayable" and "name" in entry
    }
    assert changing == {"update", "misbehaviour", "rotate"}


def test_retained_signers_choose_nobody():
    attesting, _ = rotated(until=1)
    again = attesting.rotation(signers(4, "third"), nonce=1, epoch=3)
    refused(attesting.host, attesting.client.functions.rotate(again), "WrongSigners(2)")
    by_the_present = attesting.rotation(signers(4, "third"), NEXT[:3], team=NEXT, nonce=1, epoch=3)
    attesting.send(attesting.client.functions.rotate(by_the_present))


def test_signers_to_come_choose_nobody():
    attesting, _ = rotated(until=-100)
    early = attesting.rotation(signers(4, "third"), NEXT[:3], team=NEXT, nonce=1, epoch=3)
    refused(attesting.host, attesting.client.functions.rotate(early), "WrongSigners(1)")


@pytest.mark.parametrize(
    ("following", "threshold", "error"),
    [
        (signers(4, "next"), 2, "InvalidThreshold(2, 4)"),
        (signers(3, "next"), 3, "InvalidThreshold(3, 3)"),
        (signers(4, "next"), 5, "InvalidThreshold(5, 4)"),
        (signers(4, "next"), 0, "InvalidThreshold(0, 4)"),
        ([], 1, "InvalidSigners()"),
    ],
)
def test_a_rotation_keeps_to_the_rules_of_the_construction(following, threshold, error):
    attesting = attest()
    rotation = attesting.rotation(following, threshold=threshold)
    refused(attesting.host, attesting.client.functions.rotate(rotation), error)


# Held back, replayed, replaced (incident 54)


def test_a_rotation_signed_long_ago_is_dead():
    attesting = attest()
    rotation = attesting.rotation(NEXT)
    attesting.until(attesting.clock.now() + MAX_APPROVAL)
    refused(attesting.host, attesting.client.functions.rotate(rotation), "ApprovalExpired(0)")
    twin = attest(twin="attestor-dead-approval")
    held = twin.rotation(NEXT)
    twin.until(twin.clock.now() + 30 * 86_400)
    twin.send(twin.client.functions.rotate(held))


def test_a_rotation_happens_once():
    """The second one corrects the first; whoever kept the first cannot bring it back."""
    attesting = attest()
    first, second = attesting.rotation(NEXT), attesting.rotation(signers(4, "better"), nonce=1)
    refused(attesting.host, attesting.client.functions.rotate(second), "WrongNonce(1, 0)")
    attesting.rotate(first)
    begins = attesting.rotate(second)
    refused(attesting.host, attesting.client.functions.rotate(first), "WrongNonce(0, 2)")
    refused(attesting.host, attesting.client.functions.rotate(second), "WrongNonce(1, 2)")
    attesting.until(begins)
    assert attempt(attesting, 2, signers(4, "better")) is UpdateResult.UPDATED
    assert refusal(attesting, 2, NEXT) == "WrongSigners(2)"


def test_the_twin_in_which_a_rotation_happens_again():
    twin = attest(twin="attestor-replays-rotation")
    first, second = twin.rotation(NEXT), twin.rotation(signers(4, "better"), nonce=1)
    twin.rotate(first)
    twin.rotate(second)
    begins = twin.rotate(first)
    twin.until(begins)
    assert attempt(twin, 2, NEXT) is UpdateResult.UPDATED


def test_a_replacement_begins_its_delay_anew():
    attesting = attest()
    begins = attesting.rotate(attesting.rotation(NEXT))
    attesting.until(begins - 5)
    later = attesting.rotate(attesting.rotation(NEXT, nonce=1))
    assert later == begins - 5 + EPOCH_DELAY
    attesting.until(begins)
    assert refusal(attesting, 2, NEXT) == "EpochNotActive(2)"


def test_a_rotation_for_another_epoch_than_the_next_is_none():
    """Signed for epoch 2, brought when epoch 3 is next."""
    attesting, _ = rotated(until=RETENTION)
    stale = attesting.rotation(signers(4, "third"), NEXT[:3], team=NEXT, nonce=1, epoch=2)
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.client.functions.rotate(stale), RELAYER)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}


@pytest.mark.parametrize("field", ["threshold", "signers"])
def test_what_a_rotation_says_is_signed(field):
    attesting = attest()
    rotation = attesting.rotation(NEXT)
    word = {"threshold": 1, "signers": rotation.index(bytes.fromhex(NEXT[0].address[2:])) // 32}[field]
    changed = bytearray(rotation)
    changed[32 * word + 31] ^= 4
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.client.functions.rotate(bytes(changed)), RELAYER)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}


# Under load (incident 6)


def test_no_state_is_lost_or_refused_across_a_change_of_signers():
    """States every ten minutes through three epochs, signed by the signers of the moment, brought one round later."""
    attesting = attest()
    teams = {1: attesting.team, 2: NEXT, 3: signers(4, "third")}
    on_the_way, taken, signed_in, rotations = None, [], [], 0
    for _ in range(40):
        attesting.clock.advance(600)
        if on_the_way is not None:
            assert attesting.take(on_the_way) is UpdateResult.UPDATED
        header = attesting.mine()
        epoch = attesting.host.call(attesting.client.functions.currentEpoch(), block="pending")
        team = teams[epoch]
        on_the_way = attesting.update(attesting.attestation(header, epoch=epoch), team[:3], team=team)
        taken.append(header)
        signed_in.append(epoch)
        if epoch < 3 and rotations < epoch:
            following = teams[epoch + 1]
            attesting.rotate(attesting.rotation(following, team[:3], team=team, nonce=rotations, epoch=epoch + 1))
            rotations += 1
    assert set(signed_in) == {1, 2, 3}
    for header in taken[:-1]:
        stored = attesting.host.call(attesting.client.functions.consensusHash(header.number))
        assert stored == attesting.attestation(header).state.digest


def test_what_was_attested_outlives_its_signers():
    attesting = attest()
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    begins = attesting.rotate(attesting.rotation(NEXT))
    attesting.until(begins + RETENTION)
    assert attesting.host.call(attesting.verification(header)) == header.timestamp
