"""Attacks on a swap, each beside the broken escrow that it beats."""

import hashlib
from dataclasses import replace

import pytest
from eth_utils.crypto import keccak

from chains.errors import TransactionReverted
from tests.contracts.harness import FAR, OWNER, ZERO
from tests.contracts.swapping import (
    AMOUNT,
    DEPOSIT,
    GAS,
    LOCKER,
    PAYEE,
    THIEF,
    consent,
    new_bench,
)


def ended(bench, swap, preimage, timestamp, order):
    """Try a claim and a refund in one block at this time; answer which went through."""
    bench.at(timestamp)
    call = bench.escrow.functions
    moves = {"claim": (call.claim(swap.as_abi(), preimage), PAYEE), "refund": (call.refund(swap.as_abi()), LOCKER)}
    sent = [(name, bench.chain.send(*moves[name], gas=GAS)) for name in order]
    done = []
    for name, transaction in sent:
        try:
            bench.chain.wait(transaction)
            done.append(name)
        except TransactionReverted:
            pass
    assert bench.chain.head().timestamp == timestamp
    return done


@pytest.mark.parametrize("order", [("claim", "refund"), ("refund", "claim")])
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_the_deadline_second_belongs_to_the_refund(order, offset):
    bench = new_bench()
    swap, preimage = bench.locked()
    assert ended(bench, swap, preimage, swap.timelocks.refund_from + offset, order) == [
        "claim" if offset < 0 else "refund"
    ]


@pytest.mark.parametrize(
    ("twin", "offset", "order", "wrong"),
    [
        ("swap-claims-late", 0, ("claim", "refund"), "claim"),
        ("swap-claims-for-ever", 1, ("claim", "refund"), "claim"),
        ("swap-refunds-early", -1, ("refund", "claim"), "refund"),
    ],
)
def test_an_escrow_that_is_off_by_a_second_lets_both_ends_of_it_race(twin, offset, order, wrong):
    bench = new_bench(twin=twin)
    swap, preimage = bench.locked()
    assert ended(bench, swap, preimage, swap.timelocks.refund_from + offset, order) == [wrong]


def test_a_batch_cannot_claim_after_the_deadline():
    bench = new_bench()
    pair = bench.locked()
    bench.at(pair[0].timelocks.refund_from)
    with bench.refusing("NothingClaimable"):
        bench.batch(pair)
    bench = new_bench(twin="swap-batch-claims-for-ever")
    pair = bench.locked()
    bench.at(pair[0].timelocks.refund_from)
    bench.batch(pair)
    assert not bench.is_locked(pair[0])


def twice(twin):
    bench = new_bench(twin=twin)
    swap, preimage = bench.locked()
    bench.locked()  # somebody else's money
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    return bench, swap, preimage


def test_a_swap_ends_once():
    bench, swap, preimage = twice(None)
    with bench.refusing("NotLocked"):
        bench.claim(swap, preimage)
    bench.at(swap.timelocks.refund_from)
    with bench.refusing("NotLocked"):
        bench.refund(swap)
    bench, swap, preimage = twice("swap-ends-twice")
    bench.claim(swap, preimage)
    assert bench.balance(bench.escrow.address) == 0, "paid with somebody else's money"


def test_a_swap_counts_once_in_a_batch():
    for twin, left in ((None, AMOUNT), ("swap-batch-pays-twice", 0)):
        bench = new_bench(twin=twin)
        pair, _ = bench.locked(), bench.locked()
        bench.at(pair[0].timelocks.claim_from)
        bench.batch(pair, pair)
        assert bench.balance(bench.escrow.address) == left


def test_a_copied_preimage_pays_the_same_payee():
    """The thief sees the claim in the mempool and gets in front of it, as soon as anybody may."""
    for twin, robbed in ((None, False), ("swap-pays-whoever-asks", True)):
        bench = new_bench(twin=twin)
        swap, preimage = bench.locked()
        bench.at(swap.timelocks.public_claim_from)
        before = bench.balance(PAYEE.address), bench.balance(THIEF.address)
        bench.claim(swap, preimage, sender=THIEF)
        gained = bench.balance(PAYEE.address) - before[0], bench.balance(THIEF.address) - before[1]
        assert gained == ((0, AMOUNT) if robbed else (AMOUNT, 0))


def test_a_copied_batch_pays_the_same_payee():
    for twin, robbed in ((None, False), ("swap-batch-pays-whoever-asks", True)):
        bench = new_bench(twin=twin)
        pairs = [bench.locked() for _ in range(2)]
        bench.at(pairs[-1][0].timelocks.public_claim_from)
        before = bench.balance(PAYEE.address), bench.balance(THIEF.address)
        bench.batch(*pairs, sender=THIEF)
        gained = bench.balance(PAYEE.address) - before[0], bench.balance(THIEF.address) - before[1]
        assert gained == ((0, 2 * AMOUNT) if robbed else (2 * AMOUNT, 0))


def test_a_copied_batch_cannot_be_redirected():
    bench = new_bench()
    pair = bench.locked()
    bench.at(pair[0].timelocks.public_claim_from)
    with bench.refusing("NothingClaimable"):
        bench.batch(pair, sender=THIEF, payee=THIEF.address)


