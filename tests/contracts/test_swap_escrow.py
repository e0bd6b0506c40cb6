"""The life of a swap: locked, then claimed or refunded, each in its own stage, and all of it in the logs."""

from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from bridge.swaps.escrow import LegStatus
from bridge.swaps.terms import Swap, Timelocks
from tests.contracts.harness import OWNER, ZERO
from tests.contracts.swapping import (
    AMOUNT,
    DEPOSIT,
    LOCKER,
    PAYEE,
    THIEF,
    consent,
    new_bench,
)

ASSETS = pytest.mark.parametrize("asset", [None, ZERO], ids=["token", "ether"])


@pytest.fixture
def bench():
    return new_bench()


def changed(asset):
    return {} if asset is None else {"asset": asset}


@ASSETS
def test_the_payee_gets_what_was_locked_and_the_deposit(bench, asset):
    swap, preimage = bench.locked(**changed(asset))
    assert bench.is_locked(swap)
    bench.at(swap.timelocks.claim_from)
    before, ether = bench.balance(PAYEE.address, swap.asset), bench.balance(PAYEE.address, ZERO)
    receipt = bench.claim(swap, preimage)
    fee = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    if asset == ZERO:
        assert bench.balance(PAYEE.address, ZERO) == ether + AMOUNT + DEPOSIT - fee
    else:
        assert bench.balance(PAYEE.address) == before + AMOUNT
        assert bench.balance(PAYEE.address, ZERO) == ether + DEPOSIT - fee
    assert not bench.is_locked(swap)
    assert bench.balance(bench.escrow.address, swap.asset) == bench.balance(bench.escrow.address, ZERO) == 0


@ASSETS
def test_the_locker_gets_back_what_nobody_claimed(bench, asset):
    swap, preimage = bench.offer(**changed(asset))
    before, ether = bench.balance(LOCKER.address, swap.asset), bench.balance(LOCKER.address, ZERO)
    receipts = [bench.lock(swap)]
    bench.at(swap.timelocks.refund_from)
    with bench.refusing("TooLate"):
        bench.claim(swap, preimage)
    receipts.append(bench.refund(swap))
    fee = sum(receipt["gasUsed"] * receipt["effectiveGasPrice"] for receipt in receipts)
    assert bench.balance(LOCKER.address, ZERO) == ether - fee
    assert asset == ZERO or bench.balance(LOCKER.address) == before
    assert bench.balance(bench.escrow.address, swap.asset) == bench.balance(bench.escrow.address, ZERO) == 0


def test_the_key_is_the_hash_of_everything(bench):
    swap, preimage = bench.offer()
    others = [
        replace(swap, locker=PAYEE.address),
        replace(swap, payee=LOCKER.address),
        replace(swap, asset=ZERO),
        replace(swap, amount=AMOUNT + 1),
        replace(swap, hashlock=preimage),
        replace(swap, safety_deposit=0),
        replace(swap, nonce=swap.nonce + 1),
        *(
            replace(swap, timelocks=replace(swap.timelocks, **{name: getattr(swap.timelocks, name) + 1}))
            for name in ("claim_from", "public_claim_from", "refund_from", "public_refund_from")
        ),
    ]
    identify = bench.escrow.functions.swapId
    for terms in (swap, *others):
        assert bench.chain.call(identify(terms.as_abi())) == terms.identifier
    elsewhere = [replace(swap, chain_id=swap.chain_id + 1), replace(swap, escrow=bench.token.address)]
    assert len({terms.identifier for terms in (swap, *others, *elsewhere)}) == 1 + len(others) + len(elsewhere)


def test_the_stages_begin_and_end_on_their_seconds():
    """Who may claim and refund at every boundary and one second to either side, each on a fresh chain."""
    stages = ("claim_from", "public_claim_from", "refund_from", "public_refund_from")
    for stage, name in enumerate(stages):
        for offset in (-1, 0, 1):
            passed = stage + (offset >= 0)  # how many stages have begun
            bench = new_bench()
            swap, preimage = bench.locked()
            bench.at(getattr(swap.timelocks, name) + offset)
            call = bench.escrow.functions
            can = {}
            for person, who in (("owner", OWNER), ("payee", PAYEE), ("locker", LOCKER)):
                for verb, move in (
                    ("claim", call.claim(swap.as_abi(), preimage)),
                    ("refund", call.refund(swap.as_abi())),
                ):
                    error = bench.error_of(move, who)
                    assert error in {None, "TooEarly", "TooLate"}
                    can[person, verb] = error is None
            assert can == {
                ("payee", "claim"): passed in (1, 2),
                ("owner", "claim"): passed == 2,
                ("locker", "claim"): passed == 2,
                ("locker", "refund"): passed >= 3,
                ("payee", "refund"): passed == 4,
                ("owner", "refund"): passed == 4,
            }, (name, offset)


