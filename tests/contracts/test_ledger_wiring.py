"""Queue and outbox keep the ledger: nothing is credited, released, paid or returned past it."""

from bridge.packets import Status
from tests.contracts.harness import CAPS, FAR, STRANGER, TRADER, ZERO, new_house
from tests.contracts.test_withdrawal_outbox import AMOUNT, Office


def totals(house, token=None):
    return tuple(house.link.near.call(house.ledger.functions.totals(FAR, token or house.token.address)))


def deposit(house, amount):
    call = house.vault.functions.deposit(house.token.address, amount, TRADER.address, 0)
    (packet,) = house.link.sent(house.link.far, house.link.far.transact(call, TRADER))
    return packet


def too_much(twin):
    house = new_house(twins=twin and {"ForcedQueue": twin})
    packet = deposit(house, CAPS[1] + 1)
    (answer,) = house.link.deliver(packet)
    return house, packet, answer


def test_a_deposit_above_a_cap_is_answered_with_an_error_and_refunded():
    house, _, answer = too_much(None)
    assert answer.status is Status.FAILURE
    assert house.link.near.call(house.queue.functions.count()) == 0
    assert totals(house) == (0, 0, 0)
    house.link.acknowledge(answer)
    before = house.link.far.call(house.token.functions.balanceOf(TRADER.address))
    house.link.far.transact(house.vault.functions.drainRefunds(house.token.address, 1), STRANGER)
    after = house.link.far.call(house.token.functions.balanceOf(TRADER.address))
    assert after - before == CAPS[1] + 1

    house, _, answer = too_much("queue-uncounted-deposit")
    assert (answer.status, totals(house)) == (Status.SUCCESS, (0, 0, 0))


def test_a_refused_deposit_leaves_the_next_one_its_room():
    house = new_house()
    answers = house.link.deliver(*[deposit(house, amount) for amount in (CAPS[1], 1)])
    assert [answer.status for answer in answers] == [Status.SUCCESS, Status.FAILURE]
    assert totals(house) == (CAPS[1], 0, 0)
    assert house.link.near.call(house.ledger.functions.room(FAR, house.token.address)) == 0
    assert house.link.near.call(house.ledger.functions.room(FAR, ZERO)) > 0


def overdrawn(twin):
    """A withdrawal in the state of more than its chain was ever credited."""
    office = Office(twin=twin, amount=5 * AMOUNT + 1)
    return office, office.call()


def test_a_state_that_owes_more_than_came_in_releases_none_of_it():
    office, call = overdrawn(None)
    office.refuse(call, f"AboveCredit({5 * AMOUNT})")
    assert not office.is_spent()
    office.link.deliver(deposit(office.house, 1))
    office.release()  # it was only waiting
    office, call = overdrawn("outbox-uncounted-release")
    office.link.near.transact(call, STRANGER)
    assert office.is_spent()


def settled(twin):
    office = Office(twin=twin)
    office.link.acknowledge(*office.link.deliver(office.release()))
    return totals(office.house)


def test_a_payment_is_settled_by_its_answer():
    assert settled(None) == (5 * AMOUNT, AMOUNT, AMOUNT)
    assert settled("outbox-forgets-payment") == (5 * AMOUNT, AMOUNT, 0)


def returned(twin):
    office = Office(twin=twin, stubborn=True)
    first = office.release()
    assert totals(office.house) == (5 * AMOUNT, AMOUNT, 0)
    office.link.acknowledge(*office.link.deliver(first))
    return office


def test_a_release_that_failed_is_given_back_to_the_ledger():
    office = returned(None)
    assert totals(office.house) == (5 * AMOUNT, 0, 0)
    office.release()
    assert totals(office.house) == (5 * AMOUNT, AMOUNT, 0)
    office = returned("outbox-forgets-return")
    assert totals(office.house) == (5 * AMOUNT, AMOUNT, 0)
    for _ in range(4):  # nobody was paid, and the chain's credit is used up
        office.link.acknowledge(*office.link.deliver(office.release()))
    office.refuse(office.call(), "AboveCredit(0)")
