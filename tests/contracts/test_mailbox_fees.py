"""Fees: escrowed to the wei, shared out once, pulled by whoever earned them, and no ether lost or made on the way."""

import random
from dataclasses import replace

import pytest

from bridge.attributes import FEES, encode_attributes
from bridge.packets import Fees, packet_id
from chains.errors import TransactionReverted
from tests.contracts.conversing import Mode, as_abi, converse
from tests.contracts.harness import (
    FAR,
    GUARDIAN,
    NEAR,
    RELAYER,
    STRANGER,
    TRADER,
    ZERO,
    deploy,
    interoperable,
    new_house,
    refused,
)
from tests.contracts.vaulting import force_ether

PAID = Fees(deliver=70, acknowledge=20, expire=30, refund_to=TRADER.address)


def mailbox(talk):
    return talk.link.mailboxes[NEAR]


def owed(talk, payee):
    return talk.link.near.call(mailbox(talk).functions.owed(payee))


def escrowed(talk):
    return talk.link.near.balance(mailbox(talk).address)


def deliver(talk, packet, payee):
    receipt = talk.link.far.transact(talk.link.delivery([packet], payee=payee), RELAYER)
    return talk.link.answers(talk.link.far, receipt, [packet])


def expire(talk, packet, payee):
    if talk.link.far.next_context().timestamp < packet.timeout_timestamp:
        talk.link.until(packet.timeout_timestamp, talk.link.far)
    call = talk.link.mailboxes[FAR].functions.expire(as_abi([packet]), payee)
    return talk.link.answers(talk.link.far, talk.link.far.transact(call, RELAYER), [packet])


def acknowledge(talk, answers, payee):
    return talk.link.near.transact(talk.link.acknowledgement(answers, payee=payee), RELAYER)


def shares(talk, *payees):
    return [owed(talk, payee) for payee in payees]


EVERYBODY = (GUARDIAN.address, STRANGER.address, TRADER.address)


@pytest.mark.parametrize("mode", [Mode.ACCEPT, Mode.FAIL])
def test_a_delivery_pays_deliverer_and_acknowledger_whatever_the_recipient_does(mode):
    talk = converse()
    talk.behave(talk.listener, mode)
    packet = talk.send(fees=PAID)
    assert escrowed(talk) == 90
    acknowledge(talk, deliver(talk, packet, GUARDIAN.address), STRANGER.address)
    assert shares(talk, *EVERYBODY) == [70, 20, 0]
    assert escrowed(talk) == 90


