"""The ledger: what a chain may be credited, what may be released on it, and who changes the caps, when."""

import pytest

from bridge.settlement import ChainCredit, Ledger
from chains.clock import VirtualClock
from chains.errors import TransactionReverted
from tests.contracts.harness import (
    CAPS,
    CAPS_DELAY_BLOCKS,
    CAPS_DELAY_SECONDS,
    ETHER_CAPS,
    FAR,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    WINDOW_SECONDS,
    ZERO,
    deploy,
    ledger_arguments,
    new_chain,
    refused,
)

NET, WINDOW = CAPS
QUEUE, OUTBOX = RELAYER, TRADER


class Desk:
    """A ledger whose queue and outbox are accounts we hold the keys of."""

    def __init__(self, twin=None, **changed):
        self.chain = new_chain(VirtualClock())
        self.token = deploy(self.chain, "TestToken", "Dollar", "USD", 6)
        peers = [ZERO, QUEUE.address, ZERO, OUTBOX.address]
        self.ledger = deploy(self.chain, "ChainLedger", *ledger_arguments(peers, self.token, **changed), twin=twin)
        self.clock = self.chain.clock

    def call(self, name, amount, token=None, chain_id=FAR):
        return self.ledger.functions[name](chain_id, token or self.token.address, amount)

    def credit(self, *amounts, **where):
        for amount in amounts:
            self.chain.transact(self.call("credit", amount, **where), QUEUE)

    def outbox(self, name, *amounts, **where):
        for amount in amounts:
            self.chain.transact(self.call(name, amount, **where), OUTBOX)

    def refuse(self, name, amount, *errors, sender=None, **where):
        sender = sender or (QUEUE if name == "credit" else OUTBOX)
        refused(self.chain, self.call(name, amount, **where), *errors, sender=sender)

    def read(self, name, token=None, chain_id=FAR):
        return self.chain.call(self.ledger.functions[name](chain_id, token or self.token.address))

    def totals(self, **where):
        return tuple(self.read("totals", **where))

    def caps(self):
        return tuple(self.read("capsOf"))

    def owner(self, name, *arguments, sender=OWNER):
        call = self.ledger.functions[name](FAR, self.token.address, *arguments)
        return self.chain.transact(call, sender)

    def refuse_owner(self, name, *arguments, error, sender=OWNER):
        refused(self.chain, self.ledger.functions[name](FAR, self.token.address, *arguments), error, sender=sender)

    def wait(self, seconds, blocks=1):
        """Mine, the last block this long after what was the newest."""
        until = self.chain.head().timestamp + seconds
        for _ in range(blocks - 1):
            self.chain.mine()
        self.clock.advance(max(0, until - self.clock.now()))
        self.chain.mine()

    def fill(self, left=NET):
        """Credit, window by window."""
        while left:
            amount = min(left, WINDOW)
            self.credit(amount)
            self.wait(WINDOW_SECONDS)
            left -= amount


# Credit


def test_credit_counts_and_leaves_less_room():
    desk = Desk()
    assert (desk.read("room"), desk.read("maxLoss"), desk.read("releasable")) == (WINDOW, NET, 0)
    desk.credit(7, 5)
    assert desk.totals() == (12, 0, 0)
    assert (desk.read("room"), desk.read("maxLoss"), desk.read("releasable")) == (WINDOW - 12, NET, 12)


def test_tokens_and_chains_are_counted_apart():
    desk = Desk(listings=[(FAR, ZERO, ETHER_CAPS), (NEAR, ZERO, (5, 5)), (FAR, STRANGER.address, (6, 6))])
    desk.credit(3, token=ZERO)
    desk.credit(4, token=ZERO, chain_id=NEAR)
    desk.credit(6, token=STRANGER.address)
    assert desk.totals(token=ZERO) == (3, 0, 0)
    assert desk.totals(token=ZERO, chain_id=NEAR) == (4, 0, 0)
    desk.refuse("credit", 2, "AboveNetCap(1)", token=ZERO, chain_id=NEAR)
    desk.refuse("release", 5, "AboveCredit(4)", token=ZERO, chain_id=NEAR)
    desk.refuse("credit", 1, "AboveNetCap(0)", token=STRANGER.address)
    desk.refuse("credit", 1, "AboveNetCap(0)")  # not listed


def over_net(twin):
    desk = Desk(twin)
    desk.fill()
    return desk