def test_while_the_claim_is_private_a_copy_does_not_even_earn_the_deposit():
    bench = new_bench()
    pair = bench.locked()
    bench.at(pair[0].timelocks.public_claim_from - 2)
    with bench.refusing("TooEarly"):
        bench.claim(*pair, sender=THIEF)
    with bench.refusing("NothingClaimable"):
        bench.batch(pair, sender=THIEF)
    bench = new_bench(twin="swap-deposit-for-anyone")
    pair = bench.locked()
    bench.at(pair[0].timelocks.claim_from)
    before = bench.balance(THIEF.address, ZERO)
    receipt = bench.claim(*pair, sender=THIEF)
    assert bench.balance(THIEF.address, ZERO) == before + DEPOSIT - receipt["gasUsed"] * receipt["effectiveGasPrice"]


def test_while_the_refund_is_private_nobody_takes_the_lockers_deposit():
    bench = new_bench()
    swap, _ = bench.locked()
    bench.at(swap.timelocks.refund_from)
    with bench.refusing("TooEarly"):
        bench.refund(swap, sender=THIEF)
    bench = new_bench(twin="swap-refunds-anyone-early")
    swap, _ = bench.locked()
    bench.at(swap.timelocks.refund_from)
    before = bench.balance(THIEF.address, ZERO)
    receipt = bench.refund(swap, sender=THIEF)
    assert bench.balance(THIEF.address, ZERO) == before + DEPOSIT - receipt["gasUsed"] * receipt["effectiveGasPrice"]


def raw_claim(bench, swap, preimage):
    """A claim whose last argument is these bytes, however many, as they are."""
    call = bench.escrow.encode_abi("claim", [swap.as_abi(), bytes(32)])
    data = bytes.fromhex(call[2:])[:-32] + preimage
    return bench.chain.transact({"to": bench.escrow.address, "data": data}, PAYEE, gas=GAS)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64, 10_000])
def test_only_32_bytes_are_a_preimage(length):
    """A hash of other lengths can be locked, nobody can tell, but never claimed: it goes back at the deadline."""
    preimage = bytes([7]) * length
    hashlock = hashlib.sha256(preimage).digest()
    bench = new_bench()
    swap, _ = bench.locked(hashlock=hashlock)
    bench.at(swap.timelocks.claim_from)
    for written in (preimage, preimage.ljust(32, b"\0"), preimage.rjust(32, b"\0"), preimage[:32]):
        with bench.refusing("WrongPreimage", "EmptyRevert"):
            raw_claim(bench, swap, written)
    bench.at(swap.timelocks.refund_from)
    bench.refund(swap)
    assert bench.balance(bench.escrow.address) == 0


@pytest.mark.parametrize("length", [33, 64, 10_000])
def test_an_escrow_that_hashes_what_it_is_given_takes_other_lengths(length):
    preimage = bytes([7]) * length
    bench = new_bench(twin="swap-any-length")
    swap, _ = bench.locked(hashlock=hashlib.sha256(preimage).digest())
    bench.at(swap.timelocks.claim_from)
    raw_claim(bench, swap, preimage)
    assert not bench.is_locked(swap)


def test_a_tail_behind_the_preimage_changes_nothing():
    bench = new_bench()
    swap, preimage = bench.locked()
    bench.at(swap.timelocks.claim_from)
    raw_claim(bench, swap, preimage + b"tail")
    assert bench.records()[swap.identifier].preimage == preimage


def test_the_hash_is_sha256_and_no_other():
    preimage = bytes(range(32))
    known = bytes.fromhex("630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd")
    assert hashlib.sha256(preimage).digest() == known
    others = [keccak(preimage), hashlib.sha3_256(preimage).digest(), hashlib.sha256(known).digest(), preimage]
    for twin, opens in ((None, known), ("swap-keccak", keccak(preimage))):
        bench = new_bench(twin=twin)
        for hashlock in (known, *others):
            swap, _ = bench.locked(hashlock=hashlock)
            bench.at(swap.timelocks.claim_from)
            if hashlock == opens:
                bench.claim(swap, preimage)
            else:
                with bench.refusing("WrongPreimage"):
                    bench.claim(swap, preimage)


def test_a_known_preimage_opens_only_after_the_lock_is_over():
    """The escrow cannot know that a hash is burnt: who locks under one has lost it when the window opens."""
    bench = new_bench()
    first, preimage = bench.locked()
    bench.at(first.timelocks.claim_from)
    bench.claim(first, preimage)
    second, _ = bench.locked(preimage=preimage)
    with bench.refusing("TooEarly"):
        bench.claim(second, preimage)
    bench.at(second.timelocks.claim_from)
    bench.claim(second, preimage)
    assert bench.records()[second.identifier].preimage == preimage


