"""The table of odd tokens in docs/protocol/vaults.md, row by row: how each enters and how each leaves."""

import pytest

from bridge.payloads import DepositMessage
from tests.contracts.harness import (
    CAPS_DELAY_BLOCKS,
    CAPS_DELAY_SECONDS,
    FAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    deploy,
    new_house,
    refused,
)
from tests.contracts.vault_terms import VAULT_BLOCKS, VAULT_DELAY, WINDOW, limits
from tests.contracts.vaulting import (
    Habit,
    accept,
    acknowledged_deposit,
    commanded_house,
    credit_of,
    deposit,
    drain,
    drain_refunds,
    ledger,
    pass_time,
    pay,
    read,
    released,
)

RETURN_BOMB, REVERT_BOMB, BURN_GAS, LIE, MOVE_HALF = range(1, 6)


def token_house(name, *, twin=None, stock=10**6, register=True):
    """A house whose vault has accepted, and holds, some of a token that the exchange knows as asset 7."""
    house = commanded_house(twin)
    far = house.link.far
    token = deploy(far, name)
    far.transact(token.functions.mint(TRADER.address, 10**9), OWNER)
    far.transact(token.functions.approve(house.vault.address, 2**256 - 1), TRADER)
    accept(house, token, 10**9)
    if register:
        house.link.near.transact(house.queue.functions.registerAsset(7, FAR, token.address), OWNER)
        give_credit(house, token)
    if stock:
        acknowledged_deposit(house, token.address, stock)
    return house, token


def give_credit(house, token):
    """Have the settlement chain's ledger take the token."""
    near, ledger = house.link.near, house.ledger.functions
    near.transact(ledger.proposeCaps(FAR, token.address, (10**9, 10**9)), OWNER)
    pass_time(house, CAPS_DELAY_SECONDS)
    for _ in range(CAPS_DELAY_BLOCKS):
        near.mine()
    near.transact(ledger.activateCaps(FAR, token.address), RELAYER)
    house.link.settle_clock()


def held(house, token, person):
    return house.link.far.call(token.functions.balanceOf(person))


def configure(house, token, name, *arguments):
    house.link.far.transact(token.functions[name](*arguments), OWNER)


# In


def test_fee_on_transfer_is_credited_with_what_arrived():
    def arriving(twin):
        house, token = token_house("OddToken", twin=twin, stock=0)
        configure(house, token, "configure", Habit.FEE_ON_TRANSFER, ZERO, b"")
        return DepositMessage.decode(deposit(house, token.address, 1000).payload).amount, ledger(house, token.address)

    assert arriving(None) == (990, (990, 990))
    assert arriving("vault-credits-what-was-said") == (1000, (1000, 1000))


def test_a_false_answer_is_refused_and_none_is_fine():
    house, token = token_house("OddToken", stock=0)
    configure(house, token, "configure", Habit.RETURNS_FALSE, ZERO, b"")
    call = house.vault.functions.deposit(token.address, 1000, TRADER.address, 0)
    refused(house.link.far, call, "SafeERC20FailedOperation", sender=TRADER)
    configure(house, token, "configure", Habit.RETURNS_NOTHING, ZERO, b"")
    deposit(house, token.address, 1000)
    assert ledger(house, token.address) == (1000, 1000)


def deposit_within_a_deposit(twin):
    """The token deposits ten of its own while the vault watches its balance grow."""
    house, token = token_house("OddToken", twin=twin, stock=0)
    approve = token.encode_abi("approve", [house.vault.address, 10])
    configure(house, token, "mint", token.address, 10)
    configure(house, token, "configure", Habit.CALLS_BACK, token.address, bytes.fromhex(approve[2:]))
    house.link.far.transact(token.functions.transfer(STRANGER.address, 0), TRADER)
    inner = house.vault.encode_abi("deposit(address,uint256,address,uint64)", [token.address, 10, STRANGER.address, 0])
    configure(house, token, "configure", Habit.CALLS_BACK, house.vault.address, bytes.fromhex(inner[2:]))
    # The callback runs before the transfer; without a guard the inner ten count once by themselves and once outside.
    call = house.vault.functions.deposit(token.address, 1000, TRADER.address, 0)
    packets = house.link.sent(house.link.far, house.link.far.transact(call, TRADER, gas=3_000_000))
    credited = sum(DepositMessage.decode(packet.payload).amount for packet in packets)
    return credited, held(house, token, house.vault.address)


