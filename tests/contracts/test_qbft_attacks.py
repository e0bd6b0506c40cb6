"""Attacks that took other bridges, on the client and beside the broken variant each of them takes."""

import random
from fractions import Fraction

import pytest
import rlp
from coincurve import PrivateKey
from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import abi_encode
from bridge.clients import CONSENSUS_STATE_TYPE, ConsensusState, encode_update
from bridge.light_clients import ClientStatus, UpdateResult, overlap_needed, trusts
from chains.errors import Rejected, TransactionReverted
from chains.keys import CURVE_ORDER
from chains.validators import Validator
from tests.contracts.following import ATTESTORS, at_height, attest, follow, high_s, keys_of, outsiders, raw_update
from tests.contracts.harness import RELAYER, ZERO, client_arguments, deploy, refused
from tests.contracts.test_besu_vectors import lone_account

UPDATED, MISBEHAVIOUR = UpdateResult.UPDATED, UpdateResult.MISBEHAVIOUR
FORGED = b"\x66" * 32


# Keys that were stolen, retired or rented


def use_retired_key(twin):
    """Three keys of the first set of four, one of them retired since; the headers they seal name that first set."""
    following = follow(twin=twin)
    old = following.source.validators.validators
    following.source.rotate([*old[1:], *outsiders(1)])
    rotated = following.mine()
    assert following.update(following.honest(rotated)) is UPDATED
    forged = following.mine().altered(state_root=FORGED, validators=[one.address for one in old])
    forged = forged.sealed_by(keys_of(old[:3]))
    return following, encode_update(forged, rotated.validators), following.honest(forged)


def test_incident_1_retired_signers_are_worth_nothing():
    following, against_today, against_then = use_retired_key(None)
    refused(following.host, following.call(against_today), "OverlapNotReached(2, 3)")
    refused(following.host, following.call(against_then), "WrongTrustedValidators()")
    following, _, against_then = use_retired_key("client-keeps-retired-keys")
    assert following.update(against_then) is UPDATED


def steal(count, twin=None):
    """Forge with so many of four live keys."""
    following = follow(twin=twin)
    forged = following.mine().altered(state_root=FORGED)
    return following, following.honest(forged.sealed_by(keys_of(following.source.validators[:count])))


@pytest.mark.parametrize("stolen", [0, 1, 2])
def test_incident_1_one_key_short_of_the_threshold_takes_nothing(stolen):
    following, update = steal(stolen)
    refused(following.host, following.call(update), f"QuorumNotReached({stolen}, 3)")


def test_incident_1_the_threshold_itself_does_and_one_honest_header_ends_it():
    """What the client cannot prevent it can notice: the real header of that height is enough."""
    following, update = steal(3)
    assert following.update(update) is UPDATED
    assert following.update(following.honest(following.source.head())) is MISBEHAVIOUR
    assert following.status is ClientStatus.FROZEN


def attest_by_minority(twin):
    """Two stolen keys of five attestors, as at Harmony, and a forged conflict height."""
    five = sorted(
        (Account.from_key(bytes([index]) * 32) for index in range(1, 6)), key=lambda one: int(one.address, 16)
    )
    following = follow(twin=twin, threshold=2, attestors=[one.address for one in five])
    header, keys = following.mine(), keys_of(following.source.validators)
    assert following.update(following.honest(header)) is UPDATED
    assert following.update(following.honest(header.altered(state_root=FORGED).sealed_by(keys))) is MISBEHAVIOUR
    forged = at_height(header, header.number + 1, state_root=FORGED, timestamp=header.timestamp + 1).sealed_by(keys)
    recovery_id = following.propose(forged, attest(following.approve(forged, header.number), five[:2], five))
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    return following.status


def test_incident_2_a_minority_of_attestors_cannot_even_be_configured():
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        attest_by_minority(None)
    assert attest_by_minority("client-attestor-minority") is ClientStatus.ACTIVE


def rent_stake(twin):
    """One bought seat of four signs a set of its own into being, in the block in which it votes."""
    following = follow(twin=twin)
    rented = sorted([following.source.validators[0], *outsiders(9)], key=lambda one: one.address)
    forged = following.mine().altered(state_root=FORGED, validators=[one.address for one in rented])
    return following, following.honest(forged.sealed_by(keys_of(rented)))


def test_incident_11_weight_is_that_of_an_earlier_header_not_of_the_signed_one():
    following, update = rent_stake(None)
    refused(following.host, following.call(update), "OverlapNotReached(1, 3)")
    following, update = rent_stake("client-own-weight")
    assert following.update(update) is UPDATED


