"""Attestors sign what is final and nothing else, once; whoever carries their words checks them all."""

import threading
from dataclasses import replace

import pytest
import requests

from bridge.light_clients import ClientStatus
from chains import EndpointNode, QbftFinal, QuorumChain, Reason, Rejected
from chains.quorum_provider import QuorumProvider
from chains.sign_record import MemorySignRecord, SqliteSignRecord
from relayers.attesting import ApprovalBook, AttestationCarrier, AttestedClient, Attestor, KeptApproval
from relayers.reports import Did
from relayers.store import Store
from relayers.submitter import Submitter, SubmitterPolicy
from tests.chains.meddler import Meddler
from tests.contracts.attesting import attest
from tests.contracts.harness import OWNER, RELAYER


@pytest.fixture
def made():
    return attest()


def client_of(made):
    return AttestedClient(made.host, made.client.address)


def attestor(made, number=0, *, store=None, follows=None, record=None, **arguments):
    return Attestor(
        store or Store(),
        client=client_of(made),
        follows=follows or made.source,
        domain=made.domain,
        key=made.team[number],
        record=record or MemorySignRecord(),
        interval_seconds=1,
        **arguments,
    )


def carrier(made, sources):
    store = Store()
    submitter = Submitter(store, made.host, [RELAYER], policy=SubmitterPolicy(waits_for_inclusion=True))
    return AttestationCarrier(store, client=client_of(made), domain=made.domain, sources=sources, signer=submitter)


def done(daemon, did):
    return daemon.step().count(did)


def begin(made):
    """The client's first state, so that it has a height to start from."""
    header = made.mine()
    made.take(made.update(made.attestation(header)))
    return header


def test_enough_attestors_bring_the_client_forward(made):
    begin(made)
    header = made.mine()
    team = [attestor(made, number) for number in range(3)]
    carried = carrier(made, [one.book for one in team])
    for one in team[:2]:
        assert done(one, Did.PUBLISHED) == 1
    assert done(carried, Did.CLIENT_UPDATED) == 0
    assert done(team[2], Did.PUBLISHED) == 1
    assert done(carried, Did.CLIENT_UPDATED) == 1
    assert client_of(made).latest_height() == header.number
    assert made.status is ClientStatus.ACTIVE
    assert done(carried, Did.CLIENT_UPDATED) == 0


def test_while_an_update_is_on_its_way_no_second_is_sent(made):
    begin(made)
    header = made.mine()
    team = [attestor(made, number) for number in range(3)]
    for one in team:
        one.step()
    store, books = Store(), [one.book for one in team]
    fresh = {"client": client_of(made), "domain": made.domain, "sources": books}
    mine = AttestationCarrier(store, signer=RELAYER, **fresh)
    anothers = AttestationCarrier(Store(), signer=OWNER, **fresh)
    assert done(mine, Did.CLIENT_UPDATED) == 1
    assert (done(mine, Did.CLIENT_UPDATED), done(anothers, Did.CLIENT_UPDATED)) == (0, 0)
    made.host.mine()
    assert client_of(made).latest_height() == header.number


def test_a_height_is_signed_once(made):
    begin(made)
    made.mine()
    one = attestor(made)
    assert [done(one, Did.PUBLISHED) for _ in range(3)] == [1, 0, 0]


def test_a_restarted_attestor_signs_no_second_state_though_its_database_is_gone(made, tmp_path):
    begin(made)
    header = made.mine()
    record = SqliteSignRecord(tmp_path / "signed.sqlite")
    assert done(attestor(made, record=record), Did.PUBLISHED) == 1
    record.close()
    record = SqliteSignRecord(tmp_path / "signed.sqlite")
    liar = attestor(made, record=record)
    forged = header.altered(state_root=b"\x66" * 32).sealed_by(
        [validator.compromise() for validator in made.source.validators]
    )
    liar._follows = Pretending(made.source, forged)
    report = liar.step()
    assert report.count(Did.PUBLISHED) == 0
    assert "DoubleSign" in report.waiting[0].detail
    assert not liar.book.approvals()


def test_the_twin_without_a_record_signs_both(made):
    begin(made)
    header = made.mine()
    assert done(attestor(made), Did.PUBLISHED) == 1
    liar = attestor(made)
    liar._follows = Pretending(made.source, header.altered(state_root=b"\x66" * 32))
    assert done(liar, Did.PUBLISHED) == 1


class Pretending:
    """A chain whose newest final header is another."""

    def __init__(self, chain, header):
        self._chain, self._header = chain, header

    def finalized_header(self):
        return self._header

    def __getattr__(self, name):
        return getattr(self._chain, name)


class Served:
    """Approvals as some source gives them."""

    def __init__(self, *kept):
        self._kept = kept

    def approvals(self):
        return self._kept


