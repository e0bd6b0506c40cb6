"""What goes wrong with hash locks elsewhere, tried on two settlers over two chains; see docs/protocol/swaps.md."""

from dataclasses import replace

import pytest

from bridge.swaps.escrow import LegStatus
from bridge.swaps.exposure import Halt, break_even_bribe, fee_reserve_wei, halt_losses
from bridge.swaps.machine import Role, Step, Why
from chains.finality import Depth
from tests.bridge.swaps.swapping import ALICE, BOB, ETHER_AMOUNT, GAS, RULES, TICK, TOKEN_AMOUNT, new_market
from tests.contracts.harness import OWNER, STRANGER, ZERO
from tests.relayers.test_swap_settler import run, sides, traded

PAID = {ALICE.address: [Why.PAID], BOB.address: [Why.PAID]}
DEPTH = 4
SLOW = replace(RULES, short=replace(RULES.short, finality_seconds=60, reorganisation_seconds=30))


def until_revealed(market, agreement, *people):
    """Go on until the initiator's claim is in a block of the short chain."""
    for _ in range(200):
        record = market.short.records().get(agreement.short.identifier)
        if record is not None and record.status is LegStatus.CLAIMED:
            return
        for side in people:
            side.step()
        market.tick()
    raise AssertionError("nothing was revealed")


def test_a_reveal_that_a_reorganisation_takes_out_is_not_used_and_is_made_again(tmp_path):
    """The chain loses its newest blocks and the claim in them; everybody has seen the preimage."""
    market = new_market(finality=Depth(DEPTH))
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    until_revealed(market, agreement, alice, bob)
    bob.step()
    assert market.long.records()[agreement.long.identifier].status is LegStatus.LOCKED, "Bob waits for finality"
    removed = market.short.chain.reorganise(1, keeps=lambda _: False)
    assert removed[0].transactions, "the claim was in it"
    assert market.short.records()[agreement.short.identifier].status is LegStatus.LOCKED
    assert run(market, agreement, alice, bob) == PAID
    traded(market, before)


def test_who_uses_a_reveal_before_it_is_final_may_have_both_and_the_initiator_still_claims(tmp_path, monkeypatch):
    """A responder without patience gets its leg from a reveal that is gone; the initiator reveals again and is paid."""
    market = new_market(finality=Depth(DEPTH))
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    until_revealed(market, agreement, alice, bob)
    preimage = market.short.records()[agreement.short.identifier].preimage
    market.short.chain.reorganise(1, keeps=lambda _: False)
    market.long.claim(agreement.long, preimage, sender=BOB)
    assert market.long.records()[agreement.long.identifier].status is LegStatus.CLAIMED
    run(market, agreement, alice, bob)
    assert market.statuses(agreement.long, agreement.short) == ("claimed", "claimed")
    traded(market, before)


@pytest.mark.parametrize("blocks", [3, 8])
def test_a_claim_kept_out_for_some_blocks_still_lands(tmp_path, blocks):
    """The bounds allow for that much: inclusion and halt together."""
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    until_revealed(market, agreement, alice, bob)
    chain, start = market.long.chain, market.long.chain.head().number
    chain.censors = lambda transaction: chain.head().number < start + blocks
    assert blocks * TICK < RULES.long.inclusion_seconds + RULES.long.halt_seconds
    assert run(market, agreement, alice, bob) == PAID
    traded(market, before)


def test_a_claim_kept_out_until_the_deadline_loses_the_leg_and_that_is_what_a_bribe_is_worth(tmp_path):
    """Censorship is a halt for one party; the report says who loses and how much."""
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    until_revealed(market, agreement, alice, bob)
    since = market.clock.now()
    chain = market.long.chain
    first = chain.head().number
    sender = bytes.fromhex(BOB.address[2:])
    chain.censors = lambda transaction: transaction.sender == sender
    while market.clock.now() < agreement.long.timelocks.refund_from + 2 * TICK:
        bob.step()
        market.tick()
    alice.step()
    market.tick()
    halt = Halt(chain_id=chain.chain_id, since=since, until=agreement.long.timelocks.refund_from)
    (loss,) = halt_losses(RULES, agreement.long, agreement.short, halt)
    assert (loss.loser, loss.amount) == (Role.RESPONDER, TOKEN_AMOUNT)
    after = market.wealth()
    assert after["bob"] == (before["bob"][0], before["bob"][1] - TOKEN_AMOUNT)
    assert after["alice"] == (before["alice"][0], before["alice"][1] + TOKEN_AMOUNT)
    window = chain.head().number - first
    assert break_even_bribe(ETHER_AMOUNT, window) * window >= ETHER_AMOUNT > break_even_bribe(ETHER_AMOUNT, 2 * window)


