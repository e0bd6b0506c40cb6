"""How a submitter behaves, as data."""

from dataclasses import dataclass, field
from fractions import Fraction

from relayers.submitter.fees import FeePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitterPolicy:
    """Named limits of one chain's submitter.

    budget_wei_per_day: the most that transactions made on one day may cost, None for no limit. in_flight_max: how many
    of one signer's transactions may wait to be mined. gas_headroom: what an estimate of gas is multiplied by.
    estimates: also estimate gas where the caller names the most it may take; what is reserved is then nearer to the
    cost. waits_for_inclusion: stay until each transaction is in a block, for chains in this process that mine when
    waited for.
    """

    fees: FeePolicy = field(default_factory=FeePolicy)
    budget_wei_per_day: int | None = None
    in_flight_max: int = 16
    gas_headroom: Fraction = Fraction(5, 4)
    estimates: bool = False
    waits_for_inclusion: bool = False
