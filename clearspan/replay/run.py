"""A replay: recorded markets traded on the whole system, batches posted, everything verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from clearspan.demo.chronicle import Chronicle
from clearspan.demo.snapshots import Snapshot, take_snapshot
from clearspan.devnet import Devnet
from clearspan.devnet.config import DEFAULT_MARKETS
from clearspan.devnet.wallets import trader_wallet
from clearspan.progress import Progress
from clearspan.replay.accounts import SigningAccount
from clearspan.replay.recording import Recording
from clearspan.replay.stream import PerpetualLine, SpotMid, first_time_ns, stream
from clearspan.replay.trading import MarketReplay
from exchange.rollup import MAX_BATCH_BYTES
from exchange.sdk import Rejected, Trader

MAKER = "maker"
TAKERS = ("taker 1", "taker 2", "taker 3", "taker 4")
MAKER_USDC = 2_000_000_000
TAKER_USDC = 500_000_000
SETUP_SECONDS = 120
"""How long before the recording the network starts, so that everybody is in when it begins."""
BACKLOG_BYTES = 2 * MAX_BATCH_BYTES
"""More than this waiting, and the poster is stepped in between."""
NOTE_LINES = 10_000
NANOSECONDS = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOutcome:
    """What a replay came to; `seconds` is wall-clock time of the trading, `lines` of the perpetual files."""

    lines: int
    recorded_seconds: int
    seconds: float
    markets: tuple[tuple[str, MarketReplay], ...]
    chronicle: Chronicle
    before: Snapshot
    after: Snapshot

    @property
    def orders(self) -> int:
        """Signed orders sent, cancels not counted."""
        return sum(market.orders for _, market in self.markets)

    @property
    def cancels(self) -> int:
        """Signed cancels sent."""
        return sum(market.cancels for _, market in self.markets)


def replay_devnet(recordings: Sequence[Recording], *, seed: int, directory: Path) -> Devnet:
    """The network a replay runs on. Raises Rejected(UnknownMarket or RecordingTwice) for what is not listed."""
    bases = [recording.base for recording in recordings]
    if len(set(bases)) != len(bases):
        raise Rejected("RecordingTwice", f"{', '.join(bases)}: one recording per market")
    listed = [market.symbol for market in DEFAULT_MARKETS]
    for base in bases:
        if market_name(base) not in listed:
            raise Rejected("UnknownMarket", f"{market_name(base)}; known: {', '.join(listed)}")
    start_time = first_time_ns(recordings) // NANOSECONDS - SETUP_SECONDS
    caps = dict.fromkeys(("credit_cap_usdc", "credit_window_cap_usdc", "vault_cap_usdc"), MAKER_USDC * 10)
    return Devnet(seed, directory=directory, start_time=start_time, wallet_usdc=1, **caps)


def market_name(base: str) -> str:
    """The perpetual that is traded for an underlying."""
    return f"{base}-PERP"


class _Clockwork:
    """Steps the network as recorded time passes."""

    def __init__(self, net: Devnet, recordings: Sequence[Recording], start_ns: int) -> None:
        self._net = net
        self._bases = [recording.base for recording in recordings]
        self._block_ns = net.core.config.block_seconds * NANOSECONDS
        self._next_ns = start_ns + self._block_ns
        self._mids: dict[str, int] = {}

    def mid(self, spot: SpotMid) -> None:
        """The oracle's sources see a new middle; its keys sign the last one with every block."""
        self._mids[self._bases[spot.market]] = spot.price

    def sign(self) -> None:
        """Puts the last mids where the oracle reads them."""
        for base, price in self._mids.items():
            self._net.core.set_price(base, price)

    def reach(self, time_ns: int) -> None:
        """Steps for every block that lies before a recorded time, and posts what has piled up."""
        core = self._net.core
        while self._next_ns <= time_ns:
            self.sign()
            self._net.step()
            self._next_ns += self._block_ns
        while core.sequencer.backlog_bytes > BACKLOG_BYTES:
            core.step_daemon("batch poster")


def replay(net: Devnet, recordings: Sequence[Recording], progress: Progress, limit: int | None) -> ReplayOutcome:
    """Funds the accounts, trades the recordings, lets everything come to rest."""
    progress.stage("A maker and four takers lock USDC in the vaults")
    traders = _fund(net)
    chronicle = Chronicle()
    net.core.sequencer.subscribe(chronicle)
    accounts = {trader.name: _signing(net, trader) for trader in traders}
    takers = [accounts[name] for name in TAKERS]
    markets = []
    for recording in recordings:
        spec = net.core.catalogue.market(market_name(recording.base))
        replayed = MarketReplay(spec, sequencer=net.core.sequencer, maker=accounts[MAKER], takers=takers)
        markets.append((spec.name, replayed))
    before = take_snapshot(net, traders)

    progress.stage("The recorded markets are traded")
    start_ns = first_time_ns(recordings)
    net.core.clock.advance(max(0, start_ns // NANOSECONDS - net.core.clock.now()))
    clockwork = _Clockwork(net, recordings, start_ns)
    lines = 0
    last_ns = start_ns
    begun = perf_counter()
    for item in stream(recordings, limit=limit):
        if isinstance(item, SpotMid):
            clockwork.mid(item)
            continue
        clockwork.reach(item.time_ns)
        lines += 1
        last_ns = item.time_ns
        _trade(net, markets[item.market][1], item, clockwork)
        if lines % 500 == 0:
            _tell(progress, lines, chronicle, perf_counter() - begun)
    seconds = perf_counter() - begun

    progress.stage("The last batches are posted and become final")
    net.settle(max_steps=2_000)
    return ReplayOutcome(
        lines=lines,
        recorded_seconds=(last_ns - start_ns) // NANOSECONDS,
        seconds=seconds,
        markets=tuple(markets),
        chronicle=chronicle,
        before=before,
        after=take_snapshot(net, traders),
    )


def _trade(net: Devnet, market: MarketReplay, line: PerpetualLine, clockwork: _Clockwork) -> None:
    """Orders need a mark, so the first index price is published at once."""
    if line.event is None:
        return
    if not market.is_priced:
        clockwork.sign()
        net.core.step_daemon("oracle")
    market.apply(line.event, net.core.clock.now())


def _fund(net: Devnet) -> list[Trader]:
    plan = {MAKER: MAKER_USDC, **dict.fromkeys(TAKERS, TAKER_USDC)}
    traders, handles = [], []
    for number, (name, amount) in enumerate(plan.items()):
        trader = net.trader(name, usdc=amount)
        traders.append(trader)
        chain = ("alpha", "beta")[number % 2]
        handles.append(trader.deposit(chain=chain, asset="USDC", amount=str(amount)))
    for handle in handles:
        handle.wait("credited")
    return traders


def _signing(net: Devnet, trader: Trader) -> SigningAccount:
    key = bytes(trader_wallet(net.core.config.seed, trader.name).key)
    return SigningAccount(account=trader.account, key=key, domain=net.core.venue.domain)


def _tell(progress: Progress, lines: int, chronicle: Chronicle, seconds: float) -> None:
    fills = sum(chronicle.fills.values())
    text = f"{lines:,} lines, {chronicle.steps:,} steps, {fills:,} fills, {chronicle.steps / seconds:,.0f} steps/s"
    if lines % NOTE_LINES == 0:
        progress.note(text)
    else:
        progress.tick(text)
