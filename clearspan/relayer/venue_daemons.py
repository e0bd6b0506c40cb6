"""The daemons of the exchange: `clearspan daemon venue|oracle|poster|releaser|keeper|market-maker start`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from eth_utils.address import to_canonical_address

from bridge.registry import Deployment
from bridge.settlement import ForcedQueue, Outbox, Rollup
from chains.chain import Chain
from chains.clock import SystemClock
from clearspan.kept import KeptRun
from clearspan.listing import genesis_inputs, genesis_state
from clearspan.relayer.price_building import PriceSection, price_sources
from clearspan.trading import mark_source, remote_trader
from exchange.engine import SECP256K1, Signatures, Signer
from exchange.sdk.venue_client import VenueClient
from exchange.sequencer import OperatorKey, Sequencer, SqliteLog
from exchange.sequencer.signature_workers import SignatureWorkers
from exchange.serving.desk import ThreadDesk
from exchange.serving.follower import Follower
from exchange.serving.rates import AccountRates
from exchange.serving.remote import RemoteSequencer
from exchange.state import State
from relayers.batch_poster import BatchPoster, PostingPolicy
from relayers.duty_keeper import DutyKeeper
from relayers.exchange_watch import BacklogBounds, BacklogWatch, Following, PriceWatch
from relayers.health_reporter import HealthReporter
from relayers.keeper import LiquidationKeeper
from relayers.market_maker import MarketMaker, QuotePolicy
from relayers.operating.assembly import Assembly, Build
from relayers.operating.config import ExchangeSection, Positive, Section
from relayers.operating.errors import ConfigRejected, Problem
from relayers.operating.registry import DAEMONS
from relayers.oracle_publisher import OraclePublisher
from relayers.oracle_reports import HttpReports, Reporter
from relayers.price_sources import MiddleOf
from relayers.reports import Daemon
from relayers.smile_publisher import SmileOracle, SmilePublisher
from relayers.smile_sources import FileSmiles
from relayers.venue_host import Addresses, VenueHost
from relayers.withdrawal_releaser import WithdrawalReleaser


class VenueOptions(Section):
    """`options` of `[daemons.venue]`: processes that recover signers ahead, how many may wait, an account's rate."""

    verifiers: int = 0
    waiting_max: Positive = 1_024
    account_steps_per_second: Positive = 100
    account_burst: Positive = 1_000


class OracleOptions(Section):
    """`options` of `[daemons.oracle]`. prices: where this operator's come from, `needed` of which must know one.

    publishers: the `/reports` addresses of other operators' oracles. grid_seconds: the same for all of them. smiles: a
    file with those of the expiries, for which this operator's keys have to be enough.
    """

    prices: tuple[PriceSection, ...] = ()
    needed: Positive = 1
    source_age_seconds_max: Positive = 30
    publishers: tuple[str, ...] = ()
    grid_seconds: Positive = 2
    price_age_seconds_max: Positive | None = None
    smiles: Path | None = None


class PosterOptions(Section):
    """`options` of `[daemons.poster]`: when to post, and beyond what it is not ready."""

    backlog_bytes: Positive = 60_000
    interval_seconds: Positive = 4
    backlog_bytes_max: Positive = 1_000_000
    unposted_seconds_max: Positive = 600


class QuoteSection(Section):
    """How to quote one market: whole units as decimals in quotes, shares of the mark. See `QuotePolicy`."""

    size: str
    inventory_max: str
    half_spread: str = "0.0005"
    levels: Positive = 1
    step: str = "0.0005"
    skew: str = "0.0005"
    tolerance: str = "0.0001"


class MakerOptions(Section):
    """`options` of `[daemons.market-maker]`: what to quote, by market."""

    markets: dict[str, QuoteSection]


def build_venue(assembly: Assembly) -> Mapping[str, Daemon]:
    """The sequencer with its servers; it and its port outlive reloads."""
    host = assembly.hold("venue", lambda: _host(assembly))
    assembly.conditions["venue"] = host.not_ready
    assembly.gauges["venue"] = host.samples
    return {"venue": host}


