"""Several clients of one chain as one: what one of them is made to believe moves nothing."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import rlp
from eth_abi.abi import encode
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.exceptions import Web3Exception

from bridge.abi import abi_encode
from bridge.attestations import encode_evidence, encode_member
from bridge.clients import CONSENSUS_STATE_TYPE, consensus_state, encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from chains.errors import TransactionReverted
from chains.headers import SealedHeader
from tests.contracts.attesting import BALANCE, Attesting, addresses, attest, parameters, signers
from tests.contracts.following import keys_of
from tests.contracts.harness import RELAYER, TRADER, ZERO, client_arguments, deploy, refused

VERIFY = "verifyStorage(uint64,address,bytes32[],bytes32[],bytes)"
ACTIVE, EXPIRED, FROZEN = ClientStatus
LOOT = 10**30


def ascending(members: list[Contract]) -> list[Contract]:
    return sorted(members, key=lambda member: int(member.address, 16))


@dataclass(slots=True, kw_only=True)
class Trio:
    """A header client and attestors on one chain, and the aggregate of the two, of which both must agree."""

    attesting: Attesting
    trusted: SealedHeader
    headers: Contract
    aggregate: Contract = field(init=False)
    members: list[Contract] = field(init=False)
    twin: str | None = None

    def __post_init__(self) -> None:
        self.members = ascending([self.headers, self.attesting.client])
        arguments: list[Any] = [[member.address for member in self.members], 2]
        self.aggregate = deploy(self.attesting.host, "AggregateClient", *arguments, twin=self.twin)

    def place(self, member: Contract) -> int:
        return [one.address for one in self.members].index(member.address)

    def by_headers(self, header: SealedHeader) -> bytes:
        return encode_member(self.place(self.headers), encode_update(header, self.trusted.validators))

    def by_attestors(self, header: SealedHeader, **altered: Any) -> bytes:
        update = self.attesting.update(self.attesting.attestation(header, **altered))
        return encode_member(self.place(self.attesting.client), update)

    def take(self, routed: bytes) -> UpdateResult:
        call = self.aggregate.functions.update(routed)
        result = UpdateResult(self.attesting.host.call(call, block="pending"))
        self.attesting.send(call)
        return result

    def verification(self, header: SealedHeader, **changed: Any) -> Any:
        call = self.attesting.verification(header, **changed)
        return self.aggregate.functions.verifyStorage(*call.args)

    @property
    def status(self) -> ClientStatus:
        return ClientStatus(self.attesting.host.call(self.aggregate.functions.status(), block="pending"))


def trio(twin: str | None = None) -> Trio:
    attesting = attest()
    trusted = attesting.mine()
    headers = deploy(attesting.host, "QbftLightClient", *client_arguments(trusted))
    made = Trio(attesting=attesting, trusted=trusted, headers=headers, twin=twin)
    attesting.clock.advance(max(0, attesting.host.head().timestamp - attesting.clock.now()))
    return made


def forge(made: Trio, header: SealedHeader) -> tuple[bytes, dict[str, Any]]:
    """A state root in which TRADER is rich, and what proves it: (root, arguments of the verification)."""
    slot, _ = made.attesting.proof_of_balance(header)
    storage_leaf = rlp.encode([b"\x20" + keccak(slot.to_bytes(32, "big")), rlp.encode(LOOT)])
    account = rlp.encode([b"\x01", b"", keccak(storage_leaf), keccak(b"")])
    state_leaf = rlp.encode([b"\x20" + keccak(to_canonical_address(made.attesting.token.address)), account])
    state = replace(consensus_state(header), state_root=keccak(state_leaf))
    proof = abi_encode([CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"], [state.as_abi(), [state_leaf], [[storage_leaf]]])
    return keccak(state_leaf), {"value": LOOT, "proof": proof}


# Agreement


def test_what_both_believe_is_believed():
    made = trio()
    header = made.attesting.mine()
    assert made.status is EXPIRED
    assert made.take(made.by_headers(header)) is UpdateResult.UPDATED
    refused(made.attesting.host, made.verification(header), "MembersNotReached(1, 2)")
    assert made.take(made.by_attestors(header)) is UpdateResult.UPDATED
    assert made.attesting.host.call(made.verification(header)) == header.timestamp
    assert made.status is ACTIVE
    assert made.attesting.host.call(made.aggregate.functions.latestHeight()) == header.number


def test_the_same_proof_serves_every_member():
    made = trio()
    header = made.attesting.mine()
    made.take(made.by_headers(header))
    made.take(made.by_attestors(header))
    call = made.attesting.verification(header)
    for client in (made.headers, made.attesting.client, made.aggregate):
        assert made.attesting.host.call(client.functions.verifyStorage(*call.args)) == header.timestamp


def test_words_that_are_not_there_are_proven_to_nobody():
    made = trio()
    header = made.attesting.mine()
    made.take(made.by_headers(header))
    made.take(made.by_attestors(header))
    for wrong in (
        {"value": BALANCE + 1},
        {"value": 0},
        {"slots": []},
        {"height": header.number + 1},
        {"account": TRADER.address},
        {"proof": b""},
    ):
        refused(made.attesting.host, made.verification(header, **wrong), "MembersNotReached(0, 2)")


# One of them is lost (incident 4: below the threshold, nothing)


def test_stolen_attestor_keys_alone_forge_nothing():
    made = trio()
    header = made.attesting.mine()
    root, loot = forge(made, header)
    assert made.take(made.by_attestors(header, state_root=root)) is UpdateResult.UPDATED
    made.take(made.by_headers(header))
    assert made.attesting.host.call(made.attesting.verification(header, **loot)) == header.timestamp
    refused(made.attesting.host, made.verification(header, **loot), "MembersNotReached(1, 2)")
    refused(made.attesting.host, made.verification(header), "MembersNotReached(1, 2)")


def test_stolen_validator_keys_alone_forge_nothing():
    made = trio()
    header = made.attesting.mine()
    root, _ = forge(made, header)
    forged = header.altered(state_root=root).sealed_by(keys_of(made.attesting.source.validators))
    _, loot = forge(made, forged)
    assert made.take(made.by_headers(forged)) is UpdateResult.UPDATED
    made.take(made.by_attestors(header))
    call = made.attesting.verification(forged, **loot)
    assert made.attesting.host.call(made.headers.functions.verifyStorage(*call.args)) == header.timestamp
    refused(made.attesting.host, made.verification(forged, **loot), "MembersNotReached(1, 2)")


def test_the_twin_for_which_one_is_enough():
    made = trio("aggregate-one-is-enough")
    header = made.attesting.mine()
    root, loot = forge(made, header)
    made.take(made.by_attestors(header, state_root=root))
    assert made.attesting.host.call(made.verification(header, **loot)) == header.timestamp


def test_the_twin_that_takes_silence_for_consent():
    made = trio("aggregate-counts-failures")
    header = made.attesting.mine()
    _, loot = forge(made, header)
    assert made.attesting.host.call(made.verification(header, **loot))


def test_a_frozen_member_believes_nothing():
    made = trio()
    header = made.attesting.mine()
    made.take(made.by_headers(header))
    made.take(made.by_attestors(header))
    assert made.take(made.by_attestors(header, state_root=b"\x66" * 32)) is UpdateResult.MISBEHAVIOUR
    assert made.attesting.status is FROZEN
    assert made.status is FROZEN
    refused(made.attesting.host, made.verification(header), "MembersNotReached(1, 2)")


# Routing


def test_updates_reach_the_member_and_its_answer_comes_back():
    made = trio()
    header = made.attesting.mine()
    assert made.take(made.by_attestors(header)) is UpdateResult.UPDATED
    assert made.take(made.by_attestors(header)) is UpdateResult.NO_OP
    assert made.take(made.by_headers(header)) is UpdateResult.UPDATED
    assert made.take(made.by_headers(header)) is UpdateResult.NO_OP
    host = made.attesting.host
    crossed = encode_member(1 - made.place(made.headers), encode_update(header, made.trusted.validators))
    with pytest.raises(TransactionReverted):
        host.transact(made.aggregate.functions.update(crossed), RELAYER)
    few = made.attesting.update(made.attesting.attestation(made.attesting.mine()), made.attesting.team[:1])
    routed = encode_member(made.place(made.attesting.client), few)
    refused(host, made.aggregate.functions.update(routed), "QuorumNotReached(1, 3)")


def test_evidence_reaches_the_member():
    made = trio()
    header = made.attesting.mine()
    first = made.attesting.update(made.attesting.attestation(header))
    second = made.attesting.update(made.attesting.attestation(header, state_root=b"\x66" * 32))
    place = made.place(made.attesting.client)
    misbehaviour = made.aggregate.functions.misbehaviour
    refused(made.attesting.host, misbehaviour(encode_member(place, encode_evidence(first, first))), "NoConflict()")
    made.attesting.send(misbehaviour(encode_member(place, encode_evidence(first, second))))
    assert made.attesting.status is FROZEN


@pytest.mark.parametrize("member", [2, 3, 2**256 - 1])
def test_nobody_names_a_verifier_of_their_own(member):
    """Incident 12: members are counted off, never given by address."""
    made = trio()
    functions = made.aggregate.functions
    for call in (functions.update(encode_member(member, b"")), functions.misbehaviour(encode_member(member, b""))):
        refused(made.attesting.host, call, f"UnknownMember({member})")
    assert made.attesting.host.call(functions.members()) == [one.address for one in made.members]
    changing = {
        entry["name"]
        for entry in made.aggregate.abi
        if entry.get("stateMutability") == "nonpayable" and "name" in entry
    }
    assert changing == {"update", "misbehaviour"}


def test_bytes_that_are_no_route():
    made = trio()
    for routed in (b"", bytes(31), bytes(32), encode_member(0, b"")[:-32]):
        refused(made.attesting.host, made.aggregate.functions.update(routed), "MalformedEncoding()")


# Who may be a member (incidents 2, 15)


def members_of(count):
    host = attest().host
    return host, ascending([deploy(host, "TestMember") for _ in range(count)])


@pytest.mark.parametrize(("count", "required"), [(2, 2), (3, 2), (3, 3), (4, 3), (5, 3), (8, 5), (8, 8)])
def test_a_majority_of_two_or_more(count, required):
    host, members = members_of(count)
    aggregate = deploy(host, "AggregateClient", [one.address for one in members], required)
    assert host.call(aggregate.functions.required()) == required


@pytest.mark.parametrize(
    ("count", "required"), [(0, 0), (1, 1), (2, 0), (2, 1), (2, 3), (3, 1), (3, 4), (4, 2), (6, 3), (8, 4), (9, 5)]
)
def test_no_fewer_and_no_minority(count, required):
    host, members = members_of(count)
    with pytest.raises(TransactionReverted) as caught:
        deploy(host, "AggregateClient", [one.address for one in members], required)
    assert caught.value.error == "InvalidMembers()"


def test_members_are_distinct_contracts():
    host, members = members_of(3)
    given = [one.address for one in members]
    for wrong in (
        given[::-1],
        [given[0], *given[:2]],
        [ZERO, *given[:2]],
        [*given[:2], to_checksum_address("0x" + "ff" * 20)],
    ):
        with pytest.raises(TransactionReverted) as caught:
            deploy(host, "AggregateClient", wrong, 2)
        assert caught.value.error == "InvalidMembers()"


def test_the_twin_that_counts_one_member_twice():
    attesting = attest()
    twice = [attesting.client.address] * 2
    aggregate = deploy(attesting.host, "AggregateClient", twice, 2, twin="aggregate-counts-one-twice")
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    call = attesting.verification(header)
    assert attesting.host.call(aggregate.functions.verifyStorage(*call.args)) == header.timestamp


def test_the_twin_in_which_two_halves_disagree():
    """Two of four: either pair is enough for its own story."""
    host, members = members_of(4)
    aggregate = deploy(host, "AggregateClient", [one.address for one in members], 2, twin="aggregate-no-majority")
    stories = [7, 7, 9, 9]
    for member, story in zip(members, stories, strict=True):
        answer(host, member, VERIFY, story)
    assert host.call(question(aggregate)) == 7


# Members that do anything (2 of 3)


def answer(host, member, function, value):
    output = value if isinstance(value, bytes) else encode(["uint256"], [value])
    host.transact(member.functions.answer(keccak(text=function)[:4], output), RELAYER)


def question(aggregate):
    return aggregate.functions.verifyStorage(1, TRADER.address, [b"\x01" * 32], [b"\x01" * 32], b"proof")


@dataclass(slots=True, kw_only=True)
class Panel:
    """Three members that say what they are told to, of whom two must agree."""

    host: Any
    members: list[Contract]
    aggregate: Contract

    def says(self, *answers: Any, function: str = VERIFY) -> None:
        for member, given in zip(self.members, answers, strict=True):
            if isinstance(given, str):
                modes = ["answer", "fail", "burn", "bomb", "costly"]
                self.host.transact(member.functions.configure(modes.index(given)), RELAYER)
            else:
                answer(self.host, member, function, given)

    def verified(self) -> int:
        return int(self.host.call(question(self.aggregate)))

    def refusal(self) -> str:
        with pytest.raises(TransactionReverted) as caught:
            self.verified()
        return caught.value.error

    def status(self) -> ClientStatus:
        return ClientStatus(self.host.call(self.aggregate.functions.status()))

    def height(self) -> int:
        return int(self.host.call(self.aggregate.functions.latestHeight()))


def panel(twin=None, count=3, required=2):
    host, members = members_of(count)
    aggregate = deploy(host, "AggregateClient", [one.address for one in members], required, twin=twin)
    return Panel(host=host, members=members, aggregate=aggregate)


BROKEN = ["fail", "burn", "bomb", b"", b"\x01", bytes(31), bytes(33), bytes(64), 2**64, 2**256 - 1]


@pytest.mark.parametrize("place", range(3))
@pytest.mark.parametrize("broken", BROKEN, ids=repr)
def test_a_broken_member_neither_counts_nor_stops_the_others(broken, place):
    judged = panel()
    answers = [7, 7]
    answers.insert(place, broken)
    judged.says(*answers)
    assert judged.verified() == 7
    answers = [7, broken]
    answers.insert(place, broken)
    judged.says(*answers)
    assert judged.refusal() == "MembersNotReached(1, 2)"


def test_members_that_date_it_differently_do_not_agree():
    judged = panel()
    judged.says(7, 8, 9)
    assert judged.refusal() == "MembersNotReached(1, 2)"
    judged.says(1, 8, 8)
    assert judged.verified() == 8
    judged.says(2**64 - 1, 8, 8)
    assert judged.verified() == 8
    twin = panel("aggregate-mixes-answers")
    twin.says(7, 8, 9)
    assert twin.verified() == 8


STANDINGS = {
    (ACTIVE, ACTIVE, ACTIVE): ACTIVE,
    (ACTIVE, ACTIVE, FROZEN): ACTIVE,
    (ACTIVE, ACTIVE, "fail"): ACTIVE,
    (FROZEN, ACTIVE, ACTIVE): ACTIVE,
    (ACTIVE, EXPIRED, FROZEN): EXPIRED,
    (EXPIRED, EXPIRED, EXPIRED): EXPIRED,
    (ACTIVE, EXPIRED, "burn"): EXPIRED,
    (ACTIVE, FROZEN, FROZEN): FROZEN,
    (ACTIVE, "bomb", FROZEN): FROZEN,
    ("fail", "fail", "fail"): FROZEN,
    (ACTIVE, 3, 2**255): FROZEN,
}


@pytest.mark.parametrize("standing", STANDINGS, ids=str)
def test_the_status_is_that_of_enough_members(standing):
    judged = panel()
    judged.says(*standing, function="status()")
    assert judged.status() is STANDINGS[standing]


HEIGHTS = {
    (5, 6, 7): 6,
    (7, 6, 5): 6,
    (6, 5, 6): 6,
    (2**64 - 1, 5, 6): 6,
    (2**64, 5, 6): 5,
    ("fail", 5, 6): 5,
    (5, "burn", 6): 5,
    (5, "fail", "bomb"): 0,
}


@pytest.mark.parametrize("heights", HEIGHTS, ids=str)
def test_the_height_is_one_that_enough_members_have_reached(heights):
    judged = panel()
    judged.says(*heights, function="latestHeight()")
    assert judged.height() == HEIGHTS[heights]


def starved(twin):
    """The answers of `status` for every amount of gas, where it gives any."""
    judged = panel(twin, count=2)
    judged.says(ACTIVE, ACTIVE, function="status()")
    judged.says("costly", "costly")
    answers = set()
    request = {"to": judged.aggregate.address, "data": judged.aggregate.encode_abi("status", [])}
    for gas in range(180_000, 230_000, 1_000):
        try:
            output = judged.host.w3.eth.call({**request, "gas": gas})
        except Web3Exception:
            continue
        answers.add(ClientStatus(int.from_bytes(output, "big")))
    return answers


def test_no_amount_of_gas_makes_a_healthy_member_look_lost():
    assert starved(None) == {ACTIVE}
    assert FROZEN in starved("aggregate-starved-status")


# Beside each other


def test_attestors_and_other_attestors():
    """Any clients of one interface: two teams of signers, and nobody in both."""
    attesting = attest()
    others = signers(5, "other")
    second = deploy(attesting.host, "AttestationClient", parameters(attesting.token.address), addresses(others), 3)
    pair = ascending([attesting.client, second])
    aggregate = deploy(attesting.host, "AggregateClient", [one.address for one in pair], 2)
    header = attesting.mine()
    attesting.take(attesting.update(attesting.attestation(header)))
    call = aggregate.functions.verifyStorage(*attesting.verification(header).args)
    refused(attesting.host, call, "MembersNotReached(1, 2)")
    domain = replace(attesting.domain, client=second.address)
    update = attesting.update(attesting.attestation(header), others[:3], team=others, domain=domain)
    attesting.send(second.functions.update(update))
    assert attesting.host.call(call) == header.timestamp
