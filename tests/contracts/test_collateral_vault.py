"""The vault: what it releases, what it refunds, and to whom."""

import pytest

from bridge.packets import Status, packet_id
from bridge.payloads import ReleaseMessage
from chains.errors import TransactionReverted
from tests.contracts.harness import (
    FAR,
    GUARDIAN,
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
from tests.contracts.vault_terms import ChangeKind, change, vault_arguments
from tests.contracts.vaulting import (
    AMOUNT,
    accept,
    acknowledged_deposit,
    balance,
    change_settings,
    commanded_house,
    deposit,
    drain,
    drain_refunds,
    entitlement,
    failed_deposit,
    force_ether,
    ledger,
    pass_time,
    pay,
    read,
    release,
    released,
    send_release,
)


def test_a_release_entitles_and_somebody_else_pays_it():
    house = commanded_house()
    acknowledged_deposit(house)
    (packet,) = released(house, 2_000_000)
    assert ledger(house) == (AMOUNT, 0)
    assert read(house, "entitlements", packet_id(packet)) == [house.token.address, STRANGER.address, 2_000_000]
    assert read(house, "queued", house.token.address, False) == [1, 2_000_000]
    assert house.link.far.call(drain(house)) == 1
    house.link.far.transact(drain(house), RELAYER)
    assert (balance(house, STRANGER.address), ledger(house)) == (2_000_000, (AMOUNT - 2_000_000, 0))
    assert read(house, "entitlements", packet_id(packet)) == [ZERO, ZERO, 0]


def test_ether_is_released_too():
    house = commanded_house()
    acknowledged_deposit(house, ZERO, 10**18, value=10**18)
    before = house.link.far.balance(STRANGER.address)
    released(house, 10**17, asset=ZERO)
    pay(house, ZERO)
    assert house.link.far.balance(STRANGER.address) == before + 10**17
    assert ledger(house, ZERO) == (10**18 - 10**17, 0)


def test_nobody_is_paid_what_nobody_is_entitled_to():
    house = new_house()
    acknowledged_deposit(house)
    assert house.link.far.call(drain(house)) == house.link.far.call(drain_refunds(house)) == 0


def deliver_twice(twin):
    """The mailbox hands the vault one packet twice; this mailbox forgets its receipts."""
    house = commanded_house(twin, mailbox_twin="mailbox-replay")
    acknowledged_deposit(house)
    packet = release(house, amount=1_000_000)
    for _ in range(2):
        house.link.deliver(packet)
        pay(house)
    return balance(house, STRANGER.address)


def test_a_release_counts_once_whatever_the_mailbox_does():
    assert deliver_twice(None) == 1_000_000
    assert deliver_twice("vault-takes-a-release-twice") == 2_000_000


def test_a_release_above_the_holdings_waits():
    house = commanded_house()
    acknowledged_deposit(house)
    first, second = released(house, AMOUNT, AMOUNT, recipients=[OWNER.address, STRANGER.address])
    pay(house)
    assert (balance(house, OWNER.address), balance(house, STRANGER.address)) == (AMOUNT, 0)
    assert (entitlement(house, first), entitlement(house, second)) == (0, AMOUNT)
    acknowledged_deposit(house)
    pay(house)
    assert (balance(house, STRANGER.address), ledger(house)) == (AMOUNT, (0, 0))


def spend_in_flight(twin):
    """A release of what a depositor has on the way; his deposit then fails."""
    house = commanded_house(twin)
    packet = deposit(house, timeout=house.link.clock.now() + 100)
    released(house, AMOUNT)
    pay(house)
    house.link.until(packet.timeout_timestamp, house.link.near)
    house.link.acknowledge(*house.link.expire(packet))
    house.link.far.transact(drain_refunds(house), RELAYER)
    return balance(house, TRADER.address) - 10**12


def test_releases_are_not_paid_with_deposits_that_may_fail():
    assert spend_in_flight(None) == 0
    assert spend_in_flight("vault-pays-with-deposits") == -AMOUNT


def test_an_asset_that_was_never_accepted_is_not_released():
    house = commanded_house()
    acknowledged_deposit(house)
    for asset in (house.vault.address, STRANGER.address):
        assert house.link.deliver(release(house, asset=asset, amount=1))[0].status is Status.FAILURE


def forced(twin):
    """Release the vault's ether, and then as much again as was forced into it."""
    house = commanded_house(twin)
    acknowledged_deposit(house, ZERO, 10**18, value=10**18)
    force_ether(house.link.far, house.vault.address, 10**18)
    assert house.link.far.balance(house.vault.address) == 2 * 10**18
    released(house, 10**18, 10**18, asset=ZERO, recipients=[OWNER.address, STRANGER.address])
    before = house.link.far.balance(STRANGER.address)
    pay(house, ZERO)
    pay(house, ZERO)
    return house.link.far.balance(STRANGER.address) - before


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")
def test_ether_that_was_forced_in_cannot_be_taken_out():
    assert forced(None) == 0
    assert forced("vault-counts-forced-ether") == 10**18


def test_tokens_that_were_given_cannot_be_taken_out():
    house = commanded_house()
    acknowledged_deposit(house)
    house.link.far.transact(house.token.functions.transfer(house.vault.address, AMOUNT), TRADER)
    assert ledger(house) == (AMOUNT, 0)
    (packet,) = released(house, AMOUNT + 1)
    pay(house)
    pay(house)
    assert (balance(house, STRANGER.address), entitlement(house, packet)) == (AMOUNT, 1)


def impostor(twin):
    """A well-formed release, through the real mailbox, from somebody who is not the outbox."""
    house = new_house(twins=twin and {"CollateralVault": twin})
    acknowledged_deposit(house)
    message = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=AMOUNT, recipient=STRANGER.address)
    return house, send_release(house, message.encode(), sender=STRANGER)