def build_oracle(assembly: Assembly) -> Mapping[str, Daemon]:
    """Signs with every key of the daemon's signers; publishes where enough oracles have signed."""
    options, kept = assembly.options("oracle", OracleOptions), _kept(assembly)
    symbols, now = kept.exchange.underlyings, SystemClock().now
    keys = [Signer(bytes(assembly.signers[name].key)) for name in assembly.signer_names("oracle")]
    venue = _venue(assembly, follows=True)
    reporters: list[Reporter] = []
    if options.prices:
        sources = price_sources(options.prices, symbols, now, assembly.config.base)
        if options.needed > len(sources):
            _refuse("daemons.oracle.options.needed", f"there are {len(sources)} sources")
        middle = MiddleOf(sources, needed=options.needed, age_seconds_max=options.source_age_seconds_max, now=now)
        domain = venue.state.domain
        reporter = Reporter([(key, middle) for key in keys], domain, grid_seconds=options.grid_seconds)
        reporters = [reporter]
        assembly.served["/reports"] = reporter.served
    elif not options.publishers:
        _refuse("daemons.oracle.options.prices", "an oracle has prices, or collects what others sign")
    others = [HttpReports(url) for url in options.publishers]
    publisher = OraclePublisher(venue, [], reports=[*reporters, *others])
    watch = PriceWatch(Following(publisher, venue), venue, symbols, now, age_seconds_max=options.price_age_seconds_max)
    assembly.conditions["oracle"] = watch.not_ready
    assembly.gauges["oracle"] = watch.samples
    if options.smiles is None:
        return {"oracle": watch}
    source = FileSmiles(assembly.config.base / options.smiles, [row.symbol for row in kept.exchange.expiries])
    reader = _venue(assembly, follows=True)
    smiles = SmilePublisher(reader, [SmileOracle(signer=key, source=source) for key in keys])
    return {"oracle": watch, "oracle smiles": Following(smiles, reader)}


def build_poster(assembly: Assembly) -> Mapping[str, Daemon]:
    """Posts what the venue hands out."""
    options, venue, settlement = assembly.options("poster", PosterOptions), _venue(assembly), _settlement(assembly)
    poster = BatchPoster(
        assembly.store,
        Rollup(assembly.chains[settlement], assembly.deployment.settlement.rollup),
        venue,
        assembly.submitter("poster", settlement),
        policy=PostingPolicy(backlog_bytes=options.backlog_bytes, interval_seconds=options.interval_seconds),
    )
    bounds = BacklogBounds(
        backlog_bytes_max=options.backlog_bytes_max, unposted_seconds_max=options.unposted_seconds_max
    )
    watch = BacklogWatch(poster, venue, bounds)
    assembly.conditions["poster"] = watch.not_ready
    assembly.gauges["poster"] = watch.samples
    return {"poster": watch}


def build_releaser(assembly: Assembly) -> Mapping[str, Daemon]:
    """Releases withdrawals of final batches by the venue's proofs, which the outbox checks."""
    settlement = _settlement(assembly)
    chain, entry = assembly.chains[settlement], assembly.deployment.settlement
    releaser = WithdrawalReleaser(
        assembly.store,
        Rollup(chain, entry.rollup),
        Outbox(chain, entry.outbox),
        _venue(assembly),
        assembly.submitter("releaser", settlement),
    )
    return {"releaser": releaser}


def build_keeper(assembly: Assembly) -> Mapping[str, Daemon]:
    """Liquidations and what else is due; each reads a state of its own."""
    named: dict[str, Callable[[RemoteSequencer], Daemon]] = {
        "keeper liquidations": LiquidationKeeper,
        "keeper duties": DutyKeeper,
    }
    built = {}
    for name, make in named.items():
        venue = _venue(assembly, follows=True)
        built[name] = Following(make(venue), venue)
    return built


def build_health(assembly: Assembly) -> Mapping[str, Daemon]:
    """Tells the settlement chain's queue how the other chains are."""
    settlement = _settlement(assembly)
    queue = ForcedQueue(assembly.chains[settlement], assembly.deployment.settlement.forced_queue)
    chain_ids = [entry.chain_id for entry in assembly.deployment.vaults]
    return {"health": HealthReporter(assembly.store, queue, chain_ids, assembly.submitter("health", settlement))}


