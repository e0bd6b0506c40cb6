"""The vault: what it releases, what it refunds, what it pays, and to whom."""

import pytest

from bridge.packets import Status, packet_id
from bridge.payloads import ReleaseMessage
from chains.errors import TransactionReverted
from tests.contracts.harness import (
    FAR,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    deploy,
    interoperable,
    new_house,
    refused,
)
from tests.contracts.vaulting import (
    AMOUNT,
    balance,
    commanded_house,
    deposit,
    force_ether,
    ledger,
    pay,
    read,
    release,
    send_release,
)


def test_a_release_entitles_and_somebody_else_pays_it():
    house = commanded_house()
    deposit(house)
    packet = release(house, amount=2_000_000)
    (answer,) = house.link.deliver(packet)
    assert answer.status is Status.SUCCESS
    assert ledger(house) == (AMOUNT, 2_000_000)
    assert read(house, "entitlements", packet_id(packet)) == [house.token.address, STRANGER.address, 2_000_000]
    house.link.far.transact(pay(house, packet), RELAYER)
    assert (balance(house, STRANGER.address), ledger(house)) == (2_000_000, (AMOUNT - 2_000_000, 0))


def test_ether_is_released_too():
    house = commanded_house()
    deposit(house, ZERO, 10**18, value=10**18)
    before = house.link.far.balance(STRANGER.address)
    packet = release(house, asset=ZERO, amount=10**17)
    house.link.deliver(packet)
    house.link.far.transact(pay(house, packet), RELAYER)
    assert house.link.far.balance(STRANGER.address) == before + 10**17
    assert ledger(house, ZERO) == (10**18 - 10**17, 0)


def pay_twice(twin):
    house = commanded_house(twin)
    deposit(house)
    packet, other = (
        release(house, amount=1_000_000),
        release(house, amount=1_000_000, recipient=OWNER.address, number=1),
    )
    house.link.deliver(packet, other)
    house.link.far.transact(pay(house, packet), RELAYER)
    return house, pay(house, packet)


def test_an_entitlement_is_paid_once():
    house, again = pay_twice(None)
    refused(house.link.far, again, "NothingToPay")
    assert balance(house, STRANGER.address) == 1_000_000
    house, again = pay_twice("vault-pays-twice")
    house.link.far.transact(again, STRANGER)
    assert balance(house, STRANGER.address) == 2_000_000


def test_nobody_is_paid_what_nobody_is_entitled_to():
    house = new_house()
    deposit(house)
    for identifier in (bytes(32), b"\x01" * 32):
        refused(house.link.far, house.vault.functions.pay(identifier), "NothingToPay")


def overdraw(twin):
    """Release again what is already reserved for somebody."""
    house = commanded_house(twin)
    deposit(house)
    victim, thief = release(house, recipient=OWNER.address), release(house, recipient=STRANGER.address, number=1)
    house.link.deliver(victim)
    return house, victim, thief


def test_no_more_is_released_than_there_is():
    house, victim, thief = overdraw(None)
    (answer,) = house.link.deliver(thief)
    assert answer.status is Status.FAILURE
    house.link.far.transact(pay(house, victim), RELAYER)
    house, victim, thief = overdraw("vault-ignores-reservations")
    assert house.link.deliver(thief)[0].status is Status.SUCCESS
    house.link.far.transact(pay(house, thief), RELAYER)
    refused(house.link.far, pay(house, victim), "AboveHoldings")


def test_an_asset_that_was_never_deposited_is_not_released():
    house = commanded_house()
    deposit(house)
    for asset in (ZERO, STRANGER.address):
        assert house.link.deliver(release(house, asset=asset, amount=1))[0].status is Status.FAILURE


def forced(twin):
    house = commanded_house(twin)
    deposit(house, ZERO, 10**18, value=10**18)
    force_ether(house.link.far, house.vault.address, 10**18)
    house.link.deliver(release(house, asset=ZERO, amount=10**18, recipient=OWNER.address))
    return house, release(house, asset=ZERO, amount=10**18, number=1)


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")
def test_ether_that_was_forced_in_cannot_be_taken_out():
    house, packet = forced(None)
    assert house.link.far.balance(house.vault.address) == 2 * 10**18
    assert house.link.deliver(packet)[0].status is Status.FAILURE
    house, packet = forced("vault-counts-forced-ether")
    assert house.link.deliver(packet)[0].status is Status.SUCCESS
    house.link.far.transact(pay(house, packet), STRANGER)


