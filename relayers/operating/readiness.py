"""Whether the process is really relaying, and why not."""

from collections.abc import Iterable, Iterator, Mapping

from relayers.operating.config import RelayerConfig
from relayers.operating.observing import WorkerHealth
from relayers.operating.survey import Look


def why_not_ready(  # noqa: PLR0913 - everything readiness depends on
    config: RelayerConfig,
    *,
    workers: Iterable[str],
    health: Mapping[str, WorkerHealth],
    look: Look,
    now: float,
    paused: Iterable[str] = (),
) -> list[str]:
    """Reasons, none when ready. `now`: seconds on the clock the observations were made by.

    Ready: every worker ended a step that nothing blocked within `stalled_seconds`; every chain was read within that
    time and its head is fresh; no client has expired; no signer waits longer than that for its oldest transaction;
    nothing is paused.
    """
    bound = config.readiness.stalled_seconds
    reasons = [f"{scope} is paused" for scope in paused]
    reasons += [reason for worker in sorted(workers) for reason in _idle(worker, health, now, bound)]
    if look.at == float("-inf"):
        return [*reasons, "the database was not read yet"]
    if now - look.at > bound:
        reasons.append(f"the database was not read for {now - look.at:.0f} s")
    reasons += [reason for chain in config.chains for reason in _stale(config, look, chain, now)]
    reasons += [f"the client {client} has expired" for client, left in look.client_expiry_seconds.items() if left <= 0]
    reasons += [
        f"{signer} on {chain} waits {seconds:.0f} s for its oldest transaction"
        for (chain, signer), seconds in look.nonce_stuck_seconds.items()
        if seconds > bound
    ]
    return reasons


def _idle(worker: str, health: Mapping[str, WorkerHealth], now: float, bound: float) -> Iterator[str]:
    seen = health.get(worker)
    if seen is None:
        yield f"{worker} has not started"
    elif now - seen.stepped_at > bound:
        yield f"{worker} has not ended a step for {now - seen.stepped_at:.0f} s"
    elif now - seen.unblocked_at > bound:
        yield f"{worker} is blocked for {now - seen.unblocked_at:.0f} s by {seen.blocked_by}"


def _stale(config: RelayerConfig, look: Look, chain: str, now: float) -> Iterator[str]:
    age = look.head_age_seconds.get(chain)
    if age is None:
        yield f"{chain} does not answer"
    elif now - look.read_at[chain] > config.readiness.stalled_seconds:
        yield f"{chain} was not read for {now - look.read_at[chain]:.0f} s"
    elif age > config.readiness.head_age_seconds:
        yield f"the head of {chain} is {age:.0f} s old"
