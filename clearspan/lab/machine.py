"""A world as a state machine of Hypothesis, which finds schedules of actions and faults that break it and shrinks them.

    class TestWorld(WorldMachine):
        ...

    TestCase = TestWorld.TestCase

What users do, what goes wrong and how long it lasts are rules; after each of them no promise may be broken, and in the
end everything is healed and has to come to rest. Hypothesis drops and simplifies rules until nothing more can go.
"""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bridge.abi import ZERO_ADDRESS
from chains.errors import ChainError
from clearspan.lab.chaos import Injector
from clearspan.lab.faults import VOCABULARY
from clearspan.lab.oracle import Judge
from clearspan.lab.runs import restless
from clearspan.lab.scenarios.banking import DEPOSIT
from clearspan.lab.world import World, WorldConfig

REST_SECONDS = 900
USERS = st.integers(0, 3)
UNITS = st.integers(1, 5)
DEPOSIT_GAS = 600_000


class WorldMachine(RuleBasedStateMachine):
    """Rules over one world; subclass it to choose the world, or to add rules.

    CONFIG: what it is made of. WORDS: faults that may happen. RESTS: whether it has to come to rest in the end, which
    takes most of the time.
    """

    CONFIG: ClassVar[WorldConfig] = WorldConfig(trades=False)
    WORDS: ClassVar[tuple[str, ...]] = tuple(sorted(VOCABULARY))
    RESTS: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__()
        self.world = World(1, self.CONFIG)
        self.world.people_act = False
        self.judge = Judge(self.world)
        self.faults = Injector(self.world)
        self.active: list[int] = []

    @rule(user=USERS, asset=st.integers(0, 3), units=UNITS)
    def deposit(self, user: int, asset: int, units: int) -> None:
        """A user deposits whole units of an asset."""
        listed = self.world.deployment.asset(asset)
        self._attempt(lambda: self.world.users[user].deposit(asset, units * 10**listed.decimals))

    @rule(user=USERS, units=UNITS)
    def deposit_nothing(self, user: int, units: int) -> None:
        """A user says that he sends ether, and does not."""
        entry = self.world.deployment.vaults[0]
        chain, wallet = self.world.chains[entry.chain_id], self.world.users[user].wallet
        call = chain.contract("CollateralVault", entry.vault).get_function_by_signature(DEPOSIT)(
            ZERO_ADDRESS, units * 10**18, wallet.address, self.world.clock.now() + 600
        )
        self._attempt(lambda: chain.send(call, wallet, gas=DEPOSIT_GAS))

    @rule(user=USERS, asset=st.integers(0, 3), units=UNITS)
    def withdraw(self, user: int, asset: int, units: int) -> None:
        """A user asks for whole units of an asset back."""
        listed = self.world.deployment.asset(asset)
        self._attempt(lambda: self.world.users[user].withdraw(asset, units * 10**listed.decimals))

    @rule(choice=st.integers(0, 10_000), seed=st.integers(0, 100))
    def begin_fault(self, choice: int, seed: int) -> None:
        """Something goes wrong: a word of the vocabulary, its details from a seed of their own."""
        kind = VOCABULARY[self.WORDS[choice % len(self.WORDS)]]
        self.active.append(self.faults.inject(kind.draw(self.world, Random(seed))))

    @precondition(lambda self: bool(self.active))
    @rule()
    def end_fault(self) -> None:
        """What went wrong first is healed."""
        self.faults.heal(self.active.pop(0))

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.world.run(seconds)

    @invariant()
    def promises_are_kept(self) -> None:
        """By the judge's books."""
        self._require_kept()

    def teardown(self) -> None:
        """Heal everything, let it come to rest, and look back; what was told before is not told again."""
        try:
            if self.judge.violations:
                return
            self.faults.heal_all()
            self.world.run(10)
            if self.RESTS:
                self.world.run(REST_SECONDS, lambda: not restless(self.world, self.judge))
                waiting = restless(self.world, self.judge)
                if waiting:
                    raise AssertionError(f"not at rest after {REST_SECONDS} s: {waiting}")
            self.judge.look_back()
            self._require_kept()
        finally:
            self.world.close()

    def _require_kept(self) -> None:
        if self.judge.violations:
            raise AssertionError("; ".join(str(violation) for violation in self.judge.violations))

    def _attempt(self, action: Any) -> None:
        """What the venue or a chain refuses is noted and nothing more."""
        try:
            outcome = str(action())
        except ChainError as error:
            outcome = f"refused by the chain: {error.reason}"
        except Exception as error:  # noqa: BLE001 - the engine's and the sequencer's refusals have no common name
            outcome = f"refused: {error}"
        self.world.note("machine", "action", detail=outcome)
