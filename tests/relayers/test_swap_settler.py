"""Two settlers over two chains: either may be killed between any two effects and is started again on its book."""

import random
import stat

import pytest

from bridge.errors import Rejected
from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap, SwapBook
from bridge.swaps.chain_port import ChainPort
from bridge.swaps.errors import SwapRefused
from bridge.swaps.machine import Role, Step, Why
from bridge.swaps.settling import Moment
from chains.finality import Depth
from relayers.crash_points import CrashPoint, no_hook
from relayers.reports import Did, WaitsFor
from relayers.swap_settler import SwapSettler
from tests.bridge.swaps.swapping import ALICE, BOB, ETHER_AMOUNT, RULES, TOKEN_AMOUNT, new_market


class Killed(BaseException):
    """Not an Exception: nothing in a daemon may catch its own death."""


class Side:
    """One party: a book on disk, and a settler that can be started again and again."""

    def __init__(self, market, account, path, hook=no_hook):
        self.market, self.account, self.path, self.hook = market, account, path, hook
        self.passed = []
        self.start()

    def start(self, sends=None):
        self.ports = {
            bench.chain.chain_id: ChainPort(bench.reader, self.account, send=(sends or {}).get(bench.chain.chain_id))
            for bench in (self.market.long, self.market.short)
        }
        self.book = SwapBook(self.path)
        self.settler = SwapSettler(self.book, lambda leg: self.ports[leg.chain_id], hook=self._pass)

    def _pass(self, point):
        self.passed.append(point)
        self.hook(point)

    def step(self):
        try:
            return self.settler.step()
        except Killed:
            self.book.close()
            self.start()
            return None


def sides(market, tmp_path, *, alice_hook=no_hook, bob_hook=no_hook, keep=("alice", "bob"), side=Side):
    long, short, preimage = market.legs()
    agreement = Agreement(long=long, short=short)
    alice = side(market, ALICE, tmp_path / "alice.db", alice_hook)
    bob = side(market, BOB, tmp_path / "bob.db", bob_hook)
    if "alice" in keep:
        alice.book.add(KeptSwap(role=Role.INITIATOR, agreement=agreement, rules=RULES, preimage=preimage))
    if "bob" in keep:
        bob.book.add(KeptSwap(role=Role.RESPONDER, agreement=agreement, rules=RULES))
    return agreement, alice, bob


def run(market, agreement, *people):
    end = agreement.long.timelocks.public_refund_from + 60
    while any(side.book.open() for side in people) and market.clock.now() < end:
        for side in people:
            side.step()
        market.tick()
    return {side.account.address: [swap.outcome for swap in side.book.all()] for side in people}


def traded(market, before):
    after = market.wealth()
    assert after["alice"] == (before["alice"][0] - ETHER_AMOUNT, before["alice"][1] + TOKEN_AMOUNT)
    assert after["bob"] == (before["bob"][0] + ETHER_AMOUNT, before["bob"][1] - TOKEN_AMOUNT)


def test_two_settlers_trade_and_say_what_they_did(tmp_path):
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    first = alice.step()
    assert [(action.did, action.detail) for action in first.actions] == [(Did.SUBMITTED, "lock: RoomToLock")]
    assert [wait.waits_for for wait in alice.step().waiting] == [WaitsFor.SWAP], "not sent twice"
    assert [wait.detail for wait in bob.step().waiting] == ["AwaitingLock"]
    outcomes = run(market, agreement, alice, bob)
    assert outcomes == {ALICE.address: [Why.PAID], BOB.address: [Why.PAID]}
    traded(market, before)
    assert alice.step().idle
    assert set(alice.passed) == {CrashPoint[moment.name] for moment in Moment}


def points(tmp_path):
    market = new_market()
    agreement, alice, bob = sides(market, tmp_path)
    run(market, agreement, alice, bob)
    return {
        "alice": [number for number, point in enumerate(alice.passed) if point is not CrashPoint.AFTER_READ],
        "bob": [number for number, point in enumerate(bob.passed) if point is not CrashPoint.AFTER_READ],
    }


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_kill_between_any_two_effects_loses_and_repeats_nothing(tmp_path, who):
    """Every point at which something was just written or sent, and the look before it."""
    places = points(tmp_path / "dry" if (tmp_path / "dry").mkdir() is None else tmp_path)[who]
    assert len(places) == 5, "two acts and the end"
    for place in sorted({*places, places[0] - 1, places[2] - 1}):
        folder = tmp_path / str(place)
        folder.mkdir()
        count = iter(range(1_000))

        def kill(_point, count=count, place=place):
            if next(count) == place:
                raise Killed

        market = new_market()
        before = market.wealth()
        agreement, alice, bob = sides(market, folder, **{f"{who}_hook": kill})
        outcomes = run(market, agreement, alice, bob)
        assert outcomes == {ALICE.address: [Why.PAID], BOB.address: [Why.PAID]}
        traded(market, before)


