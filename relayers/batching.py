"""How long a packet waits for others to share a transaction with. Policy as data: latency traded for gas, by name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from relayers.packet_store import PacketStore, TrackedPacket
from relayers.profit import ProfitRule
from relayers.reports import Journal, WaitsFor

DELIVERY_ALONE_GAS = 225_000
"""A receipt of one packet and the client update it needs, of four validators: docs/benchmarks.md, "Gas per call"."""
ANSWER_ALONE_GAS = 190_000
"""The same for an acknowledgement."""
DEADLINE_SECONDS = 600
"""A packet this near to its deadline waits for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldDown:
    """Wait `seconds` at most, or until there are so many `packets`, whichever is first; 0 seconds: for nobody."""

    seconds: int = 0
    packets: int = 16

    def __post_init__(self) -> None:
        if self.seconds < 0 or self.packets < 1:
            raise ValueError("a hold-down lasts no negative time and ends with one packet or more")

    def pressing(
        self,
        packets: Sequence[TrackedPacket],
        *,
        since: Callable[[TrackedPacket], int],
        now: int,
        pays_alone: Callable[[TrackedPacket], bool],
    ) -> list[TrackedPacket]:
        """Those for which a transaction is to be sent now; the others may go with it, but are no reason for it.

        Whole groups of `packets` are, oldest first; and each that has waited long enough since `since`, has failed
        before, is near its deadline, or pays for a transaction of its own.
        """
        if self.seconds == 0:
            return list(packets)
        full = len(packets) // self.packets * self.packets
        return [
            packet
            for number, packet in enumerate(sorted(packets, key=lambda one: (since(one), one.packet.nonce)))
            if number < full
            or packet.attempts
            or now - since(packet) >= self.seconds
            or packet.packet.timeout_timestamp - now <= DEADLINE_SECONDS
            or pays_alone(packet)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Batching:
    """For deliveries, and for the answers on their way back."""

    deliver: HoldDown = HoldDown()
    acknowledge: HoldDown = HoldDown()


BATCHING: Mapping[str, Batching] = {
    "prompt": Batching(),
    "balanced": Batching(
        deliver=HoldDown(seconds=6, packets=12),
        acknowledge=HoldDown(seconds=12, packets=16),
    ),
    "thrifty": Batching(
        deliver=HoldDown(seconds=30, packets=16),
        acknowledge=HoldDown(seconds=60, packets=16),
    ),
}
"""`batching` of `[daemons.relayer.options]`; measured in docs/benchmarks.md, "Round trips"."""


def pays_alone(  # noqa: PLR0913 - both chains' facts
    profit: ProfitRule,
    price: Callable[[], int],
    *,
    fee: Callable[[TrackedPacket], int],
    gas: int,
    paid_on: int,
    spent_on: int,
) -> Callable[[TrackedPacket], bool]:
    """Whether a packet's fee covers so much gas at the present price, which is asked for once, and only for a fee."""
    known = cache(price)

    def is_covered(packet: TrackedPacket) -> bool:
        wei = fee(packet)
        return wei > 0 and profit.covers(wei, gas * known(), paid_on=paid_on, spent_on=spent_on)

    return is_covered


def hold_back(
    journal: Journal, packets: PacketStore, due: Sequence[TrackedPacket], pressing: Sequence[TrackedPacket], lane: str
) -> None:
    """Note who waits for company."""
    hurried = {packet.packet_id for packet in pressing}
    held = [packet.packet_id for packet in due if packet.packet_id not in hurried]
    if held:
        packets.wait(held, WaitsFor.COMPANY)
        journal.waits_for(WaitsFor.COMPANY, lane, f"{len(held)} packets")