def keep_approval(twin):
    """Attestors approve two headers and one is used; the other approval turns up after the next freeze."""
    following = follow(twin=twin, threshold=2, attestors=[one.address for one in ATTESTORS])
    first, keys = following.mine(), keys_of(following.source.validators)

    def freeze(header):
        assert following.update(following.honest(header)) is UPDATED
        assert following.update(following.honest(header.altered(state_root=FORGED).sealed_by(keys))) is MISBEHAVIOUR

    freeze(first)
    used, kept = following.mine(), following.mine()
    approvals = [attest(following.approve(header, first.number), ATTESTORS[:2]) for header in (used, kept)]
    recovery_id = following.propose(used, approvals[0])
    following.sit_out()
    following.host.transact(following.execute(recovery_id), RELAYER)
    freeze(following.mine())
    return following, following.client.functions.proposeRecovery(following.honest(kept), approvals[1])


def test_incident_54_an_approval_held_back_is_worth_nothing_in_the_next_epoch():
    following, call = keep_approval(None)
    refused(following.host, call, "ForeignSigner", "SealsNotAscending(1)")
    following, call = keep_approval("client-attestation-any-epoch")
    following.host.call(call, block="pending")


def approve_elsewhere(twin):
    """An approval that names no client in particular."""
    following = follow(twin=twin, threshold=2, attestors=[one.address for one in ATTESTORS])
    header, keys = following.mine(), keys_of(following.source.validators)
    assert following.update(following.honest(header)) is UPDATED
    assert following.update(following.honest(header.altered(state_root=FORGED).sealed_by(keys))) is MISBEHAVIOUR
    now = following.mine()
    attestation = attest(following.approve(now, header.number, client=to_checksum_address(ZERO)), ATTESTORS[:2])
    return following, following.client.functions.proposeRecovery(following.honest(now), attestation)


def test_incident_50_an_approval_is_for_one_client():
    following, call = approve_elsewhere(None)
    refused(following.host, call, "ForeignSigner", "SealsNotAscending(1)")
    following, call = approve_elsewhere("client-attestation-any-client")
    following.host.call(call, block="pending")


# Signatures


def sign_for_oneself(twin):
    """A quorum that is counted, not looked up."""
    following = follow(twin=twin, numerator=1, denominator=3)
    forged = following.mine().altered(state_root=FORGED)
    signers = sorted([*following.source.validators[:2], *outsiders(2)], key=lambda one: one.address)
    return following, following.honest(forged.sealed_by(keys_of(signers)))


def test_incident_13_signers_are_members_and_no_one_else():
    following, update = sign_for_oneself(None)
    refused(following.host, following.call(update), "ForeignSigner")
    following, update = sign_for_oneself("client-foreign-signer")
    assert following.update(update) is UPDATED


def repeat(twin):
    following = follow(twin=twin)
    forged = following.mine().altered(state_root=FORGED)
    one, two = forged.sealed_by(keys_of(following.source.validators[:2])).sorted_seals
    return following, [
        raw_update(forged, seals, following.trusted.validators) for seals in ([one, two, two], [two, one, two])
    ]


def test_incident_13_signers_are_distinct_and_sorted():
    following, updates = repeat(None)
    for update, position in zip(updates, (2, 1), strict=True):
        refused(following.host, following.call(update), f"SealsNotAscending({position})")
    following, (update, _) = repeat("client-duplicate-signer")
    assert following.update(update) is UPDATED


def careless_seal(digest, key, nonce):
    """ECDSA with a nonce of the signer's choice, as a signer restored from a copy would use twice."""
    r = int.from_bytes(PrivateKey.from_int(nonce).public_key.format()[1:], "big") % CURVE_ORDER
    secret = int.from_bytes(key, "big")
    s = pow(nonce, -1, CURVE_ORDER) * (int.from_bytes(digest, "big") + r * secret) % CURVE_ORDER
    return r, s


def key_from_reuse(first, second):
    """The private key behind two signatures with one r; each is (digest, r, s)."""
    (one, r, s), (two, _, t) = first, second
    nonce = (int.from_bytes(one, "big") - int.from_bytes(two, "big")) * pow(s - t, -1, CURVE_ORDER) % CURVE_ORDER
    return ((s * nonce - int.from_bytes(one, "big")) * pow(r, -1, CURVE_ORDER) % CURVE_ORDER).to_bytes(32, "big")


def test_incident_14_a_signer_neither_reuses_r_nor_signs_twice():
    following = follow()
    header = following.mine()
    other = header.altered(state_root=FORGED)
    validator = following.source.validators[0]
    with pytest.raises(Rejected, match="DoubleSign"):
        validator.seal(other)
    key = validator.compromise()
    seals = [Validator(key, equivocates=True).seal(draft) for draft in (header, other)]
    assert seals[0][:32] != seals[1][:32]

    # The careless signer: its key falls out of two seals, and three such validators are a forged chain.
    drafts = (header.commit_digest, other.commit_digest)
    keys = keys_of(following.source.validators[:3])
    stolen = [
        key_from_reuse(*((digest, *careless_seal(digest, secret, 77 + index)) for digest in drafts))
        for index, secret in enumerate(keys)
    ]
    assert stolen == keys
    assert following.update(following.honest(other.sealed_by(stolen))) is UPDATED