def test_whoever_finishes_a_public_stage_earns_the_deposit_and_nothing_else(bench):
    swap, preimage = bench.locked()
    bench.at(swap.timelocks.public_claim_from)
    before = bench.balance(PAYEE.address), bench.balance(OWNER.address), bench.balance(OWNER.address, ZERO)
    receipt = bench.claim(swap, preimage, OWNER)
    fee = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    after = bench.balance(PAYEE.address), bench.balance(OWNER.address), bench.balance(OWNER.address, ZERO)
    assert after == (before[0] + AMOUNT, before[1], before[2] + DEPOSIT - fee)

    swap, _ = bench.locked()
    bench.at(swap.timelocks.public_refund_from)
    before = bench.balance(LOCKER.address), bench.balance(OWNER.address), bench.balance(OWNER.address, ZERO)
    receipt = bench.refund(swap, OWNER)
    fee = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    after = bench.balance(LOCKER.address), bench.balance(OWNER.address), bench.balance(OWNER.address, ZERO)
    assert after == (before[0] + AMOUNT, before[1], before[2] + DEPOSIT - fee)


def test_a_batch_pays_once_for_all_that_can_be_claimed(bench):
    stages = bench.stages()
    pairs = [bench.locked(timelocks=stages) for _ in range(4)]
    never, late = bench.offer(timelocks=stages), bench.locked(timelocks=bench.stages(100, 1_000, 1_500, 3_000))
    early = bench.locked(timelocks=bench.stages(1_900, 1_950, 2_000, 3_000))
    bench.at(stages.claim_from)
    bench.claim(*pairs[0])
    bench.at(stages.claim_from + 1_500)
    wrong = (pairs[3][0], b"\xff" * 32)
    before = bench.balance(PAYEE.address), bench.balance(PAYEE.address, ZERO)
    receipt = bench.batch(pairs[0], pairs[1], never, late, early, wrong, pairs[2], pairs[2])
    fee = receipt["gasUsed"] * receipt["effectiveGasPrice"]
    assert bench.balance(PAYEE.address) == before[0] + 2 * AMOUNT
    assert bench.balance(PAYEE.address, ZERO) == before[1] + 2 * DEPOSIT - fee
    records = bench.records()
    claimed = [pair[0].identifier for pair in pairs[:3]]
    assert [records[identifier].preimage for identifier in claimed] == [pair[1] for pair in pairs[:3]]
    assert [bench.is_locked(pair[0]) for pair in (pairs[3], late, early)] == [True] * 3
    with bench.refusing("NothingClaimable"):
        bench.batch(pairs[0], never, wrong)


def test_a_batch_of_nothing_is_refused(bench):
    with bench.refusing("NothingClaimable"):
        bench.chain.transact(bench.escrow.functions.claimBatch(PAYEE.address, ZERO, []), PAYEE)


@ASSETS
def test_a_payee_may_let_the_locker_go_early(bench, asset):
    swap, preimage = bench.locked(**changed(asset))
    before, ether = bench.balance(LOCKER.address, swap.asset), bench.balance(LOCKER.address, ZERO)
    bench.at(swap.timelocks.claim_from)
    bench.refund_early(swap, consent(swap), sender=THIEF)
    paid = AMOUNT if asset == ZERO else 0
    assert bench.balance(LOCKER.address, ZERO) == ether + DEPOSIT + paid
    assert asset == ZERO or bench.balance(LOCKER.address) == before + AMOUNT
    assert bench.records()[swap.identifier].is_early
    with bench.refusing("NotLocked"):
        bench.claim(swap, preimage)


def test_the_payee_itself_needs_no_signature(bench):
    swap, _ = bench.locked()
    bench.at(swap.timelocks.claim_from)
    with bench.refusing("InvalidSignature"):
        bench.refund_early(swap, b"")
    bench.refund_early(swap, b"", sender=PAYEE)
    assert not bench.is_locked(swap)


def test_a_contract_consents_by_erc_1271(bench):
    wallet = bench.wallet()
    swap, _ = bench.locked(payee=wallet.address)
    bench.at(swap.timelocks.claim_from)
    with bench.refusing("InvalidSignature"):
        bench.refund_early(swap, b"anything")
    bench.chain.transact(wallet.functions.agree(swap.early_refund_digest), OWNER)
    bench.refund_early(swap, b"anything")
    assert not bench.is_locked(swap)


def test_wallets_show_what_the_payee_signs(bench):
    swap, _ = bench.offer()
    message = encode_typed_data(
        domain_data={
            "name": "Clearspan SwapEscrow",
            "version": "1",
            "chainId": swap.chain_id,
            "verifyingContract": swap.escrow,
        },
        message_types={
            "EarlyRefund": [
                {"name": "id", "type": "bytes32"},
                {"name": "locker", "type": "address"},
                {"name": "asset", "type": "address"},
                {"name": "amount", "type": "uint256"},
            ]
        },
        message_data={"id": swap.identifier, "locker": swap.locker, "asset": swap.asset, "amount": swap.amount},
    )
    assert bytes(Account.sign_message(message, PAYEE.key).signature) == consent(swap)