def test_a_hook_cannot_have_the_same_tokens_credited_twice():
    assert deposit_within_a_deposit(None) == (1000, 1000)
    credited, there = deposit_within_a_deposit("vault-reenters")
    assert credited > there


@pytest.mark.parametrize("name", ["drain", "drainRefunds", "withdraw", "withdrawTo", "redirect"])
def test_a_hook_enters_nothing_else_either(name):
    house, token = token_house("OddToken", stock=0)
    arguments = {
        "drain": [token.address, 1],
        "drainRefunds": [token.address, 1],
        "withdraw": [STRANGER.address, token.address],
        "withdrawTo": [token.address, STRANGER.address],
        "redirect": [bytes(32), STRANGER.address, 0],
    }[name]
    inner = bytes.fromhex(house.vault.encode_abi(name, arguments)[2:])
    configure(house, token, "configure", Habit.CALLS_BACK, house.vault.address, inner)
    deposit(house, token.address, 1000)
    assert house.link.far.call(token.functions.reentered()) is False


def test_what_has_no_code_is_no_token():
    house = new_house()
    far = house.link.far
    for nobody in (STRANGER.address, "0x" + "00" * 19 + "04"):
        call = house.vault.functions.deposit(nobody, 1, TRADER.address, 0)
        refused(far, call, f"AssetWithoutCode({nobody})", sender=TRADER)
    far.transact(house.vault.functions.propose(limits(STRANGER.address, 1)), OWNER)
    pass_time(house, VAULT_DELAY, VAULT_BLOCKS)
    refused(far, house.vault.functions.activate(limits(STRANGER.address, 1)), f"AssetWithoutCode({STRANGER.address})")


# Out


def test_a_pausing_token_turns_payments_into_credits():
    house, token = token_house("FickleToken")
    configure(house, token, "pause", True)
    released(house, 1000, 500, asset=token.address, recipients=[STRANGER.address, OWNER.address])
    pay(house, token.address)
    assert (credit_of(house, STRANGER.address, token.address), held(house, token, STRANGER.address)) == (1000, 0)
    withdraw = house.vault.functions.withdraw(STRANGER.address, token.address)
    refused(house.link.far, withdraw, f"PaymentFailed({token.address}, {STRANGER.address})")
    configure(house, token, "pause", False)
    house.link.far.transact(withdraw, RELAYER)
    assert (held(house, token, STRANGER.address), read(house, "totalCredits", token.address)) == (1000, 500)


def test_a_blocked_recipient_pulls_to_somebody_else():
    house, token = token_house("FickleToken")
    configure(house, token, "block_", STRANGER.address, True)
    released(house, 1000, 500, asset=token.address, recipients=[STRANGER.address, OWNER.address])
    pay(house, token.address)
    assert held(house, token, OWNER.address) == 500
    far = house.link.far
    far.transact(house.vault.functions.withdrawTo(token.address, RELAYER.address), STRANGER)
    assert held(house, token, RELAYER.address) == 1000


def test_balances_that_grow_are_nobodys():
    house, token = token_house("FickleToken")
    configure(house, token, "mint", house.vault.address, 777)
    released(house, 10**6 + 777, asset=token.address)
    pay(house, token.address)
    pay(house, token.address)
    assert (held(house, token, STRANGER.address), ledger(house, token.address)) == (10**6, (0, 0))


def test_balances_that_shrink_leave_claims_waiting_in_order():
    house, token = token_house("FickleToken")
    configure(house, token, "shrink", house.vault.address, 4 * 10**5)
    people = [STRANGER.address, OWNER.address]
    released(house, 5 * 10**5, 5 * 10**5, asset=token.address, recipients=people)
    pay(house, token.address)
    assert [held(house, token, person) for person in people] == [5 * 10**5, 10**5]
    assert read(house, "queued", token.address, False) == [1, 4 * 10**5]
    assert house.link.far.call(drain(house, token.address)) == 0
    acknowledged_deposit(house, token.address, 4 * 10**5)
    pay(house, token.address)
    assert [held(house, token, person) for person in people] == [5 * 10**5, 5 * 10**5]


