"""The daemons between the chains and a real sequencer."""

import dataclasses

import pytest
from eth_utils import to_canonical_address

from bridge.settlement import Outbox, Rollup
from chains import TransactionReverted
from exchange.engine import AssetSpec, MarketSpec, Signer, UnderlyingSpec, genesis, sign_withdraw
from exchange.engine.steps import ORACLE_REPORT, REPORT, StepKind
from exchange.sequencer import BatchReason, BatchRefused, OperatorKey, Sequencer, SqliteLog
from exchange.state import Config
from exchange.state.asset import AssetKind
from relayers.batch_poster import BatchPoster, PostingPolicy
from relayers.oracle_publisher import Oracle, OraclePublisher
from relayers.ports import SourcePrice
from relayers.queue_reader import QueueReader
from relayers.reports import Did, WaitsFor
from relayers.states import TaskState
from relayers.withdrawal_releaser import WithdrawalReleaser

SETTLEMENT, EAST, WEST = 100, 101, 102
ORACLES = [Signer(bytes([number]) * 32) for number in (7, 8, 9)]
BTC = 60_000 * 10**8
COLLECT = {"challenge_seconds": 600, "challenge_blocks": 3}


class Prices:
    """A source whose price a test sets."""

    def __init__(self):
        self.price = None

    def latest(self, underlying):
        return self.price if underlying == 0 else None


class Venue:
    """A network with a sequencer behind it and the daemons in between."""

    def __init__(self, make_network, tmp_path, **parameters):
        self.states = []
        self.tmp_path = tmp_path
        self.network = make_network(
            vaults=(EAST, WEST), genesis_root=self.root, database=tmp_path / "relayers.db", **{**COLLECT, **parameters}
        )
        self.prices = Prices()
        self.start_sequencer()
        self.start_daemons()

    def root(self, inputs):
        self.inputs = inputs
        return self.genesis().root

    def genesis(self):
        inputs = self.inputs
        config = Config(
            settlement_chain=inputs.settlement_chain,
            rollup=to_canonical_address(inputs.rollup),
            insurance_owner=to_canonical_address(inputs.insurance_owner),
            oracle_threshold=3,
            oracle_staleness=600,
            oracle_deviation=100_000,
            signers=tuple(sorted(oracle.address for oracle in ORACLES)),
        )
        market = MarketSpec(
            symbol="BTC-PERP", underlying=0, tick=10**8, lot=10**5, min_size=10**5, open_interest_cap=10**12
        )
        assets = [
            AssetSpec(
                symbol=asset.symbol,
                chain_id=asset.chain_id,
                token=to_canonical_address(asset.token),
                kind=AssetKind.CASH if asset.symbol == "USDC" else AssetKind.COLLATERAL,
                decimals=asset.decimals,
                **({} if asset.symbol == "USDC" else {"underlying": 1, "haircut": 100_000}),
            )
            for asset in inputs.assets
        ]
        return genesis(config, [market], [UnderlyingSpec(symbol="BTC"), UnderlyingSpec(symbol="ETH")], assets)

    def start_sequencer(self):
        state = self.genesis()
        log = SqliteLog(self.tmp_path / "sequence.db", genesis=state.root)
        self.sequencer = Sequencer(state, log, OperatorKey(b"\5" * 32, state.domain), self.network.clock)

    def start_daemons(self):
        network, settlement = self.network, self.network.deployment.settlement
        store, signer = network.store, network.signer
        self.rollup = Rollup(network.settlement, settlement.rollup)
        self.outbox = Outbox(network.settlement, settlement.outbox)
        self.reader = QueueReader(store, network.queue, self.sequencer)
        self.poster = BatchPoster(store, self.rollup, self.sequencer, network.owner)
        self.releaser = WithdrawalReleaser(store, self.rollup, self.outbox, self.sequencer, signer)
        self.publisher = OraclePublisher(self.sequencer, [Oracle(signer=key, source=self.prices) for key in ORACLES])

    def round(self, seconds=5):
        reports = list(self.network.round(seconds))
        daemons = (self.reader, self.publisher, self.poster, self.releaser)
        return reports + [daemon.step() for daemon in daemons]

    def run(self, rounds=25):
        for _ in range(rounds):
            if not any(report.did for report in self.round()):
                return
        raise AssertionError("not settled")

    def let_challenges_pass(self):
        """Time and blocks enough that every batch posted so far is final."""
        for _ in range(4):
            self.network.clock.advance(200)
            self.network.mine()

    def account(self, number):
        return self.sequencer.state.accounts[number]

    def withdraw(self, chain_id, amount, nonce=1, recipient=None):
        network = self.network
        asset = network.deployment.asset_of(chain_id, "USDC").asset
        step = sign_withdraw(
            bytes(network.user.key),
            self.sequencer.state.domain,
            account=1,
            asset=asset,
            amount=amount,
            recipient=to_canonical_address(recipient or network.user.address),
            nonce=nonce + network.clock.now() * 1000,
            expiry=network.clock.now() + 1000,
        )
        self.sequencer.submit(step)

    def balance(self, chain_id):
        return self.network.token(chain_id).functions.balanceOf(self.network.user.address).call()


