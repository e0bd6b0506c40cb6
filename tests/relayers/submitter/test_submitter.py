"""The submitter on a chain of this process and on anvil over HTTP."""

import pytest

from chains import TransactionReverted
from relayers.crash_points import CrashPoint
from relayers.errors import NotNow
from relayers.operations import pause, resume
from relayers.pauses import chain_scope
from relayers.reports import Did, WaitsFor
from relayers.store import Store
from relayers.submitter import ErrandKind, FeePolicy, Outcome, SubmissionState, Submitter, SubmitterPolicy, days, totals
from tests.relayers.submitter.conftest import CHAIN_ID, FIRST, SECOND, STRANGER

S = SubmissionState
REVERTS = "5f5ffd"


def balance(desk):
    return desk.chain.w3.eth.get_balance(STRANGER.address)


def test_what_is_sent_is_included_and_then_final_and_counted(desk):
    before = balance(desk)
    sent = desk.send()
    assert (sent.state, sent.outcome) == (S.BROADCAST, Outcome.PENDING)
    desk.mine()
    assert desk.look().state is S.INCLUDED
    desk.mine(2)
    done = desk.look()
    assert (done.state, done.outcome) == (S.FINALIZED, Outcome.DONE)
    assert balance(desk) == before + 5
    assert done.cost_wei > 5
    (total,) = totals(desk.store)
    assert (total.transactions, total.failures, total.spent_wei) == (1, 0, done.cost_wei)
    (day,) = days(desk.store)
    assert (day.spent_wei, day.reserved_wei) == (done.cost_wei, 0)
    assert desk.look() == done
    assert not desk.report.did


def test_nonces_follow_each_other_without_waiting(desk):
    assert [desk.send(bytes([number])).nonce for number in range(4)] == [0, 1, 2, 3]
    desk.mine(3)
    desk.submitter.step()
    names = [bytes([number]) for number in range(4)]
    assert set(desk.submitter.outcomes(ErrandKind.OTHER, names).values()) == {Outcome.DONE}


def test_what_would_fail_is_not_sent(desk):
    factory = {"from": FIRST.address, "data": f"0x62{REVERTS}5f526003601df3", "gas": 200_000}
    contract = deploy(desk, factory)
    with pytest.raises(TransactionReverted):
        desk.send(to=contract, gas=100_000)
    assert desk.submitter.submissions(ErrandKind.OTHER, b"a") == []


def deploy(desk, factory):
    nonce = desk.chain.w3.eth.get_transaction_count(STRANGER.address)
    fields = {
        "type": 2, "chainId": CHAIN_ID, "nonce": nonce, "gas": factory["gas"], "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 1, "value": 0, "data": factory["data"],
    }  # fmt: skip
    raw = STRANGER.sign_transaction(fields).raw_transaction
    transaction_hash = desk.chain.submit(bytes(raw))
    desk.mine()
    return desk.chain.w3.eth.get_transaction_receipt(transaction_hash)["contractAddress"]


def test_a_transaction_the_mempool_forgot_is_sent_again(desk):
    sent = desk.send()
    forget(desk, sent.attempts[0].hash)
    desk.mine()
    desk.look()
    assert desk.report.count(Did.RESENT) == 1
    desk.mine(3)
    assert desk.look().state is S.FINALIZED
    assert len(desk.look().attempts) == 1


def forget(desk, transaction_hash):
    if desk.node is None:
        desk.chain.pool.drop(transaction_hash)
    else:
        desk.node.ask("anvil_dropTransaction", "0x" + transaction_hash.hex())


def test_a_stuck_transaction_is_replaced_by_a_dearer_one_with_its_nonce(desk):
    sent = desk.send()
    desk.clock.advance(29)
    assert len(desk.look().attempts) == 1
    desk.clock.advance(2)
    replaced = desk.look()
    first, second = replaced.attempts
    assert second.offer.max_fee * 8 >= first.offer.max_fee * 9
    assert desk.report.count(Did.REPLACED) == 1
    before = balance(desk)
    desk.mine(3)
    done = desk.look()
    assert (done.state, done.nonce) == (S.FINALIZED, sent.nonce)
    assert balance(desk) == before + 5