SPOILT_SEALS = {
    "high s": high_s,
    "high s, same v": lambda seal: high_s(seal)[:64] + seal[64:],
    "r of zero": lambda seal: bytes(32) + seal[32:],
    "s of zero": lambda seal: seal[:32] + bytes(32) + seal[64:],
    "all zero": lambda seal: bytes(65),
    "r of the order": lambda seal: CURVE_ORDER.to_bytes(32, "big") + seal[32:],
    "s of the order": lambda seal: seal[:32] + CURVE_ORDER.to_bytes(32, "big") + seal[64:],
    "v of 2": lambda seal: seal[:64] + b"\x02",
    "v of 26": lambda seal: seal[:64] + b"\x1a",
    "v of 29": lambda seal: seal[:64] + b"\x1d",
    "v of 255": lambda seal: seal[:64] + b"\xff",
    "EIP-2098": lambda seal: seal[:32] + bytes([seal[32] | seal[64] << 7]) + seal[33:64],
    "padded": lambda seal: seal + b"\0",
    "empty": lambda seal: b"",
}


@pytest.mark.parametrize("form", SPOILT_SEALS)
def test_incident_15_a_seal_has_one_form(form):
    following = follow()
    header = following.mine()
    for position in (0, 3):
        seals = list(header.sorted_seals)
        seals[position] = SPOILT_SEALS[form](seals[position])
        refused(
            following.host, following.call(raw_update(header, seals, header.validators)), f"InvalidSeal({position})"
        )


def test_incident_15_two_forms_of_a_seal_are_one_signer():
    def malleable(twin):
        following = follow(twin=twin)
        forged = following.mine().altered(state_root=FORGED)
        one, two = forged.sealed_by(keys_of(following.source.validators[:2])).sorted_seals
        return following, raw_update(forged, [one, two, high_s(two)], following.trusted.validators)

    for twin, error in ((None, "InvalidSeal(2)"), ("client-high-s", "SealsNotAscending(2)")):
        following, update = malleable(twin)
        refused(following.host, following.call(update), error)
    # What the check of s prevents alone is a second encoding of the same update.
    following = follow(twin="client-high-s")
    header = following.mine()
    seals = [high_s(header.sorted_seals[0]), *header.sorted_seals[1:]]
    assert following.update(raw_update(header, seals, header.validators)) is UPDATED


def test_incident_15_the_zero_address_signs_nothing():
    """A set that names nobody is refused before anybody recovers to it."""
    following = follow()
    header = following.mine()
    forged = header.altered(validators=[bytes(20), *header.validators[1:]])
    sealed = forged.sealed_by(keys_of(following.source.validators[1:]))
    refused(following.host, following.call(following.honest(sealed)), "MalformedValidators()")


