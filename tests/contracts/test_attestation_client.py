"""Who may attest: a quorum of the chosen, with signatures of one form that die and count in one place only."""

from dataclasses import replace

import pytest
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_encode
from bridge.attestations import APPROVALS_TYPE, approve, ascending
from bridge.clients import CONSENSUS_STATE_TYPE
from bridge.light_clients import UpdateResult
from chains.errors import TransactionReverted
from tests.contracts.attesting import (
    MAX_APPROVAL,
    addresses,
    attest,
    parameters,
    signers,
)
from tests.contracts.following import CURVE_ORDER
from tests.contracts.harness import FAR, NEAR, RELAYER, STRANGER, TRADER, ZERO, deploy, new_chain, refused

FORGED = {"state_root": b"\x66" * 32}


@pytest.fixture
def attesting():
    return attest()


# The quorum, to the signature (incidents 13, 15, 16, 28)


def lie(attesting, by, **options):
    """A forged state of the newest header with approvals of these."""
    return attesting.update(attesting.attestation(attesting.mine(), **FORGED), by, **options)


def test_one_signature_fewer_is_no_quorum(attesting):
    for count in range(3):
        update = lie(attesting, attesting.team[:count])
        refused(attesting.host, attesting.call(update), f"QuorumNotReached({count}, 3)")
    assert attesting.take(lie(attesting, attesting.team[:3])) is UpdateResult.UPDATED


def test_the_twin_that_is_content_with_one_fewer():
    twin = attest(twin="attestor-one-too-few")
    assert twin.take(lie(twin, twin.team[:2])) is UpdateResult.UPDATED


@pytest.mark.parametrize("count", range(4))
def test_below_the_threshold_stolen_keys_forge_nothing_and_strangers_add_nothing(attesting, count):
    strangers = signers(4, "stranger")
    stolen = sorted(attesting.team[:count] + strangers[: 4 - count], key=lambda one: one.address.lower())
    update = lie(attesting, stolen)
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.call(update), RELAYER)
    assert caught.value.error_name == "ForeignSigner"


def test_the_twin_that_asks_no_membership():
    strangers = signers(4, "stranger")
    twin = attest(twin="attestor-foreign-signer")
    assert twin.take(lie(twin, strangers[:3])) is UpdateResult.UPDATED


def test_nobody_brings_their_own_signers(attesting):
    """Both the signatures and the set they are compared with are the attacker's."""
    gang = signers(4, "gang")
    refused(attesting.host, attesting.call(lie(attesting, gang[:3], team=gang)), "WrongSigners(1)")
    for team in (attesting.team[:3], attesting.team[::-1][:2], []):
        refused(attesting.host, attesting.call(lie(attesting, attesting.team[:3], team=team)), "WrongSigners(1)")
    twin = attest(twin="attestor-caller-chosen-set")
    assert twin.take(lie(twin, gang[:3], team=gang)) is UpdateResult.UPDATED


def raw(attesting, attestation, approvals, *, team=None):
    """An update of exactly these approvals in exactly this order."""
    team = addresses(attesting.team) if team is None else team
    return abi_encode(
        ["uint64", "uint64", CONSENSUS_STATE_TYPE, "address[]", APPROVALS_TYPE],
        [
            attestation.epoch,
            attestation.height,
            attestation.state.as_abi(),
            list(team),
            [a.as_abi() for a in approvals],
        ],
    )


def approvals_of(attesting, attestation, by=None):
    by = attesting.team if by is None else by
    return [approve(attesting.domain, attestation, expiry=attesting.expiry, signer=signer) for signer in by]


def test_one_signer_counts_once(attesting):
    lied = attesting.attestation(attesting.mine(), **FORGED)
    first, second, *_ = approvals_of(attesting, lied)
    for given in ([first, first, first], [first, second, second], [first, second, first]):
        update = raw(attesting, lied, given)
        with pytest.raises(TransactionReverted) as caught:
            attesting.host.transact(attesting.call(update), RELAYER)
        assert caught.value.error_name == "ApprovalsNotAscending"


