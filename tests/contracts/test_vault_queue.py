"""The queue of releases and its window: order, parts, who cannot be paid, who wants to be paid elsewhere."""

import pytest

from bridge.packets import Status, packet_id
from bridge.payloads import DepositMessage
from chains.errors import TransactionReverted
from tests.contracts.harness import GUARDIAN, OWNER, RELAYER, STRANGER, TRADER, ZERO, deploy, refused
from tests.contracts.swapping import ACCEPT, BURN_GAS, REENTER, REFUSE, RETURN_BOMB
from tests.contracts.vault_terms import WINDOW, ChangeKind, change, limits
from tests.contracts.vaulting import (
    AMOUNT,
    acknowledged_deposit,
    balance,
    change_settings,
    commanded_house,
    credit_of,
    drain,
    entitlement,
    ledger,
    pass_time,
    pay,
    read,
    released,
)

PEOPLE = [OWNER.address, STRANGER.address, GUARDIAN.address]


def stocked_house(twin=None, *, stock=10 * AMOUNT, cap=AMOUNT):
    house = commanded_house(twin, token_caps=cap)
    acknowledged_deposit(house, amount=stock)
    return house


def paid_out(house):
    return [balance(house, person) for person in PEOPLE]


# The window


def test_what_exceeds_the_window_waits_and_is_paid_in_parts_and_in_order():
    house = stocked_house()
    packets = released(house, AMOUNT // 2, AMOUNT, AMOUNT // 4, recipients=PEOPLE)
    assert [read(house, "placeOf", packet_id(packet)) for packet in packets] == [[False, 0], [False, 1], [False, 2]]
    pay(house)
    assert paid_out(house) == [AMOUNT // 2, AMOUNT // 2, 0]
    assert [entitlement(house, packet) for packet in packets] == [0, AMOUNT // 2, AMOUNT // 4]
    assert read(house, "placeOf", packet_id(packets[2])) == [False, 1]
    assert house.link.far.call(drain(house)) == 0
    pass_time(house, WINDOW - 60)
    assert house.link.far.call(drain(house), block="pending") == 0
    pass_time(house, 60)
    pay(house)
    assert paid_out(house) == [AMOUNT // 2, AMOUNT, AMOUNT // 4]
    assert read(house, "queued", house.token.address, False) == [0, 0]
    assert ledger(house) == (10 * AMOUNT - AMOUNT * 7 // 4, 0)


def outflow_in_a_window(twin):
    house = stocked_house(twin)
    released(house, 3 * AMOUNT)
    for _ in range(3):
        pay(house)
        pass_time(house, WINDOW // 4)
    return balance(house, STRANGER.address)


def test_no_more_than_the_cap_leaves_in_a_window():
    assert outflow_in_a_window(None) == AMOUNT
    assert outflow_in_a_window("vault-forgets-outflow") == 3 * AMOUNT


def test_the_window_slides():
    """A burst at the end of one window and another at the start of the next are in one window together."""
    house = stocked_house()
    released(house, AMOUNT * 2 // 5)
    pay(house)
    pass_time(house, WINDOW // 2)
    released(house, 4 * AMOUNT, first=1)
    spent = []
    for _ in range(8):
        pay(house)
        spent.append((house.link.far.head().timestamp, balance(house, STRANGER.address)))
        pass_time(house, WINDOW // 4)
    for begin, before in [(0, 0), *spent]:
        within = [total for time, total in spent if time < begin + WINDOW]
        assert not within or within[-1] - before <= AMOUNT, spent
    assert spent[-1][1] >= 2 * AMOUNT


def pay_partly_twice(twin):
    house = stocked_house(twin)
    released(house, AMOUNT * 3 // 2, 3 * AMOUNT, recipients=[STRANGER.address, OWNER.address])
    for _ in range(3):
        pay(house)
        pass_time(house, WINDOW)
    return balance(house, STRANGER.address)


def test_what_was_paid_of_a_claim_is_not_paid_again():
    assert pay_partly_twice(None) == AMOUNT * 3 // 2
    assert pay_partly_twice("vault-pays-twice") > AMOUNT * 3 // 2


# The order


def wait_for_inventory(twin):
    """A claim above what there is, a small one behind it, then new inventory."""
    house = commanded_house(twin)
    acknowledged_deposit(house)
    packets = released(house, AMOUNT, 2 * AMOUNT, 1, recipients=PEOPLE)
    pay(house)
    pay(house)
    middle = paid_out(house)
    acknowledged_deposit(house, amount=2 * AMOUNT + 1)
    pay(house)
    return middle, paid_out(house), [entitlement(house, packet) for packet in packets]


def test_nothing_overtakes_a_claim_that_waits_and_nothing_is_lost():
    middle, end, left = wait_for_inventory(None)
    assert middle == [AMOUNT, 0, 0]
    assert (end, left) == ([AMOUNT, 2 * AMOUNT, 1], [0, 0, 0])
    _, end, left = wait_for_inventory("vault-loses-the-waiting")
    assert (end[1], left[1]) == (0, 2 * AMOUNT)


def test_a_release_that_finds_a_queue_joins_its_end():
    house = stocked_house()
    released(house, 2 * AMOUNT, recipients=PEOPLE[:1])
    pay(house)
    pass_time(house, WINDOW)
    released(house, AMOUNT, recipients=PEOPLE[1:2], first=1)
    pay(house)
    assert paid_out(house) == [2 * AMOUNT, 0, 0]
    pass_time(house, WINDOW)
    pay(house)
    assert paid_out(house) == [2 * AMOUNT, AMOUNT, 0]


def test_drain_takes_up_as_many_claims_as_it_was_asked_to_and_gas_allows():
    house = stocked_house(cap=100 * AMOUNT)
    released(house, *[AMOUNT] * 6)
    far = house.link.far
    assert (far.call(drain(house, maximum=0)), far.call(drain(house, maximum=2))) == (0, 2)
    far.transact(drain(house, maximum=2), RELAYER)
    assert balance(house, STRANGER.address) == 2 * AMOUNT
    far.transact(drain(house, maximum=2**256 - 1), RELAYER, gas=600_000)
    assert 2 * AMOUNT < balance(house, STRANGER.address) < 6 * AMOUNT


# Who cannot be paid


def pay_past_the_unwilling(twin):
    """The first recipient takes no ether."""
    house = commanded_house(twin)
    acknowledged_deposit(house, ZERO, 10**18, value=10**18)
    wallet = deploy(house.link.far, "TestWallet")
    house.link.far.transact(wallet.functions.configure(REFUSE, ZERO, b""), OWNER)
    released(house, 10**17, 10**17, asset=ZERO, recipients=[wallet.address, STRANGER.address])
    return house, wallet


def test_a_recipient_that_cannot_be_paid_is_credited_and_blocks_nobody():
    house, wallet = pay_past_the_unwilling(None)
    far, before = house.link.far, house.link.far.balance(STRANGER.address)
    pay(house, ZERO)
    assert far.balance(STRANGER.address) == before + 10**17
    assert (credit_of(house, wallet.address, ZERO), read(house, "totalCredits", ZERO)) == (10**17, 10**17)
    assert ledger(house, ZERO) == (8 * 10**17, 0)
    refused(far, house.vault.functions.withdraw(wallet.address, ZERO), f"PaymentFailed({ZERO}, {wallet.address})")
    to = house.vault.encode_abi("withdrawTo", [ZERO, TRADER.address])
    before = far.balance(TRADER.address)
    far.transact(wallet.functions.execute(house.vault.address, 0, bytes.fromhex(to[2:])), OWNER)
    assert far.balance(TRADER.address) == before + 10**17
    assert (credit_of(house, wallet.address, ZERO), read(house, "totalCredits", ZERO)) == (0, 0)
    refused(far, house.vault.functions.withdraw(wallet.address, ZERO), "NothingToWithdraw")
    house, _ = pay_past_the_unwilling("vault-insists-on-sending")
    with pytest.raises(TransactionReverted):
        pay(house, ZERO)


def test_credits_can_be_pulled_to_their_owner_by_anyone_once_he_can_be_paid():
    house, wallet = pay_past_the_unwilling(None)
    far = house.link.far
    pay(house, ZERO)
    far.transact(wallet.functions.configure(ACCEPT, ZERO, b""), OWNER)
    refused(far, house.vault.functions.withdrawTo(ZERO, STRANGER.address), "NothingToWithdraw", sender=STRANGER)
    far.transact(house.vault.functions.withdraw(wallet.address, ZERO), STRANGER)
    assert far.balance(wallet.address) == 10**17


@pytest.mark.parametrize("mode", [RETURN_BOMB, BURN_GAS, REENTER])
def test_no_recipient_of_ether_can_stop_or_enter_a_drain(mode):
    house, wallet = pay_past_the_unwilling(None)
    far = house.link.far
    again = bytes.fromhex(house.vault.encode_abi("drain", [ZERO, 5])[2:])
    far.transact(wallet.functions.configure(mode, house.vault.address, again), OWNER)
    before = far.balance(STRANGER.address)
    far.transact(drain(house, ZERO), RELAYER, gas=1_500_000)
    assert far.balance(STRANGER.address) == before + 10**17
    assert far.call(wallet.functions.reentered()) is False
    assert ledger(house, ZERO) == (8 * 10**17, 0)


def burn_all_gas(twin):
    house, wallet = pay_past_the_unwilling(twin)
    house.link.far.transact(wallet.functions.configure(BURN_GAS, ZERO, b""), OWNER)
    pay(house, ZERO)
    return read(house, "queued", ZERO, False)


def test_a_recipient_that_burns_its_gas_takes_nobody_elses():
    assert burn_all_gas(None) == [0, 0]
    assert burn_all_gas("vault-pushes-all-gas") == [1, 10**17]


def test_a_caller_with_little_gas_cannot_make_a_good_payment_fail():
    house = stocked_house()
    (packet,) = released(house, 1000)
    for gas in range(100_000, 450_000, 50_000):
        refused(house.link.far, drain(house), "InsufficientGas", "OutOfGas", gas=gas)
    assert (credit_of(house, STRANGER.address), entitlement(house, packet)) == (0, 1000)


# Elsewhere


def redirect(house, packet, owner=TRADER.address, timeout=0):
    return house.vault.functions.redirect(packet_id(packet), owner, timeout)


def test_a_waiting_claim_can_be_sent_back_to_the_exchange_instead():
    house = stocked_house()
    _, second, third = released(house, AMOUNT // 2, AMOUNT, AMOUNT // 4, recipients=PEOPLE)
    pay(house)
    far = house.link.far
    (packet,) = house.link.sent(far, far.transact(redirect(house, second), STRANGER))
    assert DepositMessage.decode(packet.payload) == DepositMessage(
        asset=house.token.address, amount=AMOUNT // 2, owner=TRADER.address, refund_to=STRANGER.address
    )
    assert (entitlement(house, second), read(house, "queued", house.token.address, False)) == (0, [2, AMOUNT // 4])
    (answer,) = house.link.deliver(packet)
    assert answer.status is Status.SUCCESS
    house.link.acknowledge(answer)
    assert ledger(house) == (9 * AMOUNT, 0)
    refused(far, redirect(house, second), "NothingToPay", sender=STRANGER)
    pass_time(house, WINDOW)
    pay(house)
    assert paid_out(house) == [AMOUNT // 2, AMOUNT // 2, AMOUNT // 4]
    assert entitlement(house, third) == 0


def redirect_for_another(twin):
    house = stocked_house(twin)
    (packet,) = released(house, 2 * AMOUNT, recipients=[OWNER.address])
    return house, redirect(house, packet, STRANGER.address)


def test_only_its_recipient_redirects_a_claim():
    house, call = redirect_for_another(None)
    refused(house.link.far, call, f"NotRecipient({STRANGER.address})", sender=STRANGER)
    refused(house.link.far, redirect(house, released(house, 1, first=5)[0], ZERO), "ZeroAddress()", sender=STRANGER)
    house, call = redirect_for_another("vault-redirects-for-anyone")
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, STRANGER))
    assert DepositMessage.decode(packet.payload).owner == STRANGER.address


def redirect_and_be_paid(twin):
    house = stocked_house(twin)
    packet, _ = released(house, AMOUNT, AMOUNT, recipients=[STRANGER.address, OWNER.address])
    house.link.far.transact(redirect(house, packet), STRANGER)
    pay(house)
    return balance(house, STRANGER.address)


def test_a_redirected_claim_is_not_paid_as_well():
    assert redirect_and_be_paid(None) == 0
    assert redirect_and_be_paid("vault-redirect-keeps-claim") == AMOUNT


def refused_redirect(twin):
    """The exchange does not take it in time; meanwhile the queue moved on."""
    house = stocked_house(twin)
    far = house.link.far
    _, second, third = released(house, AMOUNT // 2, AMOUNT, 3 * AMOUNT, recipients=PEOPLE)
    sent = far.transact(redirect(house, second, timeout=house.link.clock.now() + 100), STRANGER)
    (packet,) = house.link.sent(far, sent)
    pay(house)
    house.link.until(packet.timeout_timestamp, house.link.near)
    house.link.acknowledge(*house.link.expire(packet))
    for _ in range(2):
        pass_time(house, WINDOW)
        pay(house)
    return house, second, third


def test_a_redirected_claim_that_was_refused_has_its_place_again():
    house, second, third = refused_redirect(None)
    assert (entitlement(house, second), entitlement(house, third)) == (0, AMOUNT * 3 // 2)
    assert paid_out(house) == [AMOUNT // 2, AMOUNT, AMOUNT * 3 // 2]
    assert read(house, "reserved", house.token.address) == 0
    house, second, third = refused_redirect("vault-loses-refused-redirect")
    assert (entitlement(house, second), balance(house, STRANGER.address)) == (0, 0)
    house, second, third = refused_redirect("vault-forgets-its-place")
    assert balance(house, STRANGER.address) == 0


def test_a_redirected_claim_comes_back_into_a_queue_that_has_not_moved():
    house = stocked_house()
    far = house.link.far
    _, second = released(house, 2 * AMOUNT, AMOUNT, recipients=PEOPLE[:2])
    pay(house)
    sent = far.transact(redirect(house, second, timeout=house.link.clock.now() + 100), STRANGER)
    (packet,) = house.link.sent(far, sent)
    house.link.until(packet.timeout_timestamp, house.link.near)
    house.link.acknowledge(*house.link.expire(packet))
    assert read(house, "placeOf", packet_id(second)) == [False, 1]
    assert read(house, "queued", house.token.address, False) == [2, 2 * AMOUNT]
    for _ in range(2):
        pass_time(house, WINDOW)
        pay(house)
    assert paid_out(house) == [2 * AMOUNT, AMOUNT, 0]


# Limits


def test_a_retired_asset_still_leaves():
    house = stocked_house()
    change_settings(house, change(ChangeKind.RETIRE, house.token.address))
    released(house, AMOUNT)
    pay(house)
    assert balance(house, STRANGER.address) == AMOUNT


def lower_the_cap(twin, cap):
    house = stocked_house(twin, stock=30 * AMOUNT)
    far, changed = house.link.far, limits(house.token.address, cap)
    far.transact(house.vault.functions.propose(changed), OWNER)
    pass_time(house, 600, 5)
    return house, house.vault.functions.activate(changed)


def test_limits_cannot_keep_what_is_held_for_longer_than_thirty_windows():
    house, call = lower_the_cap(None, AMOUNT - 1)
    refused(house.link.far, call, f"LimitBelowFloor({house.token.address}, {AMOUNT})")
    house, call = lower_the_cap(None, AMOUNT)
    house.link.far.transact(call, STRANGER)
    house, call = lower_the_cap("vault-limits-without-floor", 0)
    house.link.far.transact(call, STRANGER)
    released(house, AMOUNT)
    assert house.link.far.call(drain(house)) == 0
