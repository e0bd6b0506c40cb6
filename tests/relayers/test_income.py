"""What the books say was earned is what the fee contracts owe the relayer, wei for wei."""

from fractions import Fraction

import pytest

from bridge.packets import Fees
from relayers.profit import ProfitRule
from relayers.store import Store
from relayers.submitter import totals
from tests.relayers.conftest import EAST, SETTLEMENT

REFUND_TO = "0x" + "22" * 20
FEES = Fees(deliver=3 * 10**15, acknowledge=10**15, expire=2 * 10**15, refund_to=REFUND_TO)


def owed(network):
    """To the relayer, by chain."""
    return {
        number: network.mailbox(number).contract.functions.owed(network.signer.address).call()
        for number in (EAST, SETTLEMENT)
    }


def booked(network):
    """Earned, by the chain whose wei it is: the source of the route."""
    found = {EAST: 0, SETTLEMENT: 0}
    for total in totals(network.store):
        if total.route:
            found[int(total.route.partition("->")[0])] += total.earned_wei
    return found


def send(network, source, destination, **attributes):
    sender, recipient = network.recipient(source), network.recipient(destination)
    return network.send(sender, source, recipient, destination, fees=FEES, gas_limit=200_000, **attributes)


def test_income_is_what_the_contracts_owe(network):
    send(network, EAST, SETTLEMENT)
    send(network, EAST, SETTLEMENT)
    send(network, SETTLEMENT, EAST)
    network.run()
    assert booked(network) == owed(network)
    assert booked(network)[SETTLEMENT] == FEES.deliver + FEES.acknowledge
    spent = {total.chain_id for total in totals(network.store) if total.spent_wei}
    assert spent == {EAST, SETTLEMENT}


def test_an_expiry_brings_its_own_fee(network):
    late = send(network, EAST, SETTLEMENT, timeout_timestamp=network.clock.now() + 300)
    network.clock.advance(600)
    network.mine()
    network.run()
    assert booked(network) == owed(network) == {EAST: FEES.expire + FEES.acknowledge, SETTLEMENT: 0}
    assert late.packet.fees == FEES


def test_what_another_delivered_is_not_our_income(network):
    send(network, EAST, SETTLEMENT)
    network.fleet, mine = network.build(Store(), network.owner), network.fleet
    network.run()
    network.fleet = mine
    network.run()
    assert booked(network) == owed(network) == {EAST: 0, SETTLEMENT: 0}


@pytest.mark.parametrize(("share", "carried"), [(Fraction(1), True), (Fraction(10**12), False)])
def test_a_packet_is_carried_when_it_pays(network, share, carried):
    network.start(profit=ProfitRule(minimum_share=share))
    send(network, EAST, SETTLEMENT)
    network.run()
    assert (booked(network)[EAST] > 0) is carried
