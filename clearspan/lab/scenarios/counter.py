"""A venue of one process without chains: the sequencer over its log file, and traders who put load on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from chains.keys import derive_key
from clearspan.lab.floor import BTC, START, Floor
from exchange.engine import steps
from exchange.sequencer import Confirmation, OperatorKey, Sequencer, SqliteLog, Unavailable, UnavailableReason
from exchange.sequencer.kinds import NONCED_KINDS
from exchange.state import Side, State

OPERATOR = derive_key("lab operator")


class PowerCut(Exception):  # noqa: N818 - not an error of the venue's
    """The process is gone."""


class FailingLog(SqliteLog):
    """A log whose process dies at one of its writes: before it, or after it and before anybody is told."""

    def __init__(self, path: Path, genesis: bytes) -> None:
        super().__init__(path, genesis)
        self.writes_left = 1 << 62
        self.keeps_last = False

    def append(self, payloads: Sequence[bytes]) -> int:
        """Write, unless the time has come."""
        self.writes_left -= 1
        if self.writes_left < 0 and not self.keeps_last:
            raise PowerCut
        height = super().append(payloads)
        if self.writes_left < 0:
            raise PowerCut
        return height


class Watch:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> int:
        """Seconds."""
        return self.seconds


@dataclass(slots=True)
class Counter:
    """The process and what traders were told by it. `floor` makes their steps, and never applies any."""

    path: Path
    floor: Floor
    watch: Watch = field(default_factory=Watch)
    told: dict[bytes, Confirmation] = field(default_factory=dict)
    log: FailingLog = field(init=False)
    venue: Sequencer = field(init=False)

    def open(self) -> None:
        """Start the process on what the log holds. Raises LogCorrupt or LogDiverged."""
        genesis = opening_state()
        self.log = FailingLog(self.path, genesis.root)
        operator = OperatorKey(OPERATOR, genesis.domain)
        try:
            self.venue = Sequencer(genesis, self.log, operator, self.watch)
        except Exception:
            self.log.close()
            raise

    def kill(self) -> None:
        """The process is gone; the file stays."""
        with suppress(PowerCut, Unavailable):
            self.venue.close()

    def submit(self, step: bytes) -> bool:
        """Send a step and remember what was confirmed; False once the process is gone."""
        try:
            (outcome,) = self.venue.submit_many([step])
        except PowerCut:
            return False
        except Unavailable as refusal:
            if refusal.reason == UnavailableReason.LOG_FAILED:
                return False
            raise
        if isinstance(outcome, Confirmation):
            self.told[step] = outcome
        return True

    def load(self, rounds: int) -> Iterator[bytes]:
        """Prices, orders that meet, orders that rest."""
        for number in range(rounds):
            self.watch.seconds += 1
            self.floor.state.header.clock = self.watch.seconds
            yield self.floor.report(BTC, 50_000 + number)
            yield steps.reprice(BTC)
            for account, side in ((1, Side.ASK), (2, Side.BID)):
                yield self.floor.order(account, BTC, side, 50_000, 0.01 * (1 + number % 3))

    def forgotten(self) -> list[bytes]:
        """Signed steps that were confirmed and are not where the confirmation says."""
        places = self.venue._ledger.places  # noqa: SLF001 - what it would answer a sender again
        return [
            step
            for step, told in self.told.items()
            if step[0] in NONCED_KINDS
            and ((found := places.get(told.step_hash)) is None or found.sequence != told.sequence)
        ]


@contextmanager
def counter() -> Iterator[Counter]:
    """A venue that is open, two funded accounts in it."""
    with TemporaryDirectory(prefix="clearspan-lab-") as directory:
        made = Counter(Path(directory) / "sequencer.db", opening_floor())
        made.open()
        try:
            yield made
        finally:
            made.kill()


def opening_floor() -> Floor:
    """Two traders with cash before the first step."""
    floor = Floor()
    for _ in range(2):
        floor.open_account(usd=100_000)
    return floor


def opening_state() -> State:
    """Where the log begins, anew."""
    state = opening_floor().state
    state.commit()
    return state
