"""One leg hashes with keccak, the other with sha256."""

from __future__ import annotations

import hashlib

from eth_utils.crypto import keccak

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.legs import Table
from clearspan.lab.scenarios.moves import ACCEPTED


def attack(stage: Stage) -> Verdict:
    """A lock under the keccak hash of a preimage, and one under its sha256, are claimed with the preimage."""
    with stage.world() as world:
        table = Table(world)
        secret = b"\x2a" * 32
        outcomes = {}
        for name, hashlock in (("keccak", keccak(secret)), ("sha256", hashlib.sha256(secret).digest())):
            swap, _ = table.locked(hashlock=hashlock)
            table.at(swap.timelocks.claim_from)
            outcomes[name] = table.claim(swap, secret)
        return Verdict(
            survived=outcomes == {"keccak": "WrongPreimage", "sha256": ACCEPTED},
            detail="; ".join(f"under {name}: {outcome}" for name, outcome in outcomes.items()),
        )


SCENARIO = Scenario(
    identifier="htlc-hash-function",
    title="Two legs hash the same preimage differently",
    group="HTLC",
    source="hash locks: hash function mismatch",
    attack=attack,
    twin=Twin(mutation="the escrow hashes with keccak", contracts=(("SwapEscrow", "swap-keccak"),)),
)
