"""Tokens that misbehave between lock and claim, payees that cannot be paid, and calls from within calls."""

import pytest

from chains.errors import TransactionReverted
from tests.contracts.harness import OWNER, ZERO
from tests.contracts.swapping import (
    ACCEPT,
    AMOUNT,
    BURN_GAS,
    DEPOSIT,
    GAS,
    HABIT_CALLS_BACK,
    HABIT_FALSE,
    HABIT_FEE,
    HABIT_NONE,
    HABIT_NOTHING,
    LOCKER,
    PAYEE,
    REENTER,
    REFUSE,
    RETURN_BOMB,
    THIEF,
    consent,
    new_bench,
)


@pytest.mark.parametrize("habit", [HABIT_FEE, HABIT_FALSE])
def test_a_token_that_moves_something_else_is_not_locked(habit):
    bench = new_bench(token="OddToken")
    bench.configure(bench.token, habit)
    swap, _ = bench.offer()
    with bench.refusing(f"WrongAmountMoved({AMOUNT - AMOUNT // 100})", "SafeERC20FailedOperation"):
        bench.lock(swap)
    assert not bench.is_locked(swap)


def test_who_believes_a_token_pays_with_somebody_elses():
    bench = new_bench(token="OddToken", twin="swap-believes-tokens")
    bench.locked()
    bench.configure(bench.token, HABIT_FEE)
    swap, preimage = bench.locked()
    bench.configure(bench.token, HABIT_NONE)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    assert bench.balance(bench.escrow.address) < AMOUNT, "the other swap is short now"


def test_a_token_that_returns_nothing_is_as_good_as_any():
    bench = new_bench(token="OddToken")
    bench.configure(bench.token, HABIT_NOTHING)
    swap, preimage = bench.locked()
    before = bench.balance(PAYEE.address)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    assert bench.balance(PAYEE.address) == before + AMOUNT


def stopped(bench, how, who):
    token = bench.token.functions
    moves = {"pause": token.pause(True), "block": token.block_(who, True)}
    bench.chain.transact(moves[how], OWNER)

    def resume():
        bench.chain.transact({"pause": token.pause(False), "block": token.block_(who, False)}[how], OWNER)

    return resume


@pytest.mark.parametrize("how", ["pause", "block"])
@pytest.mark.parametrize("end", ["claim", "batch", "refund", "early"])
def test_a_token_that_will_not_pay_stops_no_claim_and_no_refund(how, end):
    """What it will not move is credited, once, and pulled when it will."""
    bench = new_bench(token="FickleToken")
    swap, preimage = bench.locked()
    owed = (PAYEE if end in ("claim", "batch") else LOCKER).address
    resume = stopped(bench, how, owed)
    bench.at(swap.timelocks.refund_from if end == "refund" else swap.timelocks.claim_from)
    finish = {
        "claim": lambda: bench.claim(swap, preimage),
        "batch": lambda: bench.batch((swap, preimage)),
        "refund": lambda: bench.refund(swap),
        "early": lambda: bench.refund_early(swap, consent(swap)),
    }[end]
    finish()
    assert not bench.is_locked(swap)
    assert bench.credit(owed) == AMOUNT
    withdraw = bench.escrow.functions.withdraw(owed, bench.token.address)
    with bench.refusing("Paused", f"Blocked({owed})"):
        bench.chain.transact(withdraw, THIEF)
    resume()
    before = bench.balance(owed)
    bench.chain.transact(withdraw, THIEF)
    assert (bench.balance(owed), bench.credit(owed)) == (before + AMOUNT, 0)
    with bench.refusing("NothingToWithdraw"):
        bench.chain.transact(withdraw, THIEF)


@pytest.mark.parametrize("how", ["pause", "block"])
def test_an_escrow_that_insists_on_sending_gives_the_preimage_away_for_nothing(how):
    """The claim is seen, fails, and the deadline passes: the locker has the preimage and its money back."""
    bench = new_bench(token="FickleToken", twin="swap-insists-on-sending")
    swap, preimage = bench.locked()
    resume = stopped(bench, how, PAYEE.address)
    bench.at(swap.timelocks.claim_from)
    with pytest.raises(TransactionReverted):
        bench.claim(swap, preimage)
    resume()
    bench.at(swap.timelocks.refund_from)
    before = bench.balance(LOCKER.address)
    bench.refund(swap)
    assert bench.balance(LOCKER.address) == before + AMOUNT


def test_credits_are_seen_in_the_logs():
    bench = new_bench(token="FickleToken")
    pairs = [bench.locked() for _ in range(2)]
    resume = stopped(bench, "pause", PAYEE.address)
    bench.at(pairs[-1][0].timelocks.claim_from)
    for pair in pairs:
        bench.claim(*pair)
    (credit,) = bench.reader.credits(0, bench.chain.head().number)
    assert (credit.owner, credit.asset, credit.amount) == (PAYEE.address, bench.token.address, 2 * AMOUNT)
    resume()
    bench.chain.transact(bench.escrow.functions.withdraw(PAYEE.address, bench.token.address), OWNER)
    assert bench.reader.credits(0, bench.chain.head().number) == []