def test_a_cap_reached_in_a_spike_is_looked_at_anew(desk):
    desk.start(fees={"cap": 4 * 10**9, "urgent_cap": 16 * 10**9, "urgent_seconds": 1_000})
    raise_base_fee(desk, 8 * 10**9)
    with pytest.raises(NotNow) as reason:
        desk.send()
    assert reason.value.waits_for is WaitsFor.FEES
    # The nearer the deadline, the more is offered.
    sent = desk.send(b"urgent", deadline=desk.clock.now() + 100)
    assert sent.attempts[0].offer.max_fee > 8 * 10**9
    # And when the spike is over, it is sent as if nothing had been.
    raise_base_fee(desk, 10**8)
    desk.mine(10)
    assert desk.send().state is S.BROADCAST


def test_an_offer_a_spike_outran_is_raised_as_soon_as_the_cap_allows(desk):
    desk.start(fees={"cap": 10**11, "urgent_cap": 10**11})
    raise_base_fee(desk, 10**8)
    desk.send()
    raise_base_fee(desk, 10**10)
    desk.start(fees={"cap": 10**8 * 2, "urgent_cap": 10**8 * 2})
    desk.clock.advance(31)
    assert len(desk.look().attempts) == 1
    assert WaitsFor.FEES in desk.waits
    desk.start(fees={"cap": 10**11, "urgent_cap": 10**11})
    assert len(desk.look().attempts) == 2
    desk.mine(4)
    assert desk.look().state is S.FINALIZED


def raise_base_fee(desk, wei):
    if desk.node is None:
        desk.chain.fee_floor = wei
        desk.mine()
    else:
        desk.node.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))
        desk.mine()
        desk.node.ask("anvil_setNextBlockBaseFeePerGas", hex(wei))


def test_a_reorganised_transaction_is_noticed_and_mined_again(desk):
    desk.send()
    desk.mine()
    assert desk.look().state is S.INCLUDED
    if desk.node is None:
        desk.chain.reorganise(1, keeps=lambda _: False)
        desk.mine()
    else:
        desk.node.ask("anvil_reorg", 1, [])
    undone = desk.look()
    assert undone.state is S.BROADCAST
    assert undone.reorganised == 1
    assert desk.report.count(Did.REORGANISED) == 1
    desk.mine(3)
    done = desk.look()
    assert done.state is S.FINALIZED
    (day,) = days(desk.store)
    assert (day.spent_wei, day.reserved_wei) == (done.cost_wei, 0)


def test_a_nonce_somebody_else_used_is_noticed(desk):
    sent = desk.send()
    forget(desk, sent.attempts[0].hash)
    foreign = Submitter(Store(), desk.chain, [FIRST])
    foreign.submit({"to": SECOND.address, "value": 1, "data": b""}, errand(b"b"))
    desk.mine()
    displaced = desk.look()
    assert (displaced.state, displaced.outcome) == (S.DISPLACED, Outcome.FAILED)
    again = desk.send()
    assert again.nonce == sent.nonce + 1
    desk.mine(3)
    desk.look()
    assert [one.state for one in desk.submitter.submissions(ErrandKind.OTHER, b"a")] == [S.SUPERSEDED, S.FINALIZED]


def errand(name):
    from relayers.submitter import Errand  # noqa: PLC0415

    return Errand(kind=ErrandKind.OTHER, subjects=(name,), gas=30_000)


def test_a_lost_database_uses_no_nonce_twice_and_leaves_no_gap(desk):
    desk.send(b"a")
    desk.mine()
    desk.send(b"b")
    desk.store = Store()
    desk.start()
    assert desk.send(b"c").nonce == 2
    desk.mine()
    assert desk.chain.w3.eth.get_transaction_count(FIRST.address) == 3


