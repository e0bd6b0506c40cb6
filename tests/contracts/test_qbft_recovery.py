"""How an expired or frozen client continues: by whom, after what delay, against which objections."""

import pytest
from eth_account.messages import encode_typed_data
from eth_utils.address import to_checksum_address

from bridge.clients import consensus_state, encode_evidence, encode_known, encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from bridge.recovery import RecoveryApproval
from chains.errors import TransactionReverted
from tests.contracts.following import ATTESTORS, at_height, attest, follow, follow_ibft2, in_ibft2, keys_of, outsiders
from tests.contracts.harness import (
    FAR,
    NEAR,
    RECOVERY_BLOCKS,
    RECOVERY_SECONDS,
    RELAYER,
    STRANGER,
    TRUSTING_PERIOD,
    client_arguments,
    deploy,
    refused,
)

UPDATED, MISBEHAVIOUR = UpdateResult.UPDATED, UpdateResult.MISBEHAVIOUR
FORGED = b"\x66" * 32
WITH_ATTESTORS = {"threshold": 2, "attestors": [attestor.address for attestor in ATTESTORS]}


def propose(following, header, attestation=b"", trusted=None):
    update = encode_update(header, following.trusted.validators if trusted is None else trusted)
    return following.client.functions.proposeRecovery(update, attestation)


def expired(**options):
    """An expired client and a header that could bring it back."""
    following = follow(**options)
    following.expire()
    return following, following.mine()


def test_an_expired_client_continues_from_a_header_its_last_set_sealed():
    following, header = expired()
    recovery_id = following.propose(header)
    proposal = following.host.call(following.client.functions.recovery(recovery_id))
    mined = following.host.head()
    assert proposal == (
        consensus_state(header).digest,
        following.host.call(following.client.functions.trustedValidatorsHash()),
        header.number,
        header.timestamp,
        0,
        mined.timestamp + RECOVERY_SECONDS,
        mined.number + RECOVERY_BLOCKS,
        False,
    )
    assert following.status is ClientStatus.EXPIRED
    following.sit_out()
    following.host.transact(following.execute(recovery_id), STRANGER)
    assert (following.status, following.height) == (ClientStatus.ACTIVE, header.number)
    assert following.consensus_hash(header.number) == consensus_state(header).digest
    assert following.consensus_hash(following.trusted.number) == consensus_state(following.trusted).digest
    functions = following.client.functions
    assert [following.host.call(view) for view in (functions.epoch(), functions.settledHeight())] == [1, 0]
    assert following.update(following.honest(following.mine())) is UPDATED
    refused(following.host, following.execute(recovery_id), "NoRecovery")


def test_recovery_brings_the_headers_own_validators():
    following, _ = expired()
    members = following.source.validators.validators
    following.source.rotate([*members[:3], *outsiders(1)])
    header = following.mine()
    recovery_id = following.propose(header)
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    following.mine()
    late = following.source.head()
    refused(following.host, following.call(following.honest(late)), "WrongTrustedValidators()")
    assert following.update(encode_update(late, header.validators)) is UPDATED


def hurry(twin, seconds, blocks):
    following, header = expired(twin=twin)
    recovery_id = following.propose(header)
    following.sit_out(seconds=seconds, blocks=blocks)
    return following, following.execute(recovery_id)


def test_the_delay_needs_its_seconds_and_its_blocks():
    following, call = hurry(None, RECOVERY_SECONDS, RECOVERY_BLOCKS)
    following.host.transact(call, RELAYER)
    early = [(RECOVERY_SECONDS - 20, RECOVERY_BLOCKS + 3), (RECOVERY_SECONDS, RECOVERY_BLOCKS - 1), (0, 1)]
    for seconds, blocks in early:
        following, call = hurry(None, seconds, blocks)
        refused(following.host, call, "RecoveryNotReady")
    following, call = hurry("client-recovery-at-once", 0, 1)
    following.host.transact(call, RELAYER)
    following, call = hurry("client-recovery-seconds-alone", RECOVERY_SECONDS, 1)
    following.host.transact(call, RELAYER)


def test_proposing_again_neither_restarts_the_delay_nor_bars_another_header():
    following, header = expired()
    recovery_id = following.propose(header)
    following.sit_out()
    other = following.mine()
    assert following.propose(header) == recovery_id
    assert following.propose(other) != recovery_id
    following.host.transact(following.execute(recovery_id), RELAYER)
    assert following.height == header.number