def test_only_the_owner_of_a_credit_sends_it_elsewhere():
    bench = new_bench(token="FickleToken")
    swap, preimage = bench.locked()
    stopped(bench, "block", PAYEE.address)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    elsewhere = bench.escrow.functions.withdrawTo(OWNER.address, bench.token.address)
    with bench.refusing("NothingToWithdraw"):
        bench.chain.transact(elsewhere, THIEF)
    before = bench.balance(OWNER.address)
    bench.chain.transact(elsewhere, PAYEE)
    assert bench.balance(OWNER.address) == before + AMOUNT


def test_a_credit_is_paid_once():
    for twin, left in ((None, AMOUNT), ("swap-withdraws-for-ever", 0)):
        bench = new_bench(token="FickleToken", twin=twin)
        swap, preimage = bench.locked()
        bench.locked()
        resume = stopped(bench, "block", PAYEE.address)
        bench.at(swap.timelocks.claim_from)
        bench.claim(swap, preimage)
        resume()
        withdraw = bench.escrow.functions.withdraw(PAYEE.address, bench.token.address)
        bench.chain.transact(withdraw, PAYEE)
        if twin is None:
            with bench.refusing("NothingToWithdraw"):
                bench.chain.transact(withdraw, PAYEE)
        else:
            bench.chain.transact(withdraw, PAYEE)
        assert bench.balance(bench.escrow.address) == left


def test_a_token_that_begins_to_take_fees_takes_them_from_the_payee_alone():
    bench = new_bench(token="FickleToken")
    (swap, preimage), (other, _) = bench.locked(), bench.locked()
    bench.chain.transact(bench.token.functions.takeFee(10), OWNER)
    before = bench.balance(PAYEE.address)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    assert bench.balance(PAYEE.address) == before + AMOUNT - AMOUNT // 10
    assert bench.balance(bench.escrow.address) == other.amount


