"""Hash-time-locked swaps: terms, timelocks, what a party does next. `bridge.swaps.escrow` reads the contract."""

from bridge.swaps.terms import Swap, Timelocks, derive_preimage, hashlock_of

__all__ = ["Swap", "Timelocks", "derive_preimage", "hashlock_of"]
