"""Which headers a light client takes: quorum, overlap, signers, heights, times; and what freezes it."""

import pytest
from eth_utils.crypto import keccak

from bridge.abi import abi_encode
from bridge.clients import consensus_state, encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from chains.errors import TransactionReverted
from tests.contracts.following import at_height, follow, high_s, keys_of, outsiders, raw_update
from tests.contracts.harness import (
    DRIFT,
    FAR,
    RELAYER,
    TRUSTING_PERIOD,
    client_arguments,
    deploy,
    refused,
)

UPDATED, NO_OP, MISBEHAVIOUR = UpdateResult.UPDATED, UpdateResult.NO_OP, UpdateResult.MISBEHAVIOUR


def test_takes_a_newer_header_and_keeps_its_hash():
    following = follow()
    header = following.mine(3)
    assert following.update(following.honest(header)) is UPDATED
    functions = following.client.functions
    assert following.height == header.number
    assert following.host.call(functions.latestTimestamp()) == header.timestamp
    assert following.host.call(functions.consensusHash(header.number)) == consensus_state(header).digest
    assert following.host.call(functions.consensusHash(header.number - 1)) == bytes(32)
    assert following.host.call(functions.chainId()) == FAR
    events = following.host.logs(following.client.events.ClientUpdated(), 2, following.host.head().number)
    assert [(event["args"]["height"], event["args"]["consensusHash"]) for event in events] == [
        (header.number, consensus_state(header).digest)
    ]


@pytest.mark.parametrize("round_number", [0, 1, 127, 128, 255, 65_536, 2**32 - 1])
def test_the_block_hash_does_not_depend_on_the_round(round_number):
    following = follow()
    header = following.mine().altered(round=round_number)
    header = header.sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(header)) is UPDATED
    stored = following.host.call(following.client.functions.consensusHash(header.number))
    assert stored == consensus_state(following.source.header(header.number)).digest


def test_a_header_it_knows_is_a_no_op_even_after_newer_ones_and_in_another_round():
    following = follow()
    first, second = following.mine(), following.mine()
    assert following.update(following.honest(first)) is UPDATED
    assert following.update(following.honest(first)) is NO_OP
    assert following.update(following.honest(second)) is UPDATED
    assert following.update(following.honest(first)) is NO_OP
    resealed = second.altered(round=5).sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(resealed)) is NO_OP
    assert (following.status, following.height) == (ClientStatus.ACTIVE, second.number)


@pytest.mark.parametrize(
    ("validators", "quorum"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (8, 6), (10, 7)]
)
def test_the_quorum_is_two_thirds_rounded_up(validators, quorum):
    following = follow(validators=validators, numerator=1, denominator=3)
    header = following.mine()
    short = header.with_seals(header.sorted_seals[: quorum - 1])
    refused(following.host, following.call(following.honest(short)), f"QuorumNotReached({quorum - 1}, {quorum})")
    assert following.update(following.honest(header.with_seals(header.sorted_seals[:quorum]))) is UPDATED


def steal_half(twin):
    """Two of four validators make a chain of their own."""
    following = follow(twin=twin, numerator=1, denominator=3)
    forged = following.mine().altered(state_root=b"\x66" * 32)
    forged = forged.sealed_by(keys_of(following.source.validators[:2]))
    return following, following.honest(forged)


def test_one_seal_short_of_a_quorum_is_refused():
    following, update = steal_half(None)
    refused(following.host, following.call(update), "QuorumNotReached(2, 3)")
    following, update = steal_half("client-floor-quorum")
    assert following.update(update) is UPDATED


def test_no_seals_at_all():
    following = follow()
    refused(
        following.host,
        following.call(raw_update(following.mine(), [], following.trusted.validators)),
        "QuorumNotReached",
    )


def duplicate(twin):
    following = follow(twin=twin, numerator=1, denominator=3)
    forged = following.mine().altered(state_root=b"\x66" * 32)
    one, two = forged.sealed_by(keys_of(following.source.validators[:2])).sorted_seals
    return following, raw_update(forged, [one, two, two], following.trusted.validators)


def test_a_signer_counts_once():
    following, update = duplicate(None)
    refused(following.host, following.call(update), "SealsNotAscending(2)")
    following, update = duplicate("client-duplicate-signer")
    assert following.update(update) is UPDATED


