"""The outbox: what it releases, when, and that nothing leaves twice."""

from dataclasses import replace

import pytest

from bridge.packets import Status, packet_id
from bridge.payloads import ReleaseMessage
from chains.errors import TransactionReverted
from tests.contracts.batching import STEP, ZERO_WORD, root, segment, sparse_path
from tests.contracts.harness import (
    CHALLENGE_BLOCKS,
    CHALLENGE_SECONDS,
    FAR,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    answer_of,
    deploy,
    new_house,
    refused,
)
from tests.contracts.withdrawals import Leaf

AMOUNT = 2_000_000
WITHDRAWALS_POSITION = 8


class Office:
    """A house with a deposit in its vault and a posted batch whose state has withdrawals in it."""

    def __init__(self, *ids, twin=None, final=True, stubborn=False, **changes):
        self.house = new_house(twins=twin and {"WithdrawalOutbox": twin}, stubborn=stubborn)
        self.link, self.outbox = self.house.link, self.house.outbox
        self.deposit()
        changes = {"token": self.house.token.address} | changes
        self.leaves = {number: Leaf(id=number, **changes) for number in ids or (0,)}
        tree, _ = sparse_path(self.hashes, next(iter(self.leaves)), 16)
        self.others = {position: root(position) for position in range(8)} | {WITHDRAWALS_POSITION: tree}
        state_root, _ = sparse_path(self.others, WITHDRAWALS_POSITION, 2)
        now = self.link.near.next_context().timestamp
        post = self.house.rollup.functions.postBatch(0, self.read_root(), [state_root], segment(now, [STEP]))
        self.link.near.transact(post, RELAYER)
        if final:
            self.finalise()

    @property
    def hashes(self):
        return {number: leaf.hash() for number, leaf in self.leaves.items()}

    def read_root(self):
        return self.link.near.call(self.house.rollup.functions.latestRoot())

    def deposit(self):
        call = self.house.vault.functions.deposit(self.house.token.address, 5 * AMOUNT, TRADER.address, 0)
        (packet,) = self.link.sent(self.link.far, self.link.far.transact(call, TRADER))
        self.link.acknowledge(*self.link.deliver(packet))

    def finalise(self):
        for _ in range(CHALLENGE_BLOCKS):
            self.link.near.mine()
        self.link.settle_clock()
        self.link.clock.advance(CHALLENGE_SECONDS)
        for chain in (self.link.near, self.link.far):
            chain.mine()
        self.link.settle_clock()

    def paths(self, number=0):
        _, path = sparse_path(self.hashes, number, 16)
        _, upper = sparse_path(self.others, WITHDRAWALS_POSITION, 2)
        return path, upper

    def call(self, number=0, *, leaf=None, batch=0, path=None, upper=None):
        honest_path, honest_upper = self.paths(number)
        return self.outbox.functions.release(
            batch,
            (leaf or self.leaves[number]).fields(),
            honest_path if path is None else path,
            honest_upper if upper is None else upper,
        )

    def release(self, number=0, sender=RELAYER):
        (packet,) = self.link.sent(self.link.near, self.link.near.transact(self.call(number), sender))
        return packet

    def refuse(self, call, *errors):
        refused(self.link.near, call, *errors)

    def is_spent(self, number=0):
        return self.link.near.call(self.outbox.functions.isSpent(number))

    def pay(self, identifier):
        assert self.link.far.call(self.house.vault.functions.entitlements(identifier))[2]
        self.link.far.transact(self.house.vault.functions.drain(self.house.token.address, 1), RELAYER)
        return self.link.far.call(self.house.token.functions.balanceOf(STRANGER.address))


def test_a_final_withdrawal_is_released_by_anyone_and_paid_by_the_vault():
    office = Office()
    packet = office.release(sender=STRANGER)
    assert (packet.sender, packet.recipient) == (office.outbox.address, office.house.vault.address)
    assert ReleaseMessage.decode(packet.payload) == ReleaseMessage(
        withdrawal_id=0, asset=office.house.token.address, amount=AMOUNT, recipient=STRANGER.address
    )
    assert office.is_spent()
    (answer,) = office.link.deliver(packet)
    assert answer.status is Status.SUCCESS
    office.link.acknowledge(answer)
    assert office.is_spent()
    assert office.pay(packet_id(packet)) == AMOUNT


