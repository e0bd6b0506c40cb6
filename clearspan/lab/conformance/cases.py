"""What is asked of a relayer, each on a fresh world."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eth_utils.address import to_canonical_address

from bridge.attributes import encode_attributes
from bridge.interoperable import encode_evm
from bridge.packets import Status
from clearspan.lab.conformance.bench import MAX_FEE_PER_GAS, SUBJECT, Bench, new_bench
from clearspan.lab.conformance.ports import Start
from clearspan.lab.faults.base import Fault
from clearspan.lab.faults.chain import Censor, GasSpike, Halt
from clearspan.lab.faults.rpc import (
    DoubledLogs,
    Down,
    HugeAnswers,
    Lag,
    LiesAboutHeaders,
    LiesAboutStorage,
    MissingLogs,
    RevertsAsSuccess,
    WrongChainId,
)

LIES: tuple[Callable[[str, int], Fault], ...] = (
    MissingLogs,
    DoubledLogs,
    LiesAboutStorage,
    LiesAboutHeaders,
    RevertsAsSuccess,
    WrongChainId,
    HugeAnswers,
    Down,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing a relayer has to do; `run` answers what is not as it should be, nothing if it conforms."""

    identifier: str
    title: str
    run: Callable[[Bench], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a case; `deaths`: how often it died, killed or by itself."""

    case: Case
    problem: str
    deaths: int

    @property
    def conforms(self) -> bool:
        """Whether nothing was wrong."""
        return not self.problem


CASES: list[Case] = []


def case(identifier: str, title: str) -> Callable[[Callable[[Bench], str]], Callable[[Bench], str]]:
    """Enter a function into the suite."""

    def enter(run: Callable[[Bench], str]) -> Callable[[Bench], str]:
        CASES.append(Case(identifier=identifier, title=title, run=run))
        return run

    return enter


def run_case(chosen: Case, start: Start) -> Outcome:
    """One case on a fresh world."""
    bench = new_bench(start)
    with bench.world:
        problem = chosen.run(bench)
        return Outcome(case=chosen, problem=problem, deaths=bench.process.deaths)


@case("delivers-once", "Packets of every chain are delivered and acknowledged, each once")
def delivers_once(bench: Bench) -> str:
    """Two vault chains to the settlement chain, and a message the other way."""
    bench.deposit()
    bench.deposit(user=1, chain_id=bench.there)
    _message_back(bench)
    return bench.finish(3) or _wasted(bench)


@case("before-finality", "Nothing is spent on what is not final")
def before_finality(bench: Bench) -> str:
    """The source stops right after the block with the deposit."""
    chain = bench.world.chains[bench.here]
    bench.deposit()
    height = chain.head().number
    bench.world.run(20, lambda: chain.head().number > height)
    number = bench.faults.inject(Halt(bench.here))
    bench.world.run(30)
    early = sum(1 for _ in bench.sent(bench.settlement))
    bench.faults.heal(number)
    return f"{early} transactions before the packet was final" if early else bench.finish(1)


@case("reorganised", "A packet that a reorganisation took back is not delivered, its successor is")
def reorganised(bench: Bench) -> str:
    """The second deposit takes the nonce of the first."""
    chain = bench.world.chains[bench.here]
    bench.deposit()
    height = chain.head().number
    bench.world.run(20, lambda: chain.head().number > height)
    bench.world.run(1)
    forgotten = to_canonical_address(bench.world.base.users[0].address)
    chain.reorganise(chain.head().number - height, lambda transaction: transaction.sender != forgotten)
    bench.deposit(user=1)
    problem = bench.finish(1)
    failed = bench.failed()
    return problem or (f"{failed} transactions failed" if failed else "")


@case("killed", "Killed at any request, it goes on where it was")
def killed(bench: Bench) -> str:
    """Later and later, with work to do at all times."""
    packets = 0
    for requests in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89):
        if packets < 4:
            bench.deposit(user=packets)
            packets += 1
        bench.kill_after(requests)
        bench.world.run(12)
        bench.spare()
    return bench.finish(packets)


@case("amnesia", "Without its disk it starts anew and does nothing twice")
def amnesia(bench: Bench) -> str:
    """After the first deposit is done."""
    bench.deposit()
    problem = bench.finish(1)
    bench.wipe()
    bench.deposit(user=1)
    return problem or bench.finish(2) or _wasted(bench)


@case("lying-node", "A node that lies for a while costs time, and nothing else")
def lying_node(bench: Bench) -> str:
    """Eight kinds of lies, on both sides of the way, one after another."""
    for count, kind in enumerate(LIES):
        if count % 2 == 0:
            bench.deposit(user=count // 2)
        number = bench.faults.inject(kind(SUBJECT, bench.here))
        bench.suffer(kind(SUBJECT, bench.settlement), 8)
        bench.faults.heal(number)
    return bench.finish(4)


@case("missing-events", "Events that a node left out are looked for again")
def missing_events(bench: Bench) -> str:
    """The destination's, while the packet is answered there."""
    bench.deposit()
    bench.suffer(MissingLogs(SUBJECT, bench.settlement), 40)
    return bench.finish(1)


@case("stale-node", "A node that fell asleep is waited for")
def stale_node(bench: Bench) -> str:
    """The source's, with a deposit that it does not know."""
    number = bench.faults.inject(Lag(SUBJECT, bench.here))
    bench.deposit()
    bench.world.run(20)
    bench.faults.heal(number)
    return bench.finish(1)


@case("expired", "A packet whose time has passed is answered as expired, and the depositor has it back")
def expired(bench: Bench) -> str:
    """The settlement chain stands still past the deadline."""
    number = bench.faults.inject(Halt(bench.settlement))
    bench.deposit(seconds=30)
    bench.deposit(user=1)
    bench.world.run(50)
    bench.faults.heal(number)
    problem = bench.finish(2)
    found = bench.answers()
    wanted = {Status.EXPIRED: 1, Status.SUCCESS: 1}
    return problem or ("" if found == wanted else f"answered {found}")


@case("poison", "A packet that its recipient refuses stops no other")
def poison(bench: Bench) -> str:
    """It goes first, with as much gas as the route allows."""
    _message_back(bench, gas_limit=bench.world.deployment.parameters.max_gas_limit)
    bench.deposit(chain_id=bench.there)
    return bench.finish(2)


@case("fee-spike", "It offers no more per gas than it may, and goes on when gas is cheaper")
def fee_spike(bench: Bench) -> str:
    """A hundred times the fee for half a minute."""
    number = bench.faults.inject(GasSpike(bench.settlement, 100))
    bench.deposit()
    bench.world.run(30)
    bench.faults.heal(number)
    problem = bench.finish(1)
    paid = max((price for _, _, price in bench.sent(bench.settlement)), default=0)
    return problem or (f"paid {paid} wei per gas, {MAX_FEE_PER_GAS} allowed" if paid > MAX_FEE_PER_GAS else "")


@case("censored", "What a proposer leaves out is sent until it is in, and done once")
def censored(bench: Bench) -> str:
    """Its own transactions, for a while."""
    sender = to_canonical_address(bench.signer.address)
    number = bench.faults.inject(Censor(bench.settlement, sender))
    bench.deposit()
    bench.world.run(40)
    bench.faults.heal(number)
    return bench.finish(1)


@case("backlog", "What waited while it was down is all delivered")
def backlog(bench: Bench) -> str:
    """Twenty deposits, and it starts after them."""
    bench.process.is_paused = True
    for count in range(20):
        bench.deposit(user=count % 4)
    bench.world.run(20)
    bench.process.is_paused = False
    return bench.finish(20) or _wasted(bench)


def _message_back(bench: Bench, gas_limit: int = 200_000) -> None:
    """A message of a user from the settlement chain to a vault, which refuses it."""
    entry = bench.world.deployment.vault(bench.there)
    chain, user = bench.world.chains[bench.settlement], bench.world.base.users[2]
    mailbox = chain.contract("Mailbox", bench.world.deployment.settlement.mailbox)
    attributes = encode_attributes(gas_limit=gas_limit)
    call = mailbox.functions.sendMessage(encode_evm(entry.chain_id, entry.vault), b"\x01", attributes)
    chain.send(call, user, gas=500_000)


def _wasted(bench: Bench) -> str:
    """Deliveries that delivered nothing, while nothing was wrong."""
    wasted, failed = bench.judge.spending.wasted, bench.failed()
    return f"{wasted} useless and {failed} failed transactions" if wasted or failed else ""
