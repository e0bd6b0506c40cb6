"""Headers of Besu's older protocol, IBFT2: other extraData, other digest, other block hash, the same rules."""

from dataclasses import replace

import pytest
import rlp
from eth_utils.crypto import keccak

from bridge.clients import consensus_state
from bridge.light_clients import UpdateResult
from chains.errors import TransactionReverted
from chains.headers import SealedHeader
from chains.keys import sign
from chains.qbft import ExtraData, Variant, Vote
from tests.contracts.following import follow, follow_ibft2, keys_of, raw_update
from tests.contracts.harness import RELAYER, client_arguments, deploy, refused

UPDATED = UpdateResult.UPDATED
PARSE_ERRORS = {"MalformedHeader", "MalformedRlp", "MalformedValidators"}


def items_of(header):
    return rlp.decode(rlp.decode(header.rlp_without_seals)[12])


def with_extra(header, items):
    fields = rlp.decode(header.rlp_without_seals)
    fields[12] = rlp.encode(items)
    return rlp.encode(fields)


def signed(following, header_rlp):
    """An update of these bytes, properly sealed."""
    keys = {validator.address: validator.compromise() for validator in following.source.validators.validators}
    seals = [sign(keccak(header_rlp), keys[address]) for address in sorted(keys)]
    return raw_update(header_rlp, seals, following.trusted.validators)


@pytest.fixture(scope="module")
def vectors(vector):
    return vector("besu-extra-data-and-quorum.json")


@pytest.fixture(scope="module")
def older():
    return follow_ibft2()


def test_a_chain_of_ibft2_headers_is_followed():
    following, later = follow_ibft2()
    for header in (later[0], later[3]):
        assert following.update(following.honest(header)) is UPDATED
        assert following.consensus_hash(header.number) == consensus_state(header).digest
    assert following.update(following.honest(later[3])) is UpdateResult.NO_OP


@pytest.mark.parametrize("round_number", [0, 1, 255, 2**32 - 1])
def test_the_block_hash_has_no_round_in_it(round_number):
    following, later = follow_ibft2()
    header = later[1].altered(round=round_number).sealed_by(keys_of(following.source.validators))
    assert header.hash == later[1].hash
    assert following.update(following.honest(header)) is UPDATED
    assert following.consensus_hash(header.number) == consensus_state(later[1]).digest


def test_each_format_refuses_the_other():
    following, later = follow_ibft2()
    qbft = follow()
    header = qbft.mine()
    with pytest.raises(TransactionReverted) as caught:
        following.try_update(following.honest(header))
    assert caught.value.error_name in PARSE_ERRORS
    with pytest.raises(TransactionReverted) as caught:
        qbft.try_update(qbft.honest(later[1]))
    assert caught.value.error_name in PARSE_ERRORS
    assert qbft.try_update(qbft.honest(header)) is UPDATED


EXTRA_CASES = {
    "an empty seal list, as QBFT has it": lambda items: [*items, []],
    "a seal": lambda items: [*items, [bytes(65)]],
    "no round": lambda items: items[:3],
    "round as an integer": lambda items: [*items[:3], b""],
    "round of three bytes": lambda items: [*items[:3], bytes(3)],
    "round of five bytes": lambda items: [*items[:3], bytes(5)],
    "no vote as a list": lambda items: [*items[:2], [], items[3]],
    "vote of unknown kind": lambda items: [*items[:2], [bytes(20), b"\x01"], items[3]],
    "dropping vote as QBFT has it": lambda items: [*items[:2], [bytes(20), b""], items[3]],
    "vote of one item": lambda items: [*items[:2], [bytes(20)], items[3]],
    "no vanity": lambda items: [b"", *items[1:]],
    "no validators": lambda items: [items[0], [], *items[2:]],
}


@pytest.mark.parametrize("case", EXTRA_CASES)
def test_extra_data_has_one_form(older, case):
    following, later = older
    update = signed(following, with_extra(later[3], EXTRA_CASES[case](items_of(later[3]))))
    with pytest.raises(TransactionReverted) as caught:
        following.try_update(update)
    assert caught.value.error_name in PARSE_ERRORS


