"""What somebody without any role can call: every function that changes state is swept, from the artifacts."""

import pytest
from web3.contract.base_contract import BaseContractFunction

import contracts
from bridge.packets import Fees, Packet, Status, packet_id
from bridge.payloads import DepositMessage, ReleaseMessage
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
    House,
    interoperable,
    new_house,
    route,
)
from tests.contracts.swapping import escrow_on
from tests.contracts.vault_terms import limits

FOR_TESTS = {
    "FickleToken",
    "HostileToken",
    "OddToken",
    "TestBorrower",
    "TestBridge",
    "TestClient",
    "TestCrosschainToken",
    "TestFlipper",
    "TestMember",
    "TestPackets",
    "TestPermit2",
    "TestPermitToken",
    "TestPricing",
    "TestRecipient",
    "TestSink",
    "TestToken",
    "TestTrie",
    "TestWallet",
    "WeakGateway",
}
"""Never deployed where anything has value."""

PERMISSIONLESS = {
    ("Mailbox", "sendMessage"),
    ("Mailbox", "receivePackets"),
    ("Mailbox", "acknowledge"),
    ("Mailbox", "expire"),
    ("Mailbox", "activateRoute"),
    ("Mailbox", "withdrawFees"),
    ("QbftLightClient", "update"),
    ("QbftLightClient", "misbehaviour"),
    ("QbftLightClient", "fill"),
    ("QbftLightClient", "proposeRecovery"),
    ("QbftLightClient", "executeRecovery"),
    ("CollateralVault", "deposit"),
    ("CollateralVault", "depositWithPermit"),
    ("CollateralVault", "depositWithPermit2"),
    ("CollateralVault", "redirect"),
    ("CollateralVault", "drain"),
    ("CollateralVault", "drainRefunds"),
    ("CollateralVault", "withdraw"),
    ("CollateralVault", "withdrawTo"),
    ("CollateralVault", "activate"),
    ("WithdrawalOutbox", "release"),
    ("ForcedQueue", "enqueueSwapClaim"),
    ("ForcedQueue", "enqueueSwapRefund"),
    ("ForcedQueue", "withdrawFees"),
    ("ForcedQueue", "reportHealth"),
    ("ChainLedger", "activateCaps"),
    ("SwapEscrow", "lock"),
    ("SwapEscrow", "claim"),
    ("SwapEscrow", "claimBatch"),
    ("SwapEscrow", "refund"),
    ("SwapEscrow", "refundEarly"),
    ("SwapEscrow", "withdraw"),
    ("SwapEscrow", "withdrawTo"),
}
"""Each proves what it needs, moves only the caller's own, or does what anybody may."""

OTHER_CLIENTS = {"AggregateClient", "AttestationClient"}
"""Have no owner; who may call them is tested beside what they verify."""

NEED_MORE = {
    ("WithdrawalOutbox", "onPacketAnswered"),
    ("Mailbox", "cancelRoute"),
    ("ChainLedger", "cancelCaps"),
    ("CollateralVault", "unpause"),
    ("CollateralVault", "cancel"),
}
"""Need a packet that is out, a proposal or a pause to go through for anybody; their own tests have one."""

NO_FEES = (0, 0, 0, ZERO)
OWNED = ("Mailbox", "ForcedQueue", "Rollup", "WithdrawalOutbox", "ChainLedger", "CollateralVault")
OWNABLE = {"transferOwnership", "renounceOwnership", "acceptOwnership"}
PLACES = {
    "Mailbox": NEAR,
    "QbftLightClient": NEAR,
    "CollateralVault": FAR,
    "ForcedQueue": NEAR,
    "Rollup": NEAR,
    "WithdrawalOutbox": NEAR,
    "ChainLedger": NEAR,
    "SwapEscrow": NEAR,
}


@pytest.fixture(scope="module")
def house():
    return new_house()


def instances(house: House):
    return {
        "Mailbox": house.link.mailboxes[NEAR],
        "QbftLightClient": house.link.clients[NEAR],
        "CollateralVault": house.vault,
        "ForcedQueue": house.queue,
        "Rollup": house.rollup,
        "WithdrawalOutbox": house.outbox,
        "ChainLedger": house.ledger,
        "SwapEscrow": escrow_on(house.link.near),
    }


def deposit_packet(house: House) -> Packet:
    message = DepositMessage(asset=house.token.address, amount=1, owner=TRADER.address, refund_to=STRANGER.address)
    return packet(FAR, NEAR, house.vault.address, house.queue.address, message.encode())


def release_packet(house: House) -> Packet:
    message = ReleaseMessage(withdrawal_id=0, asset=house.token.address, amount=1, recipient=STRANGER.address)
    return packet(NEAR, FAR, house.outbox.address, house.vault.address, message.encode())


def packet(source: int, destination: int, sender: str, recipient: str, payload: bytes) -> Packet:
    return Packet(
        source_chain=source,
        source_mailbox=OWNER.address,
        destination_chain=destination,
        destination_mailbox=OWNER.address,
        route_epoch=1,
        nonce=0,
        sender=sender,
        recipient=recipient,
        timeout_timestamp=2**40,
        gas_limit=1,
        fees=Fees(),
        payload=payload,
    )


