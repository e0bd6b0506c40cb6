"""Hours of bad luck in one run: kills, reorganisations, a fee spike, an endpoint that lies; seeded."""

import random
import time
from collections import deque
from dataclasses import dataclass, field

import psycopg

from tests.soak.liar import Liar
from tests.soak.network import EAST, ETHER, FINAL_UNDER, NAMES, SETTLEMENT, WEST
from tests.soak.replicas import ENTRY, Replica, write_config
from tests.soak.verdict import judge

GWEI = 10**9
FEE_CAP = 100 * GWEI
DEAR, TOO_DEAR = 60 * GWEI, 300 * GWEI
"""Base fees of a spike: one that is worth paying, one above the cap."""
MEGABYTE = 1 << 20
WARM_AFTER_SECONDS = 30
"""After its start a process fills its caches."""
UNTRUE = {"disagrees", "inconsistent", "lying", "malformed"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run consists of; times in seconds. The same seed sends, kills and reorganises alike.

    refunds: share of handfuls with a deadline that comes first. lies: chance of each of an endpoint's answers.
    stays_down_seconds: how long one that is killed before the calm part stays dead, so that the other takes over.
    calm_share: of the packets, at the end, which are carried without kills: there the memory is measured.
    """

    packets: int
    seed: int = 1
    replicas: int = 2
    burst: int = 8
    send_every: float = 0.5
    kill_every: float | None = 4.0
    down_at_most: float = 1.0
    reorganise_every: float | None = 2.0
    spike_seconds: float = 2.0
    lies: float = 0.1
    refunds: float = 0.15
    calm_share: float = 0.0
    stays_down_seconds: float = 0.0
    budget_wei: int = 40 * ETHER
    deadline_seconds: float = 300.0


@dataclass(kw_only=True)
class Outcome:
    """What a run came to. memory: by replica the (seconds, bytes) of its calm part.

    taken_over_seconds: from the death of the one that stays dead until nothing unfinished is claimed by it.
    """

    verdict: object = None
    kills: int = 0
    reorganisations: int = 0
    seconds: float = 0.0
    sending_seconds: float = 0.0
    lies: dict = field(default_factory=dict)
    taken_over_seconds: float | None = None
    memory: dict = field(default_factory=dict)
    memory_most: int = 0
    logs: list = field(default_factory=list)

    def blamed(self):
        """Endpoints that a log accuses of saying what is not true."""
        return {line["endpoint"] for line in self.events("endpoint fault") if line["fault"] in UNTRUE}

    def events(self, name):
        return [line for line in self.logs if line.get("event") == name]


class Soak:
    """One run over a network and a database."""

    def __init__(self, network, folder, store, plan, *, entry=ENTRY):
        self.network, self.plan, self.store = network, plan, store
        self.random = random.Random(plan.seed)
        self.liars = {EAST: Liar(network.nodes[EAST].url, chance=plan.lies, seed=plan.seed)} if plan.lies else {}
        limits = "[limits.max_fee_wei_per_gas]\n" + "".join(f"{name} = {FEE_CAP}\n" for name in NAMES.values())
        limits += "[limits.budget_wei_per_day]\n" + "".join(f"{name} = {plan.budget_wei}\n" for name in NAMES.values())
        self.replicas = []
        for name in ("one", "two", "three", "four")[: plan.replicas]:
            config = write_config(network, folder, store=store, replica=name, liars=self.liars, limits=limits)
            self.replicas.append(Replica(config, entry=entry))
        self.outcome = Outcome()
        self._down = {}
        self._left = plan.packets
        self._long_dead = None

    def run(self):
        """All packets sent and settled; answers the outcome."""
        began = time.monotonic()
        try:
            for replica in self.replicas:
                replica.start()
            self._carry(began)
            self.outcome.verdict = judge(self.network, relayers=[self.network.signer, self.network.carrier])
            self.outcome.seconds = time.monotonic() - began
            self.outcome.logs = [
                line | {"replica": replica.config.stem} for replica in self.replicas for line in replica.lines()
            ]
        finally:
            for replica in self.replicas:
                if replica.is_alive:
                    replica.kill()
            for liar in self.liars.values():
                self.outcome.lies |= liar.told
                liar.stop()
        return self.outcome

    def _carry(self, began):
        plan, now = self.plan, time.monotonic
        due = {"send": began, "kill": began + 3, "reorganise": began + 3, "memory": began}
        spike = deque([(0.3, DEAR), (0.5, TOO_DEAR)])
        while now() < began + plan.deadline_seconds:
            time.sleep(0.1)
            sent = 1 - self._left / plan.packets
            is_calm = sent > 1 - plan.calm_share
            if self._left and now() >= due["send"]:
                self._send()
                self.outcome.sending_seconds = now() - began
                due["send"] = now() + plan.send_every
            if plan.kill_every and self._left and not is_calm and now() >= due["kill"]:
                self._kill()
                due["kill"] = now() + plan.kill_every * self.random.uniform(0.5, 1.5)
            if plan.stays_down_seconds and is_calm and self._long_dead is None:
                self._kill_for_long()
            self._see_what_is_taken_over()
            self._restart()
            if plan.reorganise_every and self._left and now() >= due["reorganise"]:
                self.network.reorganise(self.random.choice(list(NAMES)), self.random.randint(1, FINAL_UNDER - 1))
                self.outcome.reorganisations += 1
                due["reorganise"] = now() + plan.reorganise_every * self.random.uniform(0.5, 1.5)
            if plan.spike_seconds and spike and sent >= spike[0][0]:
                with self.network.dear(SETTLEMENT, spike.popleft()[1]):
                    time.sleep(plan.spike_seconds)
            if now() >= due["memory"]:
                self._measure(began, is_calm=is_calm and not self._down)
                due["memory"] = now() + 1
            is_over = not self._left and not self._down and self.network.unanswered() == 0
            if is_over and not judge(self.network).wrong:  # what is owed is paid after the answer
                return

    def _send(self):
        """A handful of packets of one kind."""
        count = min(self._left, self.random.randint(1, self.plan.burst))
        vault = self.random.choice([EAST, WEST])
        seconds = 4 if self.random.random() < self.plan.refunds else 0
        match self.random.randrange(3):
            case 0:
                self.network.deposit(vault, [self.random.randint(1, 10**6) for _ in range(count)], seconds=seconds)
            case 1:
                self.network.spray(vault, SETTLEMENT, count, seconds=seconds)
            case _:
                self.network.spray(SETTLEMENT, vault, count, seconds=seconds)
        self._left -= count

    def _kill(self):
        alive = [replica for replica in self.replicas if replica.is_alive]
        if alive:
            victim = self.random.choice(alive)
            victim.kill()
            self.outcome.kills += 1
            self._down[victim] = time.monotonic() + self.random.uniform(0, self.plan.down_at_most)

    def _kill_for_long(self):
        self._kill()
        victim = list(self._down)[-1]
        self._long_dead = victim, time.monotonic()
        self._down[victim] = time.monotonic() + self.plan.stays_down_seconds

    def _see_what_is_taken_over(self):
        if self._long_dead is None or self.outcome.taken_over_seconds is not None:
            return
        victim, since = self._long_dead
        if claimed_by(self.store, victim.config.stem) == 0:
            self.outcome.taken_over_seconds = time.monotonic() - since

    def _restart(self):
        for replica, at in list(self._down.items()):
            if time.monotonic() >= at:
                replica.start()
                del self._down[replica]
        for replica in self.replicas:
            assert replica in self._down or replica.is_alive, f"ended by itself\n{replica.tail()}"

    def _measure(self, began, *, is_calm):
        for replica in self.replicas:
            if not replica.is_alive:
                continue
            size = replica.resident_bytes()
            self.outcome.memory_most = max(self.outcome.memory_most, size)
            if is_calm and replica.age_seconds > WARM_AFTER_SECONDS:
                self.outcome.memory.setdefault(replica.config.stem, []).append((time.monotonic() - began, size))


def growth(samples):
    """Least squares slope of (seconds, bytes), in bytes a second."""
    count = len(samples)
    middle = sum(at for at, _ in samples) / count
    mean = sum(size for _, size in samples) / count
    spread = sum((at - middle) ** 2 for at, _ in samples)
    return sum((at - middle) * (size - mean) for at, size in samples) / spread


def claimed_by(store, replica):
    """How many unfinished packets a replica holds, by the database."""
    with psycopg.connect(store.replace("postgresql+psycopg", "postgresql")) as connection:
        query = "SELECT count(*) FROM packets WHERE claimed_by = %s AND state NOT IN ('acknowledged', 'abandoned')"
        return connection.execute(query, [replica]).fetchone()[0]
