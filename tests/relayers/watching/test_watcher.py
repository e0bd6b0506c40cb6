"""Thieves with real keys, seen by somebody who only reads: the probe is alarming, what follows comes too late."""

from dataclasses import dataclass

import pytest
import rlp
from eth_account import Account
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from bridge.abi import ZERO_ADDRESS
from bridge.clients import encode_proof, encode_update
from bridge.light_clients import ClientStatus, LightClient
from bridge.packets import Packet, commitment_slot, packet_id
from bridge.payloads import ReleaseMessage
from bridge.vaults import Exit
from chains import Reason, TransactionReverted, Unavailable
from chains.proofs import AccountProof, StorageProof
from relayers.reports import Did, WaitsFor
from relayers.store import Store
from relayers.submitter import Submitter, SubmitterPolicy
from relayers.watching import AlarmKind, Watcher, WatchPolicy
from relayers.watching.answers import AnswerCheck
from relayers.watching.headers import HeaderCheck
from relayers.watching.releases import ReleaseCheck
from tests.relayers.conftest import EAST, ETHER, SETTLEMENT

GWEI = 10**9


def watch(network, store=None, *, guardian=None, waits=True, **arguments):
    store = store or Store()

    def submitters(account):
        policy = SubmitterPolicy(waits_for_inclusion=waits)
        return {number: Submitter(store, chain, [account], policy=policy) for number, chain in network.chains.items()}

    return Watcher(
        store,
        network.deployment,
        network.chains,
        signer=submitters(network.signer),
        guardian=guardian and submitters(guardian),
        **arguments,
    )


def a_block_later(network):
    """Both chains' clocks have passed whatever was done."""
    network.clock.advance(30)
    network.mine()


def raised(report):
    """Kinds of the alarms a step raised."""
    return [action.detail.partition(" ")[0] for action in report.actions if action.did is Did.ALARMED]


@dataclass
class Thief:
    """Holds the keys of a quorum of the settlement chain's validators; the vault on EAST believes what they seal."""

    network: object
    account: object
    nonce: int = 900

    def steal(self, wei):
        """Have the vault owe ether that nobody withdrew; answers the packet's id."""
        network = self.network
        vault, outbox = network.deployment.vault(EAST), network.deployment.settlement.outbox
        self.nonce += 1
        message = ReleaseMessage(
            withdrawal_id=self.nonce, asset=ZERO_ADDRESS, amount=wei, recipient=self.account.address
        )
        packet = Packet(
            source_chain=SETTLEMENT,
            source_mailbox=network.deployment.settlement.mailbox,
            destination_chain=EAST,
            destination_mailbox=vault.mailbox,
            route_epoch=1,
            nonce=self.nonce,
            sender=outbox,
            recipient=vault.vault,
            timeout_timestamp=network.clock.now() + 3_600,
            gas_limit=500_000,
            payload=message.encode(),
        )
        header, proof = self.forged(packet)
        east = network.chains[EAST]
        client = LightClient(east, vault.clients[SETTLEMENT])
        update = client.contract.functions.update(encode_update(header, header.validators))
        east.transact(update, self.account)
        receive = network.mailbox(EAST).contract.functions.receivePackets(
            [packet.as_abi()], encode_proof(header, proof), self.account.address
        )
        east.transact(receive, self.account, gas=3_000_000)
        return packet_id(packet)

    def forged(self, packet):
        """A sealed header whose state holds the packet's commitment and nothing else, and the proof of it."""
        network, identifier = self.network, packet_id(packet)
        slot = commitment_slot(identifier)
        leaf = rlp.encode([b"\x20" + keccak(slot.to_bytes(32, "big")), rlp.encode(identifier.lstrip(b"\x00"))])
        account = rlp.encode([b"\x01", b"", keccak(leaf), keccak(b"")])
        mailbox = to_canonical_address(packet.source_mailbox)
        state = rlp.encode([b"\x20" + keccak(mailbox), account])
        true = network.settlement.mine()
        keys = [validator.compromise() for validator in network.settlement.validators]
        proof = AccountProof(
            address=mailbox,
            account_nodes=(state,),
            storage_hash=keccak(leaf),
            storage=(StorageProof(slot=slot, value=int.from_bytes(identifier, "big"), nodes=(leaf,)),),
        )
        return true.altered(state_root=keccak(state)).sealed_by(keys[:3]), proof


@pytest.fixture
def thief(network):
    account = Account.from_key(keccak(b"thief"))
    network.deposit(EAST, ETHER, symbol="ETH")
    network.run()
    network.chains[EAST].transact({"to": account.address, "value": ETHER}, network.user)
    return Thief(network, account)


def test_honest_traffic_alarms_nobody(network):
    watcher = watch(network, guardian=None)
    network.deposit(EAST, ETHER, symbol="ETH")
    for _ in range(8):
        network.round()
        report = watcher.step()
        assert raised(report) == []
        assert not report.waiting
    assert not list(watcher.alarms.unanswered())


