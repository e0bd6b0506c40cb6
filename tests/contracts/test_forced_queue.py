"""The forced queue: whose deposits it takes, which ids it gives, and by when they are due."""

from dataclasses import replace

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from bridge.packets import Status, packet_id
from bridge.payloads import DepositMessage
from bridge.settlement import ForcedQueue, ItemKind
from chains.errors import TransactionReverted
from exchange.rollup import decode_item, encode_item
from tests.contracts.harness import (
    DELAY,
    FAR,
    FORCED_FEE,
    GUARDIAN,
    NEAR,
    OWNER,
    RELAYER,
    SPACING,
    STRANGER,
    TRADER,
    ZERO,
    deploy,
    interoperable,
    new_house,
    queue_arguments,
    refused,
)

ITEM = "(uint8,uint32,address,uint16,uint128,bytes32,uint64)"


def deposit(house, amount=1_000, owner=TRADER.address, asset=None):
    value = amount if asset == ZERO else 0
    call = house.vault.functions.deposit(asset or house.token.address, amount, owner, 0)
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, TRADER, value=value))
    return packet


def read(house, name, *arguments):
    return house.link.near.call(house.queue.functions[name](*arguments))


def items(house):
    events = house.link.near.logs(house.queue.events.ItemEnqueued(), 0, house.link.near.head().number)
    return [(entry["args"]["index"], entry["args"]["deadline"], entry["args"]["item"]) for entry in events]


def test_a_deposit_becomes_an_item_whose_hash_is_kept():
    house = new_house()
    packet = deposit(house)
    (answer,) = house.link.deliver(packet)
    assert answer.status is Status.SUCCESS
    now = house.link.near.head().timestamp
    fields = (1, 1, TRADER.address, 0, 1_000, packet_id(packet), now)
    ((index, deadline, item),) = items(house)
    assert (index, deadline) == (0, now + DELAY)
    assert (
        tuple(item[key] for key in ("kind", "account", "owner", "asset", "amount", "packetId", "enqueuedAt")) == fields
    )
    assert read(house, "count") == 1
    assert read(house, "itemHash", 0) == keccak(encode([ITEM], [fields]))
    assert read(house, "deadline", 0) == now + DELAY


def test_accounts_are_dense_and_the_insurance_fund_is_number_zero():
    house = new_house()
    owners = [TRADER.address, STRANGER.address, TRADER.address, OWNER.address]
    house.link.deliver(*[deposit(house, owner=owner) for owner in owners])
    assert [item["account"] for _, _, item in items(house)] == [1, 2, 1, 0]
    assert [read(house, "accountOf", owner) for owner in owners] == [1, 2, 1, 0]
    assert read(house, "accountCount") == 3
    refused(house.link.near, house.queue.functions.accountOf(RELAYER.address), "UnknownAccount")


def test_each_registered_asset_has_its_id():
    house = new_house()
    house.link.deliver(deposit(house), deposit(house, 10**18, asset=ZERO))
    assert [(item["asset"], item["amount"]) for _, _, item in items(house)] == [(0, 1_000), (1, 10**18)]


def due(twin):
    house = new_house(twins=twin and {"ForcedQueue": twin})
    house.link.deliver(*[deposit(house) for _ in range(3)])
    entered = house.link.near.head().timestamp
    return [deadline - entered for _, deadline, _ in items(house)]


def test_deadlines_are_spaced_when_many_enter_at_once():
    assert due(None) == [DELAY, DELAY + SPACING, DELAY + 2 * SPACING]
    assert due("queue-no-spacing") == [DELAY] * 3


def test_a_later_item_has_the_full_delay():
    house = new_house()
    house.link.deliver(deposit(house))
    house.link.clock.advance(SPACING * 5)
    house.link.near.mine()
    house.link.far.mine()
    house.link.deliver(deposit(house))
    assert read(house, "deadline", 1) == house.link.near.head().timestamp + DELAY