def test_a_hundredfold_fee_at_the_deadline_is_paid_from_the_reserve(tmp_path):
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    until_revealed(market, agreement, alice, bob)
    chain = market.long.chain
    usual = chain.next_base_fee()
    chain.fee_floor = 100 * usual
    assert run(market, agreement, alice, bob) == PAID
    traded(market, before)
    ended = chain.w3.eth.get_block(market.long.records()[agreement.long.identifier].ended_block)
    assert ended["baseFeePerGas"] >= 100 * usual
    reserve = fee_reserve_wei(500_000, usual, 40)
    assert reserve >= 100 * usual * 500_000


def test_two_swaps_under_one_hash_are_not_both_locked(tmp_path):
    """A second agreement under the hash of the first: neither side's settler touches it, whatever it says."""
    market = new_market()
    agreement, alice, bob = sides(market, tmp_path)
    assert run(market, agreement, alice, bob) == PAID
    before = market.wealth()
    (tmp_path / "again").mkdir()
    long, short, _ = market.legs(hashlock=agreement.hashlock)
    again = type(agreement)(long=long, short=short)
    other, alice2, bob2 = sides(market, tmp_path / "again", keep=())
    kept = alice.book.all()[0]
    alice2.book.add(replace(kept, agreement=again, outcome=None, has_revealed=False))
    bob2.book.add(replace(bob.book.all()[0], agreement=again, outcome=None))
    assert run(market, again, alice2, bob2) == {
        ALICE.address: [Why.NEVER_LOCKED],
        BOB.address: [Why.NEVER_LOCKED],
    }
    assert market.wealth() == before
    assert other.hashlock != again.hashlock


def test_a_strangers_locks_under_the_hash_stop_nobody(tmp_path):
    """Whoever sees the hash of a first lock could lock a wei under it, and name both parties as it likes."""
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    alice.step()
    market.tick()
    for bench, leg in ((market.long, agreement.long), (market.short, agreement.short)):
        swap = replace(leg, locker=STRANGER.address, amount=1, safety_deposit=0, asset=ZERO, nonce=7)
        bench.chain.send(bench.escrow.functions.lock(swap.as_abi()), STRANGER, value=1, gas=GAS)
    market.tick()
    assert len(market.short.records()) == 1, "before Bob looks"
    assert run(market, agreement, alice, bob) == PAID
    traded(market, before)


@pytest.mark.parametrize("odd", ["blocked", "paused"])
def test_a_token_that_turns_odd_between_lock_and_claim_costs_nobody_the_other_leg(tmp_path, odd):
    """Alice cannot be sent what she claims: it is credited, the preimage is out, Bob is paid, and she pulls later."""
    market = new_market()
    bench = market.short
    fickle = bench.chain.deploy("FickleToken", [], OWNER)
    bench.chain.transact(fickle.functions.mint(BOB.address, TOKEN_AMOUNT), OWNER)
    bench.token = fickle
    market.clock.advance(max(0, bench.chain.head().timestamp - market.clock.now()))
    agreement, alice, bob = sides(market, tmp_path)
    for _ in range(200):
        if market.statuses(agreement.long, agreement.short) == ("locked", "locked"):
            break
        for side in (alice, bob):
            side.step()
        market.tick()
    if odd == "blocked":
        bench.chain.transact(fickle.functions.block_(ALICE.address, True), OWNER)
    else:
        bench.chain.transact(fickle.functions.pause(True), OWNER)
    assert run(market, agreement, alice, bob) == PAID
    assert market.statuses(agreement.long, agreement.short) == ("claimed", "claimed")
    assert bench.credit(ALICE.address, fickle.address) == TOKEN_AMOUNT


@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_settler_that_wakes_around_its_deadline_takes_back_or_waits_and_never_reveals(tmp_path, offset):
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    while market.statuses(agreement.long, agreement.short) != ("locked", "locked"):
        for side in (alice, bob):
            side.step()
        market.tick()
    market.clock.advance(agreement.short.timelocks.refund_from + offset - market.clock.now())
    alice.step()
    (kept,) = alice.book.all()
    assert (kept.tried, kept.has_revealed) == (Step.LOCK, False)
    outcomes = run(market, agreement, alice, bob)
    assert outcomes == {ALICE.address: [Why.RETURNED], BOB.address: [Why.RETURNED]}
    assert market.wealth() == before
