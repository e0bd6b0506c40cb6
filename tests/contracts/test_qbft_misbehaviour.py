"""What anyone may show to freeze a client, and what is no evidence."""

import pytest

from bridge.clients import encode_known, encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from tests.contracts.following import at_height, follow, keys_of, outsiders
from tests.contracts.harness import RELAYER, STRANGER, TRUSTING_PERIOD, refused

UPDATED, NO_OP, MISBEHAVIOUR = UpdateResult.UPDATED, UpdateResult.NO_OP, UpdateResult.MISBEHAVIOUR
FORGED = b"\x66" * 32


def with_two_heights(**options):
    """A client that keeps two heights above its first, with one between them that it does not know."""
    following = follow(**options)
    older, _, latest = following.mine(), following.mine(), following.mine()
    for header in (older, latest):
        assert following.update(following.honest(header)) is UPDATED
    return following, older, latest, keys_of(following.source.validators)


def conflict_height(following):
    return following.host.call(following.client.functions.conflictHeight())


def test_evidence_against_what_is_kept_needs_one_sealed_header():
    following, older, latest, keys = with_two_heights()
    forged = following.honest(older.altered(state_root=FORGED).sealed_by(keys))
    refused(
        following.host, following.misbehaviour(forged, encode_known(following.source.header(3))), "UnknownHeight(3)"
    )
    lied = encode_known(older.altered(timestamp=older.timestamp + 1))
    refused(following.host, following.misbehaviour(forged, lied), f"UnknownHeight({older.number})")
    honest = following.misbehaviour(following.honest(older), encode_known(older))
    refused(following.host, honest, "NoConflict()")
    refused(following.host, following.misbehaviour(following.honest(latest), encode_known(older)), "NoConflict()")
    following.host.transact(following.misbehaviour(forged, encode_known(older)), STRANGER)
    assert (following.status, conflict_height(following)) == (ClientStatus.FROZEN, older.number)


def test_time_may_run_backwards_below_the_latest_height_too():
    following, older, latest, keys = with_two_heights()
    between = following.source.header(latest.number - 1)
    refused(
        following.host,
        following.call(following.honest(between)),
        f"HeightNotGreater({between.number}, {latest.number})",
    )
    # Newer than the latest header, though below it: an update is evidence enough.
    early = between.altered(timestamp=latest.timestamp).sealed_by(keys)
    # Older than a kept header below it: that one has to be shown.
    late = between.altered(timestamp=older.timestamp).sealed_by(keys)
    refused(
        following.host, following.call(following.honest(late)), f"HeightNotGreater({between.number}, {latest.number})"
    )
    following.host.call(following.misbehaviour(following.honest(late), encode_known(older)))
    assert following.update(following.honest(early)) is MISBEHAVIOUR
    assert (following.status, conflict_height(following)) == (ClientStatus.FROZEN, between.number)


def test_a_header_that_disowns_its_kept_parent_is_evidence():
    following, older, _, keys = with_two_heights()
    child = following.source.header(older.number + 1)
    refused(following.host, following.misbehaviour(following.honest(child), encode_known(older)), "NoConflict()")
    orphan = child.altered(parent_hash=FORGED).sealed_by(keys)
    following.host.transact(following.misbehaviour(following.honest(orphan), encode_known(older)), RELAYER)
    assert (following.status, conflict_height(following)) == (ClientStatus.FROZEN, older.number)
    grandchild = at_height(child, child.number + 1, parent_hash=FORGED, timestamp=child.timestamp + 9).sealed_by(keys)
    following, older, _, _ = with_two_heights()
    refused(following.host, following.misbehaviour(following.honest(grandchild), encode_known(older)), "NoConflict()")


def revert_after_freeze(twin):
    following, older, _, keys = with_two_heights(twin=twin)
    return following, following.call(following.honest(older.altered(state_root=FORGED).sealed_by(keys)))


def test_an_update_that_freezes_does_not_revert():
    following, call = revert_after_freeze(None)
    following.host.transact(call, RELAYER)
    assert following.status is ClientStatus.FROZEN
    following, call = revert_after_freeze("client-freeze-reverts")
    refused(following.host, call, "NoConflict()")
    assert following.status is ClientStatus.ACTIVE


