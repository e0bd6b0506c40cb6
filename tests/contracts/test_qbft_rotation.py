"""Following a chain whose validators change: as far as overlap reaches, header by header where it does not."""

import pytest

from bridge.clients import encode_update
from bridge.errors import Unavailable
from bridge.light_clients import UpdateResult, overlap_needed, reachable_header
from chains.keys import derive_key
from chains.validators import Validator
from tests.contracts.following import follow, keys_of, outsiders
from tests.contracts.harness import refused

UPDATED = UpdateResult.UPDATED
LEVELS = [(1, 3), (1, 2), (2, 3), (3, 4), (1, 1)]


def members(*indices):
    return sorted((Validator(derive_key("member", index)) for index in indices), key=lambda one: one.address)


def catch_up(following, target, numerator=2, denominator=3):
    """Bring the client to a header in as few updates as overlap allows; answers the heights it took."""
    trusted, taken = following.trusted, []
    while trusted.number < target.number:
        header = reachable_header(
            following.source.header, trusted=trusted, target=target, numerator=numerator, denominator=denominator
        )
        assert following.update(encode_update(header, trusted.validators)) is UPDATED
        taken.append(header.number)
        trusted = header
    return taken


def test_one_update_skips_as_many_blocks_as_the_set_lasts():
    following = follow()
    assert catch_up(following, following.mine(40)) == [41]


def test_a_full_rotation_takes_several_updates():
    following = follow()
    validators = list(following.source.validators.validators)
    for fresh in outsiders(4):
        validators = [*validators[1:], fresh]
        following.source.rotate(validators)
        head = following.mine(3)
    direct = encode_update(head, following.trusted.validators)
    refused(following.host, following.call(direct), "OverlapNotReached(0, 3)")
    taken = catch_up(following, head)
    assert taken[-1] == head.number
    assert 4 <= len(taken) < head.number - following.trusted.number


def test_with_half_trust_a_longer_leap_is_taken():
    def updates(numerator, denominator):
        following = follow(numerator=numerator, denominator=denominator, validators=6)
        validators = list(following.source.validators.validators)
        for fresh in outsiders(6):
            validators = [*validators[1:], fresh]
            following.source.rotate(validators)
            head = following.mine(2)
        return len(catch_up(following, head, numerator, denominator))

    assert updates(1, 3) < updates(2, 3) <= 6


def test_a_change_of_more_than_trust_allows_cannot_be_followed():
    following = follow()
    following.source.rotate([*following.source.validators.validators[:2], *outsiders(2)])
    head = following.mine()
    with pytest.raises(Unavailable):
        catch_up(following, head)
    refused(following.host, following.call(following.honest(head)), "OverlapNotReached(2, 3)")


def test_retired_keys_are_worth_nothing_wherever_they_sign():
    following = follow(numerator=1, denominator=3)
    old = following.source.validators.validators
    following.source.rotate([*old[:2], *outsiders(2)])
    header = following.mine()
    assert following.update(following.honest(header)) is UPDATED
    following.mine()
    gone, stayed = old[2:], old[:2]
    ahead = following.source.head()
    for signers, validators, error in [
        (old, old, None),  # the old set whole: two of it are still trusted, and a third of four is two
        (gone, gone, "OverlapNotReached(0, 2)"),
        ([*gone, stayed[0]], old, "OverlapNotReached(1, 2)"),
        (gone, header.validators, "ForeignSigner"),
    ]:
        addresses = [getattr(one, "address", one) for one in validators]
        forged = ahead.altered(state_root=b"\x66" * 32, validators=sorted(addresses)).sealed_by(keys_of(signers))
        call = following.call(encode_update(forged, header.validators))
        if error is None:
            assert following.host.call(call) == UPDATED
        else:
            refused(following.host, call, error)


def test_enough_overlap_does_not_stand_in_for_a_quorum():
    following = follow(validators=6, numerator=1, denominator=3)
    insiders, strangers = following.source.validators.validators[:2], outsiders(4)
    everybody = sorted([*insiders, *strangers], key=lambda one: one.address)
    draft = following.mine().altered(state_root=b"\x66" * 32, validators=[one.address for one in everybody])
    short = draft.sealed_by(keys_of([*insiders, strangers[0]]))
    refused(following.host, following.call(following.honest(short)), "QuorumNotReached(3, 4)")


@pytest.mark.parametrize(("numerator", "denominator"), LEVELS)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7])
def test_trust_holds_exactly_at_its_boundary(size, numerator, denominator):
    """The new set keeps so many of the trusted validators that the level is met, and one fewer."""
    needed = overlap_needed(size, numerator, denominator)
    assert (needed - 1) * denominator < size * numerator <= needed * denominator
    following = follow(validators=size, numerator=numerator, denominator=denominator)
    header, trusted = following.mine(), following.source.validators.validators
    for kept in (needed - 1, needed):
        everybody = sorted([*trusted[:kept], *members(*range(size - kept))], key=lambda one: one.address)
        sealed = header.altered(validators=[one.address for one in everybody]).sealed_by(keys_of(everybody))
        call = following.call(following.honest(sealed))
        if kept == needed:
            assert following.host.call(call) == UPDATED
        else:
            refused(following.host, call, f"OverlapNotReached({kept}, {needed})")


@pytest.mark.parametrize("size", [22, 50])
def test_large_sets_are_followed_through_a_rotation(size):
    following = follow(validators=size)
    header = following.mine()
    short = header.with_seals(header.sorted_seals[: -(-2 * size // 3) - 1])
    refused(following.host, following.call(following.honest(short)), "QuorumNotReached")
    assert following.update(following.honest(header)) is UPDATED
    leaving = size // 3
    following.source.rotate([*following.source.validators.validators[leaving:], *outsiders(leaving)])
    rotated = following.mine()
    assert following.update(encode_update(rotated, header.validators)) is UPDATED
    one_more = [*following.source.validators.validators[: size - leaving - 1], *members(*range(leaving + 1))]
    following.source.rotate(one_more)
    refused(following.host, following.call(encode_update(following.mine(), rotated.validators)), "OverlapNotReached")
