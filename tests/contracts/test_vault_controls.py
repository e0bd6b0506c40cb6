"""Who may change what about a vault, and when: the guardian's pauses, the owner's timelock."""

import pytest

from bridge.packets import Status, packet_id
from chains.errors import TransactionReverted
from tests.contracts.harness import FAR, GUARDIAN, NEAR, OWNER, RELAYER, STRANGER, TRADER, ZERO, deploy, refused
from tests.contracts.vault_terms import (
    LONGEST_PAUSE,
    PAUSE_BUDGET,
    PAUSE_REFILL,
    TOKEN_CAP,
    VAULT_BLOCKS,
    VAULT_DELAY,
    ChangeKind,
    change,
    limits,
    vault_arguments,
)
from tests.contracts.vaulting import (
    AMOUNT,
    acknowledged_deposit,
    balance,
    commanded_house,
    deposit,
    drain,
    drain_refunds,
    entitlement,
    ledger,
    pass_time,
    pay,
    read,
    release,
    released,
)


def pause(house, seconds=LONGEST_PAUSE, sender=GUARDIAN):
    return house.link.far.transact(house.vault.functions.pause(seconds), sender)


def pause_under_way(twin):
    house = commanded_house(twin)
    acknowledged_deposit(house)
    released(house, 1000)
    pause(house)
    return house


def test_a_pause_stops_everything_that_moves_money():
    house = pause_under_way(None)
    far, functions, token = house.link.far, house.vault.functions, house.token.address
    permit = (0, 27, bytes(32), bytes(32))
    (packet,) = [release(house, amount=1, number=9)]
    for call in (
        functions.deposit(token, 1, TRADER.address, 0),
        functions.deposit(token, 1, TRADER.address, 0, 0, 0, 0),
        functions.depositWithPermit(token, 1, TRADER.address, 0, (0, 0, 0, ZERO), permit),
        functions.depositWithPermit2(token, 1, TRADER.address, 0, (0, 0, 0, ZERO), 0, 0, b""),
        functions.redirect(packet_id(packet), TRADER.address, 0),
        functions.withdraw(STRANGER.address, token),
        functions.withdrawTo(token, STRANGER.address),
        functions.activate(limits(token, TOKEN_CAP)),
        drain(house),
        drain_refunds(house),
    ):
        refused(far, call, "IsPaused", sender=TRADER)
    house = pause_under_way("vault-ignores-pause")
    pay(house)
    assert balance(house, STRANGER.address) == 1000


def test_what_arrives_while_paused_is_recorded_and_paid_afterwards():
    house = commanded_house()
    acknowledged_deposit(house)
    failing = deposit(house, timeout=house.link.clock.now() + 100)
    pause(house)
    (packet,) = released(house, 1000)
    house.link.until(failing.timeout_timestamp, house.link.near)
    house.link.acknowledge(*house.link.expire(failing))
    assert (entitlement(house, packet), entitlement(house, failing)) == (1000, AMOUNT)
    pass_time(house, LONGEST_PAUSE)
    pay(house)
    house.link.far.transact(drain_refunds(house), RELAYER)
    assert balance(house, STRANGER.address) == 1000
    assert balance(house, TRADER.address) == 10**12 - AMOUNT
    assert ledger(house) == (AMOUNT - 1000, 0)


def test_only_the_guardian_pauses_and_the_owner_may_end_it():
    house = commanded_house()
    far, functions = house.link.far, house.vault.functions
    for sender in (OWNER, STRANGER):
        refused(far, functions.pause(1), f"OnlyGuardian({sender.address})", sender=sender)
    refused(far, functions.unpause(), "NotPaused()", sender=OWNER)
    for ender in (OWNER, GUARDIAN):
        pause(house)
        refused(far, functions.unpause(), "OwnableUnauthorizedAccount", sender=STRANGER)
        far.transact(functions.unpause(), ender)
        assert read(house, "isPaused") is False
        pass_time(house, PAUSE_REFILL)
    house = commanded_house("vault-pause-by-anyone")
    pause(house, sender=STRANGER)
    assert read(house, "isPaused") is True


@pytest.mark.parametrize("seconds", [0, LONGEST_PAUSE + 1, 2**64 - 1])
def test_a_pause_has_a_length(seconds):
    house = commanded_house()
    refused(house.link.far, house.vault.functions.pause(seconds), f"PauseOutOfRange({seconds})", sender=GUARDIAN)


