"""Turns what a step says about itself into log lines, counts and the time each worker last made progress."""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

import structlog

from relayers.operating.metrics import Metrics
from relayers.reports import Action, Did, StepReport, Wait, WaitsFor

PACKET_ID = re.compile(r"^0x[0-9a-f]{64}$")
REASON = re.compile(r"^([A-Z][A-Za-z]+)")
ATTEMPTS: Mapping[Did, str] = {
    Did.SUBMITTED: "transaction sent",
    Did.DELIVERED: "delivery sent",
    Did.EXPIRED: "expiry sent",
    Did.FAILED: "attempt failed",
}
"""What is said of attempts: that they were made. Only what a final block holds is told as done."""
BLOCKED = frozenset(
    {
        WaitsFor.BUDGET,
        WaitsFor.CHAIN,
        WaitsFor.CLIENT_FROZEN,
        WaitsFor.FEES,
        WaitsFor.FUNDS,
        WaitsFor.SEQUENCER,
        WaitsFor.SIGNER,
        WaitsFor.TRUST,
    }
)
"""Waits that mean a worker cannot work, as opposed to having to be patient."""
REPEAT_SECONDS = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """When a worker last ended a step, last ended one in which nothing blocked it, and what blocks it now."""

    stepped_at: float
    unblocked_at: float
    blocked_by: str = ""


class Observer:
    """Sees every report of every worker. `monotonic` in seconds."""

    def __init__(self, metrics: Metrics, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._lock = Lock()
        self._health: dict[str, WorkerHealth] = {}
        self._said: dict[tuple[str, str, str], float] = {}
        self._log = structlog.get_logger()

    def start(self, worker: str) -> None:
        """A worker begins: it has its bound of time to make progress."""
        now = self._monotonic()
        with self._lock:
            self._health[worker] = WorkerHealth(stepped_at=now, unblocked_at=now)

    def stop(self, worker: str) -> None:
        """A worker is gone."""
        with self._lock:
            self._health.pop(worker, None)

    def health(self) -> dict[str, WorkerHealth]:
        """Of every worker by name."""
        with self._lock:
            return dict(self._health)

    def seen(self, worker: str, report: StepReport) -> None:
        """A step ended."""
        kind = worker.partition(" ")[0]
        self._metrics.count("steps_total", worker)
        for action in report.actions:
            self._tell_action(worker, kind, action)
        for wait in report.waiting:
            self._tell_wait(worker, wait)
        blocking = [wait for wait in report.waiting if wait.waits_for in BLOCKED]
        self._note(worker, "" if not blocking else f"{blocking[0].waits_for}: {blocking[0].detail}")

    def failed(self, worker: str, error: Exception) -> None:
        """A step ended in a defect."""
        self._metrics.count("step_failures_total", worker)
        self._log.error("step failed", daemon=worker, error=f"{type(error).__name__}: {error}", exc_info=error)
        self._note(worker, f"{type(error).__name__}: {error}")

    def _note(self, worker: str, blocked_by: str) -> None:
        now = self._monotonic()
        with self._lock:
            before = self._health.get(worker)
            if before is None:
                return
            unblocked_at = before.unblocked_at if blocked_by else now
            self._health[worker] = WorkerHealth(stepped_at=now, unblocked_at=unblocked_at, blocked_by=blocked_by)

    def _tell_action(self, worker: str, kind: str, action: Action) -> None:
        self._metrics.count("actions_total", kind, action.did.value)
        bound = self._log.bind(daemon=worker, **_subject(action.subject))
        event = ATTEMPTS.get(action.did, action.did.value)
        if action.did is Did.ALARMED:
            self._metrics.count("alarms_total", action.detail.partition(" ")[0])
            bound.error(event, detail=action.detail)
        elif action.did is Did.FAILED:
            reason = REASON.match(action.detail)
            self._metrics.count("retries_total", kind, reason[1] if reason else "Unknown")
            bound.warning(event, error=action.detail)
        else:
            bound.info(event, **({"detail": action.detail} if action.detail else {}))

    def _tell_wait(self, worker: str, wait: Wait) -> None:
        """Once, and again when it has lasted: a worker that waits says so in every step."""
        key, now = (worker, wait.waits_for.value, wait.subject), self._monotonic()
        with self._lock:
            if now - self._said.get(key, float("-inf")) < REPEAT_SECONDS:
                return
            self._said = {said: at for said, at in self._said.items() if now - at < REPEAT_SECONDS}
            self._said[key] = now
        bound = self._log.bind(daemon=worker, **_subject(wait.subject))
        tell = bound.warning if wait.waits_for in BLOCKED else bound.debug
        tell(f"waiting for {wait.waits_for}", **({"detail": wait.detail} if wait.detail else {}))


def _subject(subject: str) -> dict[str, str]:
    return {"packet_id": subject} if PACKET_ID.match(subject) else {"subject": subject}