def fake_vault(twin):
    """A deposit message through the real mailbox, from a contract that is not the vault."""
    house = new_house(twins=twin and {"ForcedQueue": twin})
    impostor = deploy(house.link.far, "TestRecipient")
    message = DepositMessage(
        asset=house.token.address, amount=10**9, owner=STRANGER.address, refund_to=STRANGER.address
    )
    send = impostor.functions.send(
        house.link.mailboxes[FAR].address, interoperable(NEAR, house.queue), message.encode(), []
    )
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(send, STRANGER))
    (answer,) = house.link.deliver(packet)
    return house, answer


def test_only_the_registered_vault_deposits():
    house, answer = fake_vault(None)
    assert (answer.status, answer.ack) == (Status.FAILURE, keccak(b"WrongPeer()")[:4])
    assert read(house, "count") == 0
    house, answer = fake_vault("queue-any-vault")
    assert (answer.status, items(house)[0][2]["amount"]) == (Status.SUCCESS, 10**9)


def direct(twin):
    house = new_house(twins=twin and {"ForcedQueue": twin})
    message = DepositMessage(asset=house.token.address, amount=10**9, owner=STRANGER.address, refund_to=ZERO)
    peer = interoperable(FAR, house.vault)
    return house, house.queue.functions.receiveMessage(b"\x01" * 32, peer, message.encode())


def test_deposits_come_through_the_mailbox():
    house, call = direct(None)
    refused(house.link.near, call, "OnlyMailbox", sender=STRANGER)
    house, call = direct("queue-direct-deposit")
    house.link.near.transact(call, STRANGER)
    assert read(house, "count") == 1


GOOD = DepositMessage(asset=ZERO, amount=1, owner=TRADER.address, refund_to=TRADER.address)


def as_mailbox(house, payload, sender=None, **sent):
    """What the queue answers its mailbox, without a packet."""
    call = house.queue.functions.receiveMessage(
        bytes(32), interoperable(FAR, house.vault) if sender is None else sender, payload
    )
    return house.link.near.call(call, sender=house.link.mailboxes[NEAR].address, **sent)


@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (b"", "MalformedPayload"),
        (GOOD.encode()[:-1], "MalformedPayload"),
        (GOOD.encode() + b"\0", "MalformedPayload"),
        (bytes(31) + b"\x02" + GOOD.encode()[32:], "MalformedPayload"),
        (b"\x01" + GOOD.encode()[1:], "MalformedPayload"),
        (GOOD.encode()[:32] + b"\x01" + GOOD.encode()[33:], "MalformedPayload"),
        (GOOD.encode()[:96] + b"\x01" + GOOD.encode()[97:], "MalformedPayload"),
        (GOOD.encode()[:128] + b"\x01" + GOOD.encode()[129:], "MalformedPayload"),
        (replace(GOOD, owner=ZERO).encode(), "ZeroAddress"),
        (replace(GOOD, amount=0).encode(), "AmountOutOfRange"),
        (replace(GOOD, amount=2**96).encode(), "AmountOutOfRange"),
        (replace(GOOD, amount=2**256 - 1).encode(), "AmountOutOfRange"),
        (replace(GOOD, asset=STRANGER.address).encode(), "UnknownAsset"),
    ],
)
def test_deposits_that_are_refused(payload, error):
    house = new_house()
    assert as_mailbox(house, GOOD.encode())
    with pytest.raises(TransactionReverted, match=error):
        as_mailbox(house, payload)


def test_the_vaults_address_on_another_chain_is_a_stranger():
    house = new_house()
    for chain_id in (NEAR, 1003, 2**64 - 1):
        with pytest.raises(TransactionReverted, match="WrongPeer"):
            as_mailbox(house, GOOD.encode(), interoperable(chain_id, house.vault))
    for spelling in (b"", b"\0" * 30, interoperable(FAR, house.vault)[:-1], interoperable(1003, ZERO)):
        with pytest.raises(TransactionReverted, match="WrongPeer"):
            as_mailbox(house, GOOD.encode(), spelling)


