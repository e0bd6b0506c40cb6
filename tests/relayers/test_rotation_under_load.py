"""Validators come and go while packets flow, fall silent, are bought and lie; keys outlive their office."""

import random
from collections import Counter

import pytest
from eth_account import Account
from eth_utils import keccak

from bridge.abi import abi_encode
from bridge.attributes import encode_attributes
from bridge.clients import encode_client_proof, encode_proof, encode_update
from bridge.errors import Unavailable, WaitReason
from bridge.interoperable import encode_evm
from bridge.light_clients import ClientStatus, LightClient
from bridge.packets import Status, commitment_slot, packet_id
from bridge.relaying import Way, deliver, send_message, update_client
from chains import Rejected, TransactionReverted, Validator
from relayers.crash_points import CrashPoint
from relayers.reports import Did

SETTLEMENT, EAST = 100, 101
WAYS = ((EAST, SETTLEMENT), (SETTLEMENT, EAST))
FEWEST, MOST = 4, 7


class Rotation:
    """Changes one chain's validators by at most one between two blocks: adds, removes, or replaces the oldest."""

    def __init__(self, chain, dice):
        self.chain = chain
        self.dice = dice
        self.members = list(chain.validators.validators)
        self.founders = tuple(self.members)
        self.retired = []
        self.rotated_at = chain.head().number

    def turn(self):
        if self.chain.head().number == self.rotated_at:
            return
        self.rotated_at = self.chain.head().number
        changes = ["replace"]
        changes += ["add"] if len(self.members) < MOST else []
        changes += ["remove"] if len(self.members) > FEWEST else []
        change = self.dice.choice(changes)
        if change != "add":
            self.retired.append(self.members.pop(0))
        if change != "remove":
            number = len(self.retired) + len(self.members)
            self.members.append(Validator(keccak(f"late {self.chain.chain_id} {number}".encode())))
        self.chain.rotate(self.members)


class Traffic:
    """A contract on either chain that sends to the one on the other."""

    def __init__(self, network):
        self.network = network
        self.contracts = {chain_id: network.recipient(chain_id) for chain_id in (SETTLEMENT, EAST)}
        self.sent = Counter()

    def send(self, source, destination, count):
        """Into the next block, without waiting for it."""
        chain, mailbox = self.network.chains[source], self.network.mailbox(source).address
        target = encode_evm(destination, self.contracts[destination].address)
        for _ in range(count):
            self.sent[source] += 1
            payload = self.sent[source].to_bytes(4, "big")
            call = self.contracts[source].functions.send(mailbox, target, payload, encode_attributes(gas_limit=300_000))
            chain.send(call, self.network.user, gas=1_000_000)

    def ids(self, source):
        mailbox, head = self.network.mailbox(source), self.network.chains[source].head().number
        return [sent.packet_id for sent in mailbox.sent(0, head)]


def test_no_packet_is_lost_or_executed_twice_while_validators_rotate(make_network):
    """Rotations happen between the rounds and in the middle of the daemons' steps."""
    dice = random.Random(7)
    network = make_network()
    rotations = [Rotation(network.chains[chain_id], dice) for chain_id in (SETTLEMENT, EAST)]
    traffic = Traffic(network)

    def between_two_effects(point):
        if point in (CrashPoint.AFTER_PERSIST, CrashPoint.AFTER_READ) and dice.random() < 0.3:
            dice.choice(rotations).turn()

    network.start(hook=between_two_effects)
    updates = 0
    for _ in range(16):
        for source, destination in WAYS:
            traffic.send(source, destination, dice.randrange(1, 6))
        for rotation in rotations:
            rotation.turn()
        updates += sum(report.count(Did.CLIENT_UPDATED) for report in network.round())
    network.start()
    network.run(rounds=40)

    for rotation in rotations:
        assert set(rotation.founders) <= set(rotation.retired), "every first validator is gone"
    assert updates >= 16
    for source, destination in WAYS:
        sent = traffic.ids(source)
        head = network.chains[destination].head().number
        answers = network.mailbox(destination).answered(0, head)
        assert len(sent) == traffic.sent[source] > 30
        assert Counter(answer.packet_id for answer in answers) == Counter(sent)
        assert {answer.status for answer in answers} == {Status.SUCCESS}
        assert traffic.contracts[destination].functions.received().call() == len(sent)
        assert traffic.contracts[source].functions.answered().call() == len(sent)
        assert not any(any(network.mailbox(source).commitment(identifier)) for identifier in sent)
        client = LightClient(network.chains[source], network.deployment.chain(source).clients[destination])
        assert client.status() is ClientStatus.ACTIVE


def rotate_out_founders(network, way):
    """Replace all of the east chain's validators one by one, the client following; returns the founders."""
    chain = network.chains[EAST]
    rotation = Rotation(chain, random.Random(1))
    while rotation.founders[-1] not in rotation.retired:
        rotation.turn()
        network.clock.advance(5)
        chain.mine()
    network.clock.advance(5)
    chain.mine()
    update_client(way.forward, chain, network.signer)
    return rotation.founders


def refused(network, call):
    with pytest.raises(TransactionReverted) as refusal:
        network.settlement.transact(call, network.user)
    return refusal.value.error_name


