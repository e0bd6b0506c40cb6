"""Older heights are believed for one reason: the chain of parent hashes below a header the client already keeps."""

import random

from bridge.clients import consensus_state, encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from tests.contracts.following import at_height, follow, follow_ibft2, keys_of
from tests.contracts.harness import RELAYER, TRUSTING_PERIOD, refused

UPDATED, NO_OP, MISBEHAVIOUR = UpdateResult.UPDATED, UpdateResult.NO_OP, UpdateResult.MISBEHAVIOUR


def grown(blocks=8, **options):
    """A client that trusts block 1 and the head; the blocks between are unknown to it."""
    following = follow(**options)
    following.mine(blocks)
    head = following.source.head()
    assert following.update(following.honest(head)) is UPDATED
    return following, [following.source.header(number) for number in range(head.number + 1)]


def test_fills_downwards_without_any_signature():
    following, chain = grown()
    head = chain[-1]
    older = [header.with_seals([]) for header in chain[-2:3:-1]]
    block = following.host.transact(following.fill(head, older), RELAYER)["blockNumber"]
    events = following.host.logs(following.client.events.ClientUpdated(), block, block)
    assert [(event["args"]["height"], event["args"]["consensusHash"]) for event in events] == [
        (header.number, consensus_state(header).digest) for header in older
    ]
    assert following.consensus_hash(3) == bytes(32)
    assert following.height == head.number


def test_what_is_filled_is_the_chain_whatever_pieces_it_comes_in():
    draw = random.Random(11)
    for _ in range(3):
        following, chain = grown(10)
        known = {1, len(chain) - 1}
        while len(known) < len(chain):
            start = draw.choice([height for height in sorted(known) if height > 0 and height - 1 not in known] or [1])
            stop = draw.randrange(start)
            result = following.host.call(following.fill(chain[start], chain[stop:start][::-1]), block="pending")
            assert result == UPDATED
            following.host.transact(following.fill(chain[start], chain[stop:start][::-1]), RELAYER)
            known |= set(range(stop, start))
        kept = [following.consensus_hash(header.number) for header in chain]
        assert kept == [consensus_state(header).digest for header in chain]
        assert following.status is ClientStatus.ACTIVE


def test_a_filled_height_proves_storage():
    following = follow()
    word = following.keep_word()
    header, parent = following.mine(), following.source.header(following.source.head().number - 1)
    assert following.update(following.honest(header)) is UPDATED
    refused(following.host, following.proving(parent, word), f"UnknownHeight({parent.number})")
    following.host.transact(following.fill(header, [parent]), RELAYER)
    assert following.host.call(following.proving(parent, word)) == parent.timestamp


def test_the_same_again_is_a_no_op():
    following, chain = grown()
    call = following.fill(chain[-1], chain[-2:3:-1])
    following.host.transact(call, RELAYER)
    assert following.host.call(call) == NO_OP
    assert following.host.call(following.fill(chain[-1], [])) == NO_OP
    assert following.host.call(following.fill(chain[-1], chain[-2:1:-1])) == UPDATED


def test_it_starts_from_what_is_kept():
    following, chain = grown()
    refused(following.host, following.fill(chain[4], chain[3:2:-1]), "UnknownHeight(4)")
    forged = chain[-1].altered(parent_hash=chain[2].hash)
    refused(following.host, following.fill(forged, [chain[2]]), f"UnknownHeight({forged.number})")


def lie(twin):
    following, chain = grown(twin=twin)
    return following, following.fill(chain[-1], [chain[-2].altered(state_root=b"\x66" * 32)])


def test_a_header_that_is_not_the_parent_is_refused():
    following, call = lie(None)
    refused(following.host, call, "NotLinked(0)")
    following, call = lie("client-fill-unlinked")
    assert following.host.call(call) == UPDATED


def test_gaps_and_other_orders_are_refused():
    following, chain = grown()
    for older in ([chain[-3]], chain[-3:-1], [chain[-1]], [chain[-2], chain[-4]], [chain[-2], chain[-2]]):
        refused(following.host, following.fill(chain[-1], older), "NotLinked(0)", "NotLinked(1)")
    assert following.consensus_hash(chain[-2].number) == bytes(32)


def test_even_all_signatures_do_not_help_an_unlinked_header():
    """Validators who left long ago may sign what they like."""
    following, chain = grown()
    forged = chain[4].altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    older = [*chain[-2:4:-1], forged]
    refused(following.host, following.fill(chain[-1], older), f"NotLinked({len(older) - 1})")
    refused(following.host, following.call(following.honest(forged)), f"HeightNotGreater(4, {chain[-1].number})")


def divide(twin):
    """The client took a forged header of a height before it knew better; its later header links to the real one."""
    following = follow(twin=twin)
    real = following.mine()
    forged = real.altered(state_root=b"\x66" * 32).sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(forged)) is UPDATED
    head = following.mine()
    assert following.update(following.honest(head)) is UPDATED
    return following, head, real, forged


def test_a_kept_height_of_another_history_freezes():
    following, head, real, forged = divide(None)
    call = following.fill(head, [real])
    assert following.host.call(call) == MISBEHAVIOUR
    following.host.transact(call, RELAYER)
    assert following.status is ClientStatus.FROZEN
    assert following.consensus_hash(real.number) == consensus_state(forged).digest
    assert following.host.call(following.client.functions.conflictHeight()) == real.number

    following, head, real, _ = divide("client-fill-overwrites")
    following.host.transact(following.fill(head, [real]), RELAYER)
    assert following.status is ClientStatus.ACTIVE


def test_a_conflict_older_than_the_trusting_period_neither_freezes_nor_is_overwritten():
    following, head, real, forged = divide(None)
    following.clock.advance(TRUSTING_PERIOD // 2)
    middle = following.mine()
    assert following.update(encode_update(middle, head.validators)) is UPDATED
    following.until(real.timestamp + TRUSTING_PERIOD)
    call = following.fill(head, [real])
    refused(following.host, call, f"TooOld({real.timestamp})")
    assert following.status is ClientStatus.ACTIVE
    assert following.consensus_hash(real.number) == consensus_state(forged).digest


def test_time_ascends_through_what_is_filled():
    """A sealed header may name a parent that is not older than itself; it does not get in."""
    following = follow()
    parent = following.mine()
    late = parent.altered(timestamp=parent.timestamp + 5)
    child = at_height(parent, parent.number + 1, parent_hash=late.hash, timestamp=late.timestamp)
    child = child.sealed_by(keys_of(following.source.validators))
    assert following.update(following.honest(child)) is UPDATED
    refused(following.host, following.fill(child, [late]), f"TimeNotAscending({late.timestamp})")


def test_nothing_is_filled_into_a_client_that_is_not_active():
    following, chain = grown()
    call = following.fill(chain[-1], chain[-2:3:-1])
    following.expire()
    refused(following.host, call, "ClientNotActive(1)")


def test_an_ibft2_chain_is_filled_too():
    following, later = follow_ibft2()
    assert following.update(following.honest(later[3])) is UPDATED
    call = following.fill(later[3], [header.with_seals([]) for header in (later[2], later[1], later[0])])
    assert following.host.call(call) == UPDATED
    following.host.transact(call, RELAYER)
    for header in later:
        assert following.consensus_hash(header.number) == consensus_state(header).digest
    lied = later[2].altered(timestamp=later[2].timestamp - 1)
    refused(following.host, following.fill(later[3], [lied]), "NotLinked(0)")