def test_items_that_do_not_exist():
    house = new_house()
    refused(house.link.near, house.queue.functions.itemHash(0), "UnknownItem(0)")
    refused(house.link.near, house.queue.functions.deadline(0), "UnknownItem(0)")


def test_vaults_and_assets_are_registered_once_by_the_owner():
    house = new_house()
    near, functions = house.link.near, house.queue.functions
    for call in (functions.registerVault(1003, STRANGER.address), functions.registerAsset(2, FAR, STRANGER.address)):
        refused(near, call, "OwnableUnauthorizedAccount", sender=STRANGER)
        near.transact(call, OWNER)
        refused(near, call, "AlreadyRegistered()", sender=OWNER)
    refused(near, functions.registerVault(FAR, STRANGER.address), "AlreadyRegistered()", sender=OWNER)
    refused(near, functions.registerVault(1004, ZERO), "ZeroAddress()", sender=OWNER)
    refused(near, functions.registerVault(0, STRANGER.address), "ZeroAddress()", sender=OWNER)
    refused(near, functions.registerAsset(0, FAR, RELAYER.address), "AlreadyRegistered()", sender=OWNER)
    refused(near, functions.registerAsset(3, FAR, house.token.address), "AlreadyRegistered()", sender=OWNER)
    refused(near, functions.registerAsset(256, FAR, RELAYER.address), "AssetOutOfRange(256)", sender=OWNER)
    near.transact(functions.registerAsset(255, 1003, house.token.address), OWNER)


def test_unsafe_parameters_are_refused():
    house = new_house()
    for changed, error in (
        ({"mailbox": ZERO}, "ZeroAddress"),
        ({"ledger": ZERO}, "ZeroAddress"),
        ({"insurance_owner": ZERO}, "ZeroAddress"),
        ({"fee_recipient": ZERO}, "ZeroAddress"),
        ({"owner": ZERO}, "OwnableInvalidOwner"),
        ({"delay": 0, "spacing": 0}, "InvalidParameters"),
        ({"spacing": 0}, "InvalidParameters"),
        ({"spacing": DELAY + 1}, "InvalidParameters"),
        ({"delay": 2**32}, "InvalidParameters"),
    ):
        arguments = {"mailbox": house.link.mailboxes[NEAR].address, "ledger": house.ledger} | changed
        with pytest.raises(TransactionReverted, match=error):
            deploy(house.link.near, "ForcedQueue", *queue_arguments(**arguments))


# Claims and refunds of the exchange's locks


PREIMAGE = bytes(range(32))


def test_claims_and_refunds_become_items_for_whoever_pays_the_fee():
    house = new_house()
    near, functions = house.link.near, house.queue.functions
    near.transact(functions.enqueueSwapClaim(4**16 - 1, PREIMAGE), STRANGER, value=FORCED_FEE)
    first = near.head().timestamp
    near.transact(functions.enqueueSwapRefund(3), TRADER, value=FORCED_FEE)
    second = near.head().timestamp
    expected = [
        (2, 0, STRANGER.address, 0, 4**16 - 1, PREIMAGE, first),
        (3, 0, TRADER.address, 0, 3, bytes(32), second),
    ]
    found = items(house)
    assert [tuple(item.values()) for _, _, item in found] == expected
    assert [deadline for _, deadline, _ in found] == [first + DELAY, max(second + DELAY, first + DELAY + SPACING)]
    assert [read(house, "itemHash", index) for index in range(2)] == [
        keccak(encode([ITEM], [fields])) for fields in expected
    ]
    assert read(house, "accountCount") == 1


