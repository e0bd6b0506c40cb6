"""What the exchange owes, executed again by the judge: withdrawals, prices, margin, claimed roots."""

from bridge.relaying import deliver
from bridge.settlement import Outbox, Rollup
from clearspan.lab.floor import BTC, Floor
from clearspan.lab.oracle.entitlement import Trades
from clearspan.lab.oracle.price_bounds import PriceBounds
from clearspan.lab.scenarios.moves import LOOT, attempt, forged, stolen, swapped
from exchange.engine import steps, transition, waterfall
from exchange.rollup import Batch, Segment
from exchange.rollup.batch import encode_segments
from tests.clearspan.lab.oracle.broken_worlds import broken, named


def first_batch(heist):
    rollup = Rollup(heist.host, heist.network.settlement.rollup)
    heist.world.run(60, lambda: rollup.batch_count() > 0)
    assert rollup.batch_count() > 0
    return rollup


def worthless_proofs():
    """Zeros, for trees of the right depths and of others."""
    return [([bytes(32)] * 3 * depth, [bytes(32)] * 3 * top) for depth in (16, 20) for top in (1, 2, 3)]


def test_i6_a_release_that_nobody_withdrew():
    with broken(("WithdrawalOutbox", "outbox-unproven")) as (heist, judge):
        deliver(heist.way, [heist.deposit(LOOT, heist.world.base.users[0])], heist.thief)
        first_batch(heist)
        heist.world.clock.advance(heist.network.parameters.challenge_seconds)
        for _ in range(heist.network.parameters.challenge_blocks):
            heist.host.mine()
        outbox = Outbox(heist.host, heist.network.settlement.outbox)
        withdrawal = (7, 1, heist.thief.address, 0, heist.entry.chain_id, heist.token, LOOT)
        calls = [outbox.contract.functions.release(0, withdrawal, path, top) for path, top in worthless_proofs()]
        assert any(attempt(heist.host, call, heist.thief) == "accepted" for call in calls)
        assert named(judge) == {"I6"}


def test_i7_a_deposit_that_is_credited_with_a_unit_too_much():
    whole = transition.execute

    def generous(state, item):
        deeds = whole(state, item)
        state.accounts[item.account].cash += 1
        return deeds

    with swapped(transition, "execute", generous), broken() as (heist, judge):
        deliver(heist.way, [heist.deposit(LOOT, heist.thief)], heist.thief)
        first_batch(heist)
        heist.world.run(20, lambda: judge.venue.state.header.account_count > 1)
        assert named(judge) == {"I7"}


def test_i13_a_root_that_is_not_the_states():
    with broken() as (heist, judge):
        data = encode_segments([Segment(clock=heist.world.clock.now(), forced_count=0, steps=(b"\xff",))])
        claim = Batch(index=0, parent_root=judge.venue.state.root, roots=(bytes(31) + b"\x01",), data=data)
        rollup = Rollup(heist.host, heist.network.settlement.rollup)
        call = rollup.contract.functions.postBatch(claim.index, claim.parent_root, list(claim.roots), claim.data)
        assert attempt(heist.host, call, heist.world.base.network.keys.poster) == "accepted"
        assert named(judge) == {"I13"}


def test_i11_a_header_of_no_chain():
    """No contract is broken: two thirds of the validators are."""
    with broken() as (heist, judge):
        keys = stolen(heist.source.validators.validators)
        assert heist.update(forged(heist.mine(), heist.invented()).sealed_by(keys)) == "accepted"
        assert named(judge) == {"I11"}


def liquidated():
    """The bounds' verdict on a long that is liquidated into the book."""
    floor = Floor()
    said = []
    bounds = PriceBounds(lambda invariant, event, subject, detail: said.append((str(invariant), detail)))
    maker, trader = floor.open_account(usd=10_000_000), floor.open_account(usd=10_000)
    floor.price(btc=50_000, eth=3_000)
    floor.sell(maker, 50_000, 1.6)
    floor.buy(trader, 50_000, 1.6)
    floor.price(btc=46_500)
    floor.buy(maker, 46_400, 5)
    deeds = floor.do(steps.liquidate(trader, BTC))
    bounds.after_step(floor.state, deeds, None)
    return said, deeds


def test_i8_a_liquidation_far_from_the_mark():
    with swapped(waterfall, "worst_price", lambda market, mark, *rest: mark // 2):
        said, deeds = liquidated()
    assert deeds
    assert {invariant for invariant, _ in said} == {"I8"}


def test_i8_a_liquidation_within_the_slippage():
    said, deeds = liquidated()
    assert deeds
    assert said == []


def test_what_trades_realise_at_average_cost():
    trades = Trades()
    assert trades.trade(10, 1_000) == 0
    assert trades.trade(10, 2_000) == 0
    assert trades.trade(-5, 1_000) == 1_000 - 750
    assert trades.trade(-25, 2_500) == 15 * 100 - 2_250
    assert (trades.size, trades.cost) == (-10, -1_000)