@pytest.mark.parametrize(
    "vote", [None, Vote(recipient=bytes(range(20)), add=True), Vote(recipient=bytes(20), add=False)]
)
def test_votes_are_read_and_hashed(older, vote):
    following, later = older
    header = SealedHeader.build(later[3].fields, replace(later[3].extra, vote=vote, seals=()), Variant.IBFT2)
    header = header.sealed_by(keys_of(following.source.validators))
    assert following.try_update(following.honest(header)) is UPDATED


def test_a_seal_over_the_qbft_digest_counts_for_nothing(older):
    """The commit digest leaves the seals' element out; QBFT would leave it empty."""
    following, later = older
    wrong = keccak(with_extra(later[3], [*items_of(later[3]), []]))
    keys = {validator.address: validator.compromise() for validator in following.source.validators.validators}
    seals = [sign(wrong, keys[address]) for address in sorted(keys)]
    with pytest.raises(TransactionReverted) as caught:
        following.try_update(raw_update(later[3], seals, following.trusted.validators))
    assert caught.value.error_name in {"ForeignSigner", "SealsNotAscending"}


@pytest.mark.parametrize("variant", Variant)
def test_digest_and_block_hash_follow_the_published_rules(vectors, variant):
    """The rules as Besu states them, applied to Besu's own extraData with nothing but an RLP library."""
    raw = bytes.fromhex(vectors[f"{variant}_extra_data"]["raw"][2:])
    extra = ExtraData.decode(raw, variant)
    assert extra.encode(variant) == raw
    following = follow()
    header = SealedHeader.build(following.mine().fields, extra, variant)
    items, fields = rlp.decode(raw), list(header.fields)
    unsealed = {Variant.QBFT: [*items[:4], []], Variant.IBFT2: items[:4]}[variant]
    on_chain = {Variant.QBFT: [*items[:3], b"", []], Variant.IBFT2: items[:3]}[variant]
    preimages = []
    for form in (unsealed, on_chain):
        fields[12] = rlp.encode(form)
        preimages.append(rlp.encode(fields))
    assert header.rlp_without_seals == preimages[0]
    assert (header.commit_digest, header.hash) == (keccak(preimages[0]), keccak(preimages[1]))
    # The contract computes the same hash: it links that header to one above it.
    child = SealedHeader.build(
        [header.hash, *fields[1:8], (header.number + 1).to_bytes(1, "big"), *fields[9:11],
         (header.timestamp + 1).to_bytes(5, "big").lstrip(b"\0"), b"", *fields[13:]],
        replace(extra, seals=()),
        variant,
    )  # fmt: skip
    validators = {"validators": ["0x" + address.hex() for address in extra.validators]}
    following.client = deploy(following.host, "QbftLightClient", *client_arguments(child, **validators))
    following.host.transact(following.fill(child, [header]), RELAYER)
    assert following.consensus_hash(header.number) == consensus_state(header).digest


@pytest.mark.parametrize("variant", Variant)
def test_quorums_are_those_of_besu(vectors, variant):
    table = {(row["validators"], row["committers"], row["valid"]) for row in vectors["commit_seal_rule_table"]}
    table |= {(row["validators"], row["quorum"], True) for row in vectors["required_quorum"]}
    table |= {(row["validators"], row["quorum"] - 1, False) for row in vectors["required_quorum"]}
    for size in sorted({size for size, _, _ in table}):
        following = follow(validators=size, numerator=1, denominator=3)
        first, second = following.trusted, following.mine()
        if variant is Variant.IBFT2:
            first, second = (
                SealedHeader.build(header.fields, replace(header.extra, seals=()), variant).sealed_by(
                    keys_of(following.source.validators)
                )
                for header in (first, second)
            )
            arguments = client_arguments(first, numerator=1, denominator=3)
            following.client = deploy(following.host, "QbftLightClient", *arguments)
        for _, committers, valid in sorted(row for row in table if row[0] == size):
            update = following.honest(second.with_seals(second.sorted_seals[:committers]))
            if valid:
                assert following.try_update(update) is UPDATED, (size, committers)
            else:
                refused(following.host, following.call(update), f"QuorumNotReached({committers}, {-(-2 * size // 3)})")
