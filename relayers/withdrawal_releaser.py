"""Releases withdrawals of final batches from the outbox, by proof."""

from web3.contract.contract import ContractFunction

from bridge.settlement import Outbox, Rollup
from chains.errors import ChainError
from exchange.sequencer import SequencerError
from exchange.state import WithdrawalProof
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.errors import NotNow, Superseded
from relayers.ports import WithdrawalSource
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.retries import PAYMENT
from relayers.states import TaskState
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Outcome, Signing, Submitter
from relayers.task_store import Task, TaskStore

RELEASE_GAS = 1_500_000


class WithdrawalReleaser:
    """Releases each withdrawal once its batch is final, and again if its packet comes back unsuccessful.

    A withdrawal is done when it is spent and no packet is out for it any more.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        rollup: Rollup,
        outbox: Outbox,
        source: WithdrawalSource,
        signer: Signing,
        *,
        hook: Hook = no_hook,
    ) -> None:
        self._store = store
        self._queue = f"withdrawals {outbox.chain.chain_id}/{outbox.address}"
        self.tasks = TaskStore(store, self._queue)
        self._rollup = rollup
        self._outbox = outbox
        self._source = source
        self._submitter = Submitter.of(store, outbox.chain, signer, hook)
        self._hook = hook

    def step(self) -> StepReport:
        """Note the withdrawals of batches that became final, see what became of released ones, release what is due."""
        journal = Journal()
        try:
            self._submitter.tend(journal)
            with self._store.leading(self._queue, self._outbox.chain.clock.now()) as lease:
                if lease is not None:
                    self._work(journal)
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self._outbox.chain.name, str(error))
        except NotNow as reason:
            journal.waits_for(reason.waits_for, self._outbox.chain.name, reason.detail)
        except Superseded as error:
            journal.waits_for(WaitsFor.LEADER, self._outbox.chain.name, str(error))
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, self._outbox.chain.name, str(error))
        return journal.report()

    def _work(self, journal: Journal) -> None:
        self._collect(journal)
        now = max(self._outbox.chain.head().timestamp, self._outbox.chain.clock.now())
        self._observe(journal, now)
        for task in self.tasks.waiting(now):
            self._release(journal, task, now)

    def _collect(self, journal: Journal) -> None:
        final = self._rollup.chain.finalized_header().number
        count = self._rollup.batch_count(block=final)
        for index in range(self.tasks.cursor(0), count):
            if not self._rollup.is_final(index, block=final):
                journal.waits_for(WaitsFor.CHALLENGE, index)
                return
            found = [proof.withdrawal.id for proof in self._source.withdrawals_in(index)]
            self._hook(CrashPoint.AFTER_READ)
            body = index.to_bytes(8, "big")
            self.tasks.record([Task(key=_key(number), position=number, body=body) for number in found], index + 1)
            self._hook(CrashPoint.AFTER_PERSIST)

    def _observe(self, journal: Journal, now: int) -> None:
        final = self._outbox.chain.finalized_header().number
        unfinished = self.tasks.unfinished(now)
        outcomes = self._submitter.outcomes(ErrandKind.RELEASE, [task.key for task in unfinished])
        for task in unfinished:
            if task.state is TaskState.ACTING and outcomes.get(task.key) is Outcome.PENDING:
                journal.waits_for(WaitsFor.INCLUSION, task.position)
            elif self._outbox.is_spent(task.position, block=final):
                if not any(self._outbox.packet_of(task.position, block=final)):
                    self.tasks.move(task.key, TaskState.DONE)
                    journal.did(Did.RELEASED, task.position)
                elif task.state is TaskState.WAITING:
                    self.tasks.move(task.key, TaskState.ACTING)
            elif task.state is TaskState.ACTING and not self._outbox.is_spent(task.position):
                # Returned, or never released. A vault that refuses for good must not cost gas in every step.
                self.tasks.again(task, schedule=PAYMENT, now=now)

    def _release(self, journal: Journal, task: Task, now: int) -> None:
        """The submitter asks the node first: a release that would fail costs nothing."""
        if self._outbox.is_spent(task.position):
            return
        batch_index = int.from_bytes(task.body, "big")
        try:
            proof = self._source.prove_withdrawal(task.position, batch_index)
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, task.position, str(error))
            return
        release = self._call(batch_index, proof)
        errand = Errand(kind=ErrandKind.RELEASE, subjects=(task.key,), gas=RELEASE_GAS)
        self.tasks.move(task.key, TaskState.ACTING)
        self._hook(CrashPoint.AFTER_PERSIST)
        try:
            self._submitter.submit(release, errand)
        except ChainError as error:
            self.tasks.fail(journal, task, error, schedule=PAYMENT, now=now)
            return
        self._hook(CrashPoint.AFTER_ACT)
        journal.did(Did.SUBMITTED, task.position, "release")

    def _call(self, batch_index: int, proof: WithdrawalProof) -> ContractFunction:
        leaf = proof.withdrawal
        fields = (leaf.id, leaf.account, leaf.recipient, leaf.asset, leaf.chain_id, leaf.token, leaf.amount)
        return self._outbox.contract.functions.release(batch_index, fields, proof.withdrawal_proof, proof.root_proof)


def _key(withdrawal_id: int) -> bytes:
    return withdrawal_id.to_bytes(8, "big")