def test_net_credit_has_a_cap():
    desk = over_net(None)
    assert (desk.read("room"), desk.totals()) == (0, (NET, 0, 0))
    desk.refuse("credit", 1, "AboveNetCap(0)")
    desk = over_net("ledger-no-net-cap")
    desk.credit(1)
    assert desk.totals() == (NET + 1, 0, 0)


def over_window(twin):
    desk = Desk(twin)
    desk.credit(WINDOW - 1)
    desk.wait(WINDOW_SECONDS // 2)
    return desk


def test_credit_of_any_window_has_a_cap():
    desk = over_window(None)
    desk.refuse("credit", 2, "AboveWindowCap(1)")
    desk.credit(1)
    desk.refuse("credit", 1, "AboveWindowCap(0)")
    desk = over_window("ledger-no-window")
    desk.credit(2)


def test_the_window_slides_exactly():
    """What was credited at one second counts for `windowSeconds` seconds, this one included; no burst at any edge."""
    desk = Desk(window_seconds=1_000, listings=[(FAR, ZERO, (10**6, 100))])
    history = []

    def credit(amount):
        desk.credit(amount, token=ZERO)
        history.append((desk.chain.head().timestamp, amount))

    credit(60)
    desk.wait(400)
    credit(40)
    desk.refuse("credit", 1, "AboveWindowCap(0)", token=ZERO)
    first = history[0][0]
    desk.clock.advance(first + 1_000 - desk.clock.now() - 2)
    desk.refuse("credit", 1, "AboveWindowCap(0)", token=ZERO)
    desk.clock.advance(max(0, first + 1_000 - desk.clock.now()))
    credit(60)
    desk.refuse("credit", 1, "AboveWindowCap(0)", token=ZERO)
    for start, _ in history:
        assert sum(amount for at, amount in history if start <= at < start + 1_000) <= 100
    assert history[2][0] - first < 1_005


def test_only_the_queue_credits():
    desk = Desk()
    for sender in (OUTBOX, OWNER, STRANGER):
        desk.refuse("credit", 1, f"OnlyQueue({sender.address})", sender=sender)
    desk = Desk("ledger-anyone-credits")
    desk.chain.transact(desk.call("credit", 1), STRANGER)
    assert desk.totals() == (1, 0, 0)


# Release


def test_a_release_takes_from_the_credit_and_its_payment_frees_room():
    desk = Desk()
    desk.credit(100)
    desk.outbox("release", 60)
    assert (desk.totals(), desk.read("releasable"), desk.read("room")) == ((100, 60, 0), 40, WINDOW - 100)
    desk.outbox("settle", 60)
    assert (desk.totals(), desk.read("releasable")) == ((100, 60, 60), 40)
    desk.wait(WINDOW_SECONDS)
    desk.fill(NET - 40)
    assert (desk.totals(), desk.read("room")) == ((NET + 60, 60, 60), 0)


def uncredited(twin):
    desk = Desk(twin)
    desk.credit(100)
    desk.outbox("release", 100)
    return desk


def test_no_more_is_released_than_was_credited():
    desk = uncredited(None)
    desk.refuse("release", 1, "AboveCredit(0)")
    desk.outbox("settle", 100)
    desk.refuse("release", 1, "AboveCredit(0)")
    desk = uncredited("ledger-releases-uncredited")
    desk.outbox("release", NET)


def test_what_comes_back_can_be_released_again():
    desk = uncredited(None)
    desk.outbox("giveBack", 30)
    assert desk.totals() == (100, 70, 0)
    desk.outbox("release", 30)
    desk.refuse("release", 1, "AboveCredit(0)")


def given_back_after_payment(twin):
    desk = uncredited(twin)
    desk.outbox("settle", 100)
    return desk


def test_what_was_paid_does_not_come_back():
    desk = given_back_after_payment(None)
    desk.refuse("giveBack", 1, "NotOut(0)")
    desk.refuse("settle", 1, "NotOut(0)")
    desk = given_back_after_payment("ledger-gives-back-paid")
    desk.outbox("giveBack", 100)
    desk.outbox("release", 100)  # once more
    assert desk.totals() == (100, 100, 100)


def pumped(twin):
    """Release, forge a deposit in its place, have the release come back: more is owed than the cap allows."""
    desk = Desk(twin, listings=[(FAR, ZERO, (100, 100))], window_seconds=1)
    desk.credit(100, token=ZERO)
    desk.outbox("release", 100, token=ZERO)
    return desk


def test_a_release_that_comes_back_never_lifts_the_net_credit_above_the_cap():
    desk = pumped(None)
    desk.refuse("credit", 100, "AboveNetCap(0)", token=ZERO)
    desk.outbox("giveBack", 100, token=ZERO)
    desk.refuse("credit", 1, "AboveNetCap(0)", token=ZERO)
    assert desk.read("maxLoss", token=ZERO) == 100
    desk = pumped("ledger-return-frees-room")
    desk.wait(1)
    desk.credit(100, token=ZERO)
    desk.outbox("giveBack", 100, token=ZERO)
    assert desk.totals(token=ZERO) == (200, 0, 0)


@pytest.mark.parametrize("name", ["release", "settle", "giveBack"])
def test_only_the_outbox_takes(name):
    desk = Desk()
    desk.credit(100)
    desk.outbox("release", 50)
    for sender in (QUEUE, OWNER, STRANGER):
        desk.refuse(name, 1, f"OnlyOutbox({sender.address})", sender=sender)
    desk = Desk("ledger-anyone-releases")
    desk.credit(100)
    desk.outbox("release", 50)
    desk.chain.transact(desk.call(name, 50), STRANGER)


# Caps


def test_caps_fall_at_once_and_the_published_loss_is_never_too_low():
    desk = Desk()
    desk.credit(WINDOW)
    lower = (WINDOW // 2, WINDOW // 4)
    desk.owner("lowerCaps", lower)
    assert desk.caps() == lower
    assert (desk.read("room"), desk.read("maxLoss")) == (0, WINDOW)
    desk.refuse("credit", 1, "AboveNetCap(0)")
    desk.outbox("release", WINDOW)  # lowering stands in nobody's way out
    desk.outbox("settle", WINDOW)
    assert desk.read("maxLoss") == WINDOW // 2
    desk = Desk("ledger-understates-loss")
    desk.credit(WINDOW)
    desk.owner("lowerCaps", lower)
    assert desk.read("maxLoss") == WINDOW // 2 < desk.totals()[0]


def test_lowering_only_lowers():
    desk = Desk()
    for caps in ((NET + 1, WINDOW), (NET, WINDOW + 1)):
        desk.refuse_owner("lowerCaps", caps, error="CapsNotLower()")
    for caps in ((0, 0), (NET, 0), (WINDOW - 1, WINDOW)):
        desk.refuse_owner("lowerCaps", caps, error="InvalidCaps()")
    refused(desk.chain, desk.ledger.functions.lowerCaps(NEAR, ZERO, (1, 1)), f"NotListed({NEAR}, {ZERO})", sender=OWNER)
    desk = Desk("ledger-caps-rise-at-once")
    desk.owner("lowerCaps", (2 * NET, NET))
    assert desk.caps() == (2 * NET, NET)


def test_caps_have_floors():
    desk = Desk()
    floor = (NET // 20, WINDOW // 20)
    assert tuple(desk.read("floorOf")) == floor
    for caps in ((floor[0] - 1, floor[1]), (NET, floor[1] - 1)):
        desk.refuse_owner("lowerCaps", caps, error=f"BelowFloor({list(floor)})")
        desk.refuse_owner("proposeCaps", caps, error=f"BelowFloor({list(floor)})")
    desk.owner("lowerCaps", floor)
    assert desk.caps() == tuple(desk.read("floorOf")) == floor
    desk = Desk("ledger-no-floor")
    desk.owner("lowerCaps", (1, 1))
    assert desk.read("room") == 1


HIGHER = (10 * NET, 10 * WINDOW)


def test_caps_rise_after_seconds_and_blocks():
    desk = Desk()
    desk.owner("proposeCaps", HIGHER)
    made, block = desk.chain.head().timestamp, desk.chain.head().number
    ready, expires = made + CAPS_DELAY_SECONDS, made + CAPS_DELAY_SECONDS + 14 * 86_400
    caps, *times = desk.read("proposals")
    assert (tuple(caps), times) == (HIGHER, [ready, block + CAPS_DELAY_BLOCKS, expires])
    not_ready = f"NotReady({ready}, {block + CAPS_DELAY_BLOCKS})"
    desk.wait(0, CAPS_DELAY_BLOCKS)
    desk.refuse_owner("activateCaps", error=not_ready)
    assert desk.caps() == CAPS
    desk.wait(CAPS_DELAY_SECONDS)
    desk.owner("activateCaps", sender=STRANGER)
    assert desk.caps() == HIGHER
    assert desk.read("maxLoss") == HIGHER[0]
    assert tuple(desk.read("floorOf")) == (NET // 20, WINDOW // 20)
    desk.refuse_owner("activateCaps", error=f"NotProposed({FAR}, {desk.token.address})")


def halted(twin):
    """The chain stands still for as long as the delay, then makes one block."""
    desk = Desk(twin)
    desk.owner("proposeCaps", HIGHER)
    desk.wait(CAPS_DELAY_SECONDS)
    return desk


def test_a_halt_eats_no_delay():
    halted(None).refuse_owner("activateCaps", error="NotReady")
    desk = halted("ledger-delay-of-seconds-alone")
    desk.owner("activateCaps", sender=STRANGER)
    assert desk.caps() == HIGHER


def test_a_proposal_ends_by_cancelling_by_lowering_and_by_age():
    desk = Desk()
    desk.refuse_owner("cancelCaps", error=f"NotProposed({FAR}, {desk.token.address})")
    desk.owner("proposeCaps", HIGHER)
    desk.owner("cancelCaps")
    desk.refuse_owner("activateCaps", error="NotProposed")
    desk.owner("proposeCaps", HIGHER)
    desk.owner("lowerCaps", CAPS)
    desk.refuse_owner("activateCaps", error="NotProposed")
    desk.owner("proposeCaps", HIGHER)
    desk.wait(CAPS_DELAY_SECONDS + 14 * 86_400, CAPS_DELAY_BLOCKS)
    desk.refuse_owner("activateCaps", error="ProposalExpired")
    desk.owner("proposeCaps", HIGHER)
    for name in ("lowerCaps", "proposeCaps"):
        desk.refuse_owner(name, CAPS, error="OwnableUnauthorizedAccount", sender=STRANGER)
    desk.refuse_owner("cancelCaps", error="OwnableUnauthorizedAccount", sender=STRANGER)


def test_a_token_is_listed_by_the_same_delay():
    desk = Desk(listings=[])
    desk.refuse("credit", 1, "AboveNetCap(0)")
    desk.owner("proposeCaps", CAPS)
    desk.refuse("credit", 1, "AboveNetCap(0)")
    desk.wait(CAPS_DELAY_SECONDS, CAPS_DELAY_BLOCKS)
    desk.owner("activateCaps")
    desk.credit(1)
    assert tuple(desk.read("floorOf")) == (NET // 20, WINDOW // 20)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"owner": ZERO}, "OwnableInvalidOwner"),
        ({"queue": ZERO}, "InvalidParameters"),
        ({"outbox": ZERO}, "InvalidParameters"),
        ({"outbox": QUEUE.address}, "InvalidParameters"),
        ({"window_seconds": 0}, "InvalidParameters"),
        ({"window_seconds": 365 * 86_400 + 1}, "InvalidParameters"),
        ({"delay_seconds": 0}, "InvalidParameters"),
        ({"delay_seconds": 365 * 86_400 + 1}, "InvalidParameters"),
        ({"delay_blocks": 0}, "InvalidParameters"),
        ({"delay_blocks": 2**32}, "InvalidParameters"),
        ({"listings": [(FAR, ZERO, (0, 0))]}, "InvalidCaps"),
        ({"listings": [(FAR, ZERO, (5, 6))]}, "InvalidCaps"),
        ({"listings": [(FAR, ZERO, (6, 6)), (FAR, ZERO, (7, 7))]}, "AlreadyListed"),
    ],
)
def test_unsafe_parameters_are_refused(changed, error):
    with pytest.raises(TransactionReverted, match=error):
        Desk(**changed)


def test_the_reader_reads_all_of_it():
    desk = Desk()
    desk.credit(100)
    desk.outbox("release", 60)
    desk.outbox("settle", 20)
    reader = Ledger(desk.chain, desk.ledger.address)
    assert reader.credit(FAR, desk.token.address) == ChainCredit(
        credited=100, released=60, settled=20, net_cap=NET, window_cap=WINDOW, room=WINDOW - 100, max_loss=NET
    )
    assert reader.credit(FAR, desk.token.address).net == 80
    assert (reader.room(FAR, desk.token.address), reader.max_loss(FAR, desk.token.address)) == (WINDOW - 100, NET)
    assert reader.window_seconds() == WINDOW_SECONDS