def test_the_twin_that_counts_one_signer_twice():
    twin = attest(twin="attestor-duplicate-signer")
    lied = twin.attestation(twin.mine(), **FORGED)
    first, *_ = approvals_of(twin, lied)
    assert twin.take(raw(twin, lied, [first] * 3)) is UpdateResult.UPDATED


def test_one_signer_does_not_count_twice_with_two_expiries(attesting):
    lied = attesting.attestation(attesting.mine(), **FORGED)
    twice = [
        approve(attesting.domain, lied, expiry=attesting.expiry + more, signer=attesting.team[0]) for more in range(3)
    ]
    refused(attesting.host, attesting.call(raw(attesting, lied, twice)), "ApprovalsNotAscending(1)")


def test_approvals_ascend(attesting):
    attestation = attesting.attestation(attesting.mine())
    given = approvals_of(attesting, attestation)[:3]
    refused(attesting.host, attesting.call(raw(attesting, attestation, given[::-1])), "ApprovalsNotAscending(1)")
    assert attesting.take(raw(attesting, attestation, given)) is UpdateResult.UPDATED


def high_s(approval):
    return replace(approval, s=CURVE_ORDER - approval.s, v=55 - approval.v)


MALFORMED = {
    "high s": high_s,
    "v of 0": lambda approval: replace(approval, v=approval.v - 27),
    "v of 29": lambda approval: replace(approval, v=29),
    "v of 0 and nothing": lambda approval: replace(approval, v=0, r=0, s=0),
    "r of 0": lambda approval: replace(approval, r=0),
    "s of 0": lambda approval: replace(approval, s=0),
    "r above the order": lambda approval: replace(approval, r=CURVE_ORDER),
    "s above the order": lambda approval: replace(approval, s=2**256 - 1),
}


@pytest.mark.parametrize("form", MALFORMED)
def test_a_signature_has_one_form(attesting, form):
    attestation = attesting.attestation(attesting.mine())
    for position in range(3):
        given = approvals_of(attesting, attestation)[:3]
        given[position] = MALFORMED[form](given[position])
        refused(attesting.host, attesting.call(raw(attesting, attestation, given)), f"InvalidApproval({position})")
    assert attesting.take(raw(attesting, attestation, approvals_of(attesting, attestation)[:3])) is UpdateResult.UPDATED


def test_the_twin_that_takes_the_other_form():
    twin = attest(twin="attestor-high-s")
    attestation = twin.attestation(twin.mine())
    given = [high_s(approval) for approval in approvals_of(twin, attestation)[:3]]
    assert twin.take(raw(twin, attestation, given)) is UpdateResult.UPDATED


def test_no_signature_at_all(attesting):
    lied = attesting.attestation(attesting.mine(), **FORGED)
    refused(attesting.host, attesting.call(raw(attesting, lied, [])), "QuorumNotReached(0, 3)")
    for epoch in (0, 2, 7, 2**64 - 1):
        unknown = replace(lied, epoch=epoch)
        refused(attesting.host, attesting.call(raw(attesting, unknown, [], team=())), f"EpochNotActive({epoch})")


# Who may be chosen (incidents 2, 28)


def construction(team, threshold, *, twin=None, **changed):
    chain = new_chain(attest().clock)
    return deploy(chain, "AttestationClient", parameters(TRADER.address, **changed), team, threshold, twin=twin)


def refused_construction(team, threshold, **changed):
    with pytest.raises(TransactionReverted) as caught:
        construction(team, threshold, **changed)
    return caught.value.error


MINORITIES = [(4, 2), (5, 2), (6, 3), (8, 4), (9, 4)]
SMALL = [(1, 1), (2, 2), (3, 2), (3, 3)]


@pytest.mark.parametrize(("count", "threshold"), MINORITIES + SMALL)
def test_a_small_quorum_takes_an_override(count, threshold):
    team = addresses(signers(count))
    assert refused_construction(team, threshold) == f"InvalidThreshold({threshold}, {count})"
    assert construction(team, threshold, small_quorum_allowed=True).functions.currentEpoch().call() == 1


@pytest.mark.parametrize(("count", "threshold"), [(4, 3), (4, 4), (5, 3), (6, 4), (8, 5), (9, 5)])
def test_a_majority_of_four_or_more_does_not(count, threshold):
    assert construction(addresses(signers(count)), threshold).functions.currentEpoch().call() == 1


