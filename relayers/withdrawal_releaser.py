"""Releases withdrawals of final batches from the outbox, by proof."""

from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction

from bridge.settlement import Outbox, Rollup
from chains.errors import ChainError
from exchange.sequencer import SequencerError
from exchange.state import WithdrawalProof
from relayers.crash_points import CrashPoint, Hook, no_hook
from relayers.ports import WithdrawalSource
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.retries import PAYMENT
from relayers.states import TaskState
from relayers.store import Store
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
        signer: LocalAccount,
        *,
        hook: Hook = no_hook,
    ) -> None:
        self.tasks = TaskStore(store, f"withdrawals {outbox.chain.chain_id}/{outbox.address}")
        self._rollup = rollup
        self._outbox = outbox
        self._source = source
        self._signer = signer
        self._hook = hook

    def step(self) -> StepReport:
        """Note the withdrawals of batches that became final, see what became of released ones, release what is due."""
        journal = Journal()
        try:
            self._collect(journal)
            chain = self._outbox.chain
            now = max(chain.head().timestamp, chain.clock.now())
            self._observe(journal, now)
            for task in self.tasks.waiting(now):
                self._release(journal, task, now)
        except ChainError as error:
            journal.waits_for(WaitsFor.CHAIN, self._outbox.chain.name, str(error))
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, self._outbox.chain.name, str(error))
        return journal.report()

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
        for task in self.tasks.unfinished(now):
            if self._outbox.is_spent(task.position, block=final):
                if not any(self._outbox.packet_of(task.position, block=final)):
                    self.tasks.move(task.key, TaskState.DONE)
                    journal.did(Did.RELEASED, task.position)
                elif task.state is TaskState.WAITING:
                    self.tasks.move(task.key, TaskState.ACTING)
            elif task.state is TaskState.ACTING and not self._outbox.is_spent(task.position):
                # Returned, or never released. A vault that refuses for good must not cost gas in every step.
                self.tasks.again(task, schedule=PAYMENT, now=now)

    def _release(self, journal: Journal, task: Task, now: int) -> None:
        """Ask the node first: a release that would fail costs nothing."""
        if self._outbox.is_spent(task.position):
            return
        batch_index = int.from_bytes(task.body, "big")
        try:
            proof = self._source.prove_withdrawal(task.position, batch_index)
        except SequencerError as error:
            journal.waits_for(WaitsFor.SEQUENCER, task.position, str(error))
            return
        release = self._call(batch_index, proof)
        self.tasks.move(task.key, TaskState.ACTING)
        self._hook(CrashPoint.AFTER_PERSIST)
        try:
            self._outbox.chain.call(release, sender=self._signer.address)
            self._outbox.chain.transact(release, self._signer, gas=RELEASE_GAS)
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