def paused_seconds(twin, span):
    """A guardian who pauses whenever it can, for a while."""
    house = commanded_house(twin)
    far = house.link.far
    begin, clock = far.head().timestamp, read(house, "unpausedTime")
    while far.head().timestamp < begin + span:
        wanted = LONGEST_PAUSE if twin else min(LONGEST_PAUSE, read(house, "pauseBudget"))
        if wanted and not read(house, "isPaused"):
            pause(house, wanted)
        pass_time(house, LONGEST_PAUSE)
    elapsed = far.head().timestamp - begin
    return elapsed, elapsed - (read(house, "unpausedTime") - clock)


def test_all_pauses_together_have_a_budget():
    elapsed, paused = paused_seconds(None, 2 * PAUSE_REFILL)
    assert PAUSE_BUDGET < paused <= PAUSE_BUDGET + (elapsed + LONGEST_PAUSE) * PAUSE_BUDGET // PAUSE_REFILL
    elapsed, paused = paused_seconds("vault-pause-without-budget", PAUSE_REFILL)
    assert paused > elapsed * 9 // 10


def test_a_longer_pause_costs_only_what_it_adds():
    house = commanded_house()
    far, functions = house.link.far, house.vault.functions
    pause(house, 1_000)
    refused(far, functions.pause(1), "PauseNotLonger", sender=GUARDIAN)
    house.link.clock.advance(500)
    pause(house, 1_000)
    assert read(house, "pauseBudget") in range(PAUSE_BUDGET - 1_510, PAUSE_BUDGET - 1_400)
    pass_time(house, 1_000)
    assert read(house, "isPaused") is False
    pause(house, LONGEST_PAUSE)
    pass_time(house, LONGEST_PAUSE)
    left = read(house, "pauseBudget")
    refused(far, functions.pause(LONGEST_PAUSE), "PauseBudgetSpent", sender=GUARDIAN)
    pause(house, left)


# The timelock


def propose(house, changed):
    return house.link.far.transact(house.vault.functions.propose(changed), OWNER)


def test_a_change_takes_its_time_and_then_anyone_activates_it():
    house = commanded_house()
    far, functions, changed = house.link.far, house.vault.functions, limits(house.token.address, 77)
    refused(far, functions.propose(changed), "OwnableUnauthorizedAccount", sender=STRANGER)
    refused(far, functions.activate(changed), "NotProposed")
    propose(house, changed)
    refused(far, functions.propose(changed), "ProposalPending", sender=OWNER)
    refused(far, functions.activate(changed), "NotReady", sender=OWNER)
    pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
    refused(far, functions.activate(limits(house.token.address, 78)), "NotProposed")
    far.transact(functions.activate(changed), STRANGER)
    assert read(house, "room", house.token.address, False) == 77
    assert read(house, "assetOf", house.token.address) == [True, True, 77 * 30]
    refused(far, functions.activate(changed), "NotProposed")


def ready_by(twin, *, seconds, blocks, pauses=()):
    house = commanded_house(twin)
    propose(house, limits(house.token.address, 77))
    for length in pauses:
        pause(house, length)
        pass_time(house, length)
    pass_time(house, seconds, blocks)
    return house, house.vault.functions.activate(limits(house.token.address, 77))


