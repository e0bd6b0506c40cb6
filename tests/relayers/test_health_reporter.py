"""The health reporter: says what the queue does not know yet, once, and pays for nothing else."""

import pytest

from bridge.clients import encode_update
from relayers.health_reporter import HealthReporter
from relayers.reports import Did, WaitsFor
from tests.contracts.following import keys_of
from tests.relayers.test_venue import EAST, WEST


class Watched:
    """A network and a reporter of both its vault chains."""

    def __init__(self, network):
        self.network = network
        self.start()

    def start(self):
        self.reporter = HealthReporter(self.network.store, self.network.queue, [EAST, WEST], self.network.signer)

    def step(self):
        report = self.reporter.step()
        self.network.settlement.mine()
        return report

    def state(self, chain_id):
        return self.network.queue.chain_state(chain_id)

    def freeze(self, chain_id):
        network = self.network
        chain, host = network.chains[chain_id], network.settlement
        client = host.contract("QbftLightClient", network.deployment.settlement.clients[chain_id])
        trusted = chain.header(host.call(client.functions.latestHeight()))
        network.clock.advance(5)
        chain.mine()
        header = chain.finalized_header()
        for shown in (header, header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(chain.validators))):
            host.transact(client.functions.update(encode_update(shown, trusted.validators)), network.owner)


@pytest.fixture(name="watched")
def _watched(make_network):
    return Watched(make_network(vaults=(EAST, WEST)))


def test_of_healthy_chains_there_is_nothing_to_say(watched):
    report = watched.step()
    assert report.idle
    assert not report.waiting
    assert watched.network.queue.count() == 0


def test_a_frozen_client_is_reported_once(watched):
    watched.freeze(EAST)
    assert watched.step().count(Did.SUBMITTED) == 1
    assert (watched.state(EAST).is_sick, watched.state(WEST).is_sick) == (True, False)
    count = watched.network.queue.count()
    assert count == 2
    for _ in range(3):
        report = watched.step()
        assert not report.count(Did.SUBMITTED)
        assert [wait.waits_for for wait in report.waiting] == [WaitsFor.CLIENT_FROZEN]
    assert watched.network.queue.count() == count


def test_one_that_lost_its_database_reports_nothing_twice(watched):
    watched.freeze(EAST)
    watched.step()
    watched.network.start()
    watched.start()
    assert not watched.step().count(Did.SUBMITTED)
    assert watched.network.queue.count() == 2


def test_what_somebody_else_reported_is_known(watched):
    watched.freeze(WEST)
    network = watched.network
    network.settlement.transact(network.queue.contract.functions.reportHealth(WEST), network.user)
    assert not watched.step().count(Did.SUBMITTED)


def test_a_recovery_is_begun_waited_for_and_ended(watched):
    """A client that works again is what a new route brings; here its queue is told that there is one."""
    watched.freeze(EAST)
    watched.step()
    network = watched.network
    mailbox = network.settlement.contract("Mailbox", network.deployment.settlement.mailbox)
    old = network.settlement.call(mailbox.functions.route(EAST, 1))
    other = network.deployment.settlement.clients[WEST]
    parameters = network.deployment.parameters
    route = (other, old[1], 2, *old[3:])
    network.settlement.transact(mailbox.functions.proposeRoute(EAST, route), network.owner)
    network.clock.advance(parameters.max_timeout_seconds + parameters.max_proof_age_seconds)
    for _ in range(parameters.route_delay_blocks):
        network.settlement.mine()
    network.settlement.transact(mailbox.functions.activateRoute(EAST, route), network.owner)
    assert watched.step().count(Did.SUBMITTED) == 1
    assert watched.state(EAST).ready_at
    report = watched.step()
    assert not report.count(Did.SUBMITTED)
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.RECOVERY]
    behind = network.settlement.head().timestamp - network.clock.now()
    network.clock.advance(max(0, behind) + parameters.health_recovery_seconds)
    for _ in range(parameters.health_recovery_blocks):
        network.settlement.mine()
    assert watched.step().count(Did.SUBMITTED) == 1
    assert not watched.state(EAST).is_sick
    assert network.queue.count() == 4
    assert not watched.step().count(Did.SUBMITTED)