def refusals(bench):
    """Terms that are never locked, with the error they meet."""
    now = bench.stages()
    word = now.pack()
    good, _ = bench.offer(safety_deposit=0)

    def timed(*offsets):
        return replace(good, timelocks=bench.stages(*offsets))

    yield "ZeroAmount", replace(good, amount=0).as_abi()
    yield "ZeroHashlock", replace(good, hashlock=bytes(32)).as_abi()
    yield "OnlyLocker", replace(good, locker=PAYEE.address).as_abi()
    yield "InvalidPayee", replace(good, payee=ZERO).as_abi()
    yield "InvalidPayee", replace(good, payee=bench.escrow.address).as_abi()
    yield "AssetWithoutCode", replace(good, asset=OWNER.address).as_abi()
    for offsets in (
        (-100, 1_000, 2_000, 3_000),  # begun
        (0, 1_000, 2_000, 3_000),  # beginning
        (100, 100, 2_000, 3_000),
        (100, 1_000, 1_000, 3_000),
        (100, 1_000, 2_000, 2_000),
        (2_000, 1_000, 2_500, 3_000),
        (100, 2_500, 2_000, 3_000),
        (100, 1_000, 3_500, 3_000),
        (100, 1_000, 2_000, 30 * 86_400 + 1),
    ):
        yield "InvalidTimelocks", timed(*offsets).as_abi()
    for times in ((0, 0, 0, 0), (2**40 - 1,) * 4, (2**40 - 4, 2**40 - 3, 2**40 - 2, 2**40 - 1)):
        far = Timelocks(
            claim_from=times[0], public_claim_from=times[1], refund_from=times[2], public_refund_from=times[3]
        )
        yield "InvalidTimelocks", replace(good, timelocks=far).as_abi()
    for bit in (160, 161, 199, 255):
        fields = list(good.as_abi())
        fields[6] = word | 1 << bit
        yield "InvalidTimelocks", tuple(fields)


def test_what_makes_no_sense_is_not_locked(bench):
    lock = bench.escrow.functions.lock
    for error, fields in refusals(bench):
        with bench.refusing(error):
            bench.chain.call(lock(fields), sender=LOCKER.address, block="pending")
    longest, _ = bench.offer(timelocks=bench.stages(100, 1_000, 2_000, 30 * 86_400))
    bench.lock(longest)


def test_amounts_beyond_the_field_are_not_even_read(bench):
    swap, _ = bench.offer()
    call = bench.escrow.encode_abi("lock", [swap.as_abi()])
    position = 2 + 8 + 64 * 3
    beyond = call[:position] + f"{2**128:064x}" + call[position + 64 :]
    with bench.refusing("EmptyRevert"):
        bench.chain.transact({"to": bench.escrow.address, "data": bytes.fromhex(beyond[2:]), "value": DEPOSIT}, LOCKER)
    bench.chain.transact({"to": bench.escrow.address, "data": bytes.fromhex(call[2:]), "value": DEPOSIT}, LOCKER)


def test_the_ether_sent_is_the_ether_due(bench):
    token, _ = bench.offer()
    ether, _ = bench.offer(asset=ZERO)
    for swap, due in ((token, DEPOSIT), (ether, DEPOSIT + AMOUNT)):
        for value in (0, due - 1, due + 1, 2 * due):
            with bench.refusing(f"WrongValue({value})"):
                bench.lock(swap, value=value)
        bench.lock(swap, value=due)


def test_ether_by_itself_is_not_taken(bench):
    with bench.refusing("EmptyRevert"):
        bench.chain.transact({"to": bench.escrow.address, "value": 1}, LOCKER)


def test_the_logs_alone_tell_everything(bench):
    taken, preimage = bench.locked()
    returned, waiting, early = (bench.locked()[0] for _ in range(3))
    bench.at(taken.timelocks.claim_from)
    bench.claim(taken, preimage)
    bench.refund_early(early, consent(early))
    bench.at(returned.timelocks.refund_from)
    bench.refund(returned)
    records = bench.records()
    assert {identifier: record.swap for identifier, record in records.items()} == {
        swap.identifier: swap for swap in (taken, returned, waiting, early)
    }
    told = {record.swap: (record.status, record.preimage, record.is_early) for record in records.values()}
    assert told == {
        taken: (LegStatus.CLAIMED, preimage, False),
        returned: (LegStatus.REFUNDED, None, False),
        waiting: (LegStatus.LOCKED, None, False),
        early: (LegStatus.REFUNDED, None, True),
    }
    for record in records.values():
        assert bench.is_locked(record.swap) == (record.status is LegStatus.LOCKED)
        assert Swap.decode(record.swap.encode()) == record.swap