def half(twin):
    """Two of the four trusted validators and two strangers: a quorum of their own, half of the trusted."""
    following, header = expired(twin=twin, numerator=1, denominator=3)
    members = sorted([*following.source.validators.validators[:2], *outsiders(2)], key=lambda one: one.address)
    forged = header.altered(state_root=FORGED, validators=[one.address for one in members]).sealed_by(keys_of(members))
    return following, propose(following, forged)


def test_it_takes_two_thirds_of_the_last_set_whatever_the_trust_level():
    following, call = half(None)
    refused(following.host, call, "OverlapNotReached(2, 3)")
    for twin in ("client-recovery-floor", "client-recovery-any-signers"):
        following, call = half(twin)
        following.host.call(call, block="pending")
    following, header = expired(numerator=1, denominator=1)
    assert following.propose(header.with_seals(header.sorted_seals[:3]))


def strange(twin):
    following, header = expired(twin=twin)
    strangers = outsiders(4)
    forged = header.altered(state_root=FORGED, validators=[one.address for one in strangers])
    return following, propose(following, forged.sealed_by(keys_of(strangers)))


def test_strangers_recover_nothing():
    following, call = strange(None)
    refused(following.host, call, "OverlapNotReached(0, 3)")
    following, call = strange("client-recovery-any-signers")
    following.host.call(call, block="pending")


def test_the_header_is_newer_recent_and_not_from_the_future():
    following, header = expired()
    keys = keys_of(following.source.validators)
    now = following.host.next_context().timestamp
    cases = {
        "HeightNotGreater(1, 1)": at_height(header, 1),
        f"TooOld({following.trusted.timestamp})": header.altered(timestamp=following.trusted.timestamp),
        f"HeaderFromFuture({now + 3600})": header.altered(timestamp=now + 3600),
    }
    for error, draft in cases.items():
        refused(following.host, propose(following, draft.sealed_by(keys)), error)
    short = header.with_seals(header.sorted_seals[:2])
    refused(following.host, propose(following, short), "QuorumNotReached(2, 3)")
    refused(following.host, propose(following, header, trusted=header.validators[:3]), "WrongTrustedValidators()")
    assert following.propose(header)


def test_a_proposal_left_lying_too_long_is_worth_nothing():
    following, header = expired()
    recovery_id = following.propose(header)
    following.sit_out()
    following.until(header.timestamp + TRUSTING_PERIOD)
    refused(following.host, following.execute(recovery_id), f"TooOld({header.timestamp})")
    again = following.propose(following.mine())
    following.sit_out()
    following.host.transact(following.execute(again), RELAYER)
    assert following.status is ClientStatus.ACTIVE


def test_an_active_client_is_not_recovered():
    following = follow()
    refused(following.host, propose(following, following.mine()), "ClientStillActive()")
    refused(following.host, following.execute(bytes(32)), "NoRecovery")
    refused(following.host, following.execute(b"\1" * 32), "NoRecovery")


def object_to(twin):
    """Validators sealed something else at the proposed height; somebody shows it."""
    following, header = expired(twin=twin)
    forged = header.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    recovery_id = following.propose(forged)
    evidence = encode_evidence(following.honest(header), encode_known(forged, recovery_id))
    return following, forged, recovery_id, following.client.functions.misbehaviour(evidence)


def test_evidence_against_a_proposal_cancels_it_and_freezes():
    following, forged, recovery_id, objection = object_to(None)
    unknown = encode_known(forged, b"\1" * 32)
    honest = following.honest(following.source.header(forged.number))
    refused(following.host, following.misbehaviour(honest, unknown), "NoRecovery")
    other = encode_known(forged.altered(timestamp=forged.timestamp + 1), recovery_id)
    refused(following.host, following.misbehaviour(honest, other), f"UnknownHeight({forged.number})")
    agreeing = following.misbehaviour(following.honest(forged), encode_known(forged, recovery_id))
    refused(following.host, agreeing, "NoConflict()")
    following.host.transact(objection, STRANGER)
    assert following.status is ClientStatus.FROZEN
    assert following.host.call(following.client.functions.recovery(recovery_id))[-1] is True
    following.sit_out()
    refused(following.host, following.execute(recovery_id), "NoRecovery")