def test_twins_that_take_a_minority():
    assert construction(addresses(signers(5)), 2, twin="attestor-any-quorum")
    assert construction(addresses(signers(4)), 2, twin="attestor-rounds-up")


@pytest.mark.parametrize("override", [False, True])
def test_nothing_is_never_a_quorum(override):
    """Not of four, not of one, not of none, and no flag allows it."""
    for count in (1, 4):
        error = refused_construction(addresses(signers(count)), 0, small_quorum_allowed=override)
        assert error == f"InvalidThreshold(0, {count})"
    for threshold in (0, 1):
        assert refused_construction((), threshold, small_quorum_allowed=override) == "InvalidSigners()"


def test_the_twin_in_which_nobody_suffices():
    twin = attest(twin="attestor-zero-threshold", threshold=0, small_quorum_allowed=True)
    lied = twin.attestation(twin.mine(), **FORGED)
    assert twin.take(raw(twin, lied, [])) is UpdateResult.UPDATED


def test_more_than_all_is_no_threshold():
    for override in (False, True):
        assert refused_construction(addresses(signers(4)), 5, small_quorum_allowed=override) == "InvalidThreshold(5, 4)"


def test_signers_ascend_and_none_is_nobody():
    team = list(addresses(signers(4)))
    for wrong in (team[::-1], [team[0], *team[:3]], [ZERO, *team[1:]], [*team[:3], team[2]]):
        assert refused_construction(wrong, 3) == "InvalidSigners()"
    many = ascending(to_checksum_address(index.to_bytes(20, "big")) for index in range(1, 130))
    assert refused_construction(many, 100) == "InvalidSigners()"
    assert construction(many[:128], 100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"chain_id": 0},
        {"chain_id": NEAR},
        {"contract": ZERO},
        {"trusting_period": 0},
        {"epoch_delay": 0},
        {"max_approval": 0},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_parameters_out_of_range(wrong):
    chain = new_chain(attest().clock)
    with pytest.raises(TransactionReverted) as caught:
        deploy(chain, "AttestationClient", parameters(TRADER.address, **wrong), addresses(signers(4)), 3)
    assert caught.value.error == "InvalidParameters()"


# Approvals die (incident 54), and count in one place only


def test_an_approval_dies_at_its_expiry(attesting):
    header = attesting.mine()
    moment = attesting.clock.now() + 100
    update = attesting.update(attesting.attestation(header), expiry=moment)
    attesting.until(moment - 1)
    assert attesting.host.call(attesting.call(update), block="pending") == UpdateResult.UPDATED
    attesting.until(moment)
    refused(attesting.host, attesting.call(update), "ApprovalExpired(0)")


def test_the_twin_for_which_a_signature_never_dies():
    twin = attest(twin="attestor-dead-approval")
    update = twin.update(twin.attestation(twin.mine()), expiry=twin.clock.now() + 10)
    twin.until(twin.clock.now() + 30 * 86_400)
    assert twin.take(update) is UpdateResult.UPDATED


def test_one_dead_approval_among_living_ones_counts_for_nothing(attesting):
    attestation = attesting.attestation(attesting.mine())
    given = approvals_of(attesting, attestation)[:3]
    given[1] = approve(attesting.domain, attestation, expiry=attesting.clock.now(), signer=attesting.team[1])
    refused(attesting.host, attesting.call(raw(attesting, attestation, given)), "ApprovalExpired(1)")


def test_an_approval_may_not_be_for_ever(attesting):
    header = attesting.mine()
    attesting.until(attesting.clock.now() + 10)
    longest = attesting.clock.now() + MAX_APPROVAL
    too_long = attesting.update(attesting.attestation(header), expiry=longest + 1)
    refused(attesting.host, attesting.call(too_long), "ApprovalTooLong(0)")
    for_ever = attesting.update(attesting.attestation(header), expiry=2**64 - 1)
    refused(attesting.host, attesting.call(for_ever), "ApprovalTooLong(0)")
    assert attesting.take(attesting.update(attesting.attestation(header), expiry=longest)) is UpdateResult.UPDATED


