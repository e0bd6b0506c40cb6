"""Batches stay what they were, fit their limits, and prove the withdrawals made in them."""

import pytest

from exchange.engine import Rejected
from exchange.rollup import replay
from exchange.sequencer import BatchRefused, Limits
from exchange.sequencer.assembly import LARGEST_ENTRY
from exchange.state import climb
from exchange.state.hashing import leaf_hash
from exchange.state.withdrawal import WITHDRAWAL_KIND
from tests.exchange.sequencer.venue import USDC, Venue, new_state


def post_all(venue):
    """Every batch there is, confirmed as posted."""
    batches = []
    while (batch := venue.sequencer.next_batch()) is not None:
        batches.append(batch)
        venue.sequencer.confirm_posted(batch.index, batch.commitment())
    return batches


def proves(proof, root):
    """Whether the two paths lead from the withdrawal's leaf to a state root."""
    leaf = leaf_hash(WITHDRAWAL_KIND, proof.withdrawal.encode())
    return climb(climb(leaf, proof.withdrawal.id, proof.withdrawal_proof), 8, proof.root_proof) == root


def test_there_is_no_batch_before_anything_was_taken_in():
    venue = Venue()
    assert venue.sequencer.next_batch() is None
    assert venue.log.height == 0


def test_a_batch_is_the_same_until_it_is_posted():
    venue = Venue().ready()
    batch = venue.sequencer.next_batch()
    venue.sequencer.submit(venue.buy(1, 59_000, 1))
    assert venue.sequencer.next_batch() == batch
    assert venue.sequencer.posted_batches == 0
    venue.sequencer.confirm_posted(0, batch.commitment())
    venue.sequencer.confirm_posted(0, batch.commitment())
    assert venue.sequencer.posted_batches == 1
    following = venue.sequencer.next_batch()
    assert (following.index, following.parent_root) == (1, batch.state_root)
    assert replay(new_state(), [batch, following], venue.deposits()).is_verified


def test_asking_again_for_a_pending_batch_ends_nothing():
    venue = Venue().ready()
    batch = venue.sequencer.next_batch()
    venue.sequencer.submit(venue.buy(1, 59_000, 1))
    height = venue.log.height
    assert venue.sequencer.next_batch() == venue.sequencer.next_batch() == batch
    assert venue.log.height == height
    venue.sequencer.submit(venue.buy(1, 59_001, 1))
    venue.sequencer.confirm_posted(0, batch.commitment())
    assert [len(segment.steps) for segment in venue.sequencer.next_batch().segments()] == [2]


@pytest.mark.parametrize("limit", range(LARGEST_ENTRY, LARGEST_ENTRY + 200, 12))
def test_batches_of_single_steps_fit_their_limit(limit):
    venue = Venue(limits=Limits(batch_bytes=limit)).ready()
    for number in range(30):
        venue.sequencer.submit(venue.buy(1, 40_000 + number, 1))
        venue.sequencer.flush()
    assert all(len(batch.data) + 32 * len(batch.roots) <= limit for batch in post_all(venue))


def test_another_batch_on_chain_than_the_sealed_one_is_refused():
    venue = Venue().ready()
    with pytest.raises(BatchRefused, match="Unknown: batch 0"):
        venue.sequencer.confirm_posted(0, bytes(32))
    batch = venue.sequencer.next_batch()
    with pytest.raises(BatchRefused, match="Commitment: batch 0"):
        venue.sequencer.confirm_posted(0, bytes(32))
    with pytest.raises(BatchRefused, match="Unknown: batch 1"):
        venue.sequencer.confirm_posted(1, batch.commitment())
    assert venue.sequencer.next_batch() == batch
    venue.sequencer.confirm_posted(0, batch.commitment())


def test_batches_fit_their_limit_and_keep_every_step():
    venue = Venue(limits=Limits(batch_bytes=LARGEST_ENTRY)).ready()
    steps = []
    for number in range(120):
        venue.clock.seconds += number % 3 == 0
        steps.append(venue.buy(1, 40_000 + number, 1))
        venue.sequencer.submit(steps[-1])
    with pytest.raises(BatchRefused, match="OutOfOrder: batch 1"):
        venue.sequencer.confirm_posted(1, bytes(32))
    batches = post_all(venue)
    sizes = [len(batch.data) + 32 * len(batch.roots) for batch in batches]
    assert len(batches) > 3
    assert max(sizes) <= LARGEST_ENTRY
    assert min(sizes[:-1]) > LARGEST_ENTRY - 300
    posted = [step for batch in batches for segment in batch.segments() for step in segment.steps]
    assert posted[4:] == steps
    assert replay(new_state(), batches, venue.deposits()).root == venue.state.root


def test_withdrawals_are_proven_under_the_root_of_their_own_batch():
    venue = Venue(limits=Limits(batch_bytes=LARGEST_ENTRY)).ready()
    for number in range(100):
        venue.sequencer.submit(venue.withdraw(1 + number % 3, 10**6 + number))
    batches = post_all(venue)
    assert len(batches) > 2
    seen = []
    for batch in batches:
        proofs = venue.sequencer.withdrawals_in(batch.index)
        for proof in proofs:
            assert proves(proof, batch.state_root)
            assert venue.sequencer.prove_withdrawal(proof.withdrawal.id, batch.index) is proof
            assert not any(proves(proof, other.state_root) for other in batches if other is not batch)
        seen += [proof.withdrawal for proof in proofs]
    assert [(each.id, each.account, each.asset, each.amount) for each in seen] == [
        (number, 1 + number % 3, USDC, 10**6 + number) for number in range(100)
    ]
    with pytest.raises(BatchRefused, match="NoWithdrawal: batch 1"):
        venue.sequencer.prove_withdrawal(0, 1)


def test_withdrawals_of_a_batch_that_is_not_sealed_are_unknown():
    venue = Venue().ready()
    venue.sequencer.submit(venue.withdraw(1, 10**6))
    with pytest.raises(BatchRefused, match="Unknown: batch 0"):
        venue.sequencer.withdrawals_in(0)
    venue.sequencer.next_batch()
    assert [proof.withdrawal.amount for proof in venue.sequencer.withdrawals_in(0)] == [10**6]


def test_a_refused_step_between_two_segments_does_not_disturb_a_proof():
    venue = Venue().ready()
    venue.sequencer.submit(venue.withdraw(1, 10**6))
    venue.sequencer.flush()
    venue.clock.seconds += 7
    with pytest.raises(Rejected):
        venue.sequencer.submit(b"junk")
    batch = venue.sequencer.next_batch()
    assert proves(venue.sequencer.prove_withdrawal(0, 0), batch.state_root)


def test_undo_logs_and_places_go_when_their_batch_is_posted():
    venue = Venue().ready()
    for price in range(50_000, 50_200):
        venue.sequencer.submit(venue.buy(1, price, 1))
    batch = venue.sequencer.next_batch()
    assert len(venue.state.commits) > len(batch.roots)
    assert len(venue.sequencer._ledger.places) >= 200
    venue.sequencer.confirm_posted(0, batch.commitment())
    assert len(venue.state.commits) == 1
    assert venue.sequencer._ledger.places == {}