def guarded(house: House):
    """Who may call what, with arguments that go through for them."""
    link = house.link
    near, far = link.mailboxes[NEAR].address, link.mailboxes[FAR].address
    release, deposit = release_packet(house), deposit_packet(house)
    now = link.near.next_context().timestamp
    batch = b"\0\0\x0c" + now.to_bytes(8, "big") + b"\0\x01" + b"\0\0"
    root = link.near.call(house.rollup.functions.latestRoot())
    return {
        ("Mailbox", "addRoute"): (OWNER.address, [1003, route(link.clients[NEAR], link.mailboxes[FAR])]),
        ("Mailbox", "proposeRoute"): (OWNER.address, [FAR, route(link.clients[NEAR], link.mailboxes[FAR], epoch=2)]),
        ("Mailbox", "cancelRoute"): (OWNER.address, [FAR]),
        ("Mailbox", "disableRoute"): (GUARDIAN.address, [FAR, 1]),
        ("Mailbox", "setGuardian"): (OWNER.address, [STRANGER.address]),
        ("ForcedQueue", "registerVault"): (OWNER.address, [1003, STRANGER.address]),
        ("ForcedQueue", "registerAsset"): (OWNER.address, [7, 1003, STRANGER.address]),
        ("ForcedQueue", "receiveMessage"): (near, [bytes(32), interoperable(FAR, house.vault), deposit.payload]),
        ("WithdrawalOutbox", "registerVault"): (OWNER.address, [1003, STRANGER.address]),
        ("WithdrawalOutbox", "onPacketAnswered"): (near, [release.as_abi(), int(Status.FAILURE), b""]),
        ("ChainLedger", "credit"): (house.queue.address, [FAR, house.token.address, 1]),
        ("ChainLedger", "release"): (house.outbox.address, [FAR, house.token.address, 0]),
        ("ChainLedger", "settle"): (house.outbox.address, [FAR, house.token.address, 0]),
        ("ChainLedger", "giveBack"): (house.outbox.address, [FAR, house.token.address, 0]),
        ("ChainLedger", "lowerCaps"): (OWNER.address, [FAR, house.token.address, (10**11, 10**11)]),
        ("ChainLedger", "proposeCaps"): (OWNER.address, [FAR, house.token.address, (10**13, 10**13)]),
        ("ChainLedger", "cancelCaps"): (OWNER.address, [FAR, house.token.address]),
        ("Rollup", "setPoster"): (OWNER.address, [STRANGER.address, True]),
        ("Rollup", "postBatch"): (RELAYER.address, [0, root, [root], batch]),
        ("CollateralVault", "receiveMessage"): (far, [bytes(32), interoperable(NEAR, house.outbox), release.payload]),
        ("CollateralVault", "onPacketAnswered"): (far, [deposit.as_abi(), int(Status.FAILURE), b""]),
        ("CollateralVault", "pause"): (GUARDIAN.address, [60]),
        ("CollateralVault", "unpause"): (GUARDIAN.address, []),
        ("CollateralVault", "propose"): (OWNER.address, [limits(house.token.address, 1)]),
        ("CollateralVault", "cancel"): (OWNER.address, [limits(house.token.address, 1)]),
    }


def changing(name: str) -> list[str]:
    """Functions of an artifact that may change state."""
    entries = contracts.load(name).abi
    return [
        entry["name"]
        for entry in entries
        if entry["type"] == "function" and entry["stateMutability"] not in {"view", "pure"}
    ]


def attempt(house: House, name: str, function: str, arguments, sender: str) -> None:
    chain = house.link.near if PLACES[name] == NEAR else house.link.far
    call: BaseContractFunction = instances(house)[name].functions[function](*arguments)
    chain.call(call, sender=sender, block="pending")


def test_every_contract_is_swept():
    assert set(contracts.names()) - FOR_TESTS - OTHER_CLIENTS == set(PLACES)


def test_every_function_is_guarded_or_known_to_be_open(house):
    swept = {(name, function) for name in PLACES for function in changing(name)}
    owned = {(name, function) for name, function in swept if function in OWNABLE}
    assert swept - owned == PERMISSIONLESS | set(guarded(house))
    assert {name for name, _ in owned} == set(OWNED)
    for name in PLACES:
        kinds = {entry["type"] for entry in contracts.load(name).abi}
        assert not kinds & {"fallback", "receive"}, name


def test_what_is_guarded_opens_for_nobody_else(house):
    house.link.far.transact(house.vault.functions.deposit(house.token.address, 100, TRADER.address, 0), TRADER)
    for (name, function), (rightful, arguments) in guarded(house).items():
        if (name, function) not in NEED_MORE:
            attempt(house, name, function, arguments, rightful)
        for stranger in (STRANGER.address, TRADER.address, ZERO, instances(house)[name].address):
            with pytest.raises(TransactionReverted) as caught:
                attempt(house, name, function, arguments, stranger)
            assert caught.value.error_name in {
                "OwnableUnauthorizedAccount",
                "OnlyMailbox",
                "OnlyGuardian",
                "NotPoster",
                "OnlyOutbox",
                "OnlyQueue",
            }, (
                name,
                function,
            )


