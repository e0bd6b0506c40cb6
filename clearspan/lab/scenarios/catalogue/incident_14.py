"""Anyswap: two signatures with one nonce gave the key away."""

from __future__ import annotations

from functools import partial

from coincurve import PrivateKey

from chains import validators
from chains.errors import Rejected
from chains.headers import SealedHeader
from chains.keys import CURVE_ORDER, address_of
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist, forged, swapped

NONCE = 77


def attack(stage: Stage) -> Verdict:
    """Keys are computed from two ordinary blocks' seals; then a validator with an old record is asked to sign."""
    with stage.world() as world:
        heist = Heist(world)
        keys = keys_from_seals(heist.mine(), heist.mine())
        packet = heist.invented()
        header = heist.mine()
        outcome = heist.cash_in(forged(header, packet).sealed_by(keys[:3]), packet) if len(keys) > 2 else "no quorum"
        restored = heist.source.validators[0].copy()
        heist.mine()
        try:
            restored.check_record(heist.source.head())
        except Rejected as refusal:
            remembered = str(refusal.reason)
        else:
            remembered = "signs again"
        return Verdict(
            survived=heist.loot == 0 and not keys and remembered != "signs again",
            detail=f"keys computed from 2 blocks' seals: {len(keys)} of 4, a header by them: {outcome}; a signer with "
            f"an old record: {remembered}; credited {heist.loot} base units for nothing",
        )


def keys_from_seals(first: SealedHeader, second: SealedHeader) -> list[bytes]:
    """Private keys of validators who used one nonce for both blocks."""
    seals = [dict(zip(header.signers, header.seals, strict=True)) for header in (first, second)]
    one, two = (int.from_bytes(header.commit_digest, "big") for header in (first, second))
    found = []
    for signer in sorted(seals[0].keys() & seals[1].keys()):
        (r, s), (other_r, t) = (_parts(known[signer]) for known in seals)
        if r != other_r:
            continue
        for sign_of_s in (s, CURVE_ORDER - s):  # a low s may stand for a high one
            nonce = (one - two) * pow(sign_of_s - t, -1, CURVE_ORDER) % CURVE_ORDER
            key = ((sign_of_s * nonce - one) * pow(r, -1, CURVE_ORDER) % CURVE_ORDER).to_bytes(32, "big")
            if any(key) and address_of(key) == signer:
                found.append(key)
                break
    return found


def _parts(seal: bytes) -> tuple[int, int]:
    return int.from_bytes(seal[:32], "big"), int.from_bytes(seal[32:64], "big")


def careless_seal(digest: bytes, key: bytes) -> bytes:
    """ECDSA with one nonce for everything, in the form of a seal."""
    point = PrivateKey(NONCE.to_bytes(32, "big")).public_key.format()
    r = int.from_bytes(point[1:], "big") % CURVE_ORDER
    s = pow(NONCE, -1, CURVE_ORDER) * (int.from_bytes(digest, "big") + r * int.from_bytes(key, "big")) % CURVE_ORDER
    parity = point[0] & 1
    if s > CURVE_ORDER // 2:
        s, parity = CURVE_ORDER - s, parity ^ 1
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([parity])


SCENARIO = Scenario(
    identifier="incident-14",
    title="Two seals with one nonce give their key away",
    group="C2",
    source="Anyswap V3, 10 Jul 2021, $7.9M",
    attack=attack,
    twin=Twin(
        mutation="validators take one nonce for every seal", patch=partial(swapped, validators, "sign", careless_seal)
    ),
)