class TestWhatACarrierRefuses:
    @pytest.fixture
    def honest(self, made):
        begin(made)
        made.mine()
        team = [attestor(made, number) for number in range(3)]
        for one in team:
            one.step()
        return [kept for one in team for kept in one.book.approvals()]

    @pytest.mark.parametrize(
        "change",
        [
            lambda kept: {"state_root": "66" * 32},
            lambda kept: {"height": kept.height + 1},
            lambda kept: {"epoch": 7},
            lambda kept: {"expiry": kept.expiry + 1},
            lambda kept: {"expiry": 1},
            lambda kept: {"v": 29},
            lambda kept: {"r": "0" * 64},
            lambda kept: {"s": "f" * 64},
            lambda kept: {"r": "zz"},
            lambda kept: {"block_hash": "not hex"},
            lambda kept: {"signer": "0x" + "11" * 20},
            lambda kept: {"signer": RELAYER.address},
        ],
    )
    def test_one_altered_approval_is_one_too_few(self, made, honest, change):
        fields = {name: getattr(honest[0], name) for name in KeptApproval.__struct_fields__}
        altered = KeptApproval(**{**fields, **change(honest[0])})
        assert done(carrier(made, [Served(altered, *honest[1:])]), Did.CLIENT_UPDATED) == 0
        assert done(carrier(made, [Served(*honest)]), Did.CLIENT_UPDATED) == 1

    def test_one_signer_three_times_is_one(self, made, honest):
        assert done(carrier(made, [Served(honest[0]), Served(honest[0]), Served(honest[0])]), Did.CLIENT_UPDATED) == 0

    def test_a_source_that_is_down_is_one_source_less(self, made, honest):
        class Down:
            def approvals(self):
                from chains import Unavailable  # noqa: PLC0415

                raise Unavailable(Reason.NODE_UNREACHABLE)

        assert done(carrier(made, [Down(), Served(*honest)]), Did.CLIENT_UPDATED) == 1


def test_old_approvals_leave_the_book(made):
    store = Store()
    begin(made)
    one = attestor(made, store=store)
    for _ in range(70):
        made.mine()
        one.step()
    assert len(ApprovalBook(store, client_of(made).key).approvals()) <= 65


class LockedNode(Meddler):
    """A node's link, for several threads."""

    LOCK = threading.RLock()

    def make_request(self, method, params):
        with self.LOCK:
            return super().make_request(method, params)


class TestIncident51:
    """KelpDAO: one of three nodes lies to the attestors alone, the two honest ones are flooded."""

    def nodes(self, made, forged):
        flooded, liar = [LockedNode(made.source) for _ in range(2)], LockedNode(forged)
        for node in flooded:
            node.make_request = down
        return [*flooded, liar]

    def attestors(self, made):
        """Three attestors over the same three endpoints, and a chain in which the thief is rich."""
        begin(made)
        made.mine()
        forged = made.source.fork(made.clock)
        forged.mine()
        forged.mine()
        nodes = self.nodes(made, forged)
        team = []
        for number in range(3):
            endpoints = [EndpointNode(str(place), node, made.source.chain_id) for place, node in enumerate(nodes)]
            follows = QuorumChain(
                endpoints, chain_id=made.source.chain_id, quorum=2, finality=QbftFinal(), clock=made.clock
            )
            team.append(attestor(made, number, follows=follows))
        return team, forged

    def test_incident_51_attestors_without_a_quorum_sign_nothing(self, made):
        team, _ = self.attestors(made)
        for one in team:
            report = one.step()
            assert report.count(Did.PUBLISHED) == 0
            assert "QuorumLost" in report.waiting[0].detail
        assert done(carrier(made, [one.book for one in team]), Did.CLIENT_UPDATED) == 0

    def test_incident_51_the_twin_that_falls_back_to_any_live_node_signs_the_forgery(self, made, monkeypatch):
        team, forged = self.attestors(made)
        for one in team:
            del one._follows.provider.quorum
        monkeypatch.setattr(QuorumProvider, "quorum", 1, raising=False)
        assert [done(one, Did.PUBLISHED) for one in team] == [1, 1, 1]
        assert done(carrier(made, [one.book for one in team]), Did.CLIENT_UPDATED) == 1
        assert client_of(made).latest_height() == forged.head().number
        with pytest.raises(Rejected):
            made.source.header(forged.head().number)


def down(_method, _params):
    raise requests.ConnectionError


def test_an_approval_is_what_was_signed(made):
    header = begin(made)
    made.mine()
    one = attestor(made)
    one.step()
    (kept,) = one.book.approvals()
    assert kept.is_signed(made.domain)
    assert not kept.is_signed(replace(made.domain, client_chain_id=9))
    assert kept.attestation.height == header.number + 1
