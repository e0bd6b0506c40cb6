"""Nodes that serve one chain: what each did wrong, since when, and how long it is not asked for it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from web3.providers import BaseProvider

from chains.errors import ChainError, DishonestNode, Reason, WrongChainId
from chains.http_link import RateLimited
from chains.node_provider import NodeProvider


class Fault(StrEnum):
    """What an endpoint can do wrong."""

    UNREACHABLE = "unreachable"
    """No connection, a broken one, or a server error."""
    SLOW = "slow"
    """No answer in the time allowed."""
    RATE_LIMITED = "rate-limited"
    """It takes no more requests for now."""
    LAGGING = "lagging"
    """Its newest block is far below that of the others."""
    WRONG_CHAIN = "wrong-chain"
    """It serves another chain."""
    MALFORMED = "malformed"
    """It answers what is not JSON-RPC, or not of the shape the method has."""
    OVERSIZED = "oversized"
    """It answers more bytes than anything asked for can have."""
    DISAGREES = "disagrees"
    """A quorum of the others answers otherwise."""
    INCONSISTENT = "inconsistent"
    """It replaced a block that was final in its own words."""
    LYING = "lying"
    """Its answer contradicts itself: a header's hash, or a proof."""


SHORT, LONG = (5, 15, 60, 300), (60, 600, 3_600)
BENCH_SECONDS: Mapping[Fault, tuple[int, ...]] = {
    Fault.UNREACHABLE: SHORT,
    Fault.SLOW: SHORT,
    Fault.RATE_LIMITED: SHORT,
    Fault.LAGGING: SHORT,
    Fault.DISAGREES: SHORT,
    Fault.WRONG_CHAIN: LONG,
    Fault.MALFORMED: LONG,
    Fault.OVERSIZED: LONG,
    Fault.INCONSISTENT: LONG,
    Fault.LYING: LONG,
}
"""Seconds off after the first, second, ... fault in a row; the last repeats."""
REMEMBERED_BLOCKS = 256
FORGIVEN_AFTER_ANSWERS = 20
"""Good answers in a row after which a new fault counts as the first."""
_BY_REASON: Mapping[Reason, Fault] = {
    Reason.TIMED_OUT: Fault.SLOW,
    Reason.RATE_LIMITED: Fault.RATE_LIMITED,
    Reason.MALFORMED_ANSWER: Fault.MALFORMED,
    Reason.OVERSIZED_ANSWER: Fault.OVERSIZED,
    Reason.FINALITY_VIOLATED: Fault.INCONSISTENT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointEvent:
    """One fault: whose, what, since when (seconds since the epoch) and until when the endpoint is not asked."""

    endpoint: str
    fault: Fault
    since: float
    benched_until: float
    detail: str = ""


class EndpointNode:
    """One node of a chain by a public name; its address is nobody's business."""

    def __init__(
        self, name: str, provider: BaseProvider, chain_id: int, *, now: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self.node = NodeProvider(provider, chain_id)
        self.faults: dict[Fault, int] = {}
        self._now = now
        self._lock = Lock()
        self._benched_until = float("-inf")
        self._strikes = 0
        self._good = 0
        self._admitted = False
        self._blocks: dict[int, bytes] = {}

    @property
    def is_usable(self) -> bool:
        """Whether it is asked now."""
        return self._now() >= self._benched_until

    def admit(self) -> None:
        """Ask for its chain id before the first question and after each time on the bench; raises ChainError."""
        if not self._admitted:
            self.node.check_chain_id()
            self._admitted = True

    def is_consistent(self, number: int, block_hash: bytes, final_height: int) -> bool:
        """Whether it serves the block it served when that was final before; what is not final may be replaced."""
        if number > final_height:
            return True
        with self._lock:
            before = self._blocks.setdefault(number, block_hash)
            while len(self._blocks) > REMEMBERED_BLOCKS:
                del self._blocks[next(iter(self._blocks))]
        return before == block_hash

    def good(self) -> None:
        """It answered as it should."""
        with self._lock:
            self._good += 1
            if self._good >= FORGIVEN_AFTER_ANSWERS:
                self._strikes = 0

    def bench(self, fault: Fault, detail: str = "", *, at_least_seconds: float = 0.0) -> EndpointEvent:
        """Do not ask it for as long as the schedule says, or as it asked for itself.

        What was asked before it was benched and fails afterwards is the same outage: the next strike is the next time
        it is asked and fails, however many threads it has kept waiting.
        """
        now = self._now()
        with self._lock:
            schedule = BENCH_SECONDS[fault]
            if now >= self._benched_until:
                self._strikes += 1
            seconds = max(schedule[min(max(self._strikes, 1), len(schedule)) - 1], at_least_seconds)
            self._good = 0
            self._admitted = False
            self._benched_until = max(self._benched_until, now + seconds)
            self.faults[fault] = self.faults.get(fault, 0) + 1
            return EndpointEvent(
                endpoint=self.name, fault=fault, since=now, benched_until=self._benched_until, detail=detail
            )


def fault_of(error: ChainError) -> Fault | None:
    """What a failed question says about the endpoint; None where it says nothing."""
    if isinstance(error, WrongChainId):
        return Fault.WRONG_CHAIN
    if isinstance(error, RateLimited):
        return Fault.RATE_LIMITED
    known = _BY_REASON.get(error.reason)
    if known is not None:
        return known
    if isinstance(error, DishonestNode):
        return Fault.LYING
    return Fault.UNREACHABLE if error.reason is Reason.NODE_UNREACHABLE else None