def build_market_maker(assembly: Assembly) -> Mapping[str, Daemon]:
    """Quotes with a wallet of its own, through the SDK."""
    options, kept = assembly.options("market-maker", MakerOptions), _kept(assembly)
    client = _client(assembly, _section(assembly).url)
    trader = remote_trader("market-maker", assembly.signer("market-maker"), client, kept, assembly.by_id())
    listed = {market.symbol: market for market in kept.exchange.markets}
    policies = {}
    for name, quotes in options.markets.items():
        if name not in listed:
            _refuse(f"daemons.market-maker.options.markets.{name}", f"no such market; listed: {', '.join(listed)}")
        try:
            policies[name] = QuotePolicy.of(tick=listed[name].tick, lot=listed[name].lot, **quotes.model_dump())
        except (ArithmeticError, ValueError) as error:
            _refuse(f"daemons.market-maker.options.markets.{name}", str(error))
    return {"market-maker": MarketMaker(trader, mark_source(client, kept), policies)}


BUILDERS: Mapping[str, Build] = {
    "health": build_health,
    "keeper": build_keeper,
    "market-maker": build_market_maker,
    "oracle": build_oracle,
    "poster": build_poster,
    "releaser": build_releaser,
    "venue": build_venue,
}


def register() -> None:
    """Make them known to the relayer process."""
    for name, build in BUILDERS.items():
        DAEMONS.setdefault(name, build)


def _host(assembly: Assembly) -> VenueHost:
    options, exchange, kept = assembly.options("venue", VenueOptions), _section(assembly), _kept(assembly)
    chain, entry = assembly.chains[_settlement(assembly)], assembly.deployment.settlement
    domain = _genesis(kept).domain
    key, clock = OperatorKey(bytes(assembly.signer("venue").key), domain), SystemClock()
    workers = SignatureWorkers(options.verifiers, domain) if options.verifiers else None
    signatures: Signatures = workers or SECP256K1

    def opened() -> Sequencer:
        state = _genesis(kept)
        return Sequencer(state, SqliteLog(exchange.log, state.root), key, clock, signatures=signatures)

    desk = ThreadDesk(opened, waiting_max=options.waiting_max, ahead=None if workers is None else workers.ahead)
    desk.start()
    return VenueHost(
        desk,
        assembly.store,
        ForcedQueue(chain, entry.forced_queue),
        Rollup(chain, entry.rollup),
        operator=key.address,
        now=clock.now,
        addresses=Addresses(public=exchange.url, operators=exchange.operators_url),
        first_block=entry.deployed_at,
        rates=AccountRates(per_second=options.account_steps_per_second, burst=options.account_burst),
    )


def _section(assembly: Assembly) -> ExchangeSection:
    exchange = assembly.config.exchange
    if exchange is None:
        _refuse("exchange", "the daemons of the exchange need this section")
        raise AssertionError
    return exchange


def _kept(assembly: Assembly) -> KeptRun:
    kept = KeptRun.read(_section(assembly).genesis)
    if _facts(kept.network) != _facts(assembly.deployment):
        _refuse("exchange.genesis", "it is of another network than `deployment`")
    return kept


def _facts(network: Deployment) -> tuple[int, str]:
    return network.settlement.chain_id, network.settlement.rollup


def _genesis(kept: KeptRun) -> State:
    return genesis_state(kept.exchange, genesis_inputs(kept.network, kept.exchange))


def _client(assembly: Assembly, url: str) -> VenueClient:
    operator = _section(assembly).operator
    known = None if operator is None else to_canonical_address(operator)
    return VenueClient(url, _genesis(_kept(assembly)).domain, operator=known)


def _venue(assembly: Assembly, *, follows: bool = False) -> RemoteSequencer:
    exchange, kept = _section(assembly), _kept(assembly)
    return RemoteSequencer(
        _client(assembly, exchange.url),
        operators=_client(assembly, exchange.operators_url),
        follower=Follower(partial(_genesis, kept)) if follows else None,
    )


def _settlement(assembly: Assembly) -> str:
    chain_id = assembly.deployment.settlement.chain_id
    known: Mapping[int, Chain] = assembly.by_id()
    if chain_id not in known:
        _refuse("chains", f"the settlement chain {chain_id} is missing")
    return assembly.name_of(chain_id)


def _refuse(path: str, message: str) -> None:
    raise ConfigRejected([Problem(path=path, message=message)])