@pytest.mark.parametrize(
    "point", [CrashPoint.AFTER_PROOF, CrashPoint.NONCE_RESERVATION, CrashPoint.AFTER_SIGN, CrashPoint.AFTER_BROADCAST]
)
def test_a_kill_in_the_middle_of_sending_sends_once(desk, point):
    def die(passed):
        if passed is point:
            raise KeyboardInterrupt

    before = balance(desk)
    desk.submitter = Submitter(desk.store, desk.chain, [FIRST], hook=die)
    with pytest.raises(KeyboardInterrupt):
        desk.send()
    desk.start()
    desk.submitter.step()
    if not desk.submitter.submissions(ErrandKind.OTHER, b"a"):
        desk.send()
    desk.mine(3)
    assert desk.look().state is S.FINALIZED
    assert balance(desk) == before + 5
    assert desk.chain.w3.eth.get_transaction_count(FIRST.address) == 1


def test_the_days_budget_is_not_exceeded_and_comes_back_the_next_day(desk):
    first = desk.send(b"a")
    desk.mine(3)
    cost = desk.look().cost_wei
    most = first.gas * first.attempts[0].offer.max_fee + 5
    desk.start(budget_wei_per_day=cost + most // 2)
    with pytest.raises(NotNow) as reason:
        desk.send(b"b")
    assert reason.value.waits_for is WaitsFor.BUDGET
    assert desk.submitter.submissions(ErrandKind.OTHER, b"b") == []
    desk.clock.advance(86_400)
    desk.mine()
    desk.start(budget_wei_per_day=10 * most)
    assert desk.send(b"b").state is S.BROADCAST


def test_a_pool_of_signers_shares_the_work_and_the_poor_are_passed_over(desk):
    desk.start((FIRST, SECOND), in_flight_max=2)
    used = [desk.send(bytes([number])).signer for number in range(4)]
    assert sorted(used) == sorted([FIRST.address, SECOND.address] * 2)
    with pytest.raises(NotNow) as reason:
        desk.send(b"z")
    assert reason.value.waits_for is WaitsFor.SIGNER


def test_a_retired_key_signs_nothing_new_and_sees_its_old_through(desk):
    sent = desk.send(b"a")
    desk.start((FIRST, SECOND))
    desk.submitter.rotate(retire=[FIRST.address])
    desk.start((FIRST, SECOND))
    assert desk.send(b"b").signer == SECOND.address
    desk.mine(3)
    assert desk.look(b"a").state is S.FINALIZED
    assert sent.signer == FIRST.address


def test_a_paused_chain_costs_nothing(desk):
    tool = desk.store
    pause(tool, chain_scope(CHAIN_ID), now=desk.clock.now(), note="maintenance")
    with pytest.raises(NotNow) as reason:
        desk.send()
    assert (reason.value.waits_for, "maintenance" in reason.value.detail) == (WaitsFor.PAUSE, True)
    assert resume(tool, chain_scope(CHAIN_ID))
    assert desk.send().state is S.BROADCAST


def test_policies_that_contradict_themselves_are_refused():
    with pytest.raises(ValueError, match="escalation"):
        FeePolicy(cap=10, urgent_cap=9)
    assert SubmitterPolicy().fees.cap_at(0, None) == FeePolicy().cap


def test_a_kill_in_the_middle_of_a_rotation_leaves_a_key_to_sign_with(local_desk):
    desk = local_desk
    desk.start((FIRST, SECOND))
    desk.submitter.rotate(retire=[SECOND.address])

    def die(point):
        if point is CrashPoint.KEY_ROTATION:
            raise KeyboardInterrupt

    dying = Submitter(desk.store, desk.chain, [FIRST, SECOND], hook=die)
    with pytest.raises(KeyboardInterrupt):
        dying.rotate(restore=[SECOND.address], retire=[FIRST.address])
    desk.start((FIRST, SECOND))
    assert desk.send(b"a").state is S.BROADCAST
    desk.submitter.rotate(restore=[SECOND.address], retire=[FIRST.address])
    assert desk.send(b"b").signer == SECOND.address
