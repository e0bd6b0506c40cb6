"""Forks, reorganisations, censorship and busy times of a local chain."""

import pytest
from eth_account import Account

from chains import Depth, LocalChain, Reason, Rejected, VirtualClock

SENDER = Account.from_key("0x" + "11" * 32)
OTHER = Account.from_key("0x" + "22" * 32)
TARGET = "0x" + "ab" * 20
WEI = 10**18


def make(finality=None, **arguments):
    return LocalChain(
        chain_id=7,
        clock=VirtualClock(),
        finality=finality,
        balances={SENDER.address: 100 * WEI, OTHER.address: 100 * WEI},
        **arguments,
    )


def pay(chain, sender=SENDER, value=1):
    return chain.send({"to": TARGET, "value": value}, sender, gas=21_000)


def test_a_fork_goes_its_own_way():
    chain = make()
    pay(chain)
    chain.mine()
    fork = chain.fork(VirtualClock(chain.clock.now()))
    assert fork.head().hash == chain.head().hash
    pay(fork, value=5)
    fork.mine()
    assert (fork.balance(TARGET), chain.balance(TARGET)) == (6, 1)
    assert chain.head().number == 1
    chain.mine()
    assert chain.head().hash != fork.head().hash


def test_a_fork_mines_the_blocks_the_original_would():
    chain = make()
    fork = chain.fork(VirtualClock(chain.clock.now()))
    for one in (chain, fork):
        pay(one)
        one.mine()
    assert chain.head().sealed_rlp == fork.head().sealed_rlp


def test_a_fork_takes_the_waiting_transactions_along_and_its_validators_remember():
    chain = make(Depth(2))
    key = pay(chain)
    fork = chain.fork(VirtualClock(chain.clock.now()))
    fork.mine()
    assert fork.ledger.find_transaction(key) is not None
    assert chain.ledger.find_transaction(key) is None
    fork.validators[0].online = False
    assert chain.validators[0].online


def test_the_validators_of_a_fork_remember_what_they_sealed_before():
    chain = make()
    chain.mine()
    fork = chain.fork(VirtualClock(chain.clock.now()))
    with pytest.raises(Rejected) as caught:
        fork.forge(1, signers=fork.validators.validators)
    assert caught.value.reason is Reason.DOUBLE_SIGN


def test_a_reorganisation_returns_its_transactions_to_the_next_block():
    chain = make(Depth(3))
    chain.mine()
    kept, gone = pay(chain), pay(chain, OTHER)
    old = chain.mine()
    chain.mine()
    final = chain.finalized_header()
    removed = chain.reorganise(2, keeps=lambda transaction: transaction.hash == kept)
    assert [block.header.number for block in removed] == [2, 3]
    assert chain.head().number == 1
    new = chain.mine()
    assert new.number == old.number
    assert new.hash != old.hash
    assert chain.ledger.find_transaction(kept) is not None
    assert chain.ledger.find_transaction(gone) is None
    assert chain.balance(TARGET) == 1
    for _ in range(4):
        chain.mine()
    assert chain.finalized_header().number == final.number + 3
    assert len(chain.header(new.number).seals) == 4


def test_what_is_final_cannot_be_reorganised():
    chain = make(Depth(2))
    for _ in range(4):
        chain.mine()
    chain.reorganise(2)
    with pytest.raises(Rejected) as caught:
        chain.reorganise(1)
    assert caught.value.reason is Reason.FINALITY_VIOLATED
    sealed = make()
    sealed.mine()
    with pytest.raises(Rejected):
        sealed.reorganise(1)


def test_a_censored_transaction_waits_and_bars_its_senders_later_ones():
    chain = make()
    first, second, other = pay(chain), pay(chain, value=2), pay(chain, OTHER, value=4)
    chain.censors = lambda transaction: transaction.hash == first
    chain.mine()
    assert chain.ledger.find_transaction(other) is not None
    assert chain.balance(TARGET) == 4
    chain.censors = None
    chain.mine()
    assert chain.balance(TARGET) == 7
    assert chain.ledger.find_transaction(second) is not None


def test_a_busy_time_keeps_cheap_transactions_waiting():
    chain = make()
    key = pay(chain)
    chain.fee_floor = 10**12
    chain.mine()
    assert chain.ledger.find_transaction(key) is None
    chain.fee_floor = 0
    while chain.ledger.find_transaction(key) is None:
        assert chain.head().number < 200
        chain.mine()
    assert chain.balance(TARGET) == 1