def test_credits_are_not_paid_out_to_others_when_balances_shrink():
    house, token = token_house("FickleToken")
    configure(house, token, "block_", STRANGER.address, True)
    released(house, 6 * 10**5, asset=token.address)
    pay(house, token.address)
    configure(house, token, "shrink", house.vault.address, 2 * 10**5)
    released(house, 4 * 10**5, asset=token.address, recipients=[OWNER.address], first=1)
    pay(house, token.address)
    assert held(house, token, OWNER.address) == 2 * 10**5
    house.link.far.transact(house.vault.functions.withdrawTo(token.address, RELAYER.address), STRANGER)
    assert held(house, token, RELAYER.address) == 6 * 10**5


def lied_to(twin):
    house, token = token_house("HostileToken", twin=twin)
    configure(house, token, "turn", LIE)
    released(house, 1000, asset=token.address)
    pay(house, token.address)
    configure(house, token, "turn", 0)
    if credit_of(house, STRANGER.address, token.address):
        house.link.far.transact(house.vault.functions.withdraw(STRANGER.address, token.address), RELAYER)
    return held(house, token, STRANGER.address)


def test_a_token_that_says_it_paid_is_not_believed():
    assert lied_to(None) == 1000
    assert lied_to("vault-believes-payments") == 0


def test_what_a_token_kept_back_is_credited():
    house, token = token_house("HostileToken")
    configure(house, token, "turn", MOVE_HALF)
    released(house, 1000, asset=token.address)
    pay(house, token.address)
    assert held(house, token, STRANGER.address) == credit_of(house, STRANGER.address, token.address) == 500
    refused(house.link.far, house.vault.functions.withdraw(STRANGER.address, token.address), "PaymentFailed")


@pytest.mark.parametrize(("harm", "paid"), [(RETURN_BOMB, 1000), (REVERT_BOMB, 0), (BURN_GAS, 0)])
def test_a_token_that_does_harm_harms_only_itself(harm, paid):
    house, token = token_house("HostileToken")
    configure(house, token, "turn", harm)
    released(house, 1000, asset=token.address)
    receipt = house.link.far.transact(drain(house, token.address), RELAYER, gas=1_000_000)
    assert receipt["gasUsed"] < 800_000
    assert held(house, token, STRANGER.address) == paid
    assert credit_of(house, STRANGER.address, token.address) == 1000 - paid
    assert read(house, "queued", token.address, False) == [0, 0]


def test_a_recipient_who_is_called_cannot_drain_again():
    house, token = token_house("FickleToken")
    released(house, 1000, 1000, asset=token.address)
    again = bytes.fromhex(house.vault.encode_abi("drain", [token.address, 5])[2:])
    configure(house, token, "callOnce", house.vault.address, again)
    pay(house, token.address, maximum=1)
    assert held(house, token, STRANGER.address) == 1000
    assert read(house, "queued", token.address, False) == [1, 1000]


def test_a_refund_that_cannot_be_sent_is_credited_to_the_depositor():
    house, token = token_house("FickleToken", stock=0, register=False)
    deposit_packet = deposit(house, token.address, 1000)
    house.link.acknowledge(*house.link.deliver(deposit_packet))
    configure(house, token, "block_", TRADER.address, True)
    house.link.far.transact(drain_refunds(house, token.address), RELAYER)
    assert credit_of(house, TRADER.address, token.address) == 1000
    house.link.far.transact(house.vault.functions.withdrawTo(token.address, OWNER.address), TRADER)
    assert held(house, token, OWNER.address) == 1000


def test_one_tokens_trouble_is_not_anothers():
    house, token = token_house("FickleToken")
    acknowledged_deposit(house)
    configure(house, token, "shrink", house.vault.address, 10**6)
    released(house, 1000, asset=token.address)
    released(house, 1000, first=1)
    pay(house, token.address)
    pay(house)
    assert (held(house, token, STRANGER.address), held(house, house.token, STRANGER.address)) == (0, 1000)
    pass_time(house, WINDOW)