def test_the_delay_does_not_run_while_paused():
    waited = {"seconds": VAULT_DELAY // 2, "blocks": VAULT_BLOCKS, "pauses": [LONGEST_PAUSE, LONGEST_PAUSE - 60]}
    house, call = ready_by(None, **waited)
    refused(house.link.far, call, "NotReady")
    pass_time(house, VAULT_DELAY // 2)
    house.link.far.transact(call, STRANGER)
    house, call = ready_by("vault-delay-counts-pauses", **waited)
    house.link.far.transact(call, STRANGER)


def test_a_halt_does_not_eat_the_delay():
    halted = {"seconds": 10 * VAULT_DELAY, "blocks": 1}
    house, call = ready_by(None, **halted)
    refused(house.link.far, call, "NotReady")
    house, call = ready_by("vault-delay-by-seconds-alone", **halted)
    house.link.far.transact(call, STRANGER)


def test_blocks_alone_are_not_enough_either():
    house, call = ready_by(None, seconds=1, blocks=2 * VAULT_BLOCKS)
    refused(house.link.far, call, "NotReady")


def test_a_change_can_be_cancelled_and_does_not_wait_for_ever():
    house = commanded_house()
    far, functions, changed = house.link.far, house.vault.functions, change(ChangeKind.GUARDIAN, STRANGER.address)
    for sender in (OWNER, GUARDIAN):
        propose(house, changed)
        refused(far, functions.cancel(changed), "OwnableUnauthorizedAccount", sender=STRANGER)
        far.transact(functions.cancel(changed), sender)
        refused(far, functions.cancel(changed), "NotProposed", sender=sender)
    propose(house, changed)
    pass_time(house, VAULT_DELAY + 14 * 86_400, VAULT_BLOCKS)
    refused(far, functions.activate(changed), "ProposalExpired")
    propose(house, changed)


def test_a_guardian_is_replaced_by_the_timelock():
    house = commanded_house()
    changed = change(ChangeKind.GUARDIAN, STRANGER.address)
    propose(house, changed)
    pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
    house.link.far.transact(house.vault.functions.activate(changed), OWNER)
    assert read(house, "guardian") == STRANGER.address
    refused(house.link.far, house.vault.functions.pause(1), "OnlyGuardian", sender=GUARDIAN)
    pause(house, sender=STRANGER)


@pytest.mark.parametrize(
    "changed",
    [
        change(ChangeKind.NONE, STRANGER.address),
        change(ChangeKind.PEERS, STRANGER.address),
        change(ChangeKind.PEERS, ZERO, STRANGER.address),
        change(ChangeKind.RETIRE, ZERO, STRANGER.address),
        change(ChangeKind.GUARDIAN, STRANGER.address, STRANGER.address),
    ],
)
def test_a_change_that_says_nothing_is_refused(changed):
    house = commanded_house()
    refused(house.link.far, house.vault.functions.propose(changed), "InvalidChange()", sender=OWNER)


def test_what_is_no_token_is_not_accepted():
    house = commanded_house()
    for changed, error in (
        (limits(STRANGER.address, 1), f"AssetWithoutCode({STRANGER.address})"),
        (change(ChangeKind.RETIRE, STRANGER.address), f"UnknownAsset({STRANGER.address})"),
        (limits(house.token.address, 0), f"LimitBelowFloor({house.token.address}, 1)"),
        (limits(house.token.address, 5, 0), f"LimitBelowFloor({house.token.address}, 1)"),
    ):
        propose(house, changed)
        pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
        refused(house.link.far, house.vault.functions.activate(changed), error)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"delay": 0}, "InvalidDelay"),
        ({"blocks": 0}, "InvalidDelay"),
        ({"window": 0}, "InvalidWindow"),
        ({"longest_pause": 0}, "InvalidPauseParameters"),
        ({"longest_pause": PAUSE_BUDGET + 1}, "InvalidPauseParameters"),
        ({"pause_refill": 2 * PAUSE_BUDGET}, "InvalidPauseParameters"),
    ],
)
def test_a_vault_is_built_within_bounds(changed, error):
    house = commanded_house()
    mailbox = house.link.mailboxes[FAR].address
    parties = (mailbox, NEAR, mailbox, mailbox, OWNER.address, GUARDIAN.address)
    with pytest.raises(TransactionReverted, match=error):
        deploy(house.link.far, "CollateralVault", *vault_arguments(*parties, caps={}, **changed))


def test_neither_owner_nor_guardian_can_move_money():
    """Every function but the open ones, tried by both with the vault full."""
    house = commanded_house()
    acknowledged_deposit(house)
    far = house.link.far
    for sender in (OWNER, GUARDIAN):
        assert far.call(drain(house), sender=sender.address) == 0
        refused(
            far,
            house.vault.functions.withdrawTo(house.token.address, sender.address),
            "NothingToWithdraw",
            sender=sender,
        )
        refused(far, house.vault.functions.receiveMessage(bytes(32), b"", b""), "OnlyMailbox", sender=sender)
    assert house.link.deliver(release(house, amount=1, number=3))[0].status is Status.SUCCESS