def test_only_the_outbox_releases():
    house, packet = impostor(None)
    assert house.link.deliver(packet)[0].status is Status.FAILURE
    house, packet = impostor("vault-any-peer")
    assert house.link.deliver(packet)[0].status is Status.SUCCESS
    pay(house)
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
    acknowledged_deposit(house)
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
    pay(house)
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
    assert read(house, "queued", house.token.address, False) == [0, 0]


def test_a_release_to_the_vault_itself_is_refused():
    house = commanded_house()
    deposit(house)
    assert house.link.deliver(release(house, recipient=house.vault.address))[0].status is Status.FAILURE


# Refunds


def refundable(twin=None, *, expire=False):
    """A deposit the queue refuses (its token is not registered there), or that expires."""
    house = new_house(twins=twin and {"CollateralVault": twin})
    far = house.link.far
    if expire:
        packet = deposit(house, timeout=house.link.clock.now() + 100)
        house.link.until(packet.timeout_timestamp, house.link.near)
        (answer,) = house.link.expire(packet)
        return house, house.token, packet, answer
    unlisted = deploy(far, "TestToken", "Unlisted", "NO", 6)
    accept(house, unlisted)
    far.transact(unlisted.functions.mint(TRADER.address, AMOUNT), OWNER)
    far.transact(unlisted.functions.approve(house.vault.address, AMOUNT), TRADER)
    packet = deposit(house, unlisted.address)
    (answer,) = house.link.deliver(packet)
    return house, unlisted, packet, answer


