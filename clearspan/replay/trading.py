"""One recorded market traded on the exchange: a maker follows its book, takers repeat its trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clearspan.replay.accounts import SigningAccount
from clearspan.replay.book import RecordedBook
from clearspan.replay.quoting import ASK, BID, Resting, changes
from clearspan.replay.recording import Best, Depth, Trade
from exchange.engine import Filled, OrderPlaced, OrderRemoved
from exchange.sdk import MarketSpec
from exchange.sequencer import Confirmation, Sequencer, Unavailable

LEVELS = 5
"""Levels of each side that the maker quotes."""
TAKER_SLIPPAGE = 2_000
"""How far beyond the recorded price a recorded trade may go, 1e-6."""
ONE = 1_000_000


class MarketReplay:
    """Turns events of one recorded market into signed steps.

    `orders` and `cancels` count what was sent, `rejected` what the exchange refused, by reason.
    """

    def __init__(
        self, market: MarketSpec, *, sequencer: Sequencer, maker: SigningAccount, takers: list[SigningAccount]
    ) -> None:
        self._market = market
        self._sequencer = sequencer
        self._maker = maker
        self._takers = takers
        self._book = RecordedBook()
        self._resting: dict[tuple[int, int], Resting] = {}
        self._keys: dict[tuple[int, int], tuple[int, int]] = {}
        self._trades = 0
        self.orders = 0
        self.cancels = 0
        self.rejected: Counter[str] = Counter()

    @property
    def is_priced(self) -> bool:
        """Whether the market has had an index price."""
        return self._sequencer.state.pricing[self._market.market_id] is not None

    def apply(self, event: Depth | Best | Trade, now: int) -> None:
        """One recorded event at a clock in seconds."""
        if isinstance(event, Trade):
            self._take(event, now)
        else:
            self._book.apply(event)
            self._quote(now)

    def _quote(self, now: int) -> None:
        market, maker = self._market, self._maker
        target = self._book.quotes(LEVELS)
        gone, wanted = changes(self._resting, target, tick=market.tick, lot=market.lot, min_size=market.lot)
        steps = []
        for key in gone:
            slot, sequence = self._resting[key].reference
            steps.append(maker.cancel(market, slot=slot, sequence=sequence, nonce=maker.nonce(now)))
        steps += [
            maker.limit_order(market, side=order.side, price=order.price, size=order.size, nonce=maker.nonce(now))
            for order in wanted
        ]
        self.cancels += len(gone)
        self.orders += len(wanted)
        self._submit(steps)

    def _take(self, trade: Trade, now: int) -> None:
        market = self._market
        size = trade.size - trade.size % market.lot
        if not size:
            return
        taker = self._takers[self._trades % len(self._takers)]
        self._trades += 1
        self.orders += 1
        away = ONE + (TAKER_SLIPPAGE if trade.taker_buys else -TAKER_SLIPPAGE)
        bound = trade.price * away // ONE // market.tick * market.tick
        side = BID if trade.taker_buys else ASK
        self._submit([taker.marketable_order(market, side=side, price=bound, size=size, nonce=taker.nonce(now))])

    def _submit(self, steps: list[bytes]) -> None:
        if not steps:
            return
        for outcome in self._sequencer.submit_many(steps):
            if isinstance(outcome, Confirmation):
                self._follow(outcome.events)
            elif isinstance(outcome, Unavailable):
                raise outcome
            else:
                self.rejected[outcome.reason.value] += 1

    def _follow(self, events: Iterable[object]) -> None:
        """Keeps what rests in step with what happened to it."""
        for event in events:
            if isinstance(event, OrderPlaced):
                if event.account == self._maker.account:
                    key, reference = (event.side, event.price), (event.slot, event.sequence)
                    self._keys[reference] = key
                    self._resting[key] = Resting(reference=reference, remaining=event.remaining)
            elif isinstance(event, Filled):
                self._reduce((event.maker_slot, event.maker_sequence), event.maker_remaining)
            elif isinstance(event, OrderRemoved):
                self._reduce((event.slot, event.sequence), 0)

    def _reduce(self, reference: tuple[int, int], remaining: int) -> None:
        key = self._keys.get(reference)
        if key is None:
            return
        if remaining:
            self._resting[key] = Resting(reference=reference, remaining=remaining)
        else:
            del self._keys[reference]
            del self._resting[key]
