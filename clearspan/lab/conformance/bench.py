"""A world without relayers of its own, into which the subject is put."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_canonical_address

from bridge.abi import ZERO_ADDRESS
from bridge.packets import Status
from chains import Depth
from chains.blocks import Transaction
from chains.local import LocalChain
from clearspan.lab.chaos import Injector
from clearspan.lab.conformance.ports import Assignment, Start, Subject
from clearspan.lab.faults.base import Fault
from clearspan.lab.link import Ask, Json
from clearspan.lab.oracle import Judge
from clearspan.lab.process import Killed, Process, Running
from clearspan.lab.scenarios.banking import DEPOSIT
from clearspan.lab.world import VENUE, World, WorldConfig
from relayers.crash_points import CrashPoint
from relayers.reports import StepReport

SUBJECT = "subject"
MAX_FEE_PER_GAS = 40 * 10**9
BOUND_SECONDS = 200
"""In which everything has to be done once nothing is wrong any more."""
GAS = 600_000
AMOUNT = 10**7


@dataclass(slots=True)
class _Stepped:
    """The subject as a daemon of a process."""

    subject: Subject

    def step(self) -> StepReport:
        """One step; what it answers is its own business."""
        self.subject.step()
        return StepReport()


class Killer:
    """Kills whoever makes the n-th request; of a transaction the node has heard then already."""

    def __init__(self, requests: int) -> None:
        self._left = requests

    def answer(self, ask: Ask, method: str, params: Sequence[Any]) -> Json:
        """See Condition."""
        self._left -= 1
        if self._left:
            return ask(method, params)
        if method == "eth_sendRawTransaction":
            ask(method, params)
        raise Killed(CrashPoint.AFTER_BROADCAST)


class Bench:
    """The subject, its world and the judge. The second vault chain is final three blocks deep, the others at once."""

    def __init__(self, world: World, start: Start) -> None:
        self.world = world
        world.people_act = False
        self.judge = Judge(world)
        self.faults = Injector(world)
        self.signer = world.base.relayers[0]
        self.here, self.there = (entry.chain_id for entry in reversed(world.deployment.vaults))
        self.settlement = world.deployment.settlement.chain_id
        self._start = start
        self.process = world.add_process(SUBJECT, self._build)

    def _build(self, process: Process) -> Running:
        chains = self.world.chains
        subject = self._start(
            Assignment(
                deployment=self.world.deployment,
                providers=dict(process.links),
                chains=process.chains(),
                signer=self.signer,
                directory=process.directory,
                max_fee_per_gas=MAX_FEE_PER_GAS,
                finality_blocks={
                    number: chain.finality.blocks if isinstance(chain.finality, Depth) else 0
                    for number, chain in chains.items()
                },
            )
        )
        return Running(daemons={SUBJECT: _Stepped(subject)}, close=subject.close)

    # What happens to it

    def deposit(self, *, user: int = 0, seconds: int = 3_000, chain_id: int | None = None) -> None:
        """Send a deposit of ether on a vault chain, the second where none is named; nobody waits for it."""
        vault = self.world.deployment.vault(self.here if chain_id is None else chain_id)
        chain, wallet = self.world.chains[vault.chain_id], self.world.base.users[user]
        call = chain.contract("CollateralVault", vault.vault).get_function_by_signature(DEPOSIT)(
            ZERO_ADDRESS, AMOUNT, wallet.address, self.world.clock.now() + seconds
        )
        chain.send(call, wallet, value=AMOUNT, gas=GAS)

    def kill_after(self, requests: int) -> None:
        """Have it die at one of its next requests to any chain."""
        killer = Killer(requests)
        for link in self.process.links.values():
            link.conditions.append(killer)

    def spare(self) -> None:
        """Kill it no more."""
        for link in self.process.links.values():
            link.conditions = [one for one in link.conditions if not isinstance(one, Killer)]

    def wipe(self) -> None:
        """Kill it and lose its disk."""
        self.process.stop()
        shutil.rmtree(self.process.directory)
        self.process.directory.mkdir()

    def suffer(self, fault: Fault, seconds: int) -> None:
        """A fault for so long."""
        number = self.faults.inject(fault)
        self.world.run(seconds)
        self.faults.heal(number)

    # What came of it

    def is_done(self, packets: int) -> bool:
        """Whether so many packets were sent, and all are acknowledged."""
        return len(self.judge.packets.lives) >= packets and not self.judge.packets.unfinished

    def finish(self, packets: int) -> str:
        """Let it finish; what is not as it should be, nothing if all is well."""
        self.world.run(BOUND_SECONDS, lambda: self.is_done(packets))
        lives = self.judge.packets.lives
        problems = [str(violation) for violation in self.judge.violations]
        if not self.is_done(packets):
            problems.append(f"{len(lives) - len(self.judge.packets.unfinished)} of {packets} packets done")
        return "; ".join(problems)

    def answers(self) -> dict[Status, int]:
        """How packets were answered."""
        found: dict[Status, int] = {}
        for life in self.judge.packets.lives.values():
            if life.answer is not None:
                found[life.answer] = found.get(life.answer, 0) + 1
        return found

    def sent(self, chain_id: int) -> Iterator[tuple[Transaction, bool, int]]:
        """Its transactions in blocks of a chain, whether each succeeded, and wei per gas paid."""
        chain: LocalChain = self.world.chains[chain_id]
        sender = to_canonical_address(self.signer.address)
        for number in range(chain.ledger.height + 1):
            block = chain.ledger.block(number)
            for transaction, receipt in zip(block.transactions, block.receipts, strict=True):
                if transaction.sender == sender:
                    yield transaction, receipt.succeeded, transaction.gas_price(block.header.base_fee)

    def failed(self) -> int:
        """Its transactions that reverted, on any chain."""
        return sum(not succeeded for chain_id in self.world.chains for _, succeeded, _ in self.sent(chain_id))


def new_bench(start: Start, seed: int = 1) -> Bench:
    """A bench with a fresh world, to be closed by its world. The venue stands still: it has no part in this."""
    world = World(seed, WorldConfig(relayers=0, trades=False))
    bench = Bench(world, start)
    world.processes[VENUE].is_paused = True
    return bench
