"""Cash under a hash, from the SDK and from the settlement chain when the operator does not listen."""

from hashlib import sha256

import pytest

from bridge.settlement import ForcedQueue
from clearspan import Devnet, Rejected, verify_directory
from clearspan.devnet.wallets import trader_wallet
from exchange.state import LockStatus

SECRET = b"\x17" * 32
HASH = sha256(SECRET).digest()


def two_traders(net):
    alice, bob = net.trader("alice", usdc=5_000), net.trader("bob", usdc=5_000)
    for trader in (alice, bob):
        trader.deposit(chain="alpha", asset="USDC", amount="1000").wait("credited")
    return alice, bob


def enqueue(net, call):
    """From a wallet that has nothing to do with either."""
    queue = forced_queue(net)
    fee = queue.chain.call(queue.contract.functions.forcedFee())
    queue.chain.transact(call(queue.contract.functions), trader_wallet(net.core.config.seed, "bob"), value=fee)


def forced_queue(net):
    entry = net.core.network.deployment.settlement
    return ForcedQueue(net.core.network.settlement, entry.forced_queue)


def test_a_lock_is_claimed_once_and_by_its_preimage_alone(tmp_path):
    with Devnet(seed=21, directory=tmp_path) as net:
        alice, bob = two_traders(net)
        deadline = net.core.venue.now() + 300
        lock = alice.lock_cash(payee=bob.address, amount="400", hash=HASH, deadline=deadline)
        assert (lock.account, lock.payee, lock.amount, lock.status) == (alice.account, bob.account, 400, "open")
        assert alice.fetch_locks() == bob.fetch_locks() == (lock,)
        assert alice.fetch_balance().cash == 600
        for wrong in (HASH, b"", b"\x17" * 31, b"\x17" * 33):
            with pytest.raises(Rejected, match="WrongPreimage"):
                bob.claim_lock(lock_id=lock.lock_id, preimage=wrong)
        with pytest.raises(Rejected, match="DeadlineNotReached"):
            alice.refund_lock(lock_id=lock.lock_id)
        assert bob.claim_lock(lock_id=lock.lock_id, preimage=SECRET).status == "claimed"
        assert (bob.fetch_balance().cash, alice.fetch_locks()) == (1_400, ())
        for again in (lambda: bob.claim_lock(lock_id=0, preimage=SECRET), lambda: alice.refund_lock(lock_id=0)):
            with pytest.raises(Rejected, match="LockClosed"):
                again()
        with pytest.raises(Rejected, match="HashUsed"):
            bob.lock_cash(payee=alice.account, amount="1", hash=HASH, deadline=deadline)
        with pytest.raises(Rejected, match="LockUnknown"):
            bob.fetch_lock(lock_id=1)
        left = alice.lock_cash(payee=bob.account, amount="1", hash=sha256(HASH).digest(), deadline=deadline)
        assert left.status == "open"
        net.settle()
    answer = verify_directory(tmp_path)
    assert answer.ok, answer.reason


def test_a_claim_on_the_settlement_chain_in_time_beats_a_refund(tmp_path):
    with Devnet(seed=22, directory=tmp_path) as net:
        alice, bob = two_traders(net)
        deadline = net.core.venue.now() + 120
        lock = alice.lock_cash(payee=bob.address, amount="400", hash=HASH, deadline=deadline)
        net.settle()
        # The operator does not read the queue until long after the deadline.
        silent = net.core.daemons.pop("queue reader")
        enqueue(net, lambda calls: calls.enqueueSwapClaim(lock.lock_id, SECRET))
        net.run_until(lambda: net.core.venue.now() > deadline + 60, max_steps=200)
        with pytest.raises(Rejected, match="QueueMayHoldItems"):
            alice.refund_lock(lock_id=lock.lock_id)
        net.core.daemons["queue reader"] = silent
        net.run_until(lambda: net.core.sequencer.state.locks[lock.lock_id].status == LockStatus.CLAIMED)
        assert bob.fetch_balance().cash == 1_400
        net.settle()
    assert verify_directory(tmp_path).ok


def test_a_refund_on_the_settlement_chain_needs_nobody(tmp_path):
    with Devnet(seed=23, directory=tmp_path) as net:
        alice, bob = two_traders(net)
        deadline = net.core.venue.now() + 60
        lock = alice.lock_cash(payee=bob.address, amount="400", hash=HASH, deadline=deadline)
        enqueue(net, lambda calls: calls.enqueueSwapRefund(lock.lock_id))  # too early: judged by when it entered
        net.settle()
        assert alice.fetch_lock(lock_id=lock.lock_id).status == "open"
        net.run_until(lambda: net.core.clock.now() > deadline)
        enqueue(net, lambda calls: calls.enqueueSwapRefund(lock.lock_id))
        net.run_until(lambda: net.core.sequencer.state.locks[lock.lock_id].status == LockStatus.REFUNDED)
        assert (alice.fetch_balance().cash, bob.fetch_balance().cash) == (1_000, 1_000)
        net.settle()
    assert verify_directory(tmp_path).ok
