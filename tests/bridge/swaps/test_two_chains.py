"""Swaps end to end over two chains: all or nothing, whatever the moment; and what a halt can still do."""

from dataclasses import replace
from itertools import product

import pytest

from bridge.swaps.escrow import LegStatus
from bridge.swaps.exposure import Halt, halt_losses
from bridge.swaps.machine import Decision, Knowledge, LegView, Role, Step, Why, decide
from chains.errors import TransactionReverted
from chains.finality import Depth
from tests.bridge.swaps.swapping import (
    ALICE,
    BOB,
    DEPOSIT,
    ETHER_AMOUNT,
    GAS,
    RULES,
    TICK,
    TOKEN_AMOUNT,
    new_actors,
    new_market,
)


def run(market, long, *actors, until=None):
    """Let everybody look and time pass until all is over."""
    end = until or long.timelocks.public_refund_from
    while market.clock.now() < end:
        for actor in actors:
            actor.look()
        market.tick()


def steps(actor):
    return [decision.step for decision in actor.decisions if decision.step not in (Step.WAIT, Step.DONE)]


def test_ether_here_for_dollars_there():
    market = new_market()
    before = market.wealth()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    run(market, long, alice, bob)
    assert market.statuses(long, short) == ("claimed", "claimed")
    assert (steps(alice), steps(bob)) == ([Step.LOCK, Step.CLAIM], [Step.LOCK, Step.CLAIM])
    assert alice.decisions[-1] == bob.decisions[-1] == Decision(step=Step.DONE, why=Why.PAID)
    after = market.wealth()
    assert after["alice"] == (before["alice"][0] - ETHER_AMOUNT, before["alice"][1] + TOKEN_AMOUNT)
    assert after["bob"] == (before["bob"][0] + ETHER_AMOUNT, before["bob"][1] - TOKEN_AMOUNT)


def test_an_initiator_whose_partner_never_follows_gets_everything_back_but_time():
    """The griefing lock: what it costs is the window, known before anything is locked."""
    market = new_market()
    before = market.wealth()
    long, short, preimage = market.legs()
    alice, _ = new_actors(market, long, short, preimage)
    start = market.clock.now()
    run(market, long, alice)
    assert market.statuses(long, short) == ("refunded", "absent")
    assert steps(alice) == [Step.LOCK, Step.REFUND]
    assert market.wealth() == before
    ended = market.long.records()[long.identifier].ended_block
    held = market.long.chain.header(ended).timestamp - start
    assert held <= long.timelocks.public_refund_from - start <= RULES.longest_seconds


def test_a_responder_whose_partner_never_reveals_gets_everything_back():
    market = new_market()
    before = market.wealth()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    while alice.look().step is not Step.CLAIM:
        bob.look()
        market.tick()
        if alice.decisions[-1].why is Why.AWAITING_WINDOW:
            break
    run(market, long, bob)
    assert market.statuses(long, short) == ("locked", "refunded")
    assert bob.decisions[-1] == Decision(step=Step.DONE, why=Why.RETURNED)
    while alice.look().step is not Step.DONE:
        market.tick()
    assert market.statuses(long, short) == ("refunded", "refunded")
    assert market.wealth() == before


OFFSETS = (-1, 0, 1)
ORDERS = (("claim", "refund"), ("refund", "claim"))


def race(bench, swap, preimage, order, claimer, locker):
    """A claim and a refund for the next block, in this order."""
    call = bench.escrow.functions
    moves = {"claim": (call.claim(swap.as_abi(), preimage), claimer), "refund": (call.refund(swap.as_abi()), locker)}
    return [(name, bench.chain.send(*moves[name], gas=GAS)) for name in order]


def winners(bench, sent):
    done = []
    for name, transaction in sent:
        try:
            bench.chain.wait(transaction)
            done.append(name)
        except TransactionReverted:
            pass
    return done


