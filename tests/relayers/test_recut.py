"""The settlement chain stands still for longer than a clock may lag: the venue jams, or cuts anew and goes on."""

from contextlib import suppress

import pytest
from eth_utils.address import to_canonical_address

from exchange.engine.signing import sign_withdraw
from exchange.sequencer import BatchRefused
from exchange.state.hashing import keccak256
from relayers.batch_poster import BatchPoster
from relayers.reports import Did
from tests.relayers.test_venue import EAST, WEST, Venue

LAG = 600


@pytest.fixture(name="venue")
def _venue(make_network, tmp_path):
    venue = Venue(make_network, tmp_path, max_clock_lag_seconds=LAG, inclusion_delay_seconds=3_000)
    venue.network.deposit(EAST, 3_000_000)
    venue.network.deposit(WEST, 5_000_000)
    venue.run()
    return venue


def stand_still(venue, seconds):
    """All chains but the settlement chain make blocks; the venue takes in what it gets."""
    for _ in range(4):
        venue.network.clock.advance(seconds // 4)
        for chain in venue.network.chains.values():
            if chain is not venue.network.settlement:
                chain.mine()
        venue.sequencer.tick()


def settle(venue, rounds=30):
    """Rounds until all is posted; whether it came to that."""
    for _ in range(rounds):
        venue.round()
        if not venue.sequencer.backlog_bytes and venue.rollup.batch_count() == venue.sequencer.posted_batches:
            return True
    return False


def halted(venue):
    """A withdrawal is confirmed and its batch sealed; then nothing happens on the settlement chain for long."""
    venue.withdraw(EAST, 1_000_000)
    batch = venue.sequencer.next_batch()
    stand_still(venue, 2 * LAG)
    return batch


def test_a_batch_whose_clock_lags_too_far_jams_a_venue_that_never_cuts_anew(venue, monkeypatch):
    monkeypatch.setattr(BatchPoster, "_acceptable", lambda _self, _journal, batch: batch)
    batch = halted(venue)
    assert not settle(venue)
    assert venue.sequencer.next_batch() == batch
    assert venue.rollup.batch_count() == batch.index


def test_it_is_cut_anew_and_the_withdrawal_arrives(venue):
    batch = halted(venue)
    told = []
    venue.sequencer.subscribe(told.append)
    assert settle(venue)
    assert [one.recut.index for one in told if one.recut is not None] == [batch.index]
    assert venue.rollup.batch(batch.index).commitment != batch.commitment()
    assert venue.rollup.batch(venue.rollup.batch_count() - 1).state_root == venue.sequencer.state.root
    venue.let_challenges_pass()
    venue.run(rounds=40)
    assert venue.balance(EAST) == 1_000_000
    assert venue.account(1).cash == 7_000_000


def test_a_batch_that_was_taken_is_never_cut_anew(venue):
    """Its block is not final when time jumps: it stays, however old it is by then."""
    venue.withdraw(EAST, 1_000_000)
    batch = venue.sequencer.next_batch()
    venue.poster.step()
    venue.network.settlement.mine()
    assert venue.rollup.batch_count() == batch.index + 1
    stand_still(venue, 3 * LAG)
    assert settle(venue)
    assert venue.rollup.batch(batch.index).commitment == batch.commitment()
    assert venue.sequencer._ledger.cut == 0


def test_a_batch_that_can_still_be_taken_is_left_alone(venue):
    venue.withdraw(EAST, 1_000_000)
    batch = venue.sequencer.next_batch()
    stand_still(venue, LAG - 60)
    assert settle(venue)
    assert venue.rollup.batch(batch.index).commitment == batch.commitment()


def test_while_the_chain_stands_still_nothing_is_cut(venue):
    batch = halted(venue)
    for _ in range(3):
        report = venue.poster.step()
        assert not report.count(Did.RECUT)
    assert venue.sequencer.next_batch() == batch


def test_a_lying_node_cannot_have_a_live_batch_cut(venue, monkeypatch):
    """It shows a final block from the future: the venue's own clock knows better."""
    venue.withdraw(EAST, 1_000_000)
    batch = venue.sequencer.next_batch()
    chain = venue.rollup.chain
    header = chain.finalized_header()
    monkeypatch.setattr(chain, "finalized_header", lambda: header.altered(timestamp=header.timestamp + 10 * LAG))
    report = venue.poster.step()
    assert not report.count(Did.RECUT)
    assert "Alive" in report.waiting[0].detail
    monkeypatch.undo()
    assert venue.sequencer.next_batch() == batch
    assert settle(venue)
    assert venue.rollup.batch(batch.index).commitment == batch.commitment()


def test_an_item_queued_after_sealing_is_taken_first(venue):
    """The batch's clock would still do, but a deposit that is not in it is overdue when the chain goes on."""
    venue.poster._lag = lambda: 100 * LAG
    venue.withdraw(EAST, 1_000_000)
    batch = venue.sequencer.next_batch()
    venue.network.deposit(EAST, 2_000_000)
    for _ in range(6):
        venue.network.round()
    count = venue.network.queue.count()
    assert count == venue.sequencer.forced_cursor + 1
    stand_still(venue, 4_000)
    venue.network.settlement.mine()
    # The item first has to be read; nothing is cut before.
    assert not venue.poster.step().count(Did.RECUT)
    with pytest.raises(BatchRefused, match="Alive"):
        venue.sequencer.recut(batch.index, earliest=0, overdue=count - 1)
    venue.reader.step()
    assert venue.poster.step().count(Did.RECUT) == 1
    again = venue.sequencer.next_batch()
    assert again.segments()[0].forced_count == 1


def test_a_poster_that_dies_at_any_point_of_it_ends_in_one_cut(venue):
    batch = halted(venue)
    network = venue.network
    network.settlement.mine()
    for limit in range(8):
        seen = []

        def hook(point, seen=seen, limit=limit):
            seen.append(point)
            if len(seen) > limit:
                raise KeyboardInterrupt(point)

        poster = BatchPoster(network.store, venue.rollup, venue.sequencer, network.owner, hook=hook)
        with suppress(KeyboardInterrupt):
            poster.step()
        venue.sequencer.close()
        network.start()
        venue.start_sequencer()
        venue.start_daemons()
    assert venue.sequencer._ledger.cut == 1
    assert settle(venue)
    assert venue.rollup.batch_count() > batch.index


def test_anybody_rebuilds_the_state_from_what_was_posted(venue):
    halted(venue)
    posted = []
    honest = venue.sequencer.confirm_posted

    def confirm(index, commitment):
        if index == venue.sequencer.posted_batches:
            posted.append(venue.sequencer.next_batch())
        honest(index, commitment)

    venue.sequencer.confirm_posted = confirm
    start = venue.sequencer.posted_batches
    assert settle(venue)
    assert [batch.index for batch in posted] == list(range(start, start + len(posted)))
    assert posted[-1].state_root == venue.sequencer.state.root


def test_who_was_told_of_a_withdrawal_can_ask_what_became_of_it(venue):
    """Its signature has run out when the settlement chain goes on: it is refused, and nobody has to guess."""
    network = venue.network
    step = sign_withdraw(
        bytes(network.user.key),
        venue.sequencer.state.domain,
        account=1,
        asset=network.deployment.asset_of(EAST, "USDC").asset,
        amount=1_000_000,
        recipient=to_canonical_address(network.user.address),
        nonce=network.clock.now() * 1000,
        expiry=network.clock.now() + 60,
    )
    receipt = venue.sequencer.submit(step)
    stand_still(venue, 2 * LAG)
    assert settle(venue)
    row = venue.sequencer.redone(keccak256(step))
    assert (row.reason, row.after) == ("Expired", None)
    assert row.before.events == receipt.events
    assert venue.account(1).cash == 8_000_000
    assert venue.sequencer.state.header.withdrawal_count == 0
