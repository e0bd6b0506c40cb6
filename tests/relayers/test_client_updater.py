from fractions import Fraction

import pytest

from bridge.clients import consensus_state, encode_update
from bridge.errors import Unavailable, WaitReason
from bridge.light_clients import ClientStatus, LightClient, overlap_needed, reachable_header
from chains import TransactionReverted, Validator
from relayers.client_updater import ClientUpdater, TrustPolicy
from relayers.reports import Did, WaitsFor

SETTLEMENT, EAST = 100, 101
DAY = 86_400


@pytest.fixture(name="client")
def _client(network):
    """The settlement chain's client of the east chain."""
    return LightClient(network.settlement, network.deployment.settlement.clients[EAST])


def updater(network, client, **policy):
    parameters = {"trusting_period_seconds": network.deployment.parameters.trusting_period_seconds, **policy}
    return ClientUpdater(
        network.store,
        client=client,
        follows=network.chains[EAST],
        signer=network.signer,
        policy=TrustPolicy(**parameters),
    )


def step(network, daemon):
    """A step, and the block that what it sent goes into."""
    report = daemon.step()
    network.settlement.mine()
    return report


def test_nobody_asks_nothing_happens(network, client):
    network.mine()
    assert updater(network, client).step().idle


def test_a_demand_is_met_with_the_latest_final_header(network, client):
    network.mine()
    network.mine()
    before = client.latest_height()
    network.store.demand(client.key, before + 1)
    report = step(network, updater(network, client))
    final = network.chains[EAST].finalized_header()
    assert report.count(Did.CLIENT_UPDATED) == 1
    assert client.latest_height() == final.number > before + 1
    stored = client.contract.functions.consensusHash(final.number).call()
    assert stored == consensus_state(final).digest
    assert [action.did for action in updater(network, client).step().actions] == [Did.INCLUDED, Did.FINALIZED]
    assert updater(network, client).step().idle


def test_a_demand_beyond_the_chain_waits(network, client):
    network.store.demand(client.key, 1_000)
    network.clock.advance(60)
    report = updater(network, client).step()
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.SOURCE_FINALITY]


def test_a_client_is_refreshed_before_it_expires(network, client):
    daemon = updater(network, client, refresh_after=Fraction(1, 2))
    network.clock.advance(7 * DAY - 1_000)
    network.mine()
    assert daemon.step().idle
    network.clock.advance(2_000)
    network.mine()
    assert step(network, daemon).count(Did.CLIENT_UPDATED) == 1
    assert client.latest_height() == network.chains[EAST].head().number


def test_an_expired_client_is_left_alone(network, client):
    network.clock.advance(15 * DAY)
    network.mine()
    assert client.status() is ClientStatus.EXPIRED
    report = updater(network, client).step()
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.CLIENT_FROZEN]
    assert not report.did


def test_a_frozen_client_is_left_alone_and_delivers_nothing(network, client):
    sent = network.deposit(EAST, 5)
    chain = network.chains[EAST]
    trusted = chain.header(client.latest_height()).validators
    keys = [validator.compromise() for validator in chain.validators.validators]
    header = chain.head()
    forged = header.altered(state_root=b"\6" * 32).sealed_by(keys)
    evidence = [encode_update(conflict, trusted) for conflict in (header, forged)]
    for update in evidence:
        network.settlement.transact(client.contract.functions.update(update), network.user)
    assert client.status() is ClientStatus.FROZEN
    reports = network.run()
    assert WaitsFor.CLIENT_FROZEN in [wait.waits_for for report in reports[-1] for wait in report.waiting]
    assert network.mailbox(SETTLEMENT).receipt(sent.packet_id) == bytes(32)


def test_a_header_one_seal_short_is_refused(network, client):
    chain = network.chains[EAST]
    header = chain.mine()
    trusted = chain.header(client.latest_height()).validators
    quorum = 3
    short = header.with_seals(header.seals[: quorum - 1])
    with pytest.raises(TransactionReverted) as refusal:
        network.settlement.transact(client.contract.functions.update(encode_update(short, trusted)), network.user)
    assert refusal.value.error_name == "QuorumNotReached"
    enough = header.with_seals(header.seals[:quorum])
    network.settlement.transact(client.contract.functions.update(encode_update(enough, trusted)), network.user)
    assert client.latest_height() == header.number


def replace_one_by_one(network, count):
    """Hand the east chain over to other validators, one a block, until none of the first is left."""
    chain = network.chains[EAST]
    members = list(chain.validators.validators)
    for number in range(count):
        members = [*members[1:], Validator(bytes([100 + number]) * 32)]
        chain.rotate(members)
        network.clock.advance(5)
        chain.mine()


def test_a_chain_that_changed_all_its_validators_is_followed_in_steps(network, client):
    replace_one_by_one(network, 4)
    chain = network.chains[EAST]
    network.store.demand(client.key, chain.head().number)
    daemon = updater(network, client)
    steps = 0
    while client.latest_height() < chain.head().number:
        assert step(network, daemon).count(Did.CLIENT_UPDATED) == 1
        steps += 1
    assert steps > 1
    assert client.status() is ClientStatus.ACTIVE


def test_a_sudden_change_of_all_validators_is_not_trusted(network, client):
    chain = network.chains[EAST]
    chain.rotate([Validator(bytes([100 + number]) * 32) for number in range(4)])
    network.clock.advance(5)
    chain.mine()
    network.store.demand(client.key, chain.head().number)
    daemon = updater(network, client)
    for _ in range(6):
        report = step(network, daemon)
    assert [wait.waits_for for wait in report.waiting] == [WaitsFor.TRUST]
    assert client.latest_height() == chain.head().number - 1


@pytest.mark.parametrize(
    ("trusted", "numerator", "denominator", "needed"),
    [(4, 2, 3, 3), (3, 2, 3, 2), (1, 2, 3, 1), (4, 1, 3, 2), (4, 1, 1, 4), (7, 2, 3, 5)],
)
def test_the_overlap_is_rounded_up(trusted, numerator, denominator, needed):
    assert overlap_needed(trusted, numerator, denominator) == needed


def test_no_reachable_header_is_unavailable_not_rejected(network):
    chain = network.chains[EAST]
    trusted = chain.head()
    chain.rotate([Validator(bytes([100 + number]) * 32) for number in range(4)])
    with pytest.raises(Unavailable) as gap:
        reachable_header(chain.header, trusted=trusted, target=chain.mine(), numerator=2, denominator=3)
    assert gap.value.reason is WaitReason.TRUST_GAP