def test_all_or_nothing_at_every_second_around_both_deadlines():
    """Each leg ends once and in the one way its second allows, in either order, in every combination of both legs.

    The initiator here breaks the rule: it reveals in the last seconds, where the machine never does.
    """
    market = new_market()
    schedule = RULES.plan(market.clock.now())
    cases = {
        (short_offset, short_order, long_offset, long_order): market.legs(schedule)
        for short_offset, short_order, long_offset, long_order in product(OFFSETS, ORDERS, OFFSETS, ORDERS)
    }
    for long, _, _ in cases.values():
        market.long.chain.send(
            market.long.escrow.functions.lock(long.as_abi()), ALICE, value=ETHER_AMOUNT + DEPOSIT, gas=GAS
        )
    for _, short, _ in cases.values():
        market.short.chain.send(market.short.escrow.functions.lock(short.as_abi()), BOB, value=DEPOSIT, gas=GAS)
    market.tick()
    ends = {}
    for leg, bench, times, people in (
        (1, market.short, schedule.short, (ALICE, BOB)),
        (0, market.long, schedule.long, (BOB, ALICE)),
    ):
        for offset in OFFSETS:
            chosen = [case for case in cases if case[0 if leg else 2] == offset]
            bench.at(times.refund_from + offset)
            sent = {
                case: race(bench, cases[case][leg], cases[case][2], case[1 if leg else 3], *people) for case in chosen
            }
            for case in chosen:
                ends[case, leg] = winners(bench, sent[case])
            assert bench.chain.head().timestamp == times.refund_from + offset, "all in one block"
    for case, (long, short, _) in cases.items():
        by_second = {-1: "claim", 0: "refund", 1: "refund"}
        assert ends[case, 1] == [by_second[case[0]]]
        assert ends[case, 0] == [by_second[case[2]]]
        told = {"claim": "claimed", "refund": "refunded"}
        assert market.statuses(long, short) == (told[ends[case, 0][0]], told[ends[case, 1][0]])
    for bench, asset in ((market.long, "0x" + "00" * 20), (market.short, None)):
        assert bench.balance(bench.escrow.address, asset) == 0, "never both, never neither"


@pytest.mark.parametrize("offset", OFFSETS)
def test_the_machine_does_not_reveal_around_the_deadline(offset):
    market = new_market()
    long, short, preimage = market.legs()
    alice, _ = new_actors(market, long, short, preimage)
    locked = LegView(head=LegStatus.LOCKED, final=LegStatus.LOCKED)
    now = short.timelocks.refund_from + offset
    assert decide(alice.plan, Knowledge(own=locked, other=locked), now).why is Why.NO_ROOM_TO_REVEAL


def reveal(market, alice, bob):
    """Go on until Alice's claim is in a block."""
    while Step.CLAIM not in steps(alice):
        alice.look()
        bob.look()
        market.tick()


def test_a_claim_waits_until_the_reveal_is_final():
    """On a chain that is final four blocks later, Bob sees the preimage and does not use it yet."""
    market = new_market(finality=Depth(4))
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    reveal(market, alice, bob)
    final = market.short.chain.finalized_header
    shown = market.short.records()[short.identifier]
    assert shown.status is LegStatus.CLAIMED
    assert shown.ended_block > final().number
    waited = 0
    while bob.look().step is Step.WAIT:
        assert bob.decisions[-1].why is Why.AWAITING_FINALITY
        assert shown.ended_block > final().number
        market.tick()
        waited += 1
    assert bob.decisions[-1] == Decision(step=Step.CLAIM, why=Why.REVEALED)
    assert shown.ended_block <= final().number
    assert waited == 4
    market.tick()
    assert market.statuses(long, short) == ("claimed", "claimed")


def test_a_reveal_that_a_reorganisation_takes_away_is_made_again():
    """What the initiator sees after it: the claim is gone, the preimage is out, there is no room left."""
    market = new_market()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    reveal(market, alice, bob)
    locked = LegView(head=LegStatus.LOCKED, final=LegStatus.LOCKED)
    late = short.timelocks.refund_from - 1
    gone = Knowledge(own=locked, other=locked, has_revealed=alice.has_revealed)
    assert decide(alice.plan, gone, late) == Decision(step=Step.CLAIM, why=Why.ALREADY_REVEALED)
    assert decide(alice.plan, replace(gone, has_revealed=False), late).step is Step.WAIT
    # Bob, who saw it, does not take what he cannot be sure of.
    view = Knowledge(own=locked, other=locked)
    assert decide(bob.plan, view, late) == Decision(step=Step.WAIT, why=Why.AWAITING_REVEAL)


def halt(chain, *, online):
    for validator in chain.validators.validators:
        validator.online = online


def lost(before, after):
    """What each has less of in both, ether and dollars, without having more of the other."""
    return {
        name: (before[name][0] - after[name][0], before[name][1] - after[name][1])
        for name in before
        if after[name][0] <= before[name][0] and after[name][1] <= before[name][1] and after[name] != before[name]
    }


def finish(market, *actors):
    for _ in range(40):
        for actor in actors:
            actor.look()
        market.tick()