def test_the_twin_that_takes_a_signature_for_ever():
    twin = attest(twin="attestor-everlasting-approval")
    update = twin.update(twin.attestation(twin.mine()), expiry=2**64 - 1)
    twin.until(twin.clock.now() + 365 * 86_400)
    assert twin.take(update) is UpdateResult.UPDATED


def test_an_expiry_is_signed(attesting):
    attestation = attesting.attestation(attesting.mine())
    given = [replace(approval, expiry=approval.expiry + 1) for approval in approvals_of(attesting, attestation)[:3]]
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.call(raw(attesting, attestation, given)), RELAYER)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending", "InvalidApproval"}


ELSEWHERE = {
    "another client": ({"client": to_checksum_address("0x" + "c1" * 20)}, None),
    "this client on another chain": ({"client_chain_id": 5}, None),
    "another attested chain": ({"attested_chain_id": FAR + 1}, None),
    "another attested contract": ({"attested_contract": to_checksum_address("0x" + "a7" * 20)}, None),
}


@pytest.mark.parametrize("place", ELSEWHERE)
def test_what_was_signed_elsewhere_counts_for_nothing(attesting, place):
    elsewhere = replace(attesting.domain, **ELSEWHERE[place][0])
    update = attesting.update(attesting.attestation(attesting.mine()), domain=elsewhere)
    with pytest.raises(TransactionReverted) as caught:
        attesting.host.transact(attesting.call(update), RELAYER)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}


def replayed(twin):
    """What a second client with the same signers and parameters says to an update of the first."""
    first = attest(twin=twin)
    update = first.update(first.attestation(first.mine()), domain=first_domain(first, twin))
    second = deploy(
        first.host, "AttestationClient", parameters(first.token.address), addresses(first.team), 3, twin=twin
    )
    first.host.call(first.call(update), block="pending")
    return first.host.call(second.functions.update(update), block="pending")


def first_domain(first, twin):
    if twin is None:
        return first.domain
    return WithSeparator(first.host.call(first.client.functions.domainSeparator()))


class WithSeparator:
    """A domain as a broken client has it."""

    def __init__(self, separator):
        self.separator = separator

    def digest(self, struct_hash):
        return keccak(b"\x19\x01" + self.separator + struct_hash)


def test_an_update_for_one_client_is_none_for_another():
    with pytest.raises(TransactionReverted) as caught:
        replayed(None)
    assert caught.value.error_name in {"ForeignSigner", "ApprovalsNotAscending"}
    assert replayed("attestor-any-client") == UpdateResult.UPDATED


def test_twins_whose_domain_lacks_a_part_give_other_places_the_same_one():
    chain, other_chain = new_chain(attest().clock, NEAR), new_chain(attest().clock, 1003)
    team = addresses(signers(4))

    def separator(twin, at, contract):
        client = deploy(at, "AttestationClient", parameters(contract), team, 3, twin=twin)
        return at.call(client.functions.domainSeparator())

    here, there = TRADER.address, STRANGER.address
    assert separator(None, chain, here) != separator(None, chain, here)
    assert separator("attestor-any-client", chain, here) == separator("attestor-any-client", chain, here)
    first, second = (separator("attestor-any-chain", at, here) for at in (chain, other_chain))
    assert first != second  # addresses differ as well: the nonces of the deployer do
    fresh = [new_chain(attest().clock, chain_id) for chain_id in (NEAR, 1003)]
    assert separator("attestor-any-chain", fresh[0], here) == separator("attestor-any-chain", fresh[1], here)
    fresh = [new_chain(attest().clock, chain_id) for chain_id in (NEAR, 1003)]
    assert separator(None, fresh[0], here) != separator(None, fresh[1], here)
    fresh = [new_chain(attest().clock, NEAR) for _ in range(2)]
    assert separator("attestor-any-source", fresh[0], here) == separator("attestor-any-source", fresh[1], there)
    fresh = [new_chain(attest().clock, NEAR) for _ in range(2)]
    assert separator(None, fresh[0], here) != separator(None, fresh[1], there)