def test_seals_come_in_the_order_of_their_signers():
    following = follow()
    header = following.mine()
    seals = header.sorted_seals
    trusted = following.trusted.validators
    refused(following.host, following.call(raw_update(header, seals[::-1], trusted)), "SealsNotAscending(1)")
    assert following.update(raw_update(header, seals, trusted)) is UPDATED


def malleable(twin):
    following = follow(twin=twin)
    header = following.mine()
    seals = [high_s(header.sorted_seals[0]), *header.sorted_seals[1:]]
    return following, raw_update(header, seals, following.trusted.validators)


def test_a_high_s_seal_is_refused():
    following, update = malleable(None)
    refused(following.host, following.call(update), "InvalidSeal(0)")
    following, update = malleable("client-high-s")
    assert following.update(update) is UPDATED


@pytest.mark.parametrize(
    "spoil",
    [
        lambda seal: seal[:64],
        lambda seal: seal + b"\x00",
        lambda seal: b"",
        lambda seal: seal[:64] + b"\x02",
        lambda seal: seal[:64] + b"\x1d",
        lambda seal: seal[:64] + b"\xff",
        lambda seal: bytes(65),
        lambda seal: bytes(32) + seal[32:],
        lambda seal: seal[:32] + bytes(32) + seal[64:],
        lambda seal: b"\xff" * 32 + seal[32:],
    ],
)
def test_a_malformed_seal_is_refused(spoil):
    following = follow()
    header = following.mine()
    seals = [*header.sorted_seals[:3], spoil(header.sorted_seals[3])]
    with pytest.raises(TransactionReverted, match=r"InvalidSeal\(3\)"):
        following.try_update(raw_update(header, seals, following.trusted.validators))
    assert following.update(raw_update(header, seals[:3], following.trusted.validators)) is UPDATED


def test_a_seal_may_name_its_recovery_27_or_28():
    following = follow()
    header = following.mine()
    seals = [seal[:64] + bytes([seal[64] + 27]) for seal in header.sorted_seals]
    assert following.update(raw_update(header, seals, following.trusted.validators)) is UPDATED


def infiltrate(twin):
    """A third of the validators, enough for the overlap, and a stranger, enough for the quorum."""
    following = follow(twin=twin, numerator=1, denominator=3)
    forged = following.mine().altered(state_root=b"\x66" * 32)
    forged = forged.sealed_by([*keys_of(following.source.validators[:2]), *keys_of(outsiders(1))])
    return following, following.honest(forged), outsiders(1)[0].address


def test_a_foreign_seal_does_not_count():
    following, update, stranger = infiltrate(None)
    with pytest.raises(TransactionReverted) as caught:
        following.try_update(update)
    assert caught.value.error_name == "ForeignSigner"
    assert caught.value.error_args[0].lower() == "0x" + stranger.hex()
    following, update, _ = infiltrate("client-foreign-signer")
    assert following.update(update) is UPDATED


def usurp(twin):
    """A quorum of a set nobody ever trusted."""
    following = follow(twin=twin)
    strangers = outsiders(4)
    forged = following.mine().altered(state_root=b"\x66" * 32, validators=[stranger.address for stranger in strangers])
    return following, following.honest(forged.sealed_by(keys_of(strangers)))


def test_a_new_set_alone_is_not_believed():
    following, update = usurp(None)
    refused(following.host, following.call(update), "OverlapNotReached(0, 3)")
    following, update = usurp("client-no-overlap")
    assert following.update(update) is UPDATED


def bring_own_trust(twin):
    following = follow(twin=twin)
    strangers = outsiders(4)
    addresses = [stranger.address for stranger in strangers]
    forged = following.mine().altered(state_root=b"\x66" * 32, validators=addresses)
    return following, encode_update(forged.sealed_by(keys_of(strangers)), addresses)


def test_the_caller_does_not_choose_whom_to_trust():
    following, update = bring_own_trust(None)
    refused(following.host, following.call(update), "WrongTrustedValidators()")
    following, update = bring_own_trust("client-caller-chosen-set")
    assert following.update(update) is UPDATED


