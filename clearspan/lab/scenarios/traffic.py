"""A world in which only the scenario's own deposits and withdrawals happen, and what has become of them."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.abi import ZERO_ADDRESS
from bridge.registry import RegisteredAsset
from bridge.settlement import Ledger
from chains.finality import FinalityPolicy
from chains.local import LocalChain
from clearspan.lab.scenarios.banking import held
from clearspan.lab.world import NETWORK, World, WorldConfig
from clearspan.verify.evidence import forced_item, posted_batches, queue_items
from exchange.rollup import replay
from exchange.rollup.replay import ReplayReport

DOLLARS = 1_000 * 10**6
DEEP = WorldConfig(network=NETWORK.model_copy(update={"finality_depths": (3, 0, 3)}), trades=False)
"""The settlement chain is final three blocks deep."""


class Traffic:
    """Dollars of one vault chain of a world."""

    def __init__(self, world: World, vault: int) -> None:
        self.world = world
        self.entry = world.deployment.vaults[vault]
        self.chain: LocalChain = world.chains[self.entry.chain_id]
        self.host: LocalChain = world.chains[world.deployment.settlement.chain_id]
        self.ledger = Ledger(self.host, world.deployment.settlement.ledger)
        self.asset: RegisteredAsset = next(
            asset
            for asset in world.deployment.assets
            if asset.chain_id == self.entry.chain_id and asset.token != ZERO_ADDRESS
        )

    @property
    def locked(self) -> int:
        """Base units in the vault, at its head."""
        return held(self.chain, self.asset.token, self.entry.vault)

    @property
    def credited(self) -> int:
        """Base units that the settlement chain has credited, at its head."""
        return self.ledger.credit(self.entry.chain_id, self.asset.token).credited

    @property
    def at_venue(self) -> int:
        """Cash of every account at the venue, 0 while it is down."""
        venue = self.world.venue
        return 0 if venue is None else sum(account.cash for account in venue.state.accounts.values())

    @property
    def released(self) -> int:
        """Base units that were released from the outbox, at the settlement chain's head."""
        return self.ledger.credit(self.entry.chain_id, self.asset.token).released

    def held_by(self, who: str) -> int:
        """Dollars of a wallet on the vault chain."""
        return held(self.chain, self.asset.token, who)

    def deposit(self, user: int, amount: int = DOLLARS) -> None:
        """Sent, and in the next block."""
        before = self.locked
        self.world.users[user].deposit(self.asset.asset, amount)
        self.world.run(60, lambda: self.locked == before + amount)

    def reorganise(self, chain: LocalChain, depth: int, *, drops: bool) -> None:
        """So many blocks go; their transactions are forgotten, or wait for the next one."""
        possible = min(depth, chain.head().number - chain.finalized_header().number)
        if possible:
            chain.reorganise(possible, keeps=lambda _: not drops)
        self.world.mine(chain)


@dataclass(slots=True)
class Stall:
    """A finality that stands still while it is told to."""

    before: FinalityPolicy
    frozen_at: int | None = None

    def finalized_height(self, head: int) -> int:
        """As before, but not beyond the height at which it froze."""
        height = self.before.finalized_height(head)
        return height if self.frozen_at is None else min(height, self.frozen_at)


def stall_finality(world: World, chain: LocalChain) -> Stall:
    """From now on the chain's finality can be stopped; processes start anew to see it."""
    stall = Stall(chain.finality)
    chain.finality = world.finality[chain.chain_id] = stall
    for process in world.processes.values():
        process.stop()
        process.start()
    return stall


def replayed(world: World) -> ReplayReport:
    """What was posted, executed again from genesis."""
    network = world.deployment
    host = world.chains[network.settlement.chain_id]
    items = [forced_item(item) for item in queue_items(host, network)]
    return replay(world.base.genesis(), posted_batches(host, network), items)