def test_the_readers_read_them():
    house = new_house()
    near = house.link.near
    near.transact(house.queue.functions.enqueueSwapClaim(9, PREIMAGE), STRANGER, value=FORCED_FEE)
    near.transact(house.queue.functions.enqueueSwapRefund(9), STRANGER, value=FORCED_FEE)
    queue = ForcedQueue(near, house.queue.address)
    found = queue.items(0, near.head().number)
    assert [(item.kind, item.amount, item.packet_id) for item in found] == [
        (ItemKind.SWAP_CLAIM, 9, PREIMAGE),
        (ItemKind.SWAP_REFUND, 9, bytes(32)),
    ]
    assert [item.digest for item in found] == [queue.item_hash(index) for index in range(2)]
    for item in found:
        taken = decode_item(item.encode())
        assert (taken.kind, taken.amount, taken.packet_id) == (item.kind, item.amount, item.packet_id)
        assert encode_item(taken) == item.encode()
    assert queue.forced_fee() == FORCED_FEE


def underpaid(twin):
    house = new_house(twins=twin and {"ForcedQueue": twin})
    return house, house.queue.functions.enqueueSwapClaim(0, PREIMAGE), house.queue.functions.enqueueSwapRefund(0)


def test_the_fee_is_exact():
    house, *calls = underpaid(None)
    for call in calls:
        for value in (0, FORCED_FEE - 1, FORCED_FEE + 1):
            refused(house.link.near, call, f"WrongFee({value}, {FORCED_FEE})", value=value)
    house, *calls = underpaid("queue-free-claims")
    for call in calls:
        house.link.near.transact(call, STRANGER)
    assert read(house, "count") == 2


def beyond(twin):
    house = new_house(twins=twin and {"ForcedQueue": twin})
    return house, house.queue.functions.enqueueSwapRefund(4**16)


def test_a_lock_that_cannot_exist_takes_no_place():
    house, call = beyond(None)
    refused(house.link.near, call, f"LockOutOfRange({4**16})", value=FORCED_FEE)
    house, call = beyond("queue-claims-any-lock")
    house.link.near.transact(call, STRANGER, value=FORCED_FEE)


def test_a_preimage_has_32_bytes():
    """Whatever calldata says, the item holds one word: shorter calls do not decode, longer ones lose their tail."""
    house = new_house()
    near, queue = house.link.near, house.queue
    call = bytes.fromhex(queue.encode_abi("enqueueSwapClaim", [1, PREIMAGE])[2:])
    for spoilt in (call[:-1], call[:-32], call[:4]):
        with pytest.raises(TransactionReverted):
            near.transact({"to": queue.address, "data": spoilt}, STRANGER, value=FORCED_FEE)
    near.transact({"to": queue.address, "data": call + bytes(10_000)}, STRANGER, value=FORCED_FEE)
    ((_, _, item),) = items(house)
    assert (item["kind"], item["amount"], item["packetId"]) == (2, 1, PREIMAGE)


def test_fees_go_to_their_recipient_whoever_asks():
    house = new_house()
    near = house.link.near
    for number in range(3):
        near.transact(house.queue.functions.enqueueSwapRefund(number), STRANGER, value=FORCED_FEE)
    before = near.w3.eth.get_balance(GUARDIAN.address)
    near.transact(house.queue.functions.withdrawFees(), STRANGER)
    assert near.w3.eth.get_balance(GUARDIAN.address) - before == 3 * FORCED_FEE
    assert near.w3.eth.get_balance(house.queue.address) == 0
    near.transact(house.queue.functions.withdrawFees(), STRANGER)
    assert near.w3.eth.get_balance(GUARDIAN.address) - before == 3 * FORCED_FEE


def test_a_claim_is_no_deposit():
    """A claim whose preimage is the id of a deposit's packet does not make that deposit look credited."""
    house = new_house()
    packet = deposit(house)
    near = house.link.near
    near.transact(house.queue.functions.enqueueSwapClaim(0, packet_id(packet)), STRANGER, value=FORCED_FEE)
    (item,) = ForcedQueue(near, house.queue.address).items(0, near.head().number)
    assert (item.kind, item.packet_id) == (ItemKind.SWAP_CLAIM, packet_id(packet))
    house.link.deliver(packet)
    assert [item["kind"] for _, _, item in items(house)] == [2, 1]