def test_without_attestors_a_freeze_is_final():
    following, _, recovery_id, objection = object_to(None)
    following.host.transact(objection, STRANGER)
    header = following.mine()
    refused(following.host, propose(following, header), "MalformedEncoding()")
    nobody = attest(following.approve(header, 1), [], [])
    refused(following.host, propose(following, header, nobody), "WrongAttestors()")
    refused(following.host, following.execute(recovery_id), "NoRecovery")


def frozen(**options):
    """A client frozen by a conflict at one of three heights it keeps, the middle one; and a newer header."""
    following = follow(**(WITH_ATTESTORS | options))
    below, at, above = following.mine(), following.mine(), following.mine()
    keys = keys_of(following.source.validators)
    forged = at.altered(state_root=FORGED).sealed_by(keys)
    for header in (below, forged, above):
        assert following.update(following.honest(header)) is UPDATED
    assert following.update(following.honest(at)) is MISBEHAVIOUR
    assert following.host.call(following.client.functions.conflictHeight()) == at.number
    return following, (below, at, above, forged), following.mine()


def test_a_frozen_client_continues_in_a_new_epoch_and_forgets_from_the_conflict_on():
    following, (below, at, _, forged), header = frozen()
    assert following.consensus_hash(at.number) == consensus_state(forged).digest
    approval = following.approve(header, at.number)
    recovery_id = following.propose(header, attest(approval, ATTESTORS[:2]))
    following.sit_out()
    block = following.host.transact(following.execute(recovery_id), STRANGER)["blockNumber"]
    (event,) = following.host.logs(following.client.events.ClientRecovered(), block, block)
    assert dict(event["args"]) == {"epoch": 2, "height": header.number, "conflictHeight": at.number}
    assert (following.status, following.height) == (ClientStatus.ACTIVE, header.number)
    kept = {number: following.consensus_hash(number) for number in range(1, header.number + 1)}
    assert {number for number, stored in kept.items() if stored != bytes(32)} == {1, below.number, header.number}
    assert kept[below.number] == consensus_state(below).digest
    assert kept[header.number] == consensus_state(header).digest
    # What was void is filled again from the new history.
    older = [following.source.header(number) for number in range(header.number - 1, 1, -1)]
    following.host.transact(following.fill(header, older), RELAYER)
    for number in range(1, header.number + 1):
        assert following.consensus_hash(number) == consensus_state(following.source.header(number)).digest
    functions = following.client.functions
    assert following.host.call(functions.conflictHeight()) == 0
    assert following.host.call(functions.settledHeight()) == header.number
    assert following.update(following.honest(following.mine())) is UPDATED


def keep_fork(twin):
    following, (_, at, _, _), header = frozen(twin=twin)
    recovery_id = following.propose(header, attest(following.approve(header, at.number), ATTESTORS[:2]))
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    return following.consensus_hash(at.number)


def test_the_forked_heights_are_void():
    assert keep_fork(None) == bytes(32)
    assert keep_fork("client-keeps-forked-heights") != bytes(32)


def test_a_freeze_may_be_recovered_below_a_height_nobody_ever_reached():
    """Whoever forged may have forged the height of the next century."""
    following = follow(**WITH_ATTESTORS)
    header = following.mine()
    keys = keys_of(following.source.validators)
    century = at_height(header, 10**9, timestamp=header.timestamp + 1).sealed_by(keys)
    assert following.update(following.honest(century)) is UPDATED
    assert following.update(following.honest(century.altered(state_root=FORGED).sealed_by(keys))) is MISBEHAVIOUR
    now = following.mine()
    recovery_id = following.propose(now, attest(following.approve(now, now.number), ATTESTORS[1:]))
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    assert (following.status, following.height) == (ClientStatus.ACTIVE, now.number)
    assert following.consensus_hash(10**9) == bytes(32)