def age(twin, seconds):
    """Two headers of one height, shown this long after the younger of them, to a client kept alive meanwhile."""
    following = follow(twin=twin)
    header = following.mine()
    keys = keys_of(following.source.validators)
    forged = header.altered(state_root=FORGED, timestamp=header.timestamp - 1).sealed_by(keys)
    following.clock.advance(TRUSTING_PERIOD // 2)
    assert following.update(following.honest(following.mine())) is UPDATED
    following.until(header.timestamp + seconds)
    return following, following.misbehaviour(following.honest(forged), following.honest(header)), header


def test_evidence_ages_with_the_younger_of_its_headers():
    following, call, _ = age(None, TRUSTING_PERIOD - 1)
    following.host.transact(call, RELAYER)
    assert following.status is ClientStatus.FROZEN
    following, call, header = age(None, TRUSTING_PERIOD)
    refused(following.host, call, f"TooOld({header.timestamp})")
    assert following.status is ClientStatus.ACTIVE
    following, call, _ = age("client-evidence-never-ages", TRUSTING_PERIOD)
    following.host.transact(call, RELAYER)
    assert following.status is ClientStatus.FROZEN


def test_old_evidence_in_an_update_freezes_nothing_either():
    following = follow()
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    forged = header.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    following.clock.advance(TRUSTING_PERIOD // 2)
    assert following.update(following.honest(following.mine())) is UPDATED
    following.until(header.timestamp + TRUSTING_PERIOD)
    refused(following.host, following.call(following.honest(forged)), f"TooOld({header.timestamp})")
    assert following.status is ClientStatus.ACTIVE


def test_a_conflict_with_the_latest_header_never_gets_old():
    """A forged header cannot date itself back to be no evidence: the kept one is as young as the client is alive."""
    following, _, latest, keys = with_two_heights()
    forged = latest.altered(state_root=FORGED, timestamp=1).sealed_by(keys)
    assert following.update(following.honest(forged)) is MISBEHAVIOUR


def test_retired_validators_cannot_freeze():
    following = follow()
    old = following.source.validators.validators
    before = following.mine()
    assert following.update(following.honest(before)) is UPDATED
    following.source.rotate([*old[:3], *outsiders(1)])
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    following.source.rotate([*old[:2], *outsiders(2)])
    rotated = following.mine()
    assert following.update(encode_update(rotated, header.validators)) is UPDATED
    forged = before.altered(state_root=FORGED).sealed_by(keys_of(old))
    against = encode_update(forged, rotated.validators)
    refused(following.host, following.call(against), "OverlapNotReached(2, 3)")
    refused(following.host, following.misbehaviour(against, encode_known(before)), "OverlapNotReached(2, 3)")
    assert following.status is ClientStatus.ACTIVE


def test_evidence_takes_no_more_signers_than_what_could_be_accepted():
    """With a trust level of 1, a recovery takes two thirds, so an objection to it must not take more."""
    following = follow(numerator=1, denominator=1)
    header = following.mine()
    three = header.with_seals(header.sorted_seals[:3])
    forged = header.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators[:3]))
    refused(following.host, following.call(following.honest(three)), "OverlapNotReached(3, 4)")
    following.host.transact(following.misbehaviour(following.honest(forged), following.honest(three)), RELAYER)
    assert following.status is ClientStatus.FROZEN

    following = follow(numerator=1, denominator=3)
    header = following.mine()
    members = sorted([*following.source.validators.validators[:2], *outsiders(1)], key=lambda one: one.address)
    drafts = [
        header.altered(state_root=root, validators=[one.address for one in members]) for root in (FORGED, b"\7" * 32)
    ]
    pair = [following.honest(draft.sealed_by(keys_of(members))) for draft in drafts]
    following.host.transact(following.misbehaviour(*pair), RELAYER)
    assert following.status is ClientStatus.FROZEN


def test_an_expired_client_can_still_be_frozen_by_what_is_recent():
    following, _, latest, keys = with_two_heights()
    following.expire()
    now = following.mine()
    forged = now.altered(state_root=FORGED).sealed_by(keys)
    old = latest.altered(state_root=FORGED).sealed_by(keys)
    refused(following.host, following.call(following.honest(forged)), "ClientNotActive(1)")
    refused(
        following.host,
        following.misbehaviour(following.honest(old), encode_known(latest)),
        f"TooOld({latest.timestamp})",
    )
    following.host.transact(following.misbehaviour(following.honest(forged), following.honest(now)), STRANGER)
    assert following.status is ClientStatus.FROZEN


def prove_frozen(twin):
    following = follow(twin=twin)
    word = following.keep_word()
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    proving = following.proving(header, word)
    assert following.host.call(proving) == header.timestamp
    forged = header.altered(state_root=FORGED).sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(forged)) is MISBEHAVIOUR
    return following, proving


def test_a_frozen_client_proves_nothing():
    following, proving = prove_frozen(None)
    refused(following.host, proving, "ClientNotActive(2)")
    following, proving = prove_frozen("client-frozen-proves")
    assert following.host.call(proving) > 0


@pytest.mark.parametrize("call", ["update", "fill"])
def test_a_frozen_client_takes_nothing(call):
    following, older, latest, keys = with_two_heights()
    assert following.update(following.honest(older.altered(state_root=FORGED).sealed_by(keys))) is MISBEHAVIOUR
    calls = {
        "update": following.call(following.honest(following.mine())),
        "fill": following.fill(latest, [following.source.header(latest.number - 1)]),
    }
    refused(following.host, calls[call], "ClientNotActive(2)")


def test_more_evidence_moves_the_conflict_down_and_never_up():
    following, older, latest, keys = with_two_heights()

    def conflict(header):
        return following.misbehaviour(
            following.honest(header.altered(state_root=FORGED).sealed_by(keys)), encode_known(header)
        )

    following.host.transact(conflict(latest), RELAYER)
    assert conflict_height(following) == latest.number
    refused(following.host, conflict(latest), "ClientNotActive(2)")
    block = following.host.transact(conflict(older), STRANGER)["blockNumber"]
    (event,) = following.host.logs(following.client.events.ConflictLowered(), block, block)
    assert event["args"]["height"] == older.number == conflict_height(following)
    refused(following.host, conflict(latest), "ClientNotActive(2)")
