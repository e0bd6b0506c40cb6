"""What a party takes for granted of each chain, and how it works: everything its timelocks are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.swaps.guarantees import Guarantee
from bridge.swaps.timelocks import LONGEST_SECONDS, ChainBounds, Rules
from exchange.sdk.errors import Rejected


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeBounds:
    """What is taken for granted of the exchange, in seconds, besides the settlement chain's own bounds.

    answer: the operator takes a step. posting: a step is in a batch in a block. challenge: a batch can no longer be
    challenged. forced: an item of the forced queue is executed, however little the operator wants to.
    """

    settlement: ChainBounds
    answer_seconds: int
    posting_seconds: int
    challenge_seconds: int
    forced_seconds: int

    def bounds(self, guarantee: Guarantee) -> ChainBounds:
        """As one more chain: locks go to the operator, claims and refunds may have to be forced.

        What is soft is known at once; what is posted, when the batch's block is final; and so on.
        """
        base = self.settlement
        known = self.answer_seconds
        if guarantee is not Guarantee.SOFT:
            known = self.posting_seconds + base.inclusion_seconds + base.reorganisation_seconds + base.finality_seconds
        if guarantee is Guarantee.FINAL:
            known += self.challenge_seconds
        return ChainBounds(
            inclusion_seconds=self.answer_seconds,
            finality_seconds=known,
            halt_seconds=base.halt_seconds,
            drift_seconds=base.drift_seconds,
            forced_seconds=base.inclusion_seconds + base.reorganisation_seconds + self.forced_seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPolicy:
    """Bounds by chain id and of the exchange, and a party's own habits, in seconds.

    reaction: between two looks at most. public: how long anyone may claim for a sleeper. answer: for the other party to
    agree. longest: for money to be locked. safety_deposit: wei on every leg on a chain, for whoever finishes it, and
    the most accepted of others. cost_ppm_max: what a provider may take off the fair amount.
    """

    chains: Mapping[int, ChainBounds]
    exchange: ExchangeBounds | None = None
    reaction_seconds: int = 60
    public_seconds: int = 600
    answer_seconds: int = 600
    longest_seconds: int = LONGEST_SECONDS
    safety_deposit: int = 0
    safety_deposit_max: int = 10**16
    cost_ppm_max: int = 50_000

    def bounds(self, chain_id: int) -> ChainBounds:
        """Bounds of a chain; raises Rejected(UnknownBounds): without them no timelock is safe."""
        try:
            return self.chains[chain_id]
        except KeyError:
            raise Rejected("UnknownBounds", f"nothing is known of chain {chain_id}") from None

    def cash_bounds(self, guarantee: Guarantee) -> ChainBounds:
        """Bounds of a cash leg; raises Rejected(UnknownBounds)."""
        if self.exchange is None:
            raise Rejected("UnknownBounds", "nothing is known of the exchange")
        return self.exchange.bounds(guarantee)

    def rules(self, *, long: ChainBounds, short: ChainBounds) -> Rules:
        """The rules for a pair of legs."""
        return Rules(
            long=long,
            short=short,
            reaction_seconds=self.reaction_seconds,
            public_seconds=self.public_seconds,
            longest_seconds=self.longest_seconds,
        )
