"""What a party takes for granted of each chain, and how it works: everything its timelocks are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.swaps.timelocks import LONGEST_SECONDS, ChainBounds, Rules
from exchange.sdk.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPolicy:
    """Bounds by chain id, and a party's own habits, in seconds.

    reaction: between two looks at most. public: how long anyone may claim for a sleeper. answer: for the other party to
    agree. longest: for money to be locked. safety_deposit: wei on every leg on a chain, for whoever finishes it.
    """

    chains: Mapping[int, ChainBounds]
    reaction_seconds: int = 60
    public_seconds: int = 600
    answer_seconds: int = 600
    longest_seconds: int = LONGEST_SECONDS
    safety_deposit: int = 0

    def bounds(self, chain_id: int) -> ChainBounds:
        """Bounds of a chain; raises Rejected(UnknownBounds): without them no timelock is safe."""
        try:
            return self.chains[chain_id]
        except KeyError:
            raise Rejected("UnknownBounds", f"nothing is known of chain {chain_id}") from None

    def rules(self, *, long: ChainBounds, short: ChainBounds) -> Rules:
        """The rules for a pair of legs."""
        return Rules(
            long=long,
            short=short,
            reaction_seconds=self.reaction_seconds,
            public_seconds=self.public_seconds,
            longest_seconds=self.longest_seconds,
        )
