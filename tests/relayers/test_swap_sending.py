"""A party whose claim is outrun by a fee spike: on its own it loses both legs, on a submitter neither."""

import pytest

from bridge.swaps.machine import Step
from relayers.reports import Did, WaitsFor
from relayers.store import Store
from relayers.submitter import SubmitterPolicy
from relayers.swap_sending import SwapSender, Tended
from tests.bridge.swaps.swapping import BOB, new_market
from tests.relayers.test_swap_settler import Side, run, sides, traded

GWEI = 10**9


class Carried(Side):
    """A party whose settler spends through submitters."""

    policies = None

    def start(self):
        self.store = Store(self.path.with_suffix(".relayer"))
        chains = {bench.chain.chain_id: bench.chain for bench in (self.market.long, self.market.short)}
        self.sender = SwapSender(self.store, chains, self.account, self.policies)
        super().start(self.sender.sends)
        self.settler = Tended(self.settler, self.sender)


def market_in_a_spike(tmp_path, bob):
    """Both lock, Alice reveals; Bob's claim is sent at yesterday's price. From then on blocks are dear."""
    market = new_market()
    before = market.wealth()
    agreement, alice, lonely = sides(market, tmp_path)
    lonely.book.close()
    kept = bob(market, BOB, tmp_path / "bob.db")
    for _ in range(100):
        alice.step()
        report = kept.step()
        if any(action.detail.startswith(f"{Step.CLAIM}:") for action in report.actions if action.did is Did.SUBMITTED):
            market.long.chain.fee_floor = 100 * GWEI
            break
        market.tick()
    run(market, agreement, kept)
    return market, before


def test_the_twin_that_replaces_nothing_loses_both_legs(tmp_path):
    market, before = market_in_a_spike(tmp_path, Side)
    after = market.wealth()
    assert after["bob"] == (before["bob"][0], market.short.balance(BOB.address))
    assert after["bob"][1] < before["bob"][1]


def test_a_claim_outrun_by_a_spike_is_replaced_until_it_is_mined(tmp_path):
    market, before = market_in_a_spike(tmp_path, Carried)
    traded(market, before)


def test_a_whole_swap_on_submitters(tmp_path):
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path, side=Carried)
    run(market, agreement, alice, bob)
    traded(market, before)


def sent_by(market, party):
    chain = market.long.chain
    return chain.next_nonce(bytes.fromhex(party.account.address[2:]))


def test_what_is_on_its_way_is_not_sent_twice_also_after_a_restart(tmp_path):
    market = new_market()
    _, alice, _ = sides(market, tmp_path, side=Carried)
    before = sent_by(market, alice)
    assert alice.step().count(Did.SUBMITTED) == 1
    alice.store.close()
    alice.start()
    leg = alice.book.open()[0].plan.own
    alice.ports[leg.chain_id].lock(leg)
    assert sent_by(market, alice) == before + 1


def test_a_lock_that_comes_too_late_is_cancelled_not_made_dearer(tmp_path):
    market = new_market()
    _, alice, _ = sides(market, tmp_path, side=Carried)
    before = sent_by(market, alice)
    alice.step()
    market.long.chain.fee_floor = 100 * GWEI
    (swap,) = alice.book.open()
    market.tick(swap.plan.own.timelocks.claim_from - market.clock.now())
    alice.step()
    market.tick()
    alice.step()
    market.tick()
    assert market.long.records() == {}
    assert sent_by(market, alice) == before + 1
    assert len(market.long.chain.pool) == 0


@pytest.mark.parametrize(("wei", "sent"), [(10**15, 1), (1, 0)])
def test_the_days_budget_counts_gas_and_not_what_is_locked(tmp_path, wei, sent):
    market = new_market()
    _, alice, _ = sides(market, tmp_path, side=Carried)
    alice.policies = {market.long.chain.chain_id: SubmitterPolicy(budget_wei_per_day=wei)}
    alice.start()
    assert alice.book.open()[0].plan.own.amount > wei
    report = alice.step()
    assert report.count(Did.SUBMITTED) == sent
    assert (WaitsFor.BUDGET in {wait.waits_for for wait in report.waiting}) is not bool(sent)