def test_tokens_that_were_given_cannot_be_taken_out():
    house = commanded_house()
    deposit(house)
    house.link.far.transact(house.token.functions.transfer(house.vault.address, AMOUNT), TRADER)
    assert ledger(house) == (AMOUNT, 0)
    assert house.link.deliver(release(house, amount=AMOUNT + 1))[0].status is Status.FAILURE


def impostor(twin):
    """A well-formed release, through the real mailbox, from somebody who is not the outbox."""
    house = new_house(twins=twin and {"CollateralVault": twin})
    deposit(house)
    message = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=AMOUNT, recipient=STRANGER.address)
    return house, send_release(house, message.encode(), sender=STRANGER)


def test_only_the_outbox_releases():
    house, packet = impostor(None)
    assert house.link.deliver(packet)[0].status is Status.FAILURE
    house, packet = impostor("vault-any-peer")
    assert house.link.deliver(packet)[0].status is Status.SUCCESS
    house.link.far.transact(pay(house, packet), STRANGER)
    assert balance(house, STRANGER.address) == AMOUNT


def test_the_outboxs_address_on_another_chain_is_a_stranger():
    house = commanded_house()
    deposit(house)
    for chain_id in (FAR, 1003):
        call = house.vault.functions.receiveMessage(bytes(32), interoperable(chain_id, RELAYER.address), b"")
        refused(house.link.far, call, "OnlyMailbox", sender=STRANGER)
    # As the mailbox: eth_call from its address.
    mailbox = house.link.mailboxes[FAR].address
    payload = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=1, recipient=TRADER.address).encode()
    for chain_id, expected in ((FAR, "WrongPeer"), (1003, "WrongPeer"), (NEAR, None)):
        call = house.vault.functions.receiveMessage(bytes(32), interoperable(chain_id, RELAYER.address), payload)
        if expected is None:
            house.link.far.call(call, sender=mailbox)
        else:
            with pytest.raises(TransactionReverted, match=expected):
                house.link.far.call(call, sender=mailbox)


def call_directly(twin):
    house = new_house(twins=twin and {"CollateralVault": twin})
    deposit(house)
    message = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=AMOUNT, recipient=STRANGER.address)
    peer = interoperable(NEAR, house.outbox)
    return house, house.vault.functions.receiveMessage(b"\x01" * 32, peer, message.encode())


def test_a_release_comes_through_the_mailbox():
    house, call = call_directly(None)
    refused(
        house.link.far,
        call,
        f"OnlyMailbox({STRANGER.address})",
        f"OnlyMailbox({STRANGER.address.lower()})",
        sender=STRANGER,
    )
    house, call = call_directly("vault-direct-release")
    house.link.far.transact(call, STRANGER)
    house.link.far.transact(house.vault.functions.pay(b"\x01" * 32), STRANGER)
    assert balance(house, STRANGER.address) == AMOUNT


@pytest.mark.parametrize(
    "change",
    [
        lambda payload: payload[:-1],
        lambda payload: payload + b"\0",
        lambda payload: payload + bytes(32),
        lambda payload: b"",
        lambda payload: bytes(31) + b"\x01" + payload[32:],
        lambda payload: b"\x01" + payload[1:],
        lambda payload: payload[:32] + b"\x01" + payload[33:],
        lambda payload: payload[:64] + b"\x01" + payload[65:],
        lambda payload: payload[:128] + b"\x01" + payload[129:],
        lambda payload: payload[:96] + bytes(32) + payload[128:],
        lambda payload: payload[:96] + b"\xff" * 32 + payload[128:],
        lambda payload: payload[:128] + bytes(32),
    ],
)
def test_a_malformed_release_is_a_failure(change):
    house = commanded_house()
    deposit(house)
    good = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=1, recipient=TRADER.address).encode()
    (answer,) = house.link.deliver(send_release(house, change(good), sender=RELAYER))
    assert answer.status is Status.FAILURE
    assert answer.ack
    assert ledger(house) == (AMOUNT, 0)


