"""ETH on one chain for a dollar token on another: two chains, two escrows, two people who do what they are told."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from eth_account.signers.local import LocalAccount

from bridge.swaps.machine import Decision, Role, Step, SwapPlan, decide
from bridge.swaps.observing import Watch, observe
from bridge.swaps.terms import Swap, derive_preimage, hashlock_of
from bridge.swaps.timelocks import ChainBounds, Rules, Schedule
from chains.clock import VirtualClock
from chains.errors import ChainHalted, TransactionReverted
from chains.local import LocalChain
from tests.contracts.harness import FAR, NEAR, RELAYER, TRADER, ZERO, new_chain
from tests.contracts.swapping import Bench, bench_on

ALICE, BOB = TRADER, RELAYER
ETHER_AMOUNT, TOKEN_AMOUNT, DEPOSIT = 10**18, 3_000_000_000, 10**15
SEED = b"\x21" * 32
BOUNDS = ChainBounds(
    inclusion_seconds=20, finality_seconds=20, reorganisation_seconds=5, halt_seconds=30, drift_seconds=5
)
RULES = Rules(long=BOUNDS, short=BOUNDS, reaction_seconds=15, public_seconds=60)
TICK = 5
GAS = 1_000_000


@dataclass(slots=True, kw_only=True)
class Market:
    """Alice has ether on `long.chain` and wants dollars on `short.chain`, where Bob has some."""

    clock: VirtualClock
    long: Bench
    short: Bench
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000)))

    def legs(self, schedule: Schedule | None = None, **changed: Any) -> tuple[Swap, Swap, bytes]:
        """Terms of both legs, and the preimage that Alice derives."""
        nonce = next(self.numbers)
        schedule = schedule or RULES.plan(self.clock.now())
        preimage = derive_preimage(SEED, chain_id=FAR, locker=ALICE.address, nonce=nonce)
        common = {"hashlock": hashlock_of(preimage), "safety_deposit": DEPOSIT, "nonce": nonce} | changed
        long = Swap(
            chain_id=NEAR,
            escrow=self.long.escrow.address,
            locker=ALICE.address,
            payee=BOB.address,
            asset=ZERO,
            amount=ETHER_AMOUNT,
            timelocks=schedule.long,
            **common,
        )
        short = Swap(
            chain_id=FAR,
            escrow=self.short.escrow.address,
            locker=BOB.address,
            payee=ALICE.address,
            asset=self.short.token.address,
            amount=TOKEN_AMOUNT,
            timelocks=schedule.short,
            **common,
        )
        return long, short, preimage

    def statuses(self, long: Swap, short: Swap) -> tuple[str, str]:
        return tuple(  # type: ignore[return-value]
            bench.records()[swap.identifier].status.value if swap.identifier in bench.records() else "absent"
            for bench, swap in ((self.long, long), (self.short, short))
        )

    def tick(self, seconds: int = TICK) -> None:
        """Time passes, and each chain that can makes a block."""
        self.clock.advance(seconds)
        for bench in (self.long, self.short):
            with suppress(ChainHalted):
                bench.chain.mine()

    def wealth(self) -> dict[str, tuple[int, int]]:
        """Ether on the long chain and dollars on the short one, by person; ether leaves fees and deposits out."""
        return {
            name: (round(self.long.chain.balance(who.address), -17), self.short.balance(who.address))
            for name, who in (("alice", ALICE), ("bob", BOB))
        }


@dataclass(slots=True, kw_only=True)
class Actor:
    """Does what the machine says. Everything but `has_revealed`, which is on disk, is read anew at every look."""

    market: Market
    plan: SwapPlan
    account: LocalAccount
    preimage: bytes | None = None
    has_revealed: bool = False
    decisions: list[Decision] = field(default_factory=list)

    def look(self) -> Decision:
        own, other = self._benches()
        knowledge = observe(
            self.plan, Watch(escrow=own.reader), Watch(escrow=other.reader), has_revealed=self.has_revealed
        )
        decision = decide(self.plan, knowledge, self.market.clock.now())
        self.decisions.append(decision)
        fields = self.plan.own.as_abi()
        if decision.step is Step.LOCK:
            ether = self.plan.own.amount if self.plan.own.asset == ZERO else 0
            self._send(own.chain, own.escrow.functions.lock(fields), self.plan.own.safety_deposit + ether)
        elif decision.step is Step.REFUND:
            self._send(own.chain, own.escrow.functions.refund(fields))
        elif decision.step is Step.CLAIM:
            self.has_revealed = self.plan.role is Role.INITIATOR
            preimage = self.preimage or knowledge.own.preimage
            assert preimage is not None
            self._send(other.chain, other.escrow.functions.claim(self.plan.other.as_abi(), preimage))
        return decision

    def _benches(self) -> tuple[Bench, Bench]:
        pair = self.market.long, self.market.short
        return pair if self.plan.role is Role.INITIATOR else (pair[1], pair[0])

    def _send(self, chain: LocalChain, call: Any, value: int = 0) -> None:
        """Submitted and left to the chain; on one that stands still it waits."""
        with suppress(TransactionReverted):
            chain.send(call, self.account, value=value, gas=GAS)


def new_market(*, finality: Any = None, path: Any = None) -> Market:
    """Two chains with an escrow each."""
    clock = VirtualClock()
    options: dict[int, dict[str, Any]] = {NEAR: {}, FAR: {"finality": finality} if finality else {}}
    if path is not None:
        for chain_id, name in ((NEAR, "near"), (FAR, "far")):
            options[chain_id] |= {"database_path": path / f"{name}.sqlite", "name": name}
    benches = [bench_on(new_chain(clock, chain_id, **options[chain_id]), clock) for chain_id in (NEAR, FAR)]
    for bench in benches:
        clock.advance(max(0, bench.chain.head().timestamp + 1 - clock.now()))
    return Market(clock=clock, long=benches[0], short=benches[1])


def new_actors(market: Market, long: Swap, short: Swap, preimage: bytes, rules: Rules = RULES) -> tuple[Actor, Actor]:
    """Alice, who initiates, and Bob."""
    alice = SwapPlan(role=Role.INITIATOR, own=long, other=short, rules=rules)
    bob = SwapPlan(role=Role.RESPONDER, own=short, other=long, rules=rules)
    return (
        Actor(market=market, plan=alice, account=ALICE, preimage=preimage),
        Actor(market=market, plan=bob, account=BOB),
    )