def almost_overlap(twin):
    """Two of four trusted validators go along with two strangers; two thirds of four are 2.67."""
    following = follow(twin=twin)
    insiders, strangers = list(following.source.validators.validators[:2]), outsiders(2)
    members = sorted(insiders + strangers, key=lambda member: member.address)
    forged = following.mine().altered(state_root=b"\x66" * 32, validators=[member.address for member in members])
    return following, following.honest(forged.sealed_by(keys_of(members)))


def test_the_overlap_is_rounded_up():
    following, update = almost_overlap(None)
    refused(following.host, following.call(update), "OverlapNotReached(2, 3)")
    following, update = almost_overlap("client-floor-overlap")
    assert following.update(update) is UPDATED


def test_the_trusted_set_moves_with_the_chain_and_the_old_one_is_worth_nothing():
    following = follow()
    old = following.source.validators.validators
    new = [*old[1:], *outsiders(1)]
    following.source.rotate(new)
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    stored = following.host.call(following.client.functions.trustedValidatorsHash())
    assert stored == keccak(b"".join(address.rjust(32, b"\0") for address in header.validators))

    following.mine()
    late = following.source.head().altered(state_root=b"\x66" * 32, validators=[member.address for member in old])
    late = late.sealed_by(keys_of(old))
    refused(following.host, following.call(following.honest(late)), "WrongTrustedValidators()")
    following.source.rotate(outsiders(4))
    gone = following.mine()
    refused(following.host, following.call(encode_update(gone, header.validators)), "OverlapNotReached(1, 3)")


def test_only_greater_heights_are_new():
    def rewind(twin):
        following = follow(twin=twin)
        skipped, latest = following.mine(), following.mine()
        assert following.update(following.honest(latest)) is UPDATED
        return following, following.honest(skipped)

    following, update = rewind(None)
    refused(following.host, following.call(update), f"HeightNotGreater({following.height - 1}, {following.height})")
    following, update = rewind("client-older-heights")
    assert following.update(update) is UPDATED


def test_a_header_may_be_ahead_by_the_drift_and_no_more():
    def run_ahead(seconds, twin=None):
        following = follow(twin=twin)
        header = following.source.mine()
        now = following.host.next_context().timestamp
        header = header.altered(timestamp=now + seconds).sealed_by(keys_of(following.source.validators))
        return following, following.honest(header)

    following, update = run_ahead(DRIFT)
    assert following.update(update) is UPDATED
    following, update = run_ahead(DRIFT + 1)
    refused(following.host, following.call(update), "HeaderFromFuture")
    following, update = run_ahead(DRIFT + 1, "client-no-drift-bound")
    assert following.update(update) is UPDATED


def sleep_through(twin, seconds):
    following = follow(twin=twin)
    old = following.mine()
    following.clock.advance(following.trusted.timestamp + seconds - following.host.next_context().timestamp)
    return following, following.honest(old)


def test_after_the_trusting_period_nothing_is_taken_any_more():
    following, update = sleep_through(None, TRUSTING_PERIOD - 1)
    assert following.status is ClientStatus.ACTIVE
    assert following.try_update(update) is UPDATED
    following, update = sleep_through(None, TRUSTING_PERIOD)
    assert following.status is ClientStatus.EXPIRED
    refused(following.host, following.call(update), "ClientNotActive(1)")
    following, update = sleep_through("client-never-expires", TRUSTING_PERIOD)
    assert following.update(update) is UPDATED


def test_a_second_header_at_a_height_freezes_and_does_not_revert():
    def equivocate(twin=None):
        following = follow(twin=twin)
        header = following.mine()
        assert following.update(following.honest(header)) is UPDATED
        forged = header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators[:3]))
        return following, forged

    following, forged = equivocate()
    assert following.update(following.honest(forged)) is MISBEHAVIOUR
    assert following.status is ClientStatus.FROZEN
    events = following.host.logs(following.client.events.ClientFrozen(), 0, following.host.head().number)
    assert [(e["args"]["height"], e["args"]["evidence"]) for e in events] == [(forged.number, forged.hash)]
    refused(following.host, following.call(following.honest(following.mine())), "ClientNotActive(2)")

    following, forged = equivocate()
    weak = forged.with_seals(forged.sorted_seals[:2])
    refused(following.host, following.call(following.honest(weak)), "QuorumNotReached(2, 3)")
    assert following.status is ClientStatus.ACTIVE

    following, forged = equivocate("client-thaws")
    following.update(following.honest(forged))
    assert following.status is ClientStatus.ACTIVE