def test_a_deposit_that_comes_back_alarms_nobody(network):
    watcher = watch(network)
    network.deposit(EAST, ETHER, symbol="ETH", timeout=network.clock.now() + 600)
    network.clock.advance(3_600)
    network.mine()
    network.run()
    (entitlement,) = network.vault(EAST).entitled(0, network.chains[EAST].head().number)
    assert entitlement.amount == ETHER
    assert raised(watcher.step()) == []


def test_incident_3_the_probe_is_alarming(network, thief):
    watcher = watch(network)
    assert raised(watcher.step()) == []
    thief.steal(GWEI)
    a_block_later(network)
    assert sorted(raised(watcher.step())) == ["ForgedHeader", "UnmatchedRelease", "UnprovenAnswer"]
    assert raised(watcher.step()) == ["ClientFrozen"]
    assert raised(watcher.step()) == []


@pytest.mark.parametrize(
    ("blind", "left"),
    [
        (AnswerCheck, ["ForgedHeader", "UnmatchedRelease"]),
        (ReleaseCheck, ["ForgedHeader", "UnprovenAnswer"]),
        (HeaderCheck, ["UnmatchedRelease", "UnprovenAnswer"]),
    ],
)
def test_incident_3_each_check_sees_it_alone_and_its_twin_does_not(network, thief, blind, left, monkeypatch):
    monkeypatch.setattr(blind, "look", lambda _: iter(()))
    watcher = watch(network)
    thief.steal(GWEI)
    a_block_later(network)
    assert sorted(raised(watcher.step())) == left


def test_incident_3_the_client_is_frozen_with_the_true_header_so_that_nothing_follows(network, thief):
    watcher = watch(network)
    thief.steal(GWEI)
    a_block_later(network)
    report = watcher.step()
    assert [action.detail for action in report.actions if action.did is Did.SUBMITTED] == ["evidence"]
    client = LightClient(network.chains[EAST], network.deployment.vault(EAST).clients[SETTLEMENT])
    assert client.status() is ClientStatus.FROZEN
    with pytest.raises(TransactionReverted):
        thief.steal(10**17)
    a_block_later(network)
    assert raised(watcher.step()) == ["ClientFrozen"]


def test_incident_3_the_guardian_pauses_before_the_second_theft_is_paid(network, thief):
    """The probe is noticed; what was stolen by then waits in a vault that pays nobody."""
    watcher = watch(network, guardian=network.owner)
    thief.steal(GWEI)
    thief.steal(10**17)
    a_block_later(network)
    report = watcher.step()
    assert [action.detail for action in report.actions if action.did is Did.SUBMITTED].count("pause") == 1
    vault = network.vault(EAST)
    assert vault.is_paused()
    with pytest.raises(TransactionReverted) as caught:
        network.chains[EAST].transact(vault.drain(ZERO_ADDRESS, Exit.RELEASE, 9), thief.account)
    assert caught.value.error_name == "IsPaused"
    assert network.vault(EAST).paid(0, network.chains[EAST].head().number) == []
    assert raised(watcher.step()) in ([], ["ClientFrozen"])


def test_an_alarm_is_open_until_its_answer_is_final_and_a_dear_block_only_makes_it_dearer(network, thief):
    """Nothing is answered by a transaction that waits in a pool: it is replaced until a block takes it."""
    watcher = watch(network, guardian=network.owner, waits=False)
    thief.steal(GWEI)
    a_block_later(network)
    first = watcher.step()
    assert [action.detail for action in first.actions if action.did is Did.SUBMITTED].count("pause") == 1
    network.chains[EAST].fee_floor = 50 * GWEI  # a spike outruns what was offered
    a_block_later(network)
    assert not network.vault(EAST).is_paused()
    network.clock.advance(60)
    watcher.step()
    a_block_later(network)
    assert network.vault(EAST).is_paused()
    watcher.step()
    network.chains[EAST].fee_floor = 0
    for _ in range(3):
        a_block_later(network)
        watcher.step()
    assert list(watcher.alarms.unanswered()) == []


def test_a_vault_whose_chain_is_down_keeps_no_other_open(network, thief, monkeypatch):
    watcher = watch(network, guardian=network.owner)
    dead, vault = network.vault(EAST), network.vault(EAST)
    monkeypatch.setattr(dead, "is_paused", lambda: (_ for _ in ()).throw(Unavailable(Reason.NODE_UNREACHABLE)))
    watcher._answerer._vaults = [dead, vault]
    thief.steal(GWEI)
    a_block_later(network)
    report = watcher.step()
    assert vault.is_paused()
    assert WaitsFor.CHAIN in {wait.waits_for for wait in report.waiting}
    assert list(watcher.alarms.unanswered())


