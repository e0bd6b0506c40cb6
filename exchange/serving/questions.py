"""What a venue answers over HTTP, as questions for a `JsonServer`. Everything is read at the desk, in one thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from itertools import islice
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from exchange import engine, sequencer
from exchange.engine import depth
from exchange.rollup import Batch
from exchange.sdk.cash_venue import LocalCashVenue
from exchange.sdk.errors import Rejected, Unavailable
from exchange.sdk.json_http import Answer, JsonServer
from exchange.sdk.venue import LocalVenue
from exchange.sequencer import Sequencer
from exchange.serving import asked
from exchange.serving.codec import dump, load
from exchange.serving.desk import Desk
from exchange.serving.event_tail import EventTail
from exchange.serving.rates import AccountRates
from exchange.state import State

P = TypeVar("P", bound=Struct)
T = TypeVar("T")
Look = Callable[["Counter", P], Any]


class SettlementView(Protocol):
    """What final blocks of the settlement chain say; asked before anybody is believed about it."""

    def is_posted(self, index: int, commitment: bytes) -> bool:
        """Whether batch `index` is there under a commitment."""
        ...

    def death_of(self, batch: Batch) -> tuple[int, int | None] | None:
        """`earliest` and `overdue` of `Sequencer.recut`, where no later block takes the batch; None where one can."""
        ...


class Counter:
    """A sequencer as those who read from it see it; made anew for another one. For the thread of the sequencer."""

    def __init__(self, inner: Sequencer, now: Callable[[], int], tail: EventTail) -> None:
        self.sequencer = inner
        self.state: State = inner.state
        self.venue = LocalVenue(inner, now)
        self.cash = LocalCashVenue(inner, now)
        self.tail = tail
        tail.listen(inner)


class Questions:
    """`public` may be asked by anybody who reaches the server, `operators` by the operator's own daemons.

    `settlement` is asked in the thread of whoever says that a batch is posted, or never can be.
    """

    def __init__(
        self,
        desk: Desk,
        now: Callable[[], int],
        operator: bytes,
        settlement: SettlementView,
        *,
        rates: AccountRates | None = None,
    ) -> None:
        self._rates = rates
        self._desk = desk
        self._now = now
        self._operator = operator
        self._settlement = settlement
        self._tail = EventTail()
        self._counter: Counter | None = None
        desk.ask(self._at)  # events are kept from here on

    @property
    def public(self) -> dict[str, Answer]:
        """By name; docs/protocol/venue.md."""
        reading = {name: self._reading(kind, look) for name, (kind, look) in READS.items()}
        return {**reading, "submit": self._submit, "facts": self._facts}

    @property
    def operators(self) -> dict[str, Answer]:
        """By name; docs/protocol/venue.md."""
        return {"next_batch": self._next_batch, "confirm_posted": self._confirm_posted, "recut": self._recut}

    def _at(self, inner: Sequencer) -> Counter:
        if self._counter is None or self._counter.sequencer is not inner:
            self._counter = Counter(inner, self._now, self._tail)
        return self._counter

    def _reading(self, kind: type[P], look: Look[P]) -> Answer:
        def answer(parameters: dict[str, Any]) -> dict[str, Any]:
            wanted = load(parameters, kind)
            return self._ask(lambda inner: dump(look(self._at(inner), wanted)))

        return answer

    def _ask(self, question: Callable[[Sequencer], Any]) -> dict[str, Any]:
        return {"answer": _typed(lambda: self._desk.ask(question))}

    def _submit(self, parameters: dict[str, Any]) -> dict[str, Any]:
        step = load(parameters, asked.Step).step
        if not step:
            raise Rejected(engine.Reason.MALFORMED.value)
        if self._rates is not None:
            self._rates.require(step)
        confirmation = _typed(lambda: self._desk.submit(step))
        if self._rates is not None and confirmation.events:  # a repeated answer has none: anybody may send steps again
            self._rates.executed(step)
        return {"answer": dump(confirmation)}

    def _facts(self, parameters: dict[str, Any]) -> dict[str, Any]:
        load(parameters, asked.Nothing)

        def facts(inner: Sequencer) -> Any:
            domain = inner.state.domain
            return dump(
                asked.VenueFacts(
                    settlement_chain=domain.settlement_chain,
                    rollup=domain.rollup,
                    operator=self._operator,
                    genesis=inner.log.genesis,
                    now=self._at(inner).venue.now(),
                )
            )

        return self._ask(facts)

    def _next_batch(self, parameters: dict[str, Any]) -> dict[str, Any]:
        load(parameters, asked.Nothing)
        return self._ask(lambda inner: dump(inner.next_batch()))

    def _confirm_posted(self, parameters: dict[str, Any]) -> dict[str, Any]:
        claim = load(parameters, asked.Posted)
        if not self._settlement.is_posted(claim.index, claim.commitment):
            raise Unavailable("NotPosted", f"no final block of the settlement chain has this batch {claim.index}")
        return self._ask(lambda inner: inner.confirm_posted(claim.index, claim.commitment))

    def _recut(self, parameters: dict[str, Any]) -> dict[str, Any]:
        claim = load(parameters, asked.Dead)
        batch = _typed(lambda: self._desk.ask(Sequencer.next_batch))
        death = None if batch is None or batch.index != claim.index else self._settlement.death_of(batch)
        if death is None:
            raise Rejected(sequencer.BatchReason.ALIVE.value, str(claim.index))
        earliest, overdue = death
        return self._ask(lambda inner: inner.recut(claim.index, earliest=earliest, overdue=overdue).cut)


def serve(answers: Mapping[str, Answer], *, host: str = "127.0.0.1", port: int = 0) -> JsonServer:
    """A server of these questions; they wait at the desk, so that steps of many are written together."""
    return JsonServer(answers, host=host, port=port, lock=nullcontext(), body_bytes_max=asked.REQUEST_BYTES_MAX)


def _finished(work: Awaitable[T]) -> T:
    """The result of a coroutine that waits for nothing."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as end:
        found: T = end.value
        return found
    raise RuntimeError("it waits")