def test_a_release_to_the_vault_itself_is_refused():
    house = commanded_house()
    deposit(house)
    assert house.link.deliver(release(house, recipient=house.vault.address))[0].status is Status.FAILURE


def test_a_payee_that_refuses_ether_keeps_its_entitlement():
    house = commanded_house()
    deposit(house, ZERO, 10**18, value=10**18)
    packet = release(house, asset=ZERO, amount=10**17, recipient=house.token.address)
    assert house.link.deliver(packet)[0].status is Status.SUCCESS
    with pytest.raises(TransactionReverted):
        house.link.far.transact(pay(house, packet), RELAYER)
    assert ledger(house, ZERO) == (10**18, 10**17)


# Refunds


def refundable(twin=None, *, expire=False):
    """A deposit the queue refuses (its token is not registered), or that expires."""
    house = new_house(twins=twin and {"CollateralVault": twin})
    far = house.link.far
    if expire:
        packet = deposit(house, timeout=house.link.clock.now() + 100)
        house.link.until(packet.timeout_timestamp, house.link.near)
        (answer,) = house.link.expire(packet)
        return house, house.token, packet, answer
    unlisted = deploy(far, "TestToken", "Unlisted", "NO", 6)
    far.transact(unlisted.functions.mint(TRADER.address, AMOUNT), OWNER)
    far.transact(unlisted.functions.approve(house.vault.address, AMOUNT), TRADER)
    packet = deposit(house, unlisted.address)
    (answer,) = house.link.deliver(packet)
    return house, unlisted, packet, answer


@pytest.mark.parametrize(("expire", "status"), [(False, Status.FAILURE), (True, Status.EXPIRED)])
def test_a_deposit_that_did_not_arrive_can_be_pulled_back(expire, status):
    house, token, packet, answer = refundable(expire=expire)
    assert answer.status is status
    before = house.link.far.call(token.functions.balanceOf(TRADER.address))
    refused(house.link.far, pay(house, packet), "NothingToPay")
    house.link.acknowledge(answer)
    assert ledger(house, token.address) == (AMOUNT, AMOUNT)
    house.link.far.transact(pay(house, packet), STRANGER)
    assert house.link.far.call(token.functions.balanceOf(TRADER.address)) == before + AMOUNT
    assert ledger(house, token.address) == (0, 0)
    refused(house.link.far, pay(house, packet), "NothingToPay")
    house.link.acknowledge(answer)
    refused(house.link.far, pay(house, packet), "NothingToPay")


def succeed(twin):
    house = new_house(twins=twin and {"CollateralVault": twin})
    packet = deposit(house)
    house.link.acknowledge(*house.link.deliver(packet))
    return house, packet


def test_a_deposit_that_arrived_is_not_refunded():
    house, packet = succeed(None)
    refused(house.link.far, pay(house, packet), "NothingToPay")
    house, packet = succeed("vault-refunds-success")
    house.link.far.transact(pay(house, packet), STRANGER)
    assert balance(house, TRADER.address) == 10**12


def answer_directly(twin):
    house = new_house(twins=twin and {"CollateralVault": twin})
    packet = deposit(house)
    return house, packet, house.vault.functions.onPacketAnswered(packet.as_abi(), Status.FAILURE, b"")


def test_answers_come_through_the_mailbox():
    house, packet, call = answer_directly(None)
    refused(house.link.far, call, "OnlyMailbox", sender=STRANGER)
    house, packet, call = answer_directly("vault-direct-answer")
    house.link.far.transact(call, STRANGER)
    house.link.far.transact(pay(house, packet), STRANGER)
    assert balance(house, TRADER.address) == 10**12


def test_a_vault_has_peers():
    house = new_house()
    mailbox = house.link.mailboxes[FAR].address
    for arguments in (
        [ZERO, NEAR, mailbox, mailbox],
        [mailbox, 0, mailbox, mailbox],
        [mailbox, NEAR, ZERO, mailbox],
        [mailbox, NEAR, mailbox, ZERO],
    ):
        with pytest.raises(TransactionReverted, match="ZeroAddress"):
            deploy(house.link.far, "CollateralVault", *arguments)