@pytest.mark.parametrize("size", range(1, 14))
def test_incident_16_the_quorum_is_exact_at_its_boundary(size):
    """3w >= 2T, one seal more or less; rounding down takes what is short of two thirds, wherever that is not whole."""
    needed = -(-2 * size // 3)
    assert 3 * (needed - 1) < 2 * size <= 3 * needed
    for twin in (None, "client-floor-quorum"):
        following = follow(validators=size, twin=twin, numerator=1, denominator=3)
        header = following.mine()
        enough = following.call(following.honest(header.with_seals(header.sorted_seals[:needed])))
        assert following.host.call(enough) == UPDATED
        short = following.call(following.honest(header.with_seals(header.sorted_seals[: needed - 1])))
        if twin and 2 * size % 3 and needed - 1 >= overlap_needed(size, 1, 3):
            assert following.host.call(short) == UPDATED
        else:
            refused(
                following.host,
                short,
                "QuorumNotReached" if twin is None else "OverlapNotReached",
                f"QuorumNotReached({needed - 1}, {needed})",
            )


# What nobody initialised


def assume_zero(twin):
    """A packet proven under a root that was never accepted: the map's default."""
    following = follow(twin=twin)
    slot, value, account = bytes(31) + b"\1", b"\7" * 32, b"\x55" * 20
    storage = rlp.encode([b"\x20" + keccak(slot), rlp.encode(value)])
    root, nodes = lone_account(account, keccak(storage))
    state = ConsensusState(
        block_hash=FORGED, parent_hash=FORGED, state_root=root, timestamp=following.trusted.timestamp
    )
    proof = abi_encode([CONSENSUS_STATE_TYPE, "bytes[]", "bytes[][]"], [state.as_abi(), nodes, [[storage]]])
    return following, following.client.functions.verifyStorage(7, "0x" + account.hex(), [slot], [value], proof)


def test_incident_27_a_height_nobody_took_proves_nothing():
    following, call = assume_zero(None)
    refused(following.host, call, "UnknownHeight(7)")
    following, call = assume_zero("client-zero-is-known")
    assert following.host.call(call) == following.trusted.timestamp


@pytest.mark.parametrize("field", range(4))
def test_incident_27_nothing_starts_from_zero(field):
    following = follow()
    state = [b"\1" * 32, b"\1" * 32, b"\1" * 32, 1]
    state[field] = 0 if field == 3 else bytes(32)
    if field == 1:  # block 0 has no parent
        follow(state=tuple(state))
        return
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        follow(state=tuple(state))
    assert following.status is ClientStatus.ACTIVE


def trust_nobody(twin):
    following = follow()
    arguments = client_arguments(following.trusted, validators=[])
    following.client = deploy(following.host, "QbftLightClient", *arguments, twin=twin)
    strangers = outsiders(1)
    forged = following.mine().altered(state_root=FORGED, validators=[strangers[0].address])
    return following, encode_update(forged.sealed_by(keys_of(strangers)), [])


def test_incident_28_a_total_weight_of_zero_is_no_quorum():
    with pytest.raises(TransactionReverted, match="InvalidParameters"):
        trust_nobody(None)
    following, update = trust_nobody("client-empty-set")
    assert following.update(update) is UPDATED
    following = follow(numerator=1, denominator=3)
    empty = following.mine().altered(validators=[])
    for seals in ([], empty.sealed_by(keys_of(outsiders(1))).seals):
        update = raw_update(empty, seals, following.trusted.validators)
        refused(following.host, following.call(update), "MalformedValidators()")


# The invariant


class Model:
    """What the client should know, in a few lines: the last set, the last height and time, the heights taken."""

    def __init__(self, header, level):
        self.latest, self.level, self.taken = header, level, {header.number: header.hash}

    def judge(self, header):
        if self.taken.get(header.number) == header.hash:
            return "NO_OP"
        later = header.number > self.latest.number
        backwards = header.timestamp <= self.latest.timestamp if later else header.timestamp >= self.latest.timestamp
        accused = header.number in self.taken or backwards
        level = min(self.level, Fraction(2, 3)) if accused else self.level
        if not trusts(self.latest.validators, header, level.numerator, level.denominator) or not (later or accused):
            return "refused"
        if accused:
            return "MISBEHAVIOUR"
        self.latest = header
        self.taken[header.number] = header.hash
        return "UPDATED"


def test_invariant_i11_whatever_is_signed_by_whomever():
    """Accepted means two thirds of its own set and enough of the last one; heights ascend; no two headers at one."""
    seen = set().union(*(wander(seed) for seed in range(12)))
    assert seen == {"UPDATED", "MISBEHAVIOUR", "refused"}


def wander(seed):
    """Feed a client headers drawn by chance and compare each verdict with the model's; answers the verdicts met."""
    draw = random.Random(seed)
    level = Fraction(*draw.choice([(1, 3), (1, 2), (2, 3), (1, 1)]))
    following = follow(validators=draw.choice([1, 3, 4, 6]), numerator=level.numerator, denominator=level.denominator)
    model, template = Model(following.trusted, level), following.mine(30)
    everybody = sorted([*following.source.validators.validators, *outsiders(3)], key=lambda one: one.address)
    keys = dict(zip([one.address for one in everybody], keys_of(everybody), strict=True))
    seen = set()
    for _ in range(25):
        current = set(model.latest.validators)
        members = [one for one in keys if draw.random() < (0.9 if one in current else 0.25)] or list(keys)[:1]
        height = max(2, model.latest.number + draw.choice([-1, 0, *[1, 2, 3] * 9]))
        time = model.latest.timestamp + draw.choice([-1, 0, *[1] * 40])
        header = at_height(
            template, height, timestamp=time, validators=members, state_root=draw.choice([FORGED, b"\7" * 32])
        )
        signers = [one for one in members if draw.random() < 0.9]
        header = header.sealed_by(keys[one] for one in signers)
        update = encode_update(header, model.latest.validators)
        expected = model.judge(header)
        try:
            verdict = following.update(update).name
        except TransactionReverted:
            verdict = "refused"
        assert verdict == expected, (seed, height)
        seen.add(verdict)
        assert following.height == max(model.taken)
        if verdict == "UPDATED":
            assert 3 * len(signers) >= 2 * len(members)
        if verdict == "MISBEHAVIOUR":
            break
    return seen