@pytest.fixture(name="venue")
def _venue(make_network, tmp_path):
    return Venue(make_network, tmp_path)


def test_a_deposit_here_is_withdrawn_there(venue):
    venue.network.deposit(EAST, 3_000_000)
    venue.network.deposit(WEST, 5_000_000)
    venue.run()
    assert venue.account(1).cash == 8_000_000
    venue.withdraw(WEST, 4_000_000)
    venue.run()
    assert venue.balance(WEST) == 0
    assert venue.rollup.batch_count() == venue.sequencer.posted_batches > 0
    venue.let_challenges_pass()
    venue.run()
    assert venue.outbox.is_spent(0)
    assert venue.releaser.tasks.state_of(bytes(8)) is TaskState.DONE
    assert venue.balance(WEST) == 4_000_000
    assert venue.network.vault(WEST).holdings(venue.network.token(WEST).address) == 1_000_000
    assert venue.account(1).cash == 4_000_000


def test_the_chain_keeps_the_root_that_was_claimed(venue):
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    last = venue.rollup.batch(venue.rollup.batch_count() - 1)
    assert last.state_root == venue.sequencer.state.root
    assert last.queue_cursor == 1


def test_a_withdrawal_is_not_released_before_its_batch_is_final(venue):
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    venue.withdraw(EAST, 1_000_000)
    for _ in range(6):
        venue.round()
    reports = venue.round()
    assert WaitsFor.CHALLENGE in [wait.waits_for for report in reports for wait in report.waiting]
    assert not venue.outbox.is_spent(0)


def test_a_withdrawal_released_twice_is_refused(venue):
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    venue.withdraw(EAST, 1_000_000)
    venue.run()
    venue.let_challenges_pass()
    venue.run()
    batch = next(index for index in range(venue.rollup.batch_count()) if venue.sequencer.withdrawals_in(index))
    proof = venue.sequencer.prove_withdrawal(0, batch)
    leaf = proof.withdrawal
    fields = (leaf.id, leaf.account, leaf.recipient, leaf.asset, leaf.chain_id, leaf.token, leaf.amount)
    call = venue.outbox.contract.functions.release(batch, fields, proof.withdrawal_proof, proof.root_proof)
    with pytest.raises(TransactionReverted) as refusal:
        venue.network.settlement.transact(call, venue.network.user)
    assert refusal.value.error_name == "AlreadySpent"


def test_a_withdrawal_that_expired_on_its_way_is_released_again(venue):
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    venue.withdraw(EAST, 1_000_000)
    venue.run()
    venue.network.clock.advance(700)
    venue.network.mine()
    while not venue.outbox.is_spent(0):
        venue.network.mine()
        venue.releaser.step()
    first = venue.outbox.packet_of(0)
    venue.network.clock.advance(venue.network.deployment.parameters.max_timeout_seconds + 60)
    venue.run(rounds=40)
    assert venue.balance(EAST) == 1_000_000
    statuses = [answer.status.name for answer in venue.network.mailbox(EAST).answered(0, 10_000)]
    assert statuses == ["EXPIRED", "SUCCESS"]
    assert first != bytes(32)


