"""N of M: enough of the oracle's signers, each once."""

from __future__ import annotations

from collections.abc import Iterable

from exchange.engine.reasons import Reason, Rejected
from exchange.engine.signatures import Signatures
from exchange.state.hashing import keccak256
from exchange.state.state import State

Signed = tuple[bytes, bytes, bytes, int]
"""A struct hash and its signature r, s, v."""


def require_signers(state: State, signatures: Signatures, signed: Iterable[Signed]) -> None:
    """Check that every signature is of an oracle signer, strictly ascending. Raises Rejected(ReportSignerUnknown)."""
    last = b""
    signers = state.config.signers
    for struct_hash, r, s, v in signed:
        signer = signatures.recover(keccak256(state.domain_prefix + struct_hash), r, s, v)
        if signer is None or signer <= last or signer not in signers:
            raise Rejected(Reason.REPORT_SIGNER_UNKNOWN)
        last = signer
