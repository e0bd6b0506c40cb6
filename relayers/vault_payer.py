"""Pays out what a vault owes. Anyone may; this daemon does, so that nobody has to ask."""

from eth_account.signers.local import LocalAccount

from bridge.errors import BridgeError
from bridge.vaults import Vault
from chains.errors import ChainError
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.retries import PAYMENT
from relayers.states import TaskState
from relayers.store import Store
from relayers.task_store import Task, TaskStore

PAY_GAS = 500_000


class VaultPayer:
    """Calls `pay` for every entitlement of one vault, each on its own: one that fails waits for its next attempt."""

    def __init__(
        self, store: Store, vault: Vault, signer: LocalAccount, *, first_block: int = 0, hook: Hook = no_hook
    ) -> None:
        self.tasks = TaskStore(store, f"payments {vault.chain.chain_id}/{vault.address}")
        self._vault = vault
        self._signer = signer
        self._first_block = first_block
        self._hook = hook

    def step(self) -> StepReport:
        """Scan final blocks for entitlements, look what became of earlier payments, pay what is due."""
        journal = Journal()
        try:
            self._scan()
            now = max(self._vault.chain.head().timestamp, self._vault.chain.clock.now())
            self._observe(journal, now)
            for task in self.tasks.waiting(now):
                self._pay(journal, task, now)
        except (ChainError, BridgeError) as error:
            journal.waits_for(WaitsFor.CHAIN, self._vault.chain.name, str(error))
        return journal.report()

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
        for task in self.tasks.unfinished(now):
            if self._vault.entitlement(task.key, block=final) is None:
                self.tasks.move(task.key, TaskState.DONE)
                journal.did(Did.PAID, task.key)
            elif self._vault.entitlement(task.key) is None:
                journal.waits_for(WaitsFor.DESTINATION_FINALITY, task.key)
            elif task.state is TaskState.ACTING:
                self.tasks.move(task.key, TaskState.WAITING)

    def _pay(self, journal: Journal, task: Task, now: int) -> None:
        """Ask the node first: a payment that would fail costs nothing."""
        if self._vault.entitlement(task.key) is None:
            return
        pay = self._vault.contract.functions.pay(task.key)
        self.tasks.move(task.key, TaskState.ACTING)
        self._hook(CrashPoint.AFTER_PERSIST)
        try:
            self._vault.chain.call(pay, sender=self._signer.address)
            self._vault.chain.transact(pay, self._signer, gas=PAY_GAS)
        except ChainError as error:
            self.tasks.fail(journal, task, error, schedule=PAYMENT, now=now)
            return
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.SUBMITTED, task.key, "payment")
