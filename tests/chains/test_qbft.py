import pytest
import rlp

from chains import ExtraData, Rejected, SealedHeader, Variant, Vote, quorum
from chains.qbft import MalformedHeader

A, B = b"\x01" * 20, b"\x02" * 20
SEAL = b"\x11" * 64 + b"\x00"
FULL = ExtraData(validators=(A, B), vote=Vote(recipient=A, add=True), round=300, seals=(SEAL, SEAL))


@pytest.mark.parametrize("variant", Variant)
@pytest.mark.parametrize(
    "extra",
    [
        FULL,
        ExtraData(validators=()),
        ExtraData(validators=(A,), round=0xFFFFFFFF),
        ExtraData(validators=(A,), vote=Vote(recipient=B, add=False)),
    ],
)
def test_extra_data_round_trips(extra, variant):
    assert ExtraData.decode(extra.encode(variant), variant) == extra


def test_the_variants_are_not_confused():
    for extra in (FULL, ExtraData(validators=(A,))):
        with pytest.raises(MalformedHeader, match="not in the form ibft2 writes"):
            ExtraData.decode(extra.encode(Variant.QBFT), Variant.IBFT2)
        with pytest.raises(MalformedHeader, match="not in the form qbft writes"):
            ExtraData.decode(extra.encode(Variant.IBFT2), Variant.QBFT)


@pytest.mark.parametrize(
    "items",
    [
        b"",
        [],
        [bytes(32), [], [], b""],
        [bytes(32), [], [], b"", [], []],
        [bytes(31), [], [], b"", []],
        [bytes(32), [A[1:]], [], b"", []],
        [bytes(32), b"", [], b"", []],
        [bytes(32), [], b"", b"", []],
        [bytes(32), [], [A], b"", []],
        [bytes(32), [], [A, b"\xfe"], b"", []],
        [bytes(32), [], [], b"\x00", []],
        [bytes(32), [], [], b"\x01" * 5, []],
        [bytes(32), [], [], [], []],
        [bytes(32), [], [], b"", [SEAL[1:]]],
        [bytes(32), [], [], b"", b""],
    ],
)
def test_any_other_extra_data_is_refused(items):
    with pytest.raises(MalformedHeader):
        ExtraData.decode(rlp.encode(items))


@pytest.mark.parametrize("junk", [b"\xc5\x01", FULL.encode() + b"\x00", FULL.encode()[:-1], b"\xff" * 40])
def test_bytes_that_are_not_rlp_are_refused(junk):
    with pytest.raises(MalformedHeader, match="RLP"):
        ExtraData.decode(junk)


def test_hash_and_digest_leave_out_what_they_must():
    sealed, bare = FULL, ExtraData(validators=(A, B), vote=FULL.vote, round=300)
    other_round = ExtraData(validators=(A, B), vote=FULL.vote, round=301)
    for variant in Variant:
        assert sealed.encode_for_commit(variant) == bare.encode_for_commit(variant)
        assert sealed.encode_for_commit(variant) != other_round.encode_for_commit(variant)
        assert sealed.encode_for_hash(variant) == other_round.encode_for_hash(variant)


def test_quorum_is_two_thirds_rounded_up():
    assert [quorum(n) for n in range(1, 11)] == [1, 2, 2, 3, 4, 4, 5, 6, 6, 7]


def test_headers_round_trip_and_others_are_refused(local):
    header = local.mine()
    served = header.sealed_rlp
    assert SealedHeader.decode(served) == header
    fields = rlp.decode(served)
    twenty = SealedHeader.decode(rlp.encode(fields[:20]))
    assert twenty.number == header.number
    assert twenty.hash != header.hash
    broken = [fields[:19], [*fields, b""], [[], *fields[1:]]]
    for position, value in ((0, b"\x01" * 31), (2, A[1:]), (6, bytes(255)), (8, b"\x00\x01"), (11, b"\x00"), (14, b"")):
        broken.append([*fields[:position], value, *fields[position + 1 :]])
    for case in broken:
        with pytest.raises(MalformedHeader):
            SealedHeader.decode(rlp.encode(case))


def test_seals_have_one_form_only(local):
    header = local.mine()
    assert header.is_final
    first, *others = header.seals
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high_s = first[:32] + (order - int.from_bytes(first[32:64], "big")).to_bytes(32, "big") + bytes([first[64] ^ 1])
    for bad in (high_s, first[:64] + b"\x1b", first[:64] + b"\x02", bytes(64) + b"\x00", b"\xff" * 64 + b"\x00"):
        with pytest.raises(Rejected, match="InvalidSeal"):
            _ = header.with_seals([bad, *others]).is_final


def test_what_is_not_a_quorum_of_the_headers_own_set_is_not_final(local, make_local):
    header = local.mine()
    three = header.seals[:3]
    assert header.with_seals(three).is_final
    assert not header.with_seals(three[:2]).is_final
    assert not header.with_seals([*three[:2], three[0]]).is_final
    stranger = make_local(seed=2).validators[0].compromise()
    with_stranger = header.sealed_by([stranger]).seals
    assert not header.with_seals([*three, *with_stranger]).is_final


def test_seals_sort_by_signer(local):
    header = local.mine()
    ordered = header.with_seals(header.sorted_seals)
    assert list(ordered.signers) == sorted(header.signers)
    assert set(ordered.seals) == set(header.seals)
    blocks = [local.mine() for _ in range(10)]
    assert any(block.seals != block.sorted_seals for block in blocks)