@pytest.mark.parametrize("ids", [(0, 1, 2, 3), (5,), (0, 4**16 - 1), (123_456_789, 7, 64)])
def test_every_position_of_the_tree_can_be_proven(ids):
    office = Office(*ids)
    for number in ids:
        office.release(number)
    assert all(office.is_spent(number) for number in ids)
    assert not office.is_spent(9)


def early(twin):
    office = Office(twin=twin, final=False)
    return office, office.call()


def test_nothing_is_released_before_finality():
    office, call = early(None)
    office.refuse(call, "BatchNotFinal(0)")
    office.finalise()
    office.release()
    office, call = early("outbox-before-finality")
    office.link.near.transact(call, STRANGER)
    assert office.is_spent()


def test_a_batch_that_does_not_exist_releases_nothing():
    office = Office()
    office.refuse(office.call(batch=1), "BatchNotFinal(1)")


def again(twin):
    office = Office(twin=twin)
    office.release()
    return office, office.call()


def test_a_withdrawal_is_released_once():
    office, call = again(None)
    office.refuse(call, "AlreadySpent(0)")
    office, call = again("outbox-releases-twice")
    (second,) = office.link.sent(office.link.near, office.link.near.transact(call, STRANGER))
    assert office.link.deliver(second)[0].status is Status.SUCCESS


def test_a_withdrawal_is_released_once_from_whichever_batch():
    office = Office()
    state_root = office.read_root()
    now = office.link.near.next_context().timestamp
    post = office.house.rollup.functions.postBatch(1, state_root, [state_root], segment(now, [STEP]))
    office.link.near.transact(post, RELAYER)
    office.finalise()
    office.release()
    office.refuse(office.call(batch=1), "AlreadySpent(0)")


def loot(twin):
    """A withdrawal of one's own making under somebody else's path."""
    office = Office(twin=twin)
    return office, office.call(leaf=replace(office.leaves[0], amount=2 * AMOUNT, recipient=STRANGER.address))


def test_a_withdrawal_must_be_in_the_state():
    office, call = loot(None)
    office.refuse(call, "InvalidWithdrawalProof()")
    office, call = loot("outbox-unproven")
    office.link.near.transact(call, STRANGER)
    assert office.is_spent()


@pytest.mark.parametrize(
    "change",
    [
        {"account": 2},
        {"recipient": OWNER.address},
        {"asset": 1},
        {"chain_id": NEAR},
        {"token": ZERO},
        {"amount": AMOUNT + 1},
        {"id": 1},
        {"id": 4**15},
    ],
)
def test_every_field_is_bound_by_the_proof(change):
    office = Office()
    office.refuse(office.call(leaf=replace(office.leaves[0], **change)), "InvalidWithdrawalProof()")


def test_an_id_beyond_the_tree_is_refused():
    office = Office()
    for number in (4**16, 2**64 - 1):
        office.refuse(office.call(leaf=replace(office.leaves[0], id=number)), "MalformedPath()")


def test_no_other_path_proves_it():
    office = Office(0, 1, 70)
    path, upper = office.paths()
    for length in (*range(47), 49, 51):
        office.refuse(office.call(path=(path + [ZERO_WORD] * 3)[:length]), "MalformedPath()")
    for length in (0, 3, 5, 7, 9):
        office.refuse(office.call(upper=(upper + [ZERO_WORD] * 3)[:length]), "MalformedPath()")
    for position in range(48):
        spoilt = [*path[:position], b"\x01" * 32, *path[position + 1 :]]
        office.refuse(office.call(path=spoilt), "InvalidWithdrawalProof()")
    for position in range(6):
        spoilt = [*upper[:position], b"\x01" * 32, *upper[position + 1 :]]
        office.refuse(office.call(upper=spoilt), "InvalidWithdrawalProof()")
    office.refuse(office.call(path=[*path[:3][::-1], *path[3:]]), "InvalidWithdrawalProof()")
    office.release()


def test_a_leaf_of_another_tree_is_no_withdrawal():
    """Under any other position than the withdrawals', the same path proves nothing."""
    office = Office()
    tree, _ = sparse_path(office.hashes, 0, 16)
    for position in (0, 3, 9):
        others = {**office.others, WITHDRAWALS_POSITION: root(8), position: tree}
        _, upper = sparse_path(others, position, 2)
        office.refuse(office.call(upper=upper), "InvalidWithdrawalProof()")