def test_a_key_is_used_once():
    """Locked twice at once, and locked again after a claim whose preimage everybody knows."""
    bench = new_bench()
    swap, preimage = bench.locked()
    with bench.refusing("AlreadyLocked"):
        bench.lock(swap)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    with bench.refusing("InvalidTimelocks"):
        bench.lock(swap)
    bench = new_bench(twin="swap-key-used-twice")
    swap, preimage = bench.locked()
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    bench.lock(swap)
    bench.claim(swap, preimage)
    bench = new_bench(twin="swap-locks-over")
    swap, preimage = bench.locked()
    bench.lock(swap)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    with bench.refusing("NotLocked"):
        bench.claim(swap, preimage)
    assert bench.balance(bench.escrow.address) == AMOUNT, "the second amount is nobody's"


def test_the_same_hash_under_other_keys_is_another_swap():
    bench = new_bench()
    swap, preimage = bench.locked()
    other = replace(swap, nonce=swap.nonce + 1_000)
    bench.lock(other)
    bench.at(swap.timelocks.claim_from)
    bench.claim(swap, preimage)
    assert bench.is_locked(other)


def test_stages_keep_their_order():
    for twin, changed in (
        ("swap-any-order", (100, 2_500, 2_000, 3_000)),
        ("swap-no-longest", (100, 1_000, 2_000, 10**9)),
    ):
        bench = new_bench()
        swap, _ = bench.offer(timelocks=bench.stages(*changed))
        with bench.refusing("InvalidTimelocks"):
            bench.lock(swap)
        bench = new_bench(twin=twin)
        bench.locked(timelocks=bench.stages(*changed))


def test_nothing_cannot_be_locked():
    bench = new_bench()
    swap, _ = bench.offer(amount=0)
    with bench.refusing("ZeroAmount"):
        bench.lock(swap)
    bench = new_bench(twin="swap-locks-nothing")
    bench.locked(amount=0)


def test_ether_is_paid_for():
    bench = new_bench()
    swap, _ = bench.offer(asset=ZERO)
    with bench.refusing("WrongValue(0)"):
        bench.lock(swap, value=0)
    bench = new_bench(twin="swap-ignores-value")
    honest, _ = bench.locked(asset=ZERO)
    stolen, preimage = bench.offer(asset=ZERO, payee=THIEF.address)
    bench.lock(stolen, value=0)
    bench.at(stolen.timelocks.claim_from)
    bench.claim(stolen, preimage, sender=THIEF)
    assert bench.balance(bench.escrow.address, ZERO) == 0
    assert bench.is_locked(honest)


def test_nobody_is_refunded_early_without_the_payees_consent():
    bench = new_bench()
    swap, _ = bench.locked()
    other, _ = bench.locked()
    bench.at(other.timelocks.claim_from)
    agreed = consent(swap)
    for signature in (b"", bytes(65), consent(other), consent(swap, THIEF), agreed[:64], agreed + b"\0"):
        with bench.refusing("InvalidSignature"):
            bench.refund_early(swap, signature)
    bench.refund_early(swap, agreed)
    bench = new_bench(twin="swap-needs-no-consent")
    swap, _ = bench.locked()
    bench.at(swap.timelocks.claim_from)
    bench.refund_early(swap, b"")


def test_consent_is_for_one_chain_and_one_escrow():
    """The same terms on two chains whose escrows have one address: the digest must not be the same."""
    bench = new_bench()
    swap, _ = bench.locked()
    bench.at(swap.timelocks.claim_from)
    for elsewhere in (replace(swap, chain_id=FAR), replace(swap, escrow=bench.token.address)):
        with bench.refusing("InvalidSignature"):
            bench.refund_early(swap, consent(elsewhere))
    bench = new_bench(twin="swap-consent-anywhere")
    swap, _ = bench.locked()
    bench.at(swap.timelocks.claim_from)
    with bench.refusing("InvalidSignature"):
        bench.refund_early(swap, consent(swap))


def test_consent_does_not_outlive_its_swap():
    """Refunded before the window opens, the key could be locked again, and the old consent used against the payee."""
    bench = new_bench()
    swap, _ = bench.locked()
    with bench.refusing("TooEarly"):
        bench.refund_early(swap, consent(swap))
    bench = new_bench(twin="swap-consent-outlives-swap")
    swap, preimage = bench.locked()
    bench.refund_early(swap, consent(swap))
    bench.lock(swap)
    bench.at(swap.timelocks.claim_from)
    bench.refund_early(swap, consent(swap))
    with bench.refusing("NotLocked"):
        bench.claim(swap, preimage)


def reenter(twin):
    """A token that has the same claim made again while it pays the first, with somebody else's tokens there too."""
    bench = new_bench(twin=twin, token="FickleToken")
    swap, preimage = bench.locked()
    bench.locked()
    again = bench.escrow.encode_abi("claim", [swap.as_abi(), preimage])
    bench.chain.transact(bench.token.functions.callOnce(bench.escrow.address, again), OWNER)
    bench.at(swap.timelocks.public_claim_from)
    before = bench.balance(PAYEE.address)
    bench.claim(swap, preimage)
    return bench.balance(PAYEE.address) - before


def test_a_claim_within_a_claim_pays_once():
    assert reenter(None) == AMOUNT
    assert reenter("swap-pays-before-closing") == 2 * AMOUNT