@pytest.mark.parametrize(("expire", "status"), [(False, Status.FAILURE), (True, Status.EXPIRED)])
def test_a_deposit_that_did_not_arrive_can_be_pulled_back(expire, status):
    house, token, packet, answer = refundable(expire=expire)
    far = house.link.far
    assert answer.status is status
    before = far.call(token.functions.balanceOf(TRADER.address))
    assert far.call(drain_refunds(house, token.address)) == 0
    house.link.acknowledge(answer)
    assert ledger(house, token.address) == (AMOUNT, AMOUNT)
    assert read(house, "placeOf", packet_id(packet)) == [True, 0]
    assert far.call(drain(house, token.address)) == 0
    far.transact(drain_refunds(house, token.address), STRANGER)
    assert far.call(token.functions.balanceOf(TRADER.address)) == before + AMOUNT
    assert ledger(house, token.address) == (0, 0)
    house.link.acknowledge(answer)
    assert far.call(drain_refunds(house, token.address)) == 0


def succeed(twin):
    house = new_house(twins=twin and {"CollateralVault": twin})
    acknowledged_deposit(house)
    house.link.far.transact(drain_refunds(house), STRANGER)
    return balance(house, TRADER.address) - 10**12, ledger(house)


def test_a_deposit_that_arrived_is_not_refunded():
    assert succeed(None) == (-AMOUNT, (AMOUNT, 0))
    assert succeed("vault-refunds-success")[0] == 0


def answer_directly(twin):
    house = new_house(twins=twin and {"CollateralVault": twin})
    packet = deposit(house)
    return house, house.vault.functions.onPacketAnswered(packet.as_abi(), Status.FAILURE, b"")


def test_answers_come_through_the_mailbox():
    house, call = answer_directly(None)
    refused(house.link.far, call, "OnlyMailbox", sender=STRANGER)
    house, call = answer_directly("vault-direct-answer")
    house.link.far.transact(call, STRANGER)
    house.link.far.transact(drain_refunds(house), STRANGER)
    assert balance(house, TRADER.address) == 10**12


def churn_refunds(twin):
    """Somebody deposits and has it fail as often as a release window takes; then an honest release is due."""
    house = commanded_house(twin, token_caps=AMOUNT)
    acknowledged_deposit(house)
    failed_deposit(house, amount=AMOUNT)
    house.link.far.transact(drain_refunds(house), TRADER)
    (packet,) = released(house, AMOUNT)
    pay(house)
    return entitlement(house, packet)


def test_refunds_leave_the_window_of_releases_alone():
    assert churn_refunds(None) == 0
    assert churn_refunds("vault-shares-a-window") == AMOUNT


def test_refunds_pass_a_window_of_their_own():
    house = commanded_house(token_caps=(10 * AMOUNT, AMOUNT))
    for _ in range(2):
        failed_deposit(house)
    far = house.link.far
    far.transact(drain_refunds(house), RELAYER)
    assert (far.call(drain_refunds(house)), read(house, "queued", house.token.address, True)) == (0, [1, AMOUNT])
    pass_time(house, read(house, "windowSeconds"))
    far.transact(drain_refunds(house), RELAYER)
    assert balance(house, TRADER.address) == 10**12


# Wiring


def test_a_vault_has_peers():
    house = new_house()
    mailbox = house.link.mailboxes[FAR].address
    for arguments in (
        [ZERO, NEAR, mailbox, mailbox],
        [mailbox, 0, mailbox, mailbox],
        [mailbox, NEAR, ZERO, mailbox],
        [mailbox, NEAR, mailbox, ZERO],
    ):
        terms = vault_arguments(*arguments, OWNER.address, GUARDIAN.address, caps={})
        with pytest.raises(TransactionReverted, match="ZeroAddress"):
            deploy(house.link.far, "CollateralVault", *terms)


def test_a_new_peer_speaks_and_the_old_one_does_not():
    house = commanded_house()
    acknowledged_deposit(house)
    change_settings(house, change(ChangeKind.PEERS, house.queue.address, STRANGER.address))
    assert house.link.deliver(release(house, amount=1))[0].status is Status.FAILURE
    message = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=1, recipient=TRADER.address)
    packet = send_release(house, message.encode(), sender=STRANGER)
    assert house.link.deliver(packet)[0].status is Status.SUCCESS