def test_settled_evidence_cannot_freeze_again_and_new_evidence_can():
    def replay(twin=None):
        following, (_, at, _, forged), header = frozen(twin=twin)
        recovery_id = following.propose(header, attest(following.approve(header, at.number), ATTESTORS[:2]))
        following.sit_out()
        following.host.transact(following.execute(recovery_id), RELAYER)
        return following, header, at, forged

    following, header, at, forged = replay()
    again = following.misbehaviour(following.honest(at), following.honest(forged))
    refused(following.host, again, "NoConflict()")
    older = [following.source.header(number) for number in range(header.number - 1, at.number - 1, -1)]
    following.host.transact(following.fill(header, older), RELAYER)
    refused(following.host, following.call(following.honest(forged)), "NoConflict()")
    refused(following.host, following.misbehaviour(following.honest(forged), encode_known(at)), "NoConflict()")
    new = following.mine()
    assert following.update(following.honest(new)) is UPDATED
    other = new.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(other)) is MISBEHAVIOUR
    following, _, at, forged = replay("client-old-evidence-counts")
    following.host.transact(following.misbehaviour(following.honest(at), following.honest(forged)), RELAYER)
    assert following.status is ClientStatus.FROZEN


def few(twin):
    following, (_, at, _, _), header = frozen(twin=twin)
    return following, propose(following, header, attest(following.approve(header, at.number), ATTESTORS[:1]))


def test_it_takes_the_attestors_quorum():
    following, call = few(None)
    refused(following.host, call, "QuorumNotReached(1, 2)")
    following, call = few("client-recovery-few-attestors")
    following.host.call(call, block="pending")


def test_attestors_count_once_and_nobody_else_counts():
    following, (_, at, _, _), header = frozen()
    approval = following.approve(header, at.number)
    stranger = attest(approval, [ATTESTORS[0], STRANGER])
    refused(following.host, propose(following, header, stranger), "ForeignSigner")
    twice = attest(approval, [ATTESTORS[0]] * 2)
    refused(following.host, propose(following, header, twice), "SealsNotAscending(1)")
    friends = attest(approval, [STRANGER, RELAYER], [STRANGER, RELAYER])
    refused(following.host, propose(following, header, friends), "WrongAttestors()")


def test_attestors_alone_recover_nothing():
    following, (_, at, _, _), header = frozen()
    strangers = outsiders(4)
    forged = header.altered(state_root=FORGED, validators=[one.address for one in strangers])
    forged = forged.sealed_by(keys_of(strangers))
    attestation = attest(following.approve(forged, at.number), ATTESTORS)
    refused(following.host, propose(following, forged, attestation), "OverlapNotReached(0, 3)")


@pytest.mark.parametrize(
    "changed",
    [
        {"chain_id": FAR},
        {"client": to_checksum_address(RELAYER.address)},
        {"epoch": 2},
        {"header_digest": b"\x07" * 32},
    ],
)
def test_an_approval_is_for_one_chain_client_epoch_and_header(changed):
    following, (_, at, _, _), header = frozen()
    for approval, is_good in (
        (following.approve(header, at.number), True),
        (following.approve(header, at.number, **changed), False),
    ):
        call = propose(following, header, attest(approval, ATTESTORS[:2]))
        if is_good:
            following.host.call(call, block="pending")
        else:
            refused(following.host, call, "ForeignSigner", "SealsNotAscending(1)")


def test_the_conflict_height_is_signed_too_and_cannot_lie_above_what_is_known():
    following, (below, at, above, _), header = frozen()
    approval = following.approve(header, at.number)
    moved = attest(approval, ATTESTORS[:2])
    moved = below.number.to_bytes(32, "big") + moved[32:]
    refused(following.host, propose(following, header, moved), "ForeignSigner", "SealsNotAscending(1)")
    for height in (0, above.number):
        attestation = attest(following.approve(header, height), ATTESTORS[:2])
        refused(following.host, propose(following, header, attestation), f"WrongConflictHeight({height}, {at.number})")
    old = below.altered(timestamp=header.timestamp).sealed_by(keys_of(following.source.validators))
    attestation = attest(following.approve(old, at.number), ATTESTORS[:2])
    refused(following.host, propose(following, old, attestation), f"WrongConflictHeight({at.number}, {at.number})")
    lower = attest(following.approve(header, below.number), ATTESTORS[:2])
    assert following.propose(header, lower)


def test_evidence_of_a_lower_conflict_stops_a_recovery_that_would_keep_it():
    following, (below, at, _, _), header = frozen()
    recovery_id = following.propose(header, attest(following.approve(header, at.number), ATTESTORS[:2]))
    forged = below.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    objection = following.misbehaviour(following.honest(forged), encode_known(below))
    following.host.transact(objection, STRANGER)
    following.sit_out()
    refused(following.host, following.execute(recovery_id), f"WrongConflictHeight({at.number}, {below.number})")
    again = following.propose(header, attest(following.approve(header, below.number), ATTESTORS[:2]))
    following.sit_out()
    following.host.transact(following.execute(again), RELAYER)
    assert following.consensus_hash(below.number) == bytes(32)