def test_a_second_header_at_an_older_stored_height_freezes_too():
    following = follow()
    older = following.mine()
    assert following.update(following.honest(older)) is UPDATED
    assert following.update(following.honest(following.mine())) is UPDATED
    forged = older.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(forged)) is MISBEHAVIOUR
    assert following.status is ClientStatus.FROZEN


@pytest.mark.parametrize("back", [0, 1, 1000])
def test_time_going_backwards_freezes(back):
    following = follow()
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    forged = at_height(header, header.number + 1, timestamp=header.timestamp - back)
    forged = forged.sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(forged)) is MISBEHAVIOUR
    assert following.status is ClientStatus.FROZEN
    assert following.height == header.number


def evidence(first, second, trusted):
    return abi_encode(["bytes", "bytes"], [encode_update(first, trusted), encode_update(second, trusted)])


def test_anyone_may_show_two_headers_the_client_has_not_seen():
    following = follow()
    trusted = following.trusted.validators
    header = following.mine(2)
    keys = keys_of(following.source.validators)
    other = header.altered(state_root=b"\x66" * 32).sealed_by(keys)
    back = at_height(header, header.number + 3, timestamp=header.timestamp).sealed_by(keys)
    misbehaviour = following.client.functions.misbehaviour

    later = following.mine()
    for first, second in [
        (header, header),
        (header, header.altered(round=3).sealed_by(keys)),
        (header, later),
        (later, header),
    ]:
        refused(following.host, misbehaviour(evidence(first, second, trusted)), "NoConflict()")
    weak = other.with_seals(other.sorted_seals[:2])
    refused(following.host, misbehaviour(evidence(header, weak, trusted)), "QuorumNotReached(2, 3)")
    refused(following.host, misbehaviour(evidence(weak, header, trusted)), "QuorumNotReached(2, 3)")
    refused(following.host, misbehaviour(evidence(header, other, header.validators[:3])), "WrongTrustedValidators()")
    refused(following.host, misbehaviour(b""), "MalformedEncoding()")
    assert following.status is ClientStatus.ACTIVE
    for pair in [(header, other), (back, header), (header, back)]:
        following.host.call(misbehaviour(evidence(*pair, trusted)))
    following.host.transact(misbehaviour(evidence(header, other, trusted)), RELAYER)
    assert following.status is ClientStatus.FROZEN
    refused(following.host, misbehaviour(evidence(header, other, trusted)), "ClientNotActive(2)")


@pytest.mark.parametrize(
    "changed",
    [
        {"chain_id": 0},
        {"trusting_period": 0},
        {"numerator": 1, "denominator": 4},
        {"numerator": 333, "denominator": 1000},
        {"numerator": 4, "denominator": 3},
        {"numerator": 0, "denominator": 0},
        {"validators": []},
        {"validators": ["0x" + "00" * 20]},
        {"validators": ["0x" + "11" * 20, "0x" + "11" * 20]},
        {"validators": ["0x" + "22" * 20, "0x" + "11" * 20]},
        {"state": (bytes(32), b"\1" * 32, b"\1" * 32, 1)},
        {"state": (b"\1" * 32, b"\1" * 32, bytes(32), 1)},
        {"state": (b"\1" * 32, b"\1" * 32, b"\1" * 32, 0)},
    ],
)
def test_unsafe_parameters_are_refused(changed):
    following = follow()
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        deploy(following.host, "QbftLightClient", *client_arguments(following.trusted, **changed))


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 3), (2, 3), (1, 1), (334, 1000)])
def test_safe_trust_levels_are_taken(numerator, denominator):
    following = follow(numerator=numerator, denominator=denominator)
    assert following.update(following.honest(following.mine())) is UPDATED


def test_validators_must_ascend_in_the_header():
    following = follow()
    header = following.mine()
    keys = keys_of(following.source.validators)
    for validators in (header.validators[::-1], header.validators[:1] * 2, [bytes(20)]):
        forged = header.altered(validators=validators).sealed_by(keys)
        refused(following.host, following.call(following.honest(forged)), "MalformedValidators()")
