"""Deposits into a vault, and releases it believes."""

from enum import IntEnum

from bridge.attributes import encode_attributes
from bridge.packets import packet_id
from bridge.payloads import ReleaseMessage
from tests.contracts.harness import FAR, NEAR, OWNER, RELAYER, STRANGER, TRADER, deploy, interoperable, new_house

AMOUNT = 5_000_000


class Habit(IntEnum):
    """What an `OddToken` does."""

    NONE = 0
    FEE_ON_TRANSFER = 1
    RETURNS_FALSE = 2
    RETURNS_NOTHING = 3
    CALLS_BACK = 4


def deposit(house, asset=None, amount=AMOUNT, *, owner=TRADER.address, value=0, timeout=0, sender=TRADER):
    """Deposit and return the packet."""
    call = house.vault.functions.deposit(asset or house.token.address, amount, owner, timeout)
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, sender, value=value))
    return packet


def release(house, *, asset=None, amount=AMOUNT, recipient=STRANGER.address, number=0, gas_limit=200_000):
    """A release packet that the vault believes to be from the outbox: the outbox is an account we hold the key of."""
    message = ReleaseMessage(
        withdrawal_id=number, asset=asset or house.token.address, amount=amount, recipient=recipient
    )
    return send_release(house, message.encode(), sender=RELAYER, gas_limit=gas_limit)


def send_release(house, payload, *, sender, gas_limit=200_000):
    attributes = encode_attributes(gas_limit=gas_limit)
    call = house.link.mailboxes[NEAR].functions.sendMessage(interoperable(FAR, house.vault), payload, attributes)
    (packet,) = house.link.sent(house.link.near, house.link.near.transact(call, sender))
    return packet


def commanded_house(twin=None):
    """A house whose vault takes releases from RELAYER on the settlement chain instead of the outbox contract."""
    house = new_house()
    far = house.link.far
    mailbox = house.link.mailboxes[FAR].address
    vault = deploy(far, "CollateralVault", mailbox, NEAR, house.queue.address, RELAYER.address, twin=twin)
    house.vault = vault
    far.transact(house.token.functions.approve(vault.address, 2**256 - 1), TRADER)
    return house


def read(house, name, *arguments):
    return house.link.far.call(house.vault.functions[name](*arguments))


def ledger(house, asset=None):
    asset = asset or house.token.address
    return read(house, "holdings", asset), read(house, "reserved", asset)


def balance(house, person):
    return house.link.far.call(house.token.functions.balanceOf(person))


def pay(house, packet):
    return house.vault.functions.pay(packet_id(packet))


def force_ether(chain, address, amount):
    """Give ether to a contract that has no say in it."""
    chain.transact({"to": None, "data": b"\x73" + bytes.fromhex(address[2:]) + b"\xff", "value": amount}, OWNER)
