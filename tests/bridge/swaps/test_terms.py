"""Terms, hashes and derived preimages."""

import hashlib
from dataclasses import replace

import pytest

from bridge.errors import Rejected
from bridge.swaps import Swap, derive_preimage, hashlock_of
from bridge.swaps.machine import Role
from bridge.swaps.timelocks import ChainBounds, Rules
from tests.bridge.swaps.worlds import ALICE, BOB, NOW, plan_of

RULES = Rules(
    long=ChainBounds(inclusion_seconds=1, finality_seconds=1),
    short=ChainBounds(inclusion_seconds=1, finality_seconds=1),
    reaction_seconds=1,
)
SWAP = plan_of(Role.INITIATOR, RULES, RULES.plan(NOW)).own


def test_a_hash_is_the_sha256_of_exactly_32_bytes():
    """The vector is NIST's algorithm over 32 ascending bytes."""
    known = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd"
    assert hashlock_of(bytes(range(32))).hex() == known == hashlib.sha256(bytes(range(32))).hexdigest()
    for length in (0, 31, 33, 10_000):
        with pytest.raises(Rejected, match="32 bytes"):
            hashlock_of(bytes(length))
    with pytest.raises(Rejected):
        hashlock_of(bytearray(32))


def test_terms_survive_being_kept():
    assert Swap.decode(SWAP.encode()) == SWAP
    assert Swap.decode(SWAP.encode()).identifier == SWAP.identifier
    for broken in (SWAP.encode()[:-1], SWAP.encode() + b"\0", b"\xff" + SWAP.encode()[1:], b""):
        with pytest.raises(Rejected):
            Swap.decode(broken)


def test_terms_that_fit_no_field_are_refused():
    for changed in (
        {"amount": 2**128},
        {"amount": -1},
        {"safety_deposit": 2**128},
        {"nonce": 2**64},
        {"chain_id": 2**64},
        {"hashlock": bytes(31)},
        {"hashlock": bytes(33)},
        {"payee": "0x" + "ab" * 20},
    ):
        with pytest.raises(Rejected):
            replace(SWAP, **changed)


def test_a_preimage_is_derived_again_from_the_seed_and_the_logs():
    seed = b"\x05" * 32
    scope = {"chain_id": 1, "locker": ALICE, "nonce": 7}
    preimage = derive_preimage(seed, **scope)
    assert derive_preimage(seed, **scope) == preimage
    assert len(preimage) == 32
    others = [
        derive_preimage(b"\x06" * 32, **scope),
        *(derive_preimage(seed, **(scope | changed)) for changed in ({"chain_id": 2}, {"locker": BOB}, {"nonce": 8})),
    ]
    assert len({preimage, *others}) == 5
    with pytest.raises(Rejected):
        derive_preimage(b"short", **scope)