def pay_for_expiry(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    packet = talk.send(fees=PAID, timeout_timestamp=talk.link.clock.now() + 100)
    acknowledge(talk, expire(talk, packet, GUARDIAN.address), STRANGER.address)
    return shares(talk, *EVERYBODY)


def test_an_expiry_pays_its_own_share_and_the_rest_goes_back():
    assert pay_for_expiry(None) == [30, 20, 40]
    assert pay_for_expiry("mailbox-pays-the-larger-share") == [70, 20, 0]


def test_an_expiry_may_be_worth_more_than_a_delivery():
    talk = converse()
    fees = Fees(deliver=1, expire=5, refund_to=TRADER.address)
    acknowledge(talk, deliver(talk, talk.send(fees=fees), GUARDIAN.address), STRANGER.address)
    assert shares(talk, *EVERYBODY) == [1, 0, 4]


def test_what_is_for_nobody_goes_back():
    talk = converse()
    acknowledge(talk, deliver(talk, talk.send(fees=PAID), ZERO), STRANGER.address)
    assert shares(talk, *EVERYBODY, ZERO) == [0, 20, 70, 0]
    acknowledge(talk, deliver(talk, talk.send(fees=PAID), GUARDIAN.address), ZERO)
    assert shares(talk, *EVERYBODY, ZERO) == [70, 20, 90, 0]


def test_one_relayer_earns_both_shares_and_a_refund_may_be_its_own():
    talk = converse()
    acknowledge(talk, deliver(talk, talk.send(fees=PAID), TRADER.address), TRADER.address)
    assert owed(talk, TRADER.address) == 90


def test_how_fees_were_shared_is_on_record():
    talk = converse()
    packet = talk.send(fees=PAID, timeout_timestamp=talk.link.clock.now() + 100)
    receipt = acknowledge(talk, expire(talk, packet, GUARDIAN.address), STRANGER.address)
    block = receipt["blockNumber"]
    (event,) = talk.link.near.logs(mailbox(talk).events.FeesShared(), block, block)
    assert dict(event["args"]) == {
        "packetId": packet_id(packet),
        "answerPayee": GUARDIAN.address,
        "answerShare": 30,
        "acknowledgePayee": STRANGER.address,
        "acknowledgeShare": 20,
        "refundTo": TRADER.address,
        "refund": 40,
    }


def test_a_packet_without_fees_shares_nothing():
    talk = converse()
    receipt = acknowledge(talk, deliver(talk, talk.send(), GUARDIAN.address), STRANGER.address)
    assert talk.link.near.logs(mailbox(talk).events.FeesShared(), receipt["blockNumber"], receipt["blockNumber"]) == ()
    assert shares(talk, *EVERYBODY) == [0, 0, 0]


def test_answering_twice_pays_once():
    talk = converse()
    answers = deliver(talk, talk.send(fees=PAID), GUARDIAN.address)
    acknowledge(talk, [*answers, *answers], STRANGER.address)
    acknowledge(talk, answers, GUARDIAN.address)
    assert shares(talk, *EVERYBODY) == [70, 20, 0]


def test_only_the_payee_of_the_receipt_is_paid():
    talk = converse()
    (answer,) = deliver(talk, talk.send(fees=PAID), GUARDIAN.address)
    stolen = replace(answer, payee=STRANGER.address)
    refused(talk.link.near, talk.link.acknowledgement([stolen]), "ValueMismatch")
    acknowledge(talk, [answer], ZERO)
    assert shares(talk, *EVERYBODY) == [70, 0, 20]


# Sending


@pytest.mark.parametrize("value", [0, 89, 91, 120])
def test_the_escrow_is_exact(value):
    talk = converse()
    send = talk.speaker.functions.send(
        mailbox(talk).address, interoperable(FAR, talk.listener), b"", encode_attributes(fees=PAID)
    )
    refused(talk.link.near, send, f"WrongFee({value}, 90)", value=value)
    talk.link.near.transact(send, RELAYER, value=90)


def unpaid(twin):
    talk = converse(twins=twin and {"Mailbox": twin})
    send = talk.speaker.functions.send(
        mailbox(talk).address, interoperable(FAR, talk.listener), b"", encode_attributes(fees=PAID)
    )
    (packet,) = talk.link.sent(talk.link.near, talk.link.near.transact(send, RELAYER))
    acknowledge(talk, deliver(talk, packet, GUARDIAN.address), STRANGER.address)
    return talk


def test_fees_that_nobody_paid_are_promised_by_the_twin_alone():
    with pytest.raises(TransactionReverted, match=r"WrongFee\(0, 90\)"):
        unpaid(None)
    talk = unpaid("mailbox-unpaid-fees")
    assert (owed(talk, GUARDIAN.address), escrowed(talk)) == (70, 0)


WORDS = [value.to_bytes(32, "big") for value in (70, 20, 30, int(TRADER.address, 16))]


@pytest.mark.parametrize(
    "attribute",
    [
        FEES,
        FEES + b"".join(WORDS[:3]),
        FEES + b"".join(WORDS) + bytes(32),
        FEES + b"".join(WORDS) + b"\0",
        FEES + b"".join([*WORDS[:3], bytes(32)]),
        FEES + b"".join([*WORDS[:3], b"\x01" + WORDS[3][1:]]),
        FEES + b"".join([(2**96).to_bytes(32, "big"), *WORDS[1:]]),
        FEES + b"".join([WORDS[0], (2**96).to_bytes(32, "big"), *WORDS[2:]]),
        FEES + b"".join([*WORDS[:2], (2**256 - 1).to_bytes(32, "big"), WORDS[3]]),
    ],
)
def test_fees_have_one_encoding(attribute):
    talk = converse()
    send = mailbox(talk).functions.sendMessage
    refused(talk.link.near, send(interoperable(FAR, talk.listener), b"", [attribute]), "InvalidAttribute", value=90)
    twice = encode_attributes(fees=PAID) * 2
    refused(talk.link.near, send(interoperable(FAR, talk.listener), b"", twice), "InvalidAttribute", value=90)


def test_the_largest_fees_fit():
    talk = converse()
    most = 2**96 - 1
    fees = Fees(deliver=most, acknowledge=most, expire=most, refund_to=TRADER.address)
    send = mailbox(talk).functions.sendMessage(interoperable(FAR, talk.listener), b"", encode_attributes(fees=fees))
    with pytest.raises(TransactionReverted, match=rf"WrongFee\(1, {2 * most}\)"):
        talk.link.near.transact(send, RELAYER, value=1)


# Withdrawing


def withdraw(twin, times):
    talk = converse(twins=twin and {"Mailbox": twin})
    earned, _ = talk.send(fees=PAID), talk.send(fees=PAID)
    acknowledge(talk, deliver(talk, earned, GUARDIAN.address), STRANGER.address)
    before = talk.link.near.balance(GUARDIAN.address)
    for _ in range(times):
        talk.link.near.transact(mailbox(talk).functions.withdrawFees(GUARDIAN.address), STRANGER)
    return talk, talk.link.near.balance(GUARDIAN.address) - before


def test_anyone_may_have_a_payee_paid_and_only_once():
    talk, gained = withdraw(None, 1)
    assert (gained, owed(talk, GUARDIAN.address), escrowed(talk)) == (70, 0, 110)
    call = mailbox(talk).functions.withdrawFees(GUARDIAN.address)
    refused(talk.link.near, call, f"NothingOwed({GUARDIAN.address})")
    _, gained = withdraw("mailbox-pays-fees-twice", 2)
    assert gained == 140


def test_a_payee_that_takes_no_ether_hurts_itself_alone():
    talk = converse()
    fees = Fees(deliver=7, acknowledge=2, refund_to=talk.speaker.address)
    acknowledge(talk, deliver(talk, talk.send(fees=fees), talk.speaker.address), STRANGER.address)
    withdraw_fees = mailbox(talk).functions.withdrawFees
    refused(talk.link.near, withdraw_fees(talk.speaker.address), f"PayeeRefused({talk.speaker.address})")
    assert owed(talk, talk.speaker.address) == 7
    talk.link.near.transact(withdraw_fees(STRANGER.address), RELAYER)
    assert owed(talk, STRANGER.address) == 0


# Deposits


def deposit_with_fees(house, asset, amount, fees, value):
    call = house.vault.functions.deposit(asset, amount, STRANGER.address, 0, *fees)
    return house.link.sent(house.link.far, house.link.far.transact(call, TRADER, value=value))[0]


def test_a_deposit_may_pay_its_carriers_and_is_refunded_the_rest():
    house = new_house()
    far, box = house.link.far, house.link.mailboxes[FAR]
    token = deposit_with_fees(house, house.token.address, 100, (70, 20, 30), 90)
    ether = deposit_with_fees(house, ZERO, 500, (70, 20, 90), 610)
    assert token.fees == PAID
    assert ether.fees == Fees(deliver=70, acknowledge=20, expire=90, refund_to=TRADER.address)
    assert far.balance(box.address) == 90 + 110
    assert far.balance(house.vault.address) == 500
    assert far.call(house.vault.functions.holdings(ZERO)) == 500
    house.link.acknowledge(*house.link.deliver(token, ether))
    assert far.call(box.functions.owed(RELAYER.address)) == 180
    assert far.call(box.functions.owed(TRADER.address)) == 20


def test_a_deposits_ether_is_amount_and_fees_exactly():
    house = new_house()
    for asset, amount, value in (
        (house.token.address, 100, 89),
        (house.token.address, 100, 91),
        (house.token.address, 100, 190),
        (ZERO, 500, 590 - 1),
        (ZERO, 500, 590 + 1),
        (ZERO, 500, 500),
        (ZERO, 500, 89),
    ):
        call = house.vault.functions.deposit(asset, amount, STRANGER.address, 0, 70, 20, 30)
        refused(house.link.far, call, f"WrongValue({value})", sender=TRADER, value=value)


# Conservation


class Market:
    """Packets with fees in every state, and people who move them at random."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.talk = converse()
        self.forced = 0
        self.sent, self.answered = [], []
        self.refuser = deploy(self.talk.link.near, "TestSink")

    def payee(self):
        return self.random.choice([RELAYER.address, STRANGER.address, TRADER.address, self.refuser.address, ZERO])

    def send(self):
        amounts = [self.random.choice([0, 1, self.random.randrange(10**18)]) for _ in range(3)]
        refund_to = self.random.choice([TRADER.address, self.refuser.address])
        fees = Fees(deliver=amounts[0], acknowledge=amounts[1], expire=amounts[2], refund_to=refund_to)
        timeout = self.talk.link.clock.now() + self.random.choice([200, 5_000])
        self.sent.append(self.talk.send(fees=fees, timeout_timestamp=timeout))

    def answer(self):
        if not self.sent:
            return
        packet = self.random.choice(self.sent)
        if self.talk.link.far.next_context().timestamp < packet.timeout_timestamp and self.random.random() < 0.7:
            self.answered += deliver(self.talk, packet, self.payee())
        else:
            self.answered += expire(self.talk, packet, self.payee())

    def acknowledge(self):
        if self.answered:
            answers = self.random.sample(self.answered, self.random.randint(1, min(3, len(self.answered))))
            acknowledge(self.talk, answers, self.payee())

    def withdraw(self):
        payee = self.payee()
        call = mailbox(self.talk).functions.withdrawFees(payee)
        if owed(self.talk, payee) and payee != self.refuser.address:
            self.talk.link.near.transact(call, STRANGER)
        else:
            refused(self.talk.link.near, call, "NothingOwed", "PayeeRefused")

    def force(self):
        force_ether(self.talk.link.near, mailbox(self.talk).address, 5)
        self.forced += 5

    def check(self):
        near, functions = self.talk.link.near, mailbox(self.talk).functions
        open_packets = [packet for packet in self.sent if any(near.call(functions.commitments(packet_id(packet))))]
        escrows = sum(packet.fees.escrow for packet in open_packets)
        payees = {RELAYER.address, STRANGER.address, TRADER.address, self.refuser.address, ZERO}
        debts = sum(owed(self.talk, payee) for payee in payees)
        assert escrowed(self.talk) == escrows + debts + self.forced


@pytest.mark.filterwarnings("ignore:SELFDESTRUCT:DeprecationWarning")
@pytest.mark.parametrize("seed", range(4))
def test_the_balance_is_what_is_escrowed_and_owed(seed):
    market = Market(seed)
    moves = [market.send] * 3 + [market.answer] * 3 + [market.acknowledge] * 2 + [market.withdraw, market.force]
    for _ in range(30):
        market.random.choice(moves)()
        market.check()
    assert market.answered