def test_a_withdrawal_that_its_vault_refuses_for_good_is_released_ever_more_rarely(venue):
    """Its recipient is the vault itself, which no vault pays: everyone's relayer would pay for it for ever."""
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    venue.withdraw(EAST, 1_000_000, recipient=venue.network.vault(EAST).address)
    venue.run()
    venue.network.clock.advance(700)
    releases = 0
    for _ in range(60):
        releases += venue.round(10)[-1].count(Did.SUBMITTED)
    assert 2 <= releases <= 4
    # It was not given up: an hour later it is tried again.
    venue.network.clock.advance(3_600)
    assert venue.round(10)[-1].count(Did.SUBMITTED) == 1


def test_a_poster_that_dies_after_posting_posts_nothing_twice(venue):
    venue.network.deposit(EAST, 3_000_000)
    for _ in range(5):
        venue.network.round()
        venue.reader.step()
    assert venue.sequencer.forced_cursor == 1

    def die(point):
        raise KeyboardInterrupt(point)

    network = venue.network
    kills = 0
    for hook_calls in range(12):
        calls = []

        def hook(point, calls=calls, limit=hook_calls):
            calls.append(point)
            if len(calls) > limit:
                die(point)

        poster = BatchPoster(network.store, venue.rollup, venue.sequencer, network.owner, hook=hook)
        try:
            poster.step()
        except KeyboardInterrupt:
            kills += 1
        if hook_calls % 3 == 2:
            network.settlement.mine()
        venue.sequencer.close()
        network.start()
        venue.start_sequencer()
        venue.start_daemons()
    assert kills >= 5
    for _ in range(2):
        network.settlement.mine()
        venue.poster.step()
    assert venue.rollup.batch_count() == venue.sequencer.posted_batches == 1
    assert venue.rollup.batch(0).state_root == venue.sequencer.state.root


def test_the_poster_waits_for_its_interval(venue):
    network = venue.network
    policy = PostingPolicy(interval_seconds=100)
    poster = BatchPoster(network.store, venue.rollup, venue.sequencer, network.owner, policy=policy)
    network.deposit(EAST, 1)
    for _ in range(5):
        network.round()
        venue.reader.step()
    for _ in range(2):
        poster.step()
        network.settlement.mine()
    poster.step()
    assert venue.sequencer.posted_batches == 1
    network.deposit(EAST, 1)
    for _ in range(5):
        network.round()
        venue.reader.step()
    assert venue.sequencer.forced_cursor == 2
    poster.step()
    network.settlement.mine()
    assert venue.rollup.batch_count() == 1
    network.clock.advance(100)
    poster.step()
    network.settlement.mine()
    assert venue.rollup.batch_count() == 2


def test_the_queue_reader_ignores_items_the_queue_does_not_confirm(venue, monkeypatch):
    network = venue.network
    network.deposit(EAST, 3_000_000)
    queue = venue.reader._queue
    honest = queue.items
    monkeypatch.setattr(
        queue, "items", lambda first, last: [dataclasses.replace(item, amount=10**9) for item in honest(first, last)]
    )
    for _ in range(5):
        network.round()
        report = venue.reader.step()
    assert venue.sequencer.forced_cursor == 0
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.SOURCE_FINALITY]
    network.database = venue.tmp_path / "fresh.db"
    network.start()
    venue.start_daemons()
    venue.reader.step()
    assert venue.account(1).cash == 3_000_000


def test_three_oracles_make_a_price_and_a_mark(venue):
    now = venue.network.clock.now()
    venue.prices.price = SourcePrice(price_e8=BTC, time=now)
    report = venue.publisher.step()
    assert report.count(Did.PUBLISHED) == 2
    underlying = venue.sequencer.state.underlyings[0]
    assert (underlying.round_price, underlying.round_time) == (BTC, now)
    assert venue.publisher.step().idle
    venue.network.clock.advance(5)
    venue.prices.price = SourcePrice(price_e8=BTC + 10**8, time=now + 5)
    assert venue.publisher.step().count(Did.PUBLISHED) == 2
    assert underlying.round_price == BTC + 10**8