def stay_deaf(twin):
    following, (_, at, _, _), header = frozen(twin=twin)
    forged = header.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    recovery_id = following.propose(forged, attest(following.approve(forged, at.number), ATTESTORS[:2]))
    evidence = encode_evidence(following.honest(header), encode_known(forged, recovery_id))
    following.host.transact(following.client.functions.misbehaviour(evidence), STRANGER)
    following.sit_out()
    return following, following.execute(recovery_id), at, forged


def test_evidence_cancels_a_recovery_from_a_freeze_for_good():
    following, call, at, forged = stay_deaf(None)
    refused(following.host, call, "NoRecovery")
    assert following.host.call(following.client.functions.conflictHeight()) == at.number
    following.propose(forged, attest(following.approve(forged, at.number), ATTESTORS[:2]))
    following.sit_out()
    refused(following.host, call, "NoRecovery")
    following, call, _, _ = stay_deaf("client-recovery-deaf")
    following.host.transact(call, RELAYER)
    assert following.status is ClientStatus.ACTIVE


def test_a_proposal_from_expiry_is_void_once_frozen():
    following = follow(**WITH_ATTESTORS)
    following.expire()
    first, second = following.mine(), following.mine()
    recovery_id = following.propose(first)
    forged = second.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    following.host.transact(following.misbehaviour(following.honest(second), following.honest(forged)), STRANGER)
    following.sit_out()
    refused(following.host, following.execute(recovery_id), "NoRecovery")


def test_the_digest_is_what_wallets_sign():
    following, (_, at, _, _), header = frozen()
    approval = following.approve(header, at.number)
    assert approval.digest == following.host.call(
        following.client.functions.recoveryDigest(header.commit_digest, at.number)
    )
    shown = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Recovery": [
                    {"name": "epoch", "type": "uint64"},
                    {"name": "headerDigest", "type": "bytes32"},
                    {"name": "conflictHeight", "type": "uint64"},
                ],
            },
            "primaryType": "Recovery",
            "domain": {
                "name": "Clearspan QbftLightClient",
                "version": "1",
                "chainId": NEAR,
                "verifyingContract": following.client.address,
            },
            "message": {"epoch": 1, "headerDigest": header.commit_digest, "conflictHeight": at.number},
        }
    )
    assert ATTESTORS[0].sign_message(shown).signature == approval.sign(ATTESTORS[0])
    assert isinstance(approval, RecoveryApproval)


def test_an_ibft2_client_recovers_too():
    following, _ = follow_ibft2(**WITH_ATTESTORS)
    following.expire()
    (header,) = in_ibft2([following.mine()], following)
    recovery_id = following.propose(header)
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    assert following.consensus_hash(header.number) == consensus_state(header).digest


@pytest.mark.parametrize(
    "changed",
    [
        {"recovery_seconds": 0},
        {"recovery_blocks": 0},
        {"recovery_seconds": TRUSTING_PERIOD},
        {"threshold": 1},
        {"attestors": WITH_ATTESTORS["attestors"]},
        WITH_ATTESTORS | {"threshold": 1},
        WITH_ATTESTORS | {"threshold": 4},
        {"threshold": 1, "attestors": WITH_ATTESTORS["attestors"][:2]},
        WITH_ATTESTORS | {"attestors": WITH_ATTESTORS["attestors"][::-1]},
        WITH_ATTESTORS | {"attestors": WITH_ATTESTORS["attestors"][:1] * 3},
        {"threshold": 1, "attestors": ["0x" + "00" * 20]},
    ],
)
def test_unsafe_parameters_are_refused(changed):
    following = follow()
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        deploy(following.host, "QbftLightClient", *client_arguments(following.trusted, **changed))


def test_an_attestor_is_no_validator():
    following = follow()
    attestors = {"threshold": 1, "attestors": [to_checksum_address(following.trusted.validators[2])]}
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        deploy(following.host, "QbftLightClient", *client_arguments(following.trusted, **attestors))
