"""Deposits into a vault, and releases it believes."""

from enum import IntEnum

from bridge.abi import mapping_slot
from bridge.attributes import encode_attributes
from bridge.packets import Status, packet_id
from bridge.payloads import ReleaseMessage
from contracts import storage_slot
from tests.contracts.harness import FAR, NEAR, OWNER, RELAYER, STRANGER, TRADER, interoperable, new_house
from tests.contracts.vault_terms import TOKEN_CAP, VAULT_BLOCKS, VAULT_DELAY, limits

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


def commanded_house(twin=None, *, mailbox_twin=None, **terms):
    """A house whose vault takes releases from RELAYER on the settlement chain instead of the outbox contract."""
    twins = {"CollateralVault": twin, "Mailbox": mailbox_twin}
    chosen = {name: named for name, named in twins.items() if named}
    return new_house(twins=chosen, vault_terms={"outbox": RELAYER.address} | terms)


def read(house, name, *arguments):
    return house.link.far.call(house.vault.functions[name](*arguments))


def ledger(house, asset=None):
    asset = asset or house.token.address
    return read(house, "holdings", asset), read(house, "reserved", asset)


def balance(house, person):
    return house.link.far.call(house.token.functions.balanceOf(person))


def drain(house, asset=None, maximum=10):
    return house.vault.functions.drain(asset or house.token.address, maximum)


def drain_refunds(house, asset=None, maximum=10):
    return house.vault.functions.drainRefunds(asset or house.token.address, maximum)


def pay(house, asset=None, maximum=10, sender=RELAYER):
    """Drain releases."""
    return house.link.far.transact(drain(house, asset, maximum), sender, gas=8_000_000)


def entitlement(house, packet):
    """What is unpaid of a packet's claim."""
    return read(house, "entitlements", packet_id(packet))[2]


def credit_of(house, person, asset=None):
    return read(house, "credits", person, asset or house.token.address)


def acknowledged_deposit(house, *arguments, **options):
    """A deposit whose success the vault knows: it backs releases."""
    packet = deposit(house, *arguments, **options)
    house.link.acknowledge(*house.link.deliver(packet))
    return packet


def failed_deposit(house, *arguments, **options):
    """A deposit that expired, known to the vault: it can be refunded."""
    packet = deposit(house, *arguments, timeout=house.link.clock.now() + 100, **options)
    house.link.until(packet.timeout_timestamp, house.link.near)
    house.link.acknowledge(*house.link.expire(packet))
    return packet


def released(house, *amounts, recipients=None, asset=None, first=0):
    """Releases in order, delivered in one transaction; their packets."""
    people = recipients or [STRANGER.address] * len(amounts)
    packets = [
        release(house, amount=amount, recipient=person, number=first + number, asset=asset)
        for number, (amount, person) in enumerate(zip(amounts, people, strict=True))
    ]
    answers = house.link.deliver(*packets, gas=8_000_000)
    assert all(answer.status is Status.SUCCESS for answer in answers), answers
    return packets


def pass_time(house, seconds, blocks=1):
    """Time passes, the far chain makes blocks."""
    house.link.settle_clock()
    house.link.clock.advance(seconds)
    for _ in range(blocks):
        house.link.far.mine()
    house.link.near.mine()


def change_settings(house, changed):
    """Propose, wait, activate."""
    functions, far = house.vault.functions, house.link.far
    far.transact(functions.propose(changed), OWNER)
    pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
    far.transact(functions.activate(changed), STRANGER)


def accept(house, token, cap=TOKEN_CAP):
    """Have the vault take deposits of one more asset."""
    change_settings(house, limits(token.address, cap))


def force_ether(chain, address, amount):
    """Give ether to a contract that has no say in it."""
    chain.transact({"to": None, "data": b"\x73" + bytes.fromhex(address[2:]) + b"\xff", "value": amount}, OWNER)


def dress(house, borrower):
    """Write into the attacker's storage what the vault's code looks for: the asset is accepted, the queue known."""
    listing = mapping_slot(int(house.token.address, 16).to_bytes(32, "big"), storage_slot("CollateralVault", "assetOf"))
    for slot, value in (
        (listing, int.from_bytes(b"\x01" * 8, "big") << 16 | 0x0101),
        (storage_slot("CollateralVault", "forcedQueue"), int(house.queue.address, 16)),
    ):
        house.link.far.transact(borrower.functions.write(slot, value), TRADER)