def test_a_token_that_shrinks_leaves_its_last_holder_short_and_no_other_token():
    bench = new_bench(token="FickleToken")
    first, second = bench.locked(), bench.locked()
    ether = bench.locked(asset=ZERO)
    bench.chain.transact(bench.token.functions.shrink(bench.escrow.address, AMOUNT // 2), OWNER)
    bench.at(ether[0].timelocks.claim_from)
    for pair in (first, second, ether):
        bench.claim(*pair)
    assert bench.credit(PAYEE.address) == AMOUNT
    assert bench.balance(bench.escrow.address) == AMOUNT - AMOUNT // 2
    withdraw = bench.escrow.functions.withdraw(PAYEE.address, bench.token.address)
    with bench.refusing("ERC20InsufficientBalance"):
        bench.chain.transact(withdraw, PAYEE)
    bench.chain.transact(bench.token.functions.mint(bench.escrow.address, AMOUNT // 2), OWNER)
    bench.chain.transact(withdraw, PAYEE)
    assert bench.balance(bench.escrow.address) == bench.balance(bench.escrow.address, ZERO) == 0


@pytest.mark.parametrize("mode", [REFUSE, RETURN_BOMB, BURN_GAS])
@pytest.mark.parametrize("end", ["claim", "refund"])
def test_a_contract_that_takes_no_ether_is_credited(mode, end):
    bench = new_bench()
    wallet = bench.wallet()
    escrow = bench.escrow
    if end == "claim":
        swap, preimage = bench.locked(asset=ZERO, payee=wallet.address)
    else:
        swap, preimage = bench.offer(asset=ZERO, locker=wallet.address)
        bench.chain.transact({"to": wallet.address, "value": AMOUNT + DEPOSIT}, OWNER)
        call = escrow.encode_abi("lock", [swap.as_abi()])
        bench.chain.transact(wallet.functions.execute(escrow.address, AMOUNT + DEPOSIT, call), OWNER)
    bench.configure(wallet, mode)
    bench.at(swap.timelocks.public_claim_from if end == "claim" else swap.timelocks.public_refund_from)
    receipt = bench.claim(swap, preimage, sender=OWNER) if end == "claim" else bench.refund(swap, sender=OWNER)
    assert receipt["gasUsed"] < 200_000
    assert not bench.is_locked(swap)
    assert bench.credit(wallet.address, ZERO) == AMOUNT
    bench.configure(wallet, ACCEPT)
    bench.chain.transact(escrow.functions.withdraw(wallet.address, ZERO), THIEF)
    assert (bench.balance(wallet.address, ZERO), bench.credit(wallet.address, ZERO)) == (AMOUNT, 0)


def test_the_other_ways_of_sending_let_a_payee_block_or_burn():
    bench = new_bench(twin="swap-insists-on-sending")
    wallet = bench.wallet(REFUSE)
    swap, preimage = bench.locked(asset=ZERO, payee=wallet.address)
    bench.at(swap.timelocks.public_claim_from)
    with pytest.raises(TransactionReverted):
        bench.claim(swap, preimage, sender=OWNER)
    bench = new_bench(twin="swap-sends-all-gas")
    wallet = bench.wallet(BURN_GAS)
    swap, preimage = bench.locked(asset=ZERO, payee=wallet.address)
    bench.at(swap.timelocks.public_claim_from)
    assert bench.claim(swap, preimage, sender=OWNER)["gasUsed"] > GAS * 9 // 10


@pytest.mark.parametrize("gas", range(60_000, 160_000, 5_000))
def test_too_little_gas_never_turns_a_payment_into_a_credit(gas):
    """The claim runs out of gas as a whole, or pays: whoever submits it cannot starve the push alone."""
    bench = new_bench()
    wallet = bench.wallet()
    swap, preimage = bench.locked(asset=ZERO, payee=wallet.address, safety_deposit=0)
    bench.at(swap.timelocks.public_claim_from)
    try:
        bench.claim(swap, preimage, sender=OWNER, gas=gas)
    except TransactionReverted:
        assert bench.is_locked(swap)
    else:
        assert bench.balance(wallet.address, ZERO) == AMOUNT
    assert bench.credit(wallet.address, ZERO) == 0


def calls_of(bench, swap, preimage):
    """Every way into the escrow."""
    encode = bench.escrow.encode_abi
    fields, owner = swap.as_abi(), bench.escrow.address
    return {
        "lock": encode("lock", [fields]),
        "claim": encode("claim", [fields, preimage]),
        "claimBatch": encode("claimBatch", [swap.payee, swap.asset, [swap.as_batched(preimage)]]),
        "refund": encode("refund", [fields]),
        "refundEarly": encode("refundEarly", [fields, consent(swap)]),
        "withdraw": encode("withdraw", [owner, swap.asset]),
        "withdrawTo": encode("withdrawTo", [owner, swap.asset]),
    }


PATHS = ("lock", "claim", "claimBatch", "refund", "refundEarly", "withdraw", "withdrawTo")


@pytest.mark.parametrize("inner", PATHS)
@pytest.mark.parametrize("outer", ["lock", "claim", "claimBatch", "refund", "refundEarly"])
def test_a_token_cannot_call_back_into_the_escrow(outer, inner):
    """The token calls in while it moves: the inner call fails, whatever it is, and the outer pays what it owes."""
    bench = new_bench(token="OddToken")
    victim, secret = bench.locked()
    swap, preimage = bench.locked() if outer != "lock" else bench.offer()
    call = calls_of(bench, victim, secret)[inner]
    bench.configure(bench.token, HABIT_CALLS_BACK, target=bench.escrow.address, call=call)
    late = outer == "refund"
    if outer != "lock":
        bench.at(swap.timelocks.public_refund_from if late else swap.timelocks.public_claim_from)
    {
        "lock": lambda: bench.lock(swap),
        "claim": lambda: bench.claim(swap, preimage),
        "claimBatch": lambda: bench.batch((swap, preimage)),
        "refund": lambda: bench.refund(swap),
        "refundEarly": lambda: bench.refund_early(swap, consent(swap)),
    }[outer]()
    assert bench.chain.call(bench.token.functions.reentered()) is False
    assert bench.is_locked(victim)
    locked = victim.amount + (swap.amount if outer == "lock" else 0)
    assert bench.balance(bench.escrow.address) == locked


@pytest.mark.parametrize("inner", PATHS)
def test_an_owner_of_credit_cannot_call_back_while_it_withdraws(inner):
    bench = new_bench()
    wallet = bench.wallet(REFUSE)
    swap, preimage = bench.locked(asset=ZERO, payee=wallet.address)
    victim, secret = bench.locked(asset=ZERO)
    bench.at(swap.timelocks.public_claim_from)
    bench.claim(swap, preimage, sender=OWNER)
    calls = calls_of(bench, victim, secret) | {
        "withdraw": bench.escrow.encode_abi("withdraw", [wallet.address, ZERO]),
        "withdrawTo": bench.escrow.encode_abi("withdrawTo", [OWNER.address, ZERO]),
    }
    bench.configure(wallet, REENTER, target=bench.escrow.address, call=calls[inner])
    bench.chain.transact(bench.escrow.functions.withdraw(wallet.address, ZERO), OWNER, gas=GAS)
    assert bench.chain.call(wallet.functions.reentered()) is False
    assert bench.balance(wallet.address, ZERO) == AMOUNT
    assert bench.is_locked(victim)


def test_what_was_given_to_the_escrow_belongs_to_nobody():
    bench = new_bench()
    swap, preimage = bench.locked()
    bench.chain.transact(bench.token.functions.transfer(bench.escrow.address, 7), OWNER)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    assert bench.balance(bench.escrow.address) == 7


def test_what_is_no_token_is_not_locked():
    bench = new_bench()
    wallet = bench.wallet()
    for asset in (wallet.address, bench.escrow.address):
        swap, _ = bench.offer(asset=asset)
        with bench.refusing("EmptyRevert"):
            bench.lock(swap)
