"""Commits, undo and withdrawal proofs, on a state that the engine drives."""

from __future__ import annotations

import pytest

from exchange.engine import invariants, set_clock
from exchange.state import Side, UnknownCommitError, Withdrawal, climb
from exchange.state.book import Book
from exchange.state.hashing import leaf_hash

USD = 10**6
USDC_A, USDC_B, WETH = 0, 1, 2


def test_genesis_is_commit_zero_and_deterministic(venue_type) -> None:
    first, second = venue_type().state, venue_type().state
    assert first.root == second.root == first.commit_at(0).root
    assert first.commit_number == 0
    assert first.root != venue_type(settlement_chain=2).state.root


def test_an_empty_commit_keeps_the_root_and_counts(venue) -> None:
    root = venue.state.commit()
    number = venue.state.commit_number
    assert venue.state.commit() == root
    assert venue.state.commit_number == number + 1


def test_the_clock_is_in_the_root(venue) -> None:
    root = venue.state.commit()
    set_clock(venue.state, venue.state.header.clock + 1)
    assert venue.state.commit() != root


def test_revert_restores_roots_rows_books_and_pricing(venue) -> None:
    state = venue.state
    venue.sell(1, 50_000, 2)
    venue.buy(2, 49_990, 1)
    root = state.commit()
    number = state.commit_number
    books = [Book.from_leaves(market, state.orders[at]) for at, market in enumerate(state.markets)]
    pricing = list(state.pricing)
    bodies = [dict(table.bodies) for _, table in state._tables]
    rows = (list(state.accounts.values()), list(state.orders[0]), dict(state.marks))
    encoded = [account.encode() for account in state.accounts.values()]

    venue.buy(2, 50_000, 3)
    venue.price(btc=50_100)
    venue.open_account(usd=5)
    state.commit()
    venue.do(venue.withdraw(1, USDC_A, 10 * USD))
    venue.do(venue.cancel_all(2))
    state.commit()
    venue.sell(1, 50_050, 1)  # not committed

    assert state.revert_to(number) == root == state.root
    assert state.commit_number == number
    assert [dict(table.bodies) for _, table in state._tables] == bodies
    assert (state.books, state.pricing) == (books, pricing)
    assert [account.encode() for account in state.accounts.values()] == encoded
    assert len(state.orders[0]) == len(rows[1])
    assert state.marks == rows[2]
    assert not state.withdrawals
    invariants.check(state)
    assert state.commit() == root


def test_the_same_steps_after_a_revert_give_the_same_root(venue) -> None:
    state = venue.state
    steps = [
        venue.order(1, 0, Side.ASK, 50_000, 2),
        venue.order(2, 0, Side.BID, 50_000, 3),
        venue.withdraw(1, USDC_A, 7),
    ]
    state.commit()
    number = state.commit_number
    for step in steps:
        venue.do(step)
    root = state.commit()
    state.revert_to(number)
    assert state.root != root
    for step in steps:
        venue.do(step)
    assert state.commit() == root


def test_the_undo_log_ends_where_it_was_forgotten(venue) -> None:
    state = venue.state
    for _ in range(4):
        venue.deposit(1, USDC_A, 1)
        state.commit()
    last = state.commit_number
    state.forget_before(last - 1)
    with pytest.raises(UnknownCommitError):
        state.revert_to(last - 2)
    root = state.commit_at(last - 1).root
    assert state.revert_to(last - 1) == root
    state.forget_before(last + 100)
    assert state.commit_number == last - 1


@pytest.mark.parametrize("later", [0, 1, 5])
def test_a_withdrawal_is_proven_under_any_kept_root(venue, later: int) -> None:
    state = venue.state
    for _ in range(3):
        venue.do(venue.withdraw(1, USDC_A, 5 * USD))
    root = state.commit()
    number = state.commit_number
    for _ in range(later):
        venue.do(venue.withdraw(2, USDC_A, 5 * USD, recipient=b"\x99" * 20))
        state.commit()
    for withdrawal_id in range(3):
        proof = state.prove_withdrawal(withdrawal_id, number)
        assert proof.withdrawal == Withdrawal(withdrawal_id, 1, b"\x77" * 20, USDC_A, 10, b"\x01" * 20, 5 * USD)
        assert (len(proof.withdrawal_proof), len(proof.root_proof)) == (48, 6)
        leaf = leaf_hash(9, proof.withdrawal.encode())
        assert climb(climb(leaf, withdrawal_id, proof.withdrawal_proof), 8, proof.root_proof) == root
        other = leaf_hash(9, Withdrawal(withdrawal_id, 1, b"\x77" * 20, USDC_A, 10, b"\x01" * 20, 6 * USD).encode())
        assert climb(climb(other, withdrawal_id, proof.withdrawal_proof), 8, proof.root_proof) != root


def test_a_withdrawal_is_not_in_an_earlier_root(venue) -> None:
    venue.state.commit()
    number = venue.state.commit_number
    venue.do(venue.withdraw(1, USDC_A, 1))
    with pytest.raises(LookupError, match="withdrawal 0 is not in commit"):
        venue.state.prove_withdrawal(0)
    venue.state.commit()
    assert venue.state.prove_withdrawal(0).withdrawal.amount == 1
    with pytest.raises(LookupError, match=f"withdrawal 0 is not in commit {number}"):
        venue.state.prove_withdrawal(0, number)
    with pytest.raises(UnknownCommitError):
        venue.state.prove_withdrawal(0, 99)


def test_any_leaf_is_proven_under_the_last_root(venue) -> None:
    root = venue.state.commit()
    account = venue.state.accounts[2]
    table = venue.state.table(1)
    accounts_root = climb(leaf_hash(2, account.encode()), 2, table.tree.proof(2))
    assert climb(accounts_root, 1, venue.state.prove_root(1)) == root
    with pytest.raises(LookupError):
        venue.state.table(16)