def test_incident_3_the_twin_whose_watcher_only_cries_pays_the_thief(network, thief, monkeypatch):
    monkeypatch.setattr("relayers.watching.answering.ANSWERED_BY_PAUSE", frozenset())
    watcher = watch(network, guardian=network.owner)
    thief.steal(GWEI)
    thief.steal(10**17)
    a_block_later(network)
    watcher.step()
    network.chains[EAST].transact(network.vault(EAST).drain(ZERO_ADDRESS, Exit.RELEASE, 9), thief.account)
    paid = network.vault(EAST).paid(0, network.chains[EAST].head().number)
    assert [payment.amount for payment in paid] == [GWEI, 10**17]


def test_incident_5_without_a_watcher_the_theft_goes_on(network, thief):
    """What the same keys take where nobody looks: everything the route lets through."""
    thief.steal(GWEI)
    thief.steal(10**17)
    owed = network.vault(EAST).entitled(0, network.chains[EAST].head().number)
    assert [entitlement.amount for entitlement in owed] == [GWEI, 10**17]


def test_an_alarm_survives_the_watcher(network, thief, tmp_path):
    thief.steal(GWEI)
    a_block_later(network)
    store = Store(tmp_path / "watcher.sqlite")
    assert len(raised(watch(network, store).step())) == 3
    store.close()
    assert raised(watch(network, Store(tmp_path / "watcher.sqlite")).step()) in ([], ["ClientFrozen"])


def test_a_watcher_whose_database_is_lost_alarms_again(network, thief):
    thief.steal(GWEI)
    a_block_later(network)
    assert "UnprovenAnswer" in raised(watch(network).step())
    assert "UnprovenAnswer" in raised(watch(network).step())


def test_a_reader_that_lags_waits_before_it_cries(network):
    """The source's node is behind the destination's: what was sent is not known yet, and that proves nothing."""
    watcher = watch(network)
    network.deposit(EAST, ETHER, symbol="ETH")
    sent_before = watcher._sent.read
    watcher._sent.read = lambda chain_id: None if chain_id == EAST else sent_before(chain_id)
    network.run()
    assert raised(watcher.step()) == []
    watcher._sent.read = sent_before
    assert raised(watcher.step()) == []


class TestPrivilegedCalls:
    def rattle(self, network, times):
        mailbox = network.mailbox(EAST).contract
        stranger = network.user
        for _ in range(times):
            with pytest.raises(TransactionReverted):
                network.chains[EAST].transact(mailbox.functions.setGuardian(stranger.address), stranger, gas=200_000)

    @pytest.mark.parametrize(("times", "alarms"), [(2, []), (3, ["PrivilegedCalls"])])
    def test_incident_7_failed_privileged_calls_are_alarming_from_the_third_on(self, network, times, alarms):
        watcher = watch(network, policy=WatchPolicy(privileged_failures_max=3))
        watcher.step()
        self.rattle(network, times)
        a_block_later(network)
        assert raised(watcher.step()) == alarms

    def test_incident_7_the_twin_that_watches_no_function_sees_none(self, network, monkeypatch):
        monkeypatch.setattr("relayers.watching.watcher.PRIVILEGED", frozenset())
        watcher = watch(network)
        self.rattle(network, 5)
        a_block_later(network)
        assert raised(watcher.step()) == []

    def test_incident_7_calls_spread_over_days_are_not(self, network):
        watcher = watch(network, policy=WatchPolicy(privileged_failures_max=3, privileged_window_seconds=600))
        for _ in range(4):
            self.rattle(network, 1)
            network.clock.advance(700)
            a_block_later(network)
            assert raised(watcher.step()) == []

    def test_incident_7_owners_and_failures_of_others_are_not(self, network):
        watcher = watch(network)
        mailbox = network.mailbox(EAST).contract
        for _ in range(4):
            network.chains[EAST].transact(mailbox.functions.setGuardian(network.owner.address), network.owner)
            with pytest.raises(TransactionReverted):
                network.chains[EAST].transact(mailbox.functions.expire([], ZERO_ADDRESS), network.user, gas=24_000)
        a_block_later(network)
        assert raised(watcher.step()) == []


def test_paying_out_more_than_expected_is_alarming(network, thief):
    policy = WatchPolicy(outflow_max={EAST: {ZERO_ADDRESS: 10 * GWEI}}, outflow_window_seconds=3_600)
    watcher = watch(network, policy=policy)
    for _ in range(2):
        thief.steal(6 * GWEI)
    pay = network.vault(EAST).drain(ZERO_ADDRESS, Exit.RELEASE, 1)
    network.chains[EAST].transact(pay, network.user)
    a_block_later(network)
    assert "Outflow" not in raised(watcher.step())
    network.chains[EAST].transact(pay, network.user)
    a_block_later(network)
    assert AlarmKind.OUTFLOW.value in raised(watcher.step())