def test_a_chain_without_a_vault_keeps_the_withdrawal_open():
    office = Office(chain_id=1003)
    office.refuse(office.call(), "UnknownVault(1003)")
    assert not office.is_spent()


# Answers


def test_a_refused_release_can_be_released_again_and_is_paid_once():
    office = Office(stubborn=True)
    first = office.release()
    (refusal,) = office.link.deliver(first)
    assert refusal.status is Status.FAILURE
    office.refuse(office.call(), "AlreadySpent(0)")
    office.link.acknowledge(refusal)
    assert not office.is_spent()

    office.link.far.deploy("TestSink", [], STRANGER)
    second = office.release()
    (success,) = office.link.deliver(second)
    assert success.status is Status.SUCCESS
    office.link.acknowledge(refusal)  # the old answer, once more
    assert office.is_spent()
    office.link.acknowledge(success)
    assert office.is_spent()
    office.refuse(office.call(), "AlreadySpent(0)")


def test_an_expired_release_can_be_released_again():
    office = Office()
    packet = office.release()
    office.link.until(packet.timeout_timestamp, office.link.far)
    (answer,) = office.link.expire(packet)
    office.link.acknowledge(answer)
    assert not office.is_spent()
    again_sent = office.release()
    assert office.link.deliver(again_sent)[0].status is Status.SUCCESS


def paid(twin):
    office = Office(twin=twin)
    office.link.acknowledge(*office.link.deliver(office.release()))
    return office


def test_a_paid_release_stays_spent():
    paid(None).refuse(paid(None).call(), "AlreadySpent(0)")
    office = paid("outbox-reopens-paid")
    assert office.link.deliver(office.release())[0].status is Status.SUCCESS


def pretend(twin):
    """Tell the outbox directly that its release failed."""
    office = Office(twin=twin)
    packet = office.release()
    assert office.link.deliver(packet)[0].status is Status.SUCCESS
    return office, packet, office.outbox.functions.onPacketAnswered(packet.as_abi(), Status.FAILURE, b"")


def test_answers_come_through_the_mailbox():
    office, _, call = pretend(None)
    refused(office.link.near, call, "OnlyMailbox", sender=STRANGER)
    office, _, call = pretend("outbox-direct-answer")
    office.link.near.transact(call, STRANGER)
    assert office.link.deliver(office.release())[0].status is Status.SUCCESS


def test_only_the_packet_that_is_out_counts():
    """Even the mailbox could not reopen a withdrawal with another packet, or with the same one twice."""
    office = Office(0, 1, stubborn=True)
    mailbox = office.link.mailboxes[NEAR].address
    first, other = office.release(0), office.release(1)
    answered = office.outbox.functions.onPacketAnswered
    office.link.near.call(answered(first.as_abi(), 2, b""), sender=mailbox)
    for packet in (
        replace(first, payload=other.payload),
        replace(first, nonce=first.nonce + 1),
        replace(first, sender=STRANGER.address),
    ):
        with pytest.raises(TransactionReverted, match="WrongPacket"):
            office.link.near.call(answered(packet.as_abi(), 2, b""), sender=mailbox)
    office.link.acknowledge(*office.link.deliver(first))
    with pytest.raises(TransactionReverted, match="WrongPacket"):
        office.link.near.call(answered(first.as_abi(), 2, b""), sender=mailbox)


def test_a_made_up_answer_is_not_believed():
    office = Office()
    packet = office.release()
    office.link.deliver(packet)
    office.refuse(office.link.acknowledgement([answer_of(packet, Status.FAILURE)]), "ValueMismatch")
    assert office.is_spent()


def test_vaults_are_registered_once_by_the_owner():
    office = Office()
    functions = office.outbox.functions
    refused(
        office.link.near, functions.registerVault(1003, STRANGER.address), "OwnableUnauthorizedAccount", sender=STRANGER
    )
    office.link.near.transact(functions.registerVault(1003, STRANGER.address), OWNER)
    for arguments in ((1003, OWNER.address), (FAR, STRANGER.address), (0, OWNER.address), (1004, ZERO)):
        refused(office.link.near, functions.registerVault(*arguments), "InvalidVault()", sender=OWNER)
    some = office.house.rollup.address
    for arguments in ([ZERO, some, some], [some, ZERO, some], [some, some, ZERO]):
        with pytest.raises(TransactionReverted, match="InvalidVault"):
            deploy(office.link.near, "WithdrawalOutbox", *arguments, OWNER.address)
