"""One process that runs the configured daemons until it is told to stop."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from chains import EndpointEvent
from chains.chain import Chain
from relayers.operating import config_rules, registry
from relayers.operating.assembly import Assembly, unlock_signers
from relayers.operating.chain_building import OnEvent, connect_or_wait, endpoint_samples, log_event
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import ConfigRejected, Problem
from relayers.operating.logs import Redactor, redactor
from relayers.operating.metrics import Metrics, Sample
from relayers.operating.observing import Observer
from relayers.operating.readiness import why_not_ready
from relayers.operating.serving import Answers, StatusServer
from relayers.operating.survey import SURVEY, Survey
from relayers.operating.tallies import Tallies
from relayers.operating.workers import Worker, Workforce
from relayers.pruning import Pruner, Retention
from relayers.store import Store

SURVEY_SECONDS = 2.0
PRUNER, PRUNE_SECONDS = "pruner", 10.0
FLUSH_SECONDS = 1.0
STOP_SECONDS = 15.0
"""How long steps have to end after SIGTERM; a chain that is silent longer does not keep the process."""
RELOAD_SECONDS = 5.0
"""How long a reload waits for steps of what it changes; one that is still in its step is followed by its new self."""
RELOADABLE = frozenset({"routes", "readiness", "retention", "log", "daemons", "limits"})
"""Keys a running process takes; another value of any other key needs a restart."""


class RelayerProcess:
    """Opens everything in the constructor, or raises; `run` returns after SIGTERM or SIGINT.

    names: the daemons to run, those the configuration turns on where None.
    """

    def __init__(  # noqa: PLR0913 - ports, all with defaults
        self,
        path: Path,
        *,
        names: tuple[str, ...] | None = None,
        ask: Callable[[str], str] | None = None,
        connect: Callable[[RelayerConfig, OnEvent], Mapping[str, Chain]] = connect_or_wait,
        hidden: Redactor = redactor,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._path = path
        self._names = names
        config = config_rules.load(path)
        for section in config.chains.values():
            for endpoint in section.endpoints:
                hidden.hide(endpoint.expanded(), f"<{endpoint.id}>")
        signers = unlock_signers(config, hidden, ask)
        store = open_store(config, config.store.replica)  # before the tallies: it takes only a database of its own
        self._tallies = Tallies(config.store.url.get_secret_value(), config.store.replica)
        self.metrics = Metrics(self._tallies)
        self._assembly = Assembly(
            config=config,
            deployment=config.network(),
            chains=connect(config, self._endpoint_fault),
            signers=signers,
            store=store,
        )
        self.metrics.read_gauges_from(self._samples)
        self._observer = Observer(self.metrics)
        self._survey = Survey(lambda: self._assembly, self.metrics)
        self._pruner = Pruner(self._assembly.store, self._kept)
        self._workforce = Workforce(self._observer, self._stop_superseded)
        self._workers = self._build(self._assembly)
        self._server = StatusServer(
            Answers(
                not_ready=self.not_ready,
                metrics=self.metrics.render,
                status=self.status,
                others=self._assembly.served,
            ),
            host=config.listen.host,
            port=config.listen.port,
        )
        self._config_error = ""
        self._superseded = ""
        self._stop_seconds = stop_seconds
        self.unfinished: frozenset[str] = frozenset()
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reloads = 0
        self._log = structlog.get_logger()

    @property
    def url(self) -> str:
        """Where health and metrics are served."""
        return self._server.url

    def not_ready(self) -> list[str]:
        """Why the process is not ready; nothing when it is."""
        look, running = self._survey.look, self._workforce.names
        reasons = why_not_ready(
            self._assembly.config,
            workers=_of_the_file(running),
            health=self._observer.health(),
            look=look,
            now=time.monotonic(),
            paused=look.paused,
        )
        own = [(name, why) for name, why in list(self._assembly.conditions.items()) if name in running]
        return reasons + [f"{name}: {reason}" for name, why in own for reason in why()]

    def status(self) -> dict[str, Any]:
        """What runs and how it fares."""
        look, now = self._survey.look, time.monotonic()
        return {
            "pid": os.getpid(),
            "config": str(self._path),
            "reloads": self._reloads,
            "config_error": self._config_error,
            "not_ready": self.not_ready(),
            "workers": {
                name: {"stepped_seconds_ago": round(now - seen.stepped_at, 1), "blocked_by": seen.blocked_by}
                for name, seen in sorted(self._observer.health().items())
            },
            "backlog": {
                route: {"oldest_seconds": backlog.oldest_seconds, **backlog.by_state}
                for route, backlog in look.backlog.items()
            },
            "clients_expire_in_seconds": look.client_expiry_seconds,
            "paused": list(look.paused),
            "waits": {route: backlog.by_wait for route, backlog in look.backlog.items() if backlog.by_wait},
            "money": [
                {"route": route, "chain": chain, "spent_wei": str(one.spent_wei), "earned_wei": str(one.earned_wei)}
                for (route, chain), one in sorted(look.money.items())
            ],
            "balances_wei": {f"{chain} {signer}": str(wei) for (chain, signer), wei in look.balance_wei.items()},
        }

    async def run(self, stop: asyncio.Event | None = None) -> bool:
        """Work until told to stop; then let every step end. False where a newer process of this name took over.

        Returns within `stop_seconds` of being told; whose step had not ended by then is in `unfinished`.
        """
        stopping = self._stopping = stop or asyncio.Event()
        loop = self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            with suppress(NotImplementedError, RuntimeError, ValueError):  # not the main thread: a test drives us
                loop.add_signal_handler(number, stopping.set)
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self.reload()))
        self._log.info("started", daemons=sorted(self._workers), listens=self.url)
        with self._server:
            self._workforce.start(self._workers)
            looking = self._survey.daemons().items()
            self._workforce.start({name: Worker(daemon=one, every_seconds=SURVEY_SECONDS) for name, one in looking})
            self._workforce.start({PRUNER: Worker(daemon=self._pruner, every_seconds=PRUNE_SECONDS)})
            flushing = asyncio.create_task(self._flush())
            await stopping.wait()
            self._log.info("stopping")
            self.unfinished = await asyncio.to_thread(self._workforce.stop, within_seconds=self._stop_seconds)
            flushing.cancel()
        self._tallies.close()
        self._assembly.store.close()
        self._log.info("stopped", **({"unfinished": sorted(self.unfinished)} if self.unfinished else {}))
        return not self._superseded

    async def reload(self) -> bool:
        """Take the file's present text as a whole, or go on as before; whether it was taken."""
        try:
            return await self._reload()
        finally:
            self._reloads += 1

    async def _reload(self) -> bool:
        try:
            config = await asyncio.to_thread(config_rules.load, self._path)
            require_reloadable(self._assembly.config, config)
            assembly = self._assembly.with_config(config)
            workers = self._build(assembly)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the new file, the old one goes on
            self._config_error = str(error)
            self.metrics.count("config_reloads_total", "refused")
            self._log.error("reload refused, the old configuration goes on", error=str(error))
            return False
        kept = (
            {
                name
                for name in workers.keys() & self._workers.keys()
                if workers[name].every_seconds == self._workers[name].every_seconds
            }
            if config.limits == self._assembly.config.limits
            else set()
        )
        changed = _of_the_file(self._workforce.names) - kept
        await asyncio.to_thread(self._workforce.stop, changed, within_seconds=RELOAD_SECONDS)
        self._assembly = assembly
        self._workforce.start({name: worker for name, worker in workers.items() if name not in kept})
        self._workers = {name: self._workers[name] if name in kept else worker for name, worker in workers.items()}
        self._config_error = ""
        self.metrics.count("config_reloads_total", "applied")
        self._log.info("reloaded", daemons=sorted(workers))
        return True

    def _build(self, assembly: Assembly) -> dict[str, Worker]:
        names = self._names or registry.chosen(assembly)
        return {
            name: Worker(
                daemon=daemon,
                every_seconds=assembly.section(name.partition(" ")[0]).every_seconds,
            )
            for name, daemon in registry.build(assembly, names).items()
        }

    def _stop_superseded(self, why: str) -> None:
        self._superseded = why
        self._log.error("a newer process works under this name; this one ends", detail=why)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)

    def _kept(self) -> Retention:
        section = self._assembly.config.retention
        return Retention(keep_seconds=section.keep_seconds, rows=section.rows)

    def _endpoint_fault(self, chain: str, event: EndpointEvent) -> None:
        self.metrics.count("endpoint_disagreements_total", chain, event.endpoint, event.fault.value)
        log_event(chain, event)

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await asyncio.to_thread(self._tallies.flush)
            except Exception as error:  # noqa: BLE001 - a full disk costs numbers, not packets
                self._log.error("metrics were not written", error=str(error))

    def _samples(self) -> Iterator[Sample]:
        now = time.monotonic()
        yield Sample(name="ready", labels=(), value=float(not self.not_ready()))
        yield Sample(name="config_valid", labels=(), value=float(not self._config_error))
        for name, seen in self._observer.health().items():
            if name.startswith("relayer "):
                route = name.removeprefix("relayer ")
                yield Sample(name="route_progress_age_seconds", labels=(route,), value=now - seen.unblocked_at)
        yield from self._survey.samples()
        yield from endpoint_samples(self._assembly.chains)
        running = self._workforce.names
        for name, gauges in list(self._assembly.gauges.items()):
            if name in running:
                yield from gauges()


def _of_the_file(names: frozenset[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.partition(" ")[0] not in {SURVEY, PRUNER})


def open_store(config: RelayerConfig, replica: str | None) -> Store:
    """The relayers' database; `replica` is None for tools, which take nobody's work away."""
    return Store(url=config.store.url.get_secret_value(), replica=replica)


def require_reloadable(before: RelayerConfig, after: RelayerConfig) -> None:
    """Raises ConfigRejected naming every changed key that takes a restart."""
    changed = [
        name
        for name in RelayerConfig.model_fields
        if name not in RELOADABLE and getattr(before, name) != getattr(after, name)
    ]
    if changed:
        raise ConfigRejected([Problem(path=name, message="takes a restart") for name in changed])
