"""One process holding a whole network: chains, contracts, exchange, daemons, and the one way they move on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from bridge.settlement import ForcedQueue, Outbox, Rollup
from bridge.swaps.book import SwapBook
from clearspan.devnet.config import INSURANCE_NAME, ORACLE_NAMES, DevnetConfig
from clearspan.devnet.network import Network, build_network, catalogue, fund
from clearspan.devnet.prices import PriceBoard, SmileBoard
from clearspan.devnet.swapping import provider_terms, swap_policy
from clearspan.devnet.wallets import trader_wallet, wallet
from clearspan.kept import KeptRun
from clearspan.listing import genesis_inputs, genesis_state
from exchange.engine import Signer
from exchange.sdk import AsyncTrader, Gateway, LocalVenue, Rejected
from exchange.sdk.amounts import PRICE_BITS, PRICE_DECIMALS, Amount, to_base_units
from exchange.sdk.cash_venue import LocalCashVenue
from exchange.sdk.posted_state import PostedState
from exchange.sdk.swap_desk import CashAccess, SwapDesk
from exchange.sequencer import OperatorKey, Sequencer, SqliteLog
from exchange.sequencer.quote_workers import QuoteWorkers
from relayers.batch_poster import BatchPoster, PostingPolicy
from relayers.crash_points import Hook, no_hook
from relayers.duty_keeper import DutyKeeper
from relayers.fleet import build_fleet
from relayers.health_reporter import HealthReporter
from relayers.keeper import LiquidationKeeper
from relayers.liquidity.provider import Provider, Terms
from relayers.oracle_publisher import Oracle, OraclePublisher
from relayers.queue_reader import QueueReader
from relayers.reports import Daemon, StepReport, WaitsFor
from relayers.smile_publisher import SmileOracle, SmilePublisher
from relayers.store import Store
from relayers.submitter import Submitter, SubmitterPolicy
from relayers.swap_settler import SwapSettler
from relayers.withdrawal_releaser import WithdrawalReleaser


class DevnetCore:
    """A network that moves only when stepped. The same configuration and calls give the same bytes.

    `directory`: where the chains' databases and the deployment file are kept; in memory otherwise.
    """

    def __init__(self, config: DevnetConfig, directory: Path | None = None) -> None:
        self.config = config
        self.network: Network = build_network(config, directory)
        if directory is not None:
            KeptRun(network=self.network.deployment, exchange=self.network.listing).save(directory)
        self.clock = self.network.clock
        self.catalogue = catalogue(self.network.deployment, self.network.listing)
        self.prices = PriceBoard(self.clock, heartbeat_seconds=max(1, config.oracle_staleness_seconds // 3))
        state = self.network.genesis
        self.smiles = SmileBoard(
            self.clock,
            lambda expiry: state.expiries[expiry],
            heartbeat_seconds=max(1, config.smile_staleness_seconds // 3),
        )
        has_options = any(market.kind in {"call", "put"} for market in config.markets)
        self._quotes = QuoteWorkers(config.quote_workers) if has_options and config.quote_workers else None
        self.sequencer = Sequencer(
            state,
            SqliteLog(":memory:", state.root),
            OperatorKey(bytes(self.network.keys.operator.key), state.domain),
            self.clock,
        )
        self._store = Store()
        self.daemons: dict[str, Daemon] = self._daemons()
        self.venue = LocalVenue(self.sequencer, self.clock.now)
        self.gateway = Gateway(self.network.deployment, self.network.by_id)
        self._desks: dict[str, SwapDesk] = {}
        self.steps = 0

    # Moving on

    def step(self) -> dict[str, StepReport]:
        """One block on every chain, then one step of every daemon, in a fixed order."""
        self.advance_clock()
        self.mine()
        reports = {name: self.step_daemon(name) for name in self.daemons}
        self.network.catch_up()
        self.steps += 1
        return reports

    def advance_clock(self) -> None:
        """Moves the clock by a block's time; a segment of an earlier time ends."""
        self.clock.advance(self.config.block_seconds)
        self.sequencer.tick()

    def mine(self) -> None:
        """One block on every chain."""
        for chain in self.network.chains:
            chain.mine()

    def step_daemon(self, name: str) -> StepReport:
        """One step of one daemon."""
        return self.daemons[name].step()

    def is_at_rest(self, reports: Mapping[str, StepReport]) -> bool:
        """Whether nobody has anything left to do: all posted, final, answered and paid, or held up by a vault."""
        waiting = {wait.waits_for for report in reports.values() for wait in report.waiting}
        at_work = any(report.did for report in reports.values()) or waiting - {WaitsFor.VAULT}
        return not at_work and not self.sequencer.backlog_bytes

    # People and prices

    def set_price(self, underlying: str, price: Amount) -> None:
        """What all three oracle keys will sign from the next step on."""
        number = self._underlying(underlying)
        self.prices.set(number, to_base_units(price, decimals=PRICE_DECIMALS, bits=PRICE_BITS, what="price"))

    def is_priced(self, underlying: str) -> bool:
        """Whether margin reads the price that was set last."""
        number = self._underlying(underlying)
        price = self.prices.latest(number)
        return price is not None and self.sequencer.state.underlyings[number].round_price == price.price_e8

    def _underlying(self, symbol: str) -> int:
        symbols = self.network.listing.underlyings
        if symbol not in symbols:
            raise Rejected("UnknownUnderlying", f"{symbol}; known: {', '.join(symbols)}")
        return symbols.index(symbol)

    def trader(
        self, name: str, advance: Callable[[], Awaitable[Any]], *, usdc: int | None = None, ether: int | None = None
    ) -> AsyncTrader:
        """A wallet of that name, funded with test tokens (whole units) on every vault chain."""
        return self._trader(name, trader_wallet(self.config.seed, name), advance, usdc=usdc, ether=ether)

    def insurance(self, advance: Callable[[], Awaitable[Any]]) -> AsyncTrader:
        """The wallet behind account 0: deposit to it, it cannot trade."""
        return self._trader(INSURANCE_NAME, self.network.keys.insurance, advance, usdc=None, ether=None)

    def _trader(
        self,
        name: str,
        holder: LocalAccount,
        advance: Callable[[], Awaitable[Any]],
        *,
        usdc: int | None,
        ether: int | None,
    ) -> AsyncTrader:
        fund(
            self.network,
            holder.address,
            usdc=self.config.wallet_usdc if usdc is None else usdc,
            ether=self.config.wallet_eth if ether is None else ether,
        )
        return AsyncTrader(
            name=name,
            wallet=holder,
            venue=self.venue,
            gateway=self.gateway,
            catalogue=self.catalogue,
            advance=advance,
            swaps=self._swap_desk(name, holder),
        )

    @cached_property
    def cash_access(self) -> CashAccess:
        """The exchange for those who swap cash: the sequencer's word, and what the settlement chain says."""
        network = self.network
        inputs = genesis_inputs(network.deployment, network.listing)
        posted = PostedState(lambda: genesis_state(network.listing, inputs), network.deployment, network.settlement)
        return CashAccess(venue=LocalCashVenue(self.sequencer, self.clock.now), posted=posted)

    def provider(
        self, name: str, *, terms: Terms | None = None, book: Path | None = None, hook: Hook = no_hook
    ) -> Provider:
        """A liquidity provider with the wallet of that name, which `trader` funds; it settles at every step.

        book: a file, so that another provider can go on where this one was stopped; in memory otherwise.
        """
        holder = trader_wallet(self.config.seed, name)
        if book is not None and name in self._desks:
            self._desks.pop(name).book.close()
        desk = self._swap_desk(name, holder, SwapBook(book))
        valid = 5 * self.config.block_seconds
        made = Provider(desk, terms or provider_terms(self.network, valid_seconds=valid), hook=hook)
        self.daemons[f"swaps of {name}"] = made
        return made

    def _swap_desk(self, name: str, holder: LocalAccount, book: SwapBook | None = None) -> SwapDesk:
        """A wallet's swaps, with a daemon that settles them; the same desk for the same wallet."""
        if name not in self._desks:
            desk = self._desks[name] = SwapDesk(
                wallet=holder,
                network=self.network.deployment,
                chains=self.network.by_id,
                catalogue=self.catalogue,
                policy=swap_policy(self.config),
                book=book,
                exchange=self.cash_access,
            )
            self.daemons[f"swaps of {name}"] = SwapSettler(desk.book, desk.port)
        return self._desks[name]

    def close(self) -> None:
        """Lets go of every database and process."""
        if self._quotes is not None:
            self._quotes.close()
        self.sequencer.close()
        self._store.close()
        for desk in self._desks.values():
            desk.book.close()
        for chain in self.network.chains:
            chain.close()

    def _daemons(self) -> dict[str, Daemon]:
        network = self.network
        deployment = network.deployment
        settlement = network.settlement
        entry = deployment.settlement
        first = entry.deployed_at
        at_once = SubmitterPolicy(waits_for_inclusion=True)  # a block costs nothing here
        poster = Submitter(self._store, settlement, [network.keys.poster], policy=at_once)
        fleet = build_fleet(self._store, deployment, network.by_id, network.keys.relayer, policy=at_once)
        rollup = Rollup(settlement, entry.rollup)
        named: dict[str, Daemon] = {}
        keys = [Signer(bytes(wallet(self.config.seed, name).key)) for name in ORACLE_NAMES]
        named["smiles"] = SmilePublisher(self.sequencer, [SmileOracle(signer=key, source=self.smiles) for key in keys])
        named["oracle"] = OraclePublisher(
            self.sequencer, [Oracle(signer=key, source=self.prices) for key in keys], quotes=self._quotes
        )
        named["keeper"] = LiquidationKeeper(self.sequencer)
        named["duties"] = DutyKeeper(self.sequencer)
        for number, relayer in enumerate(fleet.relayers):
            named[f"relayer {number + 1}"] = relayer
        named["queue reader"] = QueueReader(
            self._store, ForcedQueue(settlement, entry.forced_queue), self.sequencer, first_block=first
        )
        named["health reporter"] = HealthReporter(
            self._store,
            ForcedQueue(settlement, entry.forced_queue),
            [vault.chain_id for vault in deployment.vaults],
            fleet.submitters[0],
        )
        named["batch poster"] = BatchPoster(
            self._store,
            rollup,
            self.sequencer,
            poster,
            policy=PostingPolicy(interval_seconds=self.config.batch_interval_seconds),
        )
        named["withdrawal releaser"] = WithdrawalReleaser(
            self._store, rollup, Outbox(settlement, entry.outbox), self.sequencer, fleet.submitters[0]
        )
        for number, payer in enumerate(fleet.payers):
            named[f"payer {number + 1}"] = payer
        for number, updater in enumerate(fleet.updaters):
            named[f"updater {number + 1}"] = updater
        return named