def _typed(action: Callable[[], T]) -> T:
    """The action's answer; errors of engine and sequencer as the SDK's, under the same names."""
    try:
        return action()
    except engine.Rejected as error:
        raise Rejected(error.reason.value) from error
    except sequencer.Unavailable as error:
        raise Unavailable(error.reason.value) from error
    except sequencer.BatchRefused as error:
        raise Rejected(error.reason.value, str(error.index)) from error
    except sequencer.SequencerError as error:
        raise Unavailable(type(error).__name__, str(error)) from error


def _ticker(counter: Counter, wanted: asked.OfMarket) -> asked.Ticker:
    state = counter.state
    leaf, pricing = state.markets[wanted.market], state.pricing[wanted.market]
    book = depth(state, wanted.market, 1)
    return asked.Ticker(
        market=wanted.market,
        mark=None if pricing is None else pricing.mark,
        index=state.underlyings[leaf.underlying].round_price,
        bid=book.bids[0].price if book.bids else None,
        ask=book.asks[0].price if book.asks else None,
        open_interest=leaf.open_interest,
    )


def _entries(counter: Counter, wanted: asked.LogFrom) -> list[asked.LogEntry]:
    log = counter.sequencer.log
    if wanted.height > log.height:
        raise Rejected("HeightUnknown", f"the log has {log.height} entries")
    entries = islice(log.read(wanted.height), wanted.most) if wanted.height < log.height else ()
    return [asked.LogEntry(payload=entry.payload, digest=entry.digest) for entry in entries]


def _batches(counter: Counter, _: asked.Nothing) -> asked.Batches:
    inner = counter.sequencer
    return asked.Batches(
        posted=inner.posted_batches, backlog_bytes=inner.backlog_bytes, queue_cursor=inner.forced_cursor
    )


READS: Mapping[str, tuple[type[Any], Look[Any]]] = {
    "account": (asked.OfOwner, lambda at, wanted: _finished(at.venue.account_of(wanted.owner))),
    "balances": (asked.OfAccount, lambda at, wanted: _finished(at.venue.balances(wanted.account))),
    "batches": (asked.Nothing, _batches),
    "config": (asked.Nothing, lambda at, _: at.state.config),
    "credited_items": (asked.Nothing, lambda at, _: _finished(at.venue.credited_items())),
    "depth": (asked.BookOf, lambda at, wanted: _finished(at.venue.depth(wanted.market, wanted.levels))),
    "events": (asked.Since, lambda at, wanted: at.tail.after(wanted)),
    "free_cash": (asked.OfAccount, lambda at, wanted: at.cash.free_cash(wanted.account)),
    "header": (asked.Nothing, lambda at, _: at.state.header),
    "is_posted": (asked.OfWithdrawal, lambda at, wanted: _finished(at.venue.is_posted(wanted.withdrawal))),
    "lock": (asked.OfLock, lambda at, wanted: _finished(at.venue.lock(wanted.lock))),
    "lock_of": (asked.LockUnder, lambda at, wanted: at.cash.lock_of(wanted.hash, wanted.account)),
    "locks": (asked.OfAccount, lambda at, wanted: _finished(at.venue.locks(wanted.account))),
    "log": (asked.LogFrom, _entries),
    "mark_price": (asked.OfMarket, lambda at, wanted: _finished(at.venue.mark_price(wanted.market))),
    "market": (asked.OfMarket, lambda at, wanted: at.state.markets[wanted.market]),
    "now": (asked.Nothing, lambda at, _: at.venue.now()),
    "orders": (asked.OrdersOf, lambda at, wanted: _finished(at.venue.orders(wanted.account, wanted.market))),
    "positions": (asked.OfAccount, lambda at, wanted: _finished(at.venue.positions(wanted.account))),
    "rebalance_offers": (asked.Nothing, lambda at, _: _finished(at.venue.rebalance_offers())),
    "redone": (asked.StepOf, lambda at, wanted: at.sequencer.redone(wanted.step_hash)),
    "reservation": (asked.OfAccount, lambda at, wanted: _finished(at.venue.reservation(wanted.account))),
    "revealed": (asked.OfHash, lambda at, wanted: at.cash.is_revealed(wanted.hash)),
    "simulate": (asked.Trial, lambda at, wanted: _finished(at.venue.simulate(wanted.account, wanted.step))),
    "simulate_prices": (
        asked.PriceTrial,
        lambda at, wanted: _finished(at.venue.simulate_prices(wanted.account, wanted.prices)),
    ),
    "ticker": (asked.OfMarket, _ticker),
    "waiting": (asked.OfWaiting, lambda at, wanted: _finished(at.venue.waiting(wanted.waiting))),
    "waiting_of": (asked.OfAccount, lambda at, wanted: _finished(at.venue.waiting_of(wanted.account))),
    "withdrawal_proof": (
        asked.WithdrawalIn,
        lambda at, wanted: at.sequencer.prove_withdrawal(wanted.withdrawal, wanted.batch),
    ),
    "withdrawals": (asked.OfBatch, lambda at, wanted: at.sequencer.withdrawals_in(wanted.batch)),
}
"""By name: what is asked for, and how it is read."""