def test_ownership_is_the_owners_to_give(house):
    for name in OWNED:
        attempt(house, name, "transferOwnership", [STRANGER.address], OWNER.address)
        for function, arguments in (
            ("transferOwnership", [STRANGER.address]),
            ("renounceOwnership", []),
            ("acceptOwnership", []),
        ):
            with pytest.raises(TransactionReverted, match="OwnableUnauthorizedAccount"):
                attempt(house, name, function, arguments, STRANGER.address)


def test_the_open_functions_give_a_stranger_nothing(house):
    """Called with nothing proven, owned or owed, each of them refuses, but for sending a message of one's own."""
    link = house.link
    release, token = release_packet(house), house.token.address
    unproven = release.as_abi()
    swap = (TRADER.address, STRANGER.address, house.token.address, 1, b"\x01" * 32, 0, 0, 0)
    arguments = {
        ("Mailbox", "receivePackets"): [[unproven], b"", STRANGER.address],
        ("Mailbox", "acknowledge"): [[(unproven, 1, b"", STRANGER.address)], b"", STRANGER.address],
        ("Mailbox", "expire"): [[unproven], STRANGER.address],
        ("Mailbox", "activateRoute"): [FAR, route(link.clients[NEAR], link.mailboxes[FAR], epoch=2)],
        ("Mailbox", "withdrawFees"): [STRANGER.address],
        ("QbftLightClient", "update"): [b""],
        ("QbftLightClient", "misbehaviour"): [b""],
        ("QbftLightClient", "fill"): [1, (bytes(32), bytes(32), bytes(32), 0), []],
        ("QbftLightClient", "proposeRecovery"): [b"", b""],
        ("QbftLightClient", "executeRecovery"): [bytes(32)],
        ("CollateralVault", "deposit"): [house.token.address, 1, STRANGER.address, 0],
        ("CollateralVault", "depositWithPermit"): [
            token,
            1,
            STRANGER.address,
            0,
            NO_FEES,
            (0, 27, bytes(32), bytes(32)),
        ],
        ("CollateralVault", "depositWithPermit2"): [token, 1, STRANGER.address, 0, NO_FEES, 0, 2**40, b""],
        ("CollateralVault", "redirect"): [packet_id(release), STRANGER.address, 0],
        ("CollateralVault", "withdraw"): [STRANGER.address, token],
        ("CollateralVault", "withdrawTo"): [token, STRANGER.address],
        ("CollateralVault", "activate"): [limits(token, 1)],
        ("SwapEscrow", "lock"): [swap],
        ("SwapEscrow", "claim"): [swap, bytes(32)],
        ("SwapEscrow", "claimBatch"): [
            STRANGER.address,
            house.token.address,
            [(TRADER.address, 1, 0, 0, 0, bytes(32))],
        ],
        ("SwapEscrow", "refund"): [swap],
        ("SwapEscrow", "refundEarly"): [swap, b""],
        ("SwapEscrow", "withdraw"): [STRANGER.address, ZERO],
        ("SwapEscrow", "withdrawTo"): [STRANGER.address, ZERO],
        ("ForcedQueue", "enqueueSwapClaim"): [0, bytes(32)],
        ("ForcedQueue", "enqueueSwapRefund"): [0],
        ("ForcedQueue", "reportHealth"): [FAR],
        ("ChainLedger", "activateCaps"): [FAR, house.token.address],
        ("WithdrawalOutbox", "release"): [0, (0, 0, STRANGER.address, 0, FAR, house.token.address, 1), [], []],
    }
    empty = {("CollateralVault", "drain"), ("CollateralVault", "drainRefunds"), ("ForcedQueue", "withdrawFees")}
    assert set(arguments) | empty | {("Mailbox", "sendMessage")} == PERMISSIONLESS
    for drain in ("drain", "drainRefunds"):
        assert link.far.call(house.vault.functions[drain](token, 10), sender=STRANGER.address) == 0
    for (name, function), given in arguments.items():
        with pytest.raises(TransactionReverted):
            attempt(house, name, function, given, STRANGER.address)
    message = [interoperable(FAR, house.vault), release.payload, []]
    receipt = link.near.transact(link.mailboxes[NEAR].functions.sendMessage(*message), STRANGER)
    (sent,) = link.sent(link.near, receipt)
    assert sent.sender == STRANGER.address
    assert link.deliver(sent)[0].status is Status.FAILURE


def test_no_contract_of_ours_is_owned_by_one_that_calls_others():
    """The mailbox calls whomever a packet names, so it must have no rights anywhere but to deliver."""
    house = new_house()
    callers = {house.link.mailboxes[NEAR].address, house.link.mailboxes[FAR].address, house.vault.address}
    for name, contract in instances(house).items():
        if "owner" in {entry.get("name") for entry in contracts.load(name).abi}:
            chain = house.link.near if PLACES[name] == NEAR else house.link.far
            assert chain.call(contract.functions.owner()) not in callers