def test_being_killed_again_and_again_loses_and_repeats_nothing(tmp_path):
    dice, kills = random.Random(3), []

    def kill(point):
        if dice.random() < 0.2:
            kills.append(point)
            raise Killed

    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path, alice_hook=kill, bob_hook=kill)
    outcomes = run(market, agreement, alice, bob)
    assert len(kills) > 5
    assert set(map(tuple, outcomes.values())) in (
        {(Why.PAID,)},
        {(Why.RETURNED,)},
        {(Why.RETURNED,), (Why.NEVER_LOCKED,)},
    )
    if (Why.PAID,) in map(tuple, outcomes.values()):
        traded(market, before)
    else:
        assert market.wealth() == before


def test_the_reveal_is_on_disk_before_it_leaves_the_house(tmp_path):
    market = new_market()
    seen = []

    def look(point):
        if point is CrashPoint.AFTER_PERSIST:
            (kept,) = alice.book.all()
            seen.append((kept.tried, kept.has_revealed, market.short.records().get(agreement.short.identifier)))

    agreement, alice, bob = sides(market, tmp_path, alice_hook=look)
    run(market, agreement, alice, bob)
    assert [(tried, revealed) for tried, revealed, _ in seen] == [(Step.LOCK, False), (Step.CLAIM, True)]
    assert seen[1][2].preimage is None


def test_who_is_not_followed_takes_it_back(tmp_path):
    market = new_market()
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path, keep=("alice",))
    assert run(market, agreement, alice, bob) == {ALICE.address: [Why.RETURNED], BOB.address: []}
    assert market.wealth() == before


def test_a_responder_waits_for_finality_on_both_chains(tmp_path):
    market = new_market(finality=Depth(3))
    before = market.wealth()
    agreement, alice, bob = sides(market, tmp_path)
    assert run(market, agreement, alice, bob) == {ALICE.address: [Why.PAID], BOB.address: [Why.PAID]}
    traded(market, before)


def test_a_dead_chain_holds_up_only_the_swaps_on_it(tmp_path):
    market = new_market()
    agreement, alice, bob = sides(market, tmp_path)
    for validator in market.long.chain.validators.validators:
        validator.online = False
    alice.step()
    market.tick()
    assert market.long.reader.swaps(0, market.long.chain.head().number) == {}
    for validator in market.long.chain.validators.validators:
        validator.online = True
    assert run(market, agreement, alice, bob)[ALICE.address] == [Why.PAID]


def test_without_funds_nothing_is_locked(tmp_path):
    market = new_market()
    agreement, alice, bob = sides(market, tmp_path)
    everything = market.short.balance(BOB.address)
    market.short.chain.transact(market.short.token.functions.transfer(ALICE.address, everything), BOB)
    market.clock.advance(2)
    assert run(market, agreement, alice, bob) == {ALICE.address: [Why.RETURNED], BOB.address: [Why.NEVER_LOCKED]}


def test_a_book_is_private_and_takes_a_hash_once(tmp_path):
    market = new_market()
    agreement, alice, bob = sides(market, tmp_path)
    assert stat.S_IMODE((tmp_path / "alice.db").stat().st_mode) == 0o600
    (kept,) = alice.book.all()
    for book in (alice.book, bob.book):
        with pytest.raises(SwapRefused, match="HashUsed"):
            book.add(book.all()[0])
    assert Agreement.parse(agreement.dump()) == agreement
    with pytest.raises(SwapRefused):
        KeptSwap(role=Role.RESPONDER, agreement=agreement, rules=RULES, preimage=kept.preimage)
    with pytest.raises(SwapRefused):
        KeptSwap(role=Role.INITIATOR, agreement=agreement, rules=RULES, preimage=b"\1" * 32)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace('"nonce"', '"nonse"', 1), "UnknownKey"),
        (lambda text: text[:-3], "MalformedFile"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "MalformedFile"),
        (lambda text: text.replace('"amount": "', '"amount": "-', 1), "MalformedFile"),
        (lambda text: text + " " * 20_000, "MalformedFile"),
        (lambda text: "[" * 5_000, "MalformedFile"),
    ],
)
def test_a_file_that_is_no_agreement_is_refused(change, reason):
    long, short, _ = new_market().legs()
    with pytest.raises(Rejected, match=reason):
        Agreement.parse(change(Agreement(long=long, short=short).dump()))
