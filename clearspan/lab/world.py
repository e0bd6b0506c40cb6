"""A world: chains, processes, users, faults and one clock, moved on by one scheduler from one seed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Self

from eth_account.signers.local import LocalAccount

from bridge.deployment import Deployment
from bridge.settlement import ForcedQueue, Outbox, Rollup
from chains import VirtualClock
from chains.errors import ChainError
from chains.local import LocalChain
from chains.validators import Validator, ValidatorSet
from clearspan.devnet.config import ORACLE_NAMES, DevnetConfig
from clearspan.devnet.prices import PriceBoard
from clearspan.devnet.wallets import wallet
from clearspan.lab.coverage import Coverage, Stage
from clearspan.lab.feeds import Feed
from clearspan.lab.people import User
from clearspan.lab.process import Process, Running
from clearspan.lab.randomness import stream
from clearspan.lab.scheduler import Scheduler
from clearspan.lab.snapshot import RELAYERS, USERS, Snapshot, snapshot
from clearspan.lab.swapping import let_users_swap
from clearspan.lab.trace import Trace
from exchange.engine import Signer
from exchange.sequencer import OperatorKey, Sequencer, SqliteLog
from relayers.batch_poster import BatchPoster, PostingPolicy
from relayers.fleet import build_fleet
from relayers.keeper import LiquidationKeeper
from relayers.oracle_publisher import Oracle, OraclePublisher
from relayers.queue_reader import QueueReader
from relayers.reports import Daemon, StepReport
from relayers.store import Store
from relayers.submitter import SubmitterPolicy
from relayers.withdrawal_releaser import WithdrawalReleaser

if TYPE_CHECKING:
    from clearspan.lab.oracle.judge import Judge

VENUE = "venue"
Gate = Callable[[LocalChain], bool]
"""Asked before each block of a chain whether it is made; may change what will be in it."""
Door = Callable[[Sequencer, bytes], bool]
"""Asked of each step a user hands to the venue whether it gets there now."""
NETWORK = DevnetConfig(finality_depths=(0, 0, 3), challenge_seconds=20, challenge_blocks=6)
"""The settlement chain and the first vault chain are final at once, the second vault chain three blocks deep."""
LEAP, LEAPS = 500, 0.2
"""Where users trade, a price moves by up to five hundredths at once as often as this."""
START_PRICES = (60_000 * 10**8, 3_000 * 10**8)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfig:
    """What a world is made of; everything else follows from the seed. Times in seconds."""

    network: DevnetConfig = field(default=NETWORK)
    twins: tuple[tuple[str, str], ...] = ()
    """Contracts deployed in a broken variant, as (contract, twin)."""
    trades: bool = True
    """Whether users trade; without it they only deposit and withdraw."""
    relayers: int = 2
    """Processes that carry packets, each with a wallet and a database of its own; at most two."""
    user_seconds: int = 12
    paces: tuple[int, ...] = (3,)
    """Seconds between two steps of a process's daemons, one second more or less; each process draws its own."""
    price_seconds: int = 15
    relayer_budget_wei: int = 50 * 10**18
    """What each relayer may spend on each chain in a day."""
    swaps: bool = False
    """Whether users swap across chains by hash locks."""


