"""Which packets are carried, and what for: fees against cost, and lists of whom to carry anyway or never."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitRule:
    """What a packet has to pay.

    minimum_share: its fee covers at least this share of what the transaction is expected to cost; None for whatever
    it pays, as an operator carries his own traffic. wei_per_wei: what a wei of the source chain is worth in wei of the
    destination, by (source, destination); 1 where it is not said. Senders (addresses, in any case) and routes (lane
    keys) that are allowed are carried whatever they pay; those denied never are.
    """

    minimum_share: Fraction | None = None
    wei_per_wei: Mapping[tuple[int, int], Fraction] = field(default_factory=dict)
    allow_senders: frozenset[str] = frozenset()
    allow_routes: frozenset[str] = frozenset()
    deny_senders: frozenset[str] = frozenset()
    deny_routes: frozenset[str] = frozenset()

    def denies(self, route: str, sender: str) -> bool:
        """Whether nothing is ever spent on it."""
        return route in self.deny_routes or _has(self.deny_senders, sender)

    def asks_nothing(self, route: str, sender: str) -> bool:
        """Whether it is carried whatever it pays."""
        return self.minimum_share is None or route in self.allow_routes or _has(self.allow_senders, sender)

    def is_worth(self, fee_wei: int, cost_wei: int, *, paid_on: int, spent_on: int) -> bool:
        """Whether a fee on one chain covers the minimum share of a cost on another."""
        rate = self.wei_per_wei.get((paid_on, spent_on), Fraction(1))
        return fee_wei * rate >= cost_wei * (self.minimum_share or 0)

    def covers(self, fee_wei: int, cost_wei: int, *, paid_on: int, spent_on: int) -> bool:
        """Whether a fee on one chain covers all of a cost on another."""
        return fee_wei * self.wei_per_wei.get((paid_on, spent_on), Fraction(1)) >= cost_wei


@dataclass(frozen=True, slots=True, kw_only=True)
class Racing:
    """Whose turn it is among relayers that do not share a database.

    Each has a rank below `racers`. A packet is first the one's whose rank its id names, then, every `turn_seconds`, the
    next one's: nobody is needed, and hardly ever do two pay for the same packet.
    """

    rank: int = 0
    racers: int = 1
    turn_seconds: int = 12

    def __post_init__(self) -> None:
        if not 0 <= self.rank < self.racers:
            raise ValueError("a rank lies between 0 and the number of racers")

    def wait_seconds(self, packet_id: bytes) -> int:
        """How long to leave a packet to others."""
        return (self.rank - int.from_bytes(packet_id[-8:], "big")) % self.racers * self.turn_seconds


def _has(addresses: frozenset[str], address: str) -> bool:
    return address.lower() in {known.lower() for known in addresses}
