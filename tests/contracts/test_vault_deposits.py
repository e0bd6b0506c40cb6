"""Deposits: what the vault credits, and what it refuses."""

import pytest
from eth_utils.crypto import keccak

from bridge.packets import Status, packet_id
from bridge.payloads import DepositMessage
from bridge.vaults import Vault
from chains.errors import TransactionReverted
from tests.contracts.harness import NEAR, OWNER, STRANGER, TRADER, ZERO, deploy, new_house, refused
from tests.contracts.vault_terms import MAX_EXIT_WINDOWS, ChangeKind, change, limits
from tests.contracts.vaulting import AMOUNT, change_settings, deposit, dress, ledger


def test_a_token_deposit_is_credited_and_sent():
    house = new_house()
    packet = deposit(house)
    assert (packet.recipient, packet.destination_chain) == (house.queue.address, NEAR)
    assert DepositMessage.decode(packet.payload) == DepositMessage(
        asset=house.token.address, amount=AMOUNT, owner=TRADER.address, refund_to=TRADER.address
    )
    assert ledger(house) == (AMOUNT, AMOUNT)
    house.link.acknowledge(*house.link.deliver(packet))
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
    assert ledger(house, ZERO) == (10**18, 10**18)


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
def test_deposits_of_a_wrong_asset_or_value_are_refused(asset, amount, value, error):
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
    change_settings(house, limits(house.token.address, 2**92))
    deposit(house, amount=2**96 - 1)
    assert ledger(house) == (2**96 - 1, 2**96 - 1)


def fill_up(twin):
    """Two deposits, the second of one unit more than can leave again within thirty windows."""
    house = new_house(twins=twin and {"CollateralVault": twin}, vault_terms={"token_caps": (100, 200)})
    deposit(house, amount=100 * MAX_EXIT_WINDOWS)
    return house, house.vault.functions.deposit(house.token.address, 1, TRADER.address, 0)


def test_no_more_is_taken_than_can_leave_again():
    house, call = fill_up(None)
    refused(house.link.far, call, f"AboveCapacity({house.token.address}, 3000)", sender=TRADER)
    house, call = fill_up("vault-without-capacity")
    house.link.far.transact(call, TRADER)
    assert ledger(house)[0] == 3_001


def test_ether_deposited_without_ether():
    house = new_house(twins={"CollateralVault": "vault-ignores-value"})
    deposit(house, ZERO, 10**18, value=0)  # the real vault: WrongValue, above
    assert ledger(house, ZERO) == (10**18, 10**18)


def test_an_asset_that_is_not_accepted_is_refused():
    house = new_house()
    unlisted = deploy(house.link.far, "TestToken", "Unlisted", "NO", 6)
    call = house.vault.functions.deposit(unlisted.address, 1, TRADER.address, 0)
    refused(house.link.far, call, f"AssetNotAccepted({unlisted.address})", sender=TRADER)
    change_settings(house, change(ChangeKind.RETIRE, ZERO))
    call = house.vault.functions.deposit(ZERO, 1, TRADER.address, 0)
    refused(house.link.far, call, f"AssetNotAccepted({ZERO})", sender=TRADER, value=1)


# Somebody else's approval


def spend_approval(twin):
    """TRADER has approved the vault for ever; a stranger deposits "for" him."""
    house = new_house(twins=twin and {"CollateralVault": twin})
    return house, house.vault.functions.deposit(house.token.address, AMOUNT, TRADER.address, 0)


def test_only_the_caller_pays_for_a_deposit():
    house, call = spend_approval(None)
    refused(house.link.far, call, "ERC20InsufficientAllowance", sender=STRANGER)
    house, call = spend_approval("vault-pulls-from-owner")
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, STRANGER))
    assert DepositMessage.decode(packet.payload).refund_to == STRANGER.address


def test_plain_ether_is_refused():
    house = new_house()
    with pytest.raises(TransactionReverted):
        house.link.far.transact({"to": house.vault.address, "value": 1}, TRADER)


def test_incident_34_an_event_of_another_contract_is_nothing():
    """The vault's own code on an attacker's storage: the event is true to the last topic, but for who emits it."""
    house = new_house()
    far = house.link.far
    borrower = deploy(far, "TestBorrower")
    far.transact(house.token.functions.approve(borrower.address, 2**256 - 1), TRADER)
    dress(house, borrower)
    call = house.vault.encode_abi(
        "deposit(address,uint256,address,uint64)", [house.token.address, 500, TRADER.address, 0]
    )
    receipt = far.transact(borrower.functions.borrow(house.vault.address, bytes.fromhex(call[2:])), TRADER)
    (packet,) = house.link.sent(far, receipt)
    topic = keccak(text="Deposited(bytes32,address,address,uint256,address)")
    assert [log["address"] for log in receipt["logs"] if bytes(log["topics"][0]) == topic] == [borrower.address]
    assert Vault(far, house.vault.address).deposited(0, far.head().number) == []
    assert house.link.deliver(packet)[0].status is Status.FAILURE
    assert ledger(house) == (0, 0)