def test_two_oracles_make_no_price(venue):
    publisher = OraclePublisher(venue.sequencer, [Oracle(signer=key, source=venue.prices) for key in ORACLES[:2]])
    venue.prices.price = SourcePrice(price_e8=BTC, time=venue.network.clock.now())
    report = publisher.step()
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.PRICE]
    assert venue.sequencer.state.underlyings[0].time == 0


def test_a_price_from_the_future_waits(venue):
    venue.prices.price = SourcePrice(price_e8=BTC, time=venue.network.clock.now() + 60)
    report = venue.publisher.step()
    assert [(wait.waits_for, wait.detail) for wait in report.waiting] == [(WaitsFor.PRICE, "ReportAheadOfClock")]


@pytest.mark.parametrize("price", [0, -BTC, -1, 1 << 63])
def test_nothing_less_than_nothing_and_what_is_out_of_bounds_is_no_price(venue, price):
    now = venue.network.clock.now()
    venue.prices.price = SourcePrice(price_e8=price, time=now)
    report = venue.publisher.step()
    assert [(wait.waits_for, wait.detail) for wait in report.waiting] == [(WaitsFor.PRICE, "0 of 3 oracles")]
    venue.prices.price = SourcePrice(price_e8=BTC, time=now)
    assert venue.publisher.step().count(Did.PUBLISHED) == 2


def test_who_is_not_sure_is_silent_and_the_limit_itself_is_sure_enough(venue):
    now = venue.network.clock.now()
    limit = BTC * venue.sequencer.state.underlyings[0].confidence // 10**6
    venue.prices.price = SourcePrice(price_e8=BTC, time=now, confidence_e8=limit + 1)
    report = venue.publisher.step()
    assert [(wait.waits_for, wait.detail) for wait in report.waiting] == [(WaitsFor.PRICE, "0 of 3 oracles")]
    venue.prices.price = SourcePrice(price_e8=BTC, time=now, confidence_e8=limit)
    assert venue.publisher.step().count(Did.PUBLISHED) == 2


def test_what_an_oracle_gives_or_takes_is_signed(venue):
    taken = []
    venue.sequencer.subscribe(lambda one: taken.append(one.step))
    venue.prices.price = SourcePrice(price_e8=BTC, time=venue.network.clock.now(), confidence_e8=123_456)
    venue.publisher.step()
    report = next(step for step in taken if step[0] == StepKind.ORACLE_REPORT)
    assert [REPORT.unpack_from(report, ORACLE_REPORT.size + n * REPORT.size)[1] for n in range(3)] == [123_456] * 3


def test_marks_missing_after_a_crash_are_made_up_for(venue):
    class Killed(BaseException):
        pass

    def die(point):
        raise Killed

    oracles = [Oracle(signer=key, source=venue.prices) for key in ORACLES]
    venue.prices.price = SourcePrice(price_e8=BTC, time=venue.network.clock.now())
    with pytest.raises(Killed):
        OraclePublisher(venue.sequencer, oracles, hook=die).step()
    assert venue.sequencer.state.underlyings[0].round_time == 0
    venue.publisher.step()
    assert venue.sequencer.state.underlyings[0].round_price == BTC


def test_a_withdrawal_that_cannot_be_proven_blocks_nobody(venue, monkeypatch):
    venue.network.deposit(EAST, 3_000_000)
    venue.run()
    venue.withdraw(EAST, 1_000_000, nonce=1)
    venue.withdraw(EAST, 500_000, nonce=2)
    venue.run()
    honest = venue.sequencer.prove_withdrawal

    def forgetful(withdrawal_id, batch_index):
        if withdrawal_id == 0:
            raise BatchRefused(BatchReason.NO_WITHDRAWAL, batch_index)
        return honest(withdrawal_id, batch_index)

    monkeypatch.setattr(venue.sequencer, "prove_withdrawal", forgetful)
    venue.let_challenges_pass()
    venue.run()
    assert [venue.outbox.is_spent(number) for number in (0, 1)] == [False, True]
    monkeypatch.setattr(venue.sequencer, "prove_withdrawal", honest)
    venue.run()
    assert venue.outbox.is_spent(0)
    assert venue.balance(EAST) == 1_500_000