def test_a_halt_of_the_long_chain_across_its_deadline_costs_the_responder_the_short_leg():
    """Not to be prevented with locks on the wall clock; the report says who, and how much, and it comes to that."""
    market = new_market()
    before = market.wealth()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    while alice.decisions[-1:] != [Decision(step=Step.CLAIM, why=Why.ROOM_TO_REVEAL)]:
        bob.look()
        market.tick()
        alice.look()
    since = market.clock.now()
    halt(market.long.chain, online=False)
    while market.clock.now() < long.timelocks.refund_from + 5:
        market.tick()
        bob.look()
    assert Step.CLAIM in steps(bob), "it did what it could"
    halt(market.long.chain, online=True)
    (loss,) = halt_losses(RULES, long, short, Halt(chain_id=long.chain_id, since=since, until=market.clock.now()))
    finish(market, alice, bob)
    assert market.statuses(long, short) == ("refunded", "claimed")
    assert (loss.loser, loss.chain_id, loss.amount) == (Role.RESPONDER, short.chain_id, TOKEN_AMOUNT)
    assert lost(before, market.wealth()) == {"bob": (0, loss.amount)}


def test_a_halt_of_the_short_chain_across_its_deadline_costs_the_initiator_the_long_leg():
    """The claim shows the preimage and is not included; a responder without scruples takes both."""
    market = new_market()
    before = market.wealth()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    while alice.decisions[-1:] != [Decision(step=Step.CLAIM, why=Why.ROOM_TO_REVEAL)]:
        if alice.decisions and alice.decisions[-1].why is Why.AWAITING_WINDOW:
            halt(market.short.chain, online=False)
            since = market.clock.now()
        bob.look()
        market.tick()
        alice.look()
    market.long.claim(long, preimage, sender=BOB)  # taken from the mempool
    while market.clock.now() < short.timelocks.refund_from + 10:
        market.tick()
    halt(market.short.chain, online=True)
    losses = halt_losses(RULES, long, short, Halt(chain_id=short.chain_id, since=since, until=market.clock.now()))
    finish(market, alice, bob)
    assert market.statuses(long, short) == ("claimed", "refunded")
    assert [(loss.loser, loss.chain_id, loss.amount) for loss in losses] == [
        (Role.INITIATOR, long.chain_id, ETHER_AMOUNT)
    ]
    assert lost(before, market.wealth()) == {"alice": (ETHER_AMOUNT, 0)}
    assert alice.decisions[-1] == Decision(step=Step.DONE, why=Why.LOST)


@pytest.mark.parametrize("side", ["long", "short"])
def test_a_halt_within_its_bound_costs_nobody_anything(side):
    market = new_market()
    long, short, preimage = market.legs()
    alice, bob = new_actors(market, long, short, preimage)
    chain = getattr(market, side).chain
    reveal(market, alice, bob)
    since = market.clock.now()
    halt(chain, online=False)
    while market.clock.now() < since + RULES.long.halt_seconds - TICK:
        for actor in (alice, bob):
            actor.look()
        market.tick()
    halt(chain, online=True)
    assert halt_losses(RULES, long, short, Halt(chain_id=chain.chain_id, since=since, until=market.clock.now())) == ()
    run(market, long, alice, bob)
    assert market.statuses(long, short) == ("claimed", "claimed")


def test_a_hash_that_was_used_is_not_locked_under_again():
    market = new_market()
    first_long, first_short, preimage = market.legs()
    run(market, first_long, *new_actors(market, first_long, first_short, preimage))
    again_long, again_short, _ = market.legs(hashlock=first_long.hashlock)
    alice, bob = new_actors(market, again_long, again_short, preimage)
    for actor in (alice, bob):
        assert actor.look() == Decision(step=Step.WAIT, why=Why.NO_ROOM_TO_LOCK)


def test_a_party_that_remembers_nothing_but_its_seed_goes_on_where_it_was():
    """Both parties are made anew at every look, from terms read back from the logs and a preimage derived again."""
    market = new_market()
    long, short, preimage = market.legs()
    while market.clock.now() < long.timelocks.public_refund_from:
        alice, bob = new_actors(market, long, short, preimage)
        alice.has_revealed = short.identifier in market.short.records() and (
            market.short.records()[short.identifier].preimage is not None
        )
        alice.look()
        bob.look()
        market.tick()
        for bench, swap in ((market.long, long), (market.short, short)):
            record = bench.records().get(swap.identifier)
            assert record is None or record.swap == swap
    assert market.statuses(long, short) == ("claimed", "claimed")
