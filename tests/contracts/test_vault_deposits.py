"""Deposits: what the vault credits, and what it refuses."""

import pytest

from bridge.packets import packet_id
from bridge.payloads import DepositMessage
from chains.errors import TransactionReverted
from tests.contracts.harness import NEAR, OWNER, STRANGER, TRADER, ZERO, deploy, new_house, refused
from tests.contracts.vaulting import AMOUNT, Habit, deposit, ledger


def test_a_token_deposit_is_credited_and_sent():
    house = new_house()
    packet = deposit(house)
    assert (packet.recipient, packet.destination_chain) == (house.queue.address, NEAR)
    assert DepositMessage.decode(packet.payload) == DepositMessage(
        asset=house.token.address, amount=AMOUNT, owner=TRADER.address, refund_to=TRADER.address
    )
    assert ledger(house) == (AMOUNT, 0)
    (event,) = house.link.far.logs(house.vault.events.Deposited(), 0, house.link.far.head().number)
    assert event["args"]["packetId"] == packet_id(packet)


def test_an_ether_deposit_is_credited_and_sent():
    house = new_house()
    packet = deposit(house, ZERO, 10**18, value=10**18, owner=STRANGER.address)
    message = DepositMessage.decode(packet.payload)
    assert (message.asset, message.amount, message.owner, message.refund_to) == (
        ZERO,
        10**18,
        STRANGER.address,
        TRADER.address,
    )
    assert ledger(house, ZERO) == (10**18, 0)


def test_a_deposit_may_set_its_deadline():
    house = new_house()
    deadline = house.link.clock.now() + 500
    assert deposit(house, timeout=deadline).timeout_timestamp == deadline
    call = house.vault.functions.deposit(house.token.address, AMOUNT, TRADER.address, 1)
    refused(house.link.far, call, "TimeoutOutOfRange", sender=TRADER)


@pytest.mark.parametrize(
    ("asset", "amount", "value", "error"),
    [
        (ZERO, 10**18, 10**18 - 1, "WrongValue"),
        (ZERO, 10**18, 10**18 + 1, "WrongValue"),
        (ZERO, 10**18, 0, "WrongValue"),
        (None, AMOUNT, 1, "WrongValue"),
        (ZERO, 0, 0, "AmountOutOfRange"),
        (None, 0, 0, "AmountOutOfRange"),
        (STRANGER.address, AMOUNT, 0, "AssetWithoutCode"),
        ("0x" + "00" * 19 + "04", AMOUNT, 0, "AssetWithoutCode"),
        (None, 10**12 + 1, 0, "ERC20InsufficientBalance"),
    ],
)
def test_deposits_that_are_refused(asset, amount, value, error):
    house = new_house()
    call = house.vault.functions.deposit(asset or house.token.address, amount, TRADER.address, 0)
    refused(house.link.far, call, error, sender=TRADER, value=value)
    assert ledger(house, asset) == (0, 0)


def test_a_deposit_is_for_somebody():
    house = new_house()
    refused(
        house.link.far, house.vault.functions.deposit(house.token.address, 1, ZERO, 0), "ZeroAddress()", sender=TRADER
    )


def test_amounts_stay_below_two_to_the_96():
    house = new_house()
    house.link.far.transact(house.token.functions.mint(TRADER.address, 2**96), OWNER)
    call = house.vault.functions.deposit(house.token.address, 2**96, TRADER.address, 0)
    refused(house.link.far, call, f"AmountOutOfRange({2**96})", sender=TRADER)
    deposit(house, amount=2**96 - 1)
    assert ledger(house) == (2**96 - 1, 0)


def test_ether_deposited_without_ether():
    house = new_house(twins={"CollateralVault": "vault-ignores-value"})
    deposit(house, ZERO, 10**18, value=0)  # the real vault: WrongValue, above
    assert ledger(house, ZERO) == (10**18, 0)


def odd_deposit(habit, *, twin=None, call=b"", target=ZERO):
    house = new_house(twins=twin and {"CollateralVault": twin})
    far = house.link.far
    odd = deploy(far, "OddToken")
    far.transact(odd.functions.mint(TRADER.address, 10**9), OWNER)
    far.transact(odd.functions.approve(house.vault.address, 2**256 - 1), TRADER)
    far.transact(odd.functions.configure(habit, target, call), OWNER)
    return house, odd


def test_a_token_that_takes_a_fee_is_credited_for_what_arrived():
    house, odd = odd_deposit(Habit.FEE_ON_TRANSFER)
    packet = deposit(house, odd.address, 1000)
    assert DepositMessage.decode(packet.payload).amount == 990
    assert ledger(house, odd.address) == (990, 0)
    house, odd = odd_deposit(Habit.FEE_ON_TRANSFER, twin="vault-credits-what-was-said")
    assert DepositMessage.decode(deposit(house, odd.address, 1000).payload).amount == 1000


def test_a_token_that_answers_false_is_refused():
    house, odd = odd_deposit(Habit.RETURNS_FALSE)
    call = house.vault.functions.deposit(odd.address, 1000, TRADER.address, 0)
    refused(house.link.far, call, "SafeERC20FailedOperation", sender=TRADER)


def test_a_token_that_answers_nothing_is_fine():
    house, odd = odd_deposit(Habit.RETURNS_NOTHING)
    deposit(house, odd.address, 1000)
    assert ledger(house, odd.address) == (1000, 0)


def test_a_token_that_calls_back_cannot_deposit_inside_a_deposit():
    house, odd = odd_deposit(Habit.CALLS_BACK)
    for name, arguments in (("deposit", [odd.address, 10, TRADER.address, 0]), ("pay", [bytes(32)])):
        inner = bytes.fromhex(house.vault.encode_abi(name, arguments)[2:])
        house.link.far.transact(odd.functions.configure(Habit.CALLS_BACK, house.vault.address, inner), OWNER)
        before, _ = ledger(house, odd.address)
        deposit(house, odd.address, 1000)
        assert house.link.far.call(odd.functions.reentered()) is False
        assert ledger(house, odd.address) == (before + 1000, 0)


def test_plain_ether_is_refused():
    house = new_house()
    with pytest.raises(TransactionReverted):
        house.link.far.transact({"to": house.vault.address, "value": 1}, TRADER)
