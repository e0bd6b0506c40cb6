"""Pays out what a vault owes. Anyone may; this daemon does, so that nobody has to ask."""

from eth_typing import ChecksumAddress

from bridge.errors import BridgeError
from bridge.vaults import Entitlement, Exit, Vault
from chains.errors import ChainError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.retries import PAYMENT
from relayers.states import TaskState
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Outcome, Signing, Submitter
from relayers.task_store import Task, TaskStore

CLAIMS_PER_DRAIN = 10
DRAIN_GAS = 500_000
GAS_PER_CLAIM = 450_000
"""A token may use 300,000 to be sent; the vault begins no claim that might run out."""


class VaultPayer:
    """Drains the queues in which something final waits, releases and refunds of each asset on their own.

    Whom the vault cannot pay it credits, so nobody stands in the way of others; a queue that its window or the vault's
    inventory holds up is looked at again in every step, at no cost.
    """

    def __init__(
        self, store: Store, vault: Vault, signer: Signing, *, first_block: int = 0, hook: Hook = no_hook
    ) -> None:
        self._store = store
        self._queue = f"payments {vault.chain.chain_id}/{vault.address}"
        self.tasks = TaskStore(store, self._queue)
        self._vault = vault
        self._submitter = Submitter.of(store, vault.chain, signer, hook)
        self._first_block = first_block
        self._hook = hook

    def step(self) -> StepReport:
        """Scan final blocks for entitlements, look what became of earlier payments, drain what is due."""
        journal = Journal()
        try:
            self._submitter.tend(journal)
            with self._store.leading(self._queue, self._vault.chain.clock.now()) as lease:
                if lease is not None:
                    self._work(journal)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._vault.chain.name, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, self._vault.chain.name, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, self._vault.chain.name, str(error))
        return journal.report()

    def _work(self, journal: Journal) -> None:
        self._scan()
        now = max(self._vault.chain.head().timestamp, self._vault.chain.clock.now())
        self._observe(journal, now)
        due = self._due(now)
        if due and self._vault.is_paused():
            journal.waits_for(WaitsFor.VAULT, self._vault.chain.name, "paused")
            due = {}
        for (asset, way), tasks in due.items():
            self._drain(journal, asset, way, tasks, now)

    def _scan(self) -> None:
        first, last = self.tasks.cursor(self._first_block), self._vault.chain.finalized_header().number
        if first > last:
            return
        found = self._vault.entitled(first, last)
        self._hook(CrashPoint.AFTER_READ)
        self.tasks.record([Task(key=entitlement.identifier, position=first) for entitlement in found], last + 1)
        self._hook(CrashPoint.AFTER_PERSIST)

    def _observe(self, journal: Journal, now: int) -> None:
        final = self._vault.chain.finalized_header().number
        unfinished = self.tasks.unfinished(now)
        outcomes = self._submitter.outcomes(ErrandKind.PAY, [task.key for task in unfinished])
        for task in unfinished:
            if task.state is TaskState.ACTING and outcomes.get(task.key) is Outcome.PENDING:
                journal.waits_for(WaitsFor.INCLUSION, task.key)
            elif self._vault.entitlement(task.key, block=final) is None:
                self.tasks.move(task.key, TaskState.DONE)
                journal.did(Did.PAID, task.key)
            elif self._vault.entitlement(task.key) is None:
                journal.waits_for(WaitsFor.DESTINATION_FINALITY, task.key)
            elif task.state is TaskState.ACTING:
                self.tasks.move(task.key, TaskState.WAITING)

    def _due(self, now: int) -> dict[tuple[ChecksumAddress, Exit], list[Task]]:
        """Waiting tasks by queue, in order."""
        found: dict[tuple[ChecksumAddress, Exit], list[Task]] = {}
        for task in self.tasks.waiting(now):
            owed = self._vault.entitlement(task.key)
            if owed is not None:
                found.setdefault(_queue_of(owed), []).append(task)
        return found

    def _drain(self, journal: Journal, asset: ChecksumAddress, way: Exit, tasks: list[Task], now: int) -> None:
        """Ask the node first: what nothing can be paid of costs nothing."""
        drain = self._vault.drain(asset, way, CLAIMS_PER_DRAIN)
        errand = Errand(
            kind=ErrandKind.PAY,
            subjects=tuple(task.key for task in tasks),
            gas=DRAIN_GAS + GAS_PER_CLAIM * CLAIMS_PER_DRAIN,
        )
        try:
            if not self._vault.chain.call(drain, sender=self._submitter.addresses[0], block="pending"):
                journal.waits_for(WaitsFor.VAULT, tasks[0].key, f"{len(tasks)} claims on {asset}")
                return
            for task in tasks:
                self.tasks.move(task.key, TaskState.ACTING)
            self._hook(CrashPoint.AFTER_PERSIST)
            self._submitter.submit(drain, errand)
        except ChainError as error:
            for task in tasks:
                self.tasks.fail(journal, task, error, schedule=PAYMENT, now=now)
            return
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.SUBMITTED, tasks[0].key, f"payment of {len(tasks)} claims")


def _queue_of(owed: Entitlement) -> tuple[ChecksumAddress, Exit]:
    return owed.asset, owed.exit