class World:
    """One run. Nothing in it asks for the time, opens a socket or starts a thread.

    Use it as a context manager: its files live in a directory of their own until it is closed.
    """

    def __init__(self, seed: int, config: WorldConfig | None = None) -> None:
        self.seed = seed
        self.config = config or WorldConfig()
        self._files = tempfile.TemporaryDirectory(prefix="clearspan-lab-", dir=_fast_directory())
        self.directory = Path(self._files.name)
        self.base: Snapshot = snapshot(self.config.network, self.config.twins)
        self.clock = VirtualClock(self.base.time)
        self.trace = Trace()
        self.scheduler = Scheduler(self.clock, self.chance("scheduler"))
        self.chains: dict[int, LocalChain] = self.base.fork(self.clock)
        self.finality = {chain_id: chain.finality for chain_id, chain in self.chains.items()}
        self.coverage = Coverage(lambda: sorted(self.active_faults), self._stages)
        self.active_faults: dict[str, int] = {}
        self.halted: dict[int, int] = {}
        self.silent_underlyings: set[int] = set()
        self.gates: dict[int, list[Gate]] = {chain_id: [] for chain_id in self.chains}
        self.doors: list[Door] = []
        self.breakages: list[str] = []
        self.judge: Judge | None = None
        self.after_block: list[Callable[[LocalChain], None]] = []
        self.at_close: list[Callable[[], None]] = []
        self.prices = PriceBoard(self.clock, heartbeat_seconds=60)
        self.feeds = {name: Feed(self.prices) for name in ORACLE_NAMES}
        self.processes: dict[str, Process] = {}
        self.users = tuple(
            User(self, name, key, self.chance("user", name)) for name, key in zip(USERS, self.base.users, strict=True)
        )
        self.people_act = True
        self._populate()

    # Looking

    @property
    def deployment(self) -> Deployment:
        """Where every contract is."""
        return self.base.network.deployment

    @property
    def venue(self) -> Sequencer | None:
        """The sequencer, None while its process is down."""
        return self._sequencer if self.processes[VENUE].is_up else None

    def chance(self, *names: object) -> Random:
        """The stream of chance of that name."""
        return stream(self.seed, *names)

    def note(self, lane: str, what: str, subject: str = "", detail: str = "") -> None:
        """Add to the trace."""
        self.trace.note(self.clock.now(), lane, what, subject, detail)

    def new_validator(self, chain_id: int, number: int) -> Validator:
        """A validator nobody knows yet; the same number is the same one."""
        return ValidatorSet.derived(1, chain_id=chain_id, seed=number).validators[0]

    def _stages(self) -> list[Stage]:
        """How far packets are, as the judge knows."""
        lives = () if self.judge is None else self.judge.packets.lives.values()
        open_ = [life for life in lives if life.acknowledged is None]
        found = {Stage.SENT if life.answer is None else Stage.ANSWERED for life in open_}
        return sorted(found) or [Stage.IDLE]

    # Moving on

    def run(self, seconds: int, done: Callable[[], bool] = lambda: False) -> None:
        """Let so many seconds pass, or fewer if `done` first."""
        self.scheduler.run_until(self.clock.now() + seconds, done)

    def mine(self, chain: LocalChain) -> None:
        """One block of a chain that is not halted and whose gates are open; those who look at each block look."""
        if self.halted.get(chain.chain_id) or not all(gate(chain) for gate in self.gates[chain.chain_id]):
            return
        try:
            header = chain.mine()
        except ChainError as error:
            self.note(chain.name, "makes no block", detail=str(error.reason))
            return
        self.note(chain.name, "block", str(header.number), header.hash.hex()[:16])
        for look in self.after_block:
            look(chain)

    def submit(self, step: bytes) -> str:
        """Hand a step to the venue, past whoever stands at its door; answers its place. Raises SequencerError."""
        sequencer = self.venue
        for door in self.doors:
            if sequencer is not None and not door(sequencer, step):
                return "never arrives"
        return "the venue is down" if sequencer is None else f"sequence {sequencer.submit(step).sequence}"

    def close(self) -> None:
        """Let go of every file."""
        for process in self.processes.values():
            process.stop()
            process.disk.forget()
        for let_go in self.at_close:
            let_go()
        self._files.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Building

    def add_process(self, name: str, build: Callable[[Process], Running]) -> Process:
        """A process whose daemons step at a pace of its own; it comes up when next it is looked after."""
        process = Process(self, name, build)
        self.processes[name] = process
        process.start()
        self.tend(process)
        return process

    def tend(self, process: Process) -> Callable[[], None]:
        """Start a process whenever it is down, and step its daemons at a pace of its own, until what is answered."""
        chance = self.chance("process", process.name)
        seconds = chance.choice(self.config.paces)
        is_over: list[bool] = []

        def look() -> None:
            if is_over:
                return
            if not process.is_up:
                process.start()
            for daemon in list(process.daemons):
                if daemon not in process.resting:
                    process.step(daemon)

        self.scheduler.every(lambda: chance.randint(max(1, seconds - 1), seconds + 1), look)
        return lambda: is_over.append(True)

    def _populate(self) -> None:
        block_seconds = self.config.network.block_seconds
        for chain in self.chains.values():
            self.scheduler.every(lambda: block_seconds, partial(self.mine, chain), is_block=True)
        self.add_process(VENUE, self._build_venue)
        for name, signer in list(zip(RELAYERS, self.base.relayers, strict=True))[: self.config.relayers]:
            self.add_process(name, partial(self._build_relayer, signer))
        for underlying, price in enumerate(START_PRICES):
            self.prices.set(underlying, price)
        market = self.chance("prices")
        self.scheduler.every(lambda: self.config.price_seconds, partial(self._move_prices, market))
        for user in self.users:
            pace = self.chance("pace", user.name)
            self.scheduler.every(partial(pace.randint, 1, 2 * self.config.user_seconds), partial(self._let_act, user))
            if self.config.trades:
                self.scheduler.at(self.clock.now() + 1, partial(self._let_begin, user))
        if self.config.swaps:
            let_users_swap(self)

    def _let_begin(self, user: User) -> None:
        if self.people_act:
            user.fund()

    def _let_act(self, user: User) -> None:
        if self.people_act:
            user.act()

    def _move_prices(self, chance: Random) -> None:
        for underlying in range(len(START_PRICES)):
            last = self.prices.latest(underlying)
            if last is not None and underlying not in self.silent_underlyings:
                most = LEAP if self.config.trades and chance.random() < LEAPS else 30
                self.prices.set(underlying, last.price_e8 * (10_000 + chance.randint(-most, most)) // 10_000)

    def _build_relayer(self, signer: LocalAccount, process: Process) -> Running:
        store = Store(process.directory / "relayer.db")
        process.opened.append(store.close)
        signer = process.signer or signer
        policy = SubmitterPolicy(budget_wei_per_day=self.config.relayer_budget_wei)
        fleet = build_fleet(store, self.deployment, process.chains(), signer, policy=policy, hook=process.pass_point)
        daemons: dict[str, Daemon] = {}
        daemons.update({f"submitter {number}": daemon for number, daemon in enumerate(fleet.submitters, 1)})
        daemons.update({f"relayer {number}": daemon for number, daemon in enumerate(fleet.relayers, 1)})
        daemons.update({f"payer {number}": daemon for number, daemon in enumerate(fleet.payers, 1)})
        daemons.update({f"updater {number}": daemon for number, daemon in enumerate(fleet.updaters, 1)})
        return Running(daemons=daemons, close=store.close)

    def _build_venue(self, process: Process) -> Running:
        network, keys = self.deployment, self.base.network.keys
        state = self.base.genesis()
        log = SqliteLog(process.directory / "sequencer.db", state.root)
        process.opened.append(log.close)
        operator = OperatorKey(bytes(keys.operator.key), state.domain)
        self._sequencer = sequencer = Sequencer(state, log, operator, process.clock)
        store = Store(process.directory / "daemons.db")
        process.opened.append(store.close)
        chains = process.chains()
        settlement = chains[network.settlement.chain_id]
        rollup = Rollup(settlement, network.settlement.rollup)
        oracles = [
            Oracle(signer=Signer(bytes(wallet(self.config.network.seed, name).key)), source=self.feeds[name])
            for name in ORACLE_NAMES
        ]
        queue = ForcedQueue(settlement, network.settlement.forced_queue)
        outbox = Outbox(settlement, network.settlement.outbox)
        hook = process.pass_point
        policy = PostingPolicy(interval_seconds=self.config.network.batch_interval_seconds)
        daemons: Mapping[str, Daemon] = {
            "oracle": OraclePublisher(sequencer, oracles, hook=hook),
            "keeper": LiquidationKeeper(sequencer),
            "queue reader": QueueReader(store, queue, sequencer, first_block=network.settlement.deployed_at, hook=hook),
            "batch poster": BatchPoster(store, rollup, sequencer, keys.poster, policy=policy, hook=hook),
            "withdrawal releaser": WithdrawalReleaser(store, rollup, outbox, sequencer, keys.relayer, hook=hook),
            "clock": _Clock(sequencer),
        }

        def close() -> None:
            sequencer.close()
            store.close()

        return Running(daemons=daemons, close=close)


def _fast_directory() -> str | None:
    """Memory, where there is such a place: what is lost in a crash is the file layer's to say, not the disk's."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class _Clock:
    """Ends the sequencer's segments in time."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer

    def step(self) -> StepReport:
        """One tick."""
        self._sequencer.tick()
        return StepReport()