def test_retired_keys_are_worth_nothing(network):
    chain, way = (
        network.chains[EAST],
        Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT),
    )
    home = network.recipient(SETTLEMENT)
    first = chain.header(way.forward.latest_height())
    skipped = chain.header(first.number + 1)
    founders = rotate_out_founders(network, way)
    keys = [founder.compromise() for founder in founders]
    names = tuple(sorted(founder.address for founder in founders))
    network.clock.advance(5)
    header = chain.mine()
    trusted = chain.header(way.forward.latest_height()).validators
    update = way.forward.contract.functions.update

    # The state they would like: a packet that nobody sent, committed in the mailbox.
    forged = header.altered(state_root=keccak(b"where the money is ours"))
    under_new_names = forged.sealed_by(keys)
    assert refused(network, update(encode_update(under_new_names, trusted))) == "ForeignSigner"
    under_old_names = forged.altered(validators=names).sealed_by(keys)
    assert refused(network, update(encode_update(under_old_names, trusted))) == "OverlapNotReached"
    assert refused(network, update(encode_update(under_old_names, names))) == "WrongTrustedValidators"
    assert not any(way.forward.contract.functions.consensusHash(skipped.number).call())
    for old, why in ((skipped, "HeightNotGreater"), (first, "OverlapNotReached")):
        past = old.altered(state_root=keccak(b"rewritten")).sealed_by(keys)
        assert refused(network, update(encode_update(past, trusted))) == why
    for founder in founders:
        with pytest.raises(Rejected):
            founder.seal(header)

    # And the packet itself, with a proof under a height the client does not know or a state it does not hold.
    packet = send_message(way, home.address, b"honest", network.user)
    lie = type(packet)(**{name: getattr(packet, name) for name in packet.__slots__} | {"payload": b"forged"})
    receive = way.destination.contract.functions.receivePackets
    proof = chain.get_proof(way.source.address, [commitment_slot(bytes(32))], header.number)
    assert refused(network, receive([lie.as_abi()], encode_proof(under_old_names, proof), network.user.address)) == (
        "UnknownHeight"
    )
    known = abi_encode(["uint64", "bytes"], [way.forward.latest_height(), encode_client_proof(under_old_names, proof)])
    refused(network, receive([lie.as_abi()], known, network.user.address))
    assert home.functions.received().call() == 0
    assert way.forward.status() is ClientStatus.ACTIVE

    # Those in office still convince.
    update_client(way.forward, chain, network.signer)
    (answer,) = deliver(way, [packet], network.signer)
    assert (answer.status, home.functions.lastPayload().call()) == (Status.SUCCESS, b"honest")


def split_brain(network, *, bought):
    """One block sealed without the last of four validators, and a rival to it that he and the bought ones seal."""
    chain = network.chains[EAST]
    validators = chain.validators.validators
    assert len(validators) == 4
    validators[3].online = False
    network.clock.advance(5)
    honest = chain.mine()
    validators[3].online = True
    for validator in validators[:bought]:
        validator.equivocates = True
    return honest, chain.forge(honest.number, signers=[*validators[:bought], validators[3]])


def test_one_liar_short_of_a_third_changes_nothing(network):
    chain, way = (
        network.chains[EAST],
        Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT),
    )
    sent = network.deposit(EAST, 5)
    honest, rival = split_brain(network, bought=1)
    assert len(rival.seals) == 2
    update_client(way.forward, chain, network.signer)
    assert way.forward.latest_height() >= honest.number
    update = way.forward.contract.functions.update(encode_update(rival, honest.validators))
    assert refused(network, update) == "QuorumNotReached"
    evidence = abi_encode(
        ["bytes", "bytes"], [encode_update(honest, honest.validators), encode_update(rival, honest.validators)]
    )
    assert refused(network, way.forward.contract.functions.misbehaviour(evidence)) == "QuorumNotReached"
    with pytest.raises(Rejected):
        chain.forge(honest.number, signers=[chain.validators.validators[1]])
    assert way.forward.status() is ClientStatus.ACTIVE
    network.run()
    assert network.mailbox(EAST).commitment(sent.packet_id) == bytes(32)
    assert network.queue.count() == 1


def test_enough_liars_freeze_the_client_and_nothing_is_delivered_any_more(network):
    chain, way = (
        network.chains[EAST],
        Way.between(network.deployment, network.chains, source=EAST, destination=SETTLEMENT),
    )
    home = network.recipient(SETTLEMENT)
    before = send_message(way, home.address, b"before", network.user)
    update_client(way.forward, chain, network.signer)
    assert len(deliver(way, [before], network.signer)) == 1
    packet = send_message(way, home.address, b"proven, not delivered", network.user)
    honest, rival = split_brain(network, bought=2)
    assert len(rival.seals) == 3
    update_client(way.forward, chain, network.signer, height=honest.number)
    passer_by = Account.from_key("0x" + "22" * 32)
    network.settlement.transact(
        way.forward.contract.functions.update(encode_update(rival, honest.validators)), passer_by
    )
    assert way.forward.status() is ClientStatus.FROZEN
    with pytest.raises(TransactionReverted) as refusal:
        deliver(way, [packet], network.signer)
    assert refusal.value.error_name == "ClientNotActive"
    later = send_message(way, home.address, b"later", network.user)
    with pytest.raises(Unavailable) as behind:
        deliver(way, [later], network.signer)
    assert behind.value.reason is WaitReason.CLIENT_BEHIND
    network.run()
    assert home.functions.received().call() == 1
    answers = network.mailbox(SETTLEMENT).answered(0, network.settlement.head().number)
    assert [answer.packet_id for answer in answers] == [packet_id(before)]
