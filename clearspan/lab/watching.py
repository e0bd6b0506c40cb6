"""A watcher of a world: reads nodes of its own, which nobody lies through, and pauses nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chains.rpc_chain import RpcChain
from clearspan.lab.link import Link
from relayers.reports import Did
from relayers.store import Store
from relayers.watching import Watcher

if TYPE_CHECKING:
    from clearspan.lab.world import World

WATCHER = "watcher"
Cried = Callable[[int, str, str], None]


def add_watcher(world: World, cried: Cried, *, seconds: int = 6) -> None:
    """Have a watcher step every so many seconds; `cried` learns of each alarm: time, subject, detail."""
    chains = {
        chain_id: RpcChain(
            Link(chain.api), chain_id=chain_id, name=chain.name, finality=chain.finality, clock=world.clock
        )
        for chain_id, chain in world.chains.items()
    }
    directory = world.directory / WATCHER
    directory.mkdir(parents=True, exist_ok=True)
    store = Store(directory / "watcher.db")
    world.at_close.append(store.close)
    watcher = Watcher(store, world.deployment, chains, signer=world.base.network.keys.relayer)

    def step() -> None:
        for action in watcher.step().actions:
            world.note(WATCHER, str(action.did), action.subject, action.detail)
            if action.did is Did.ALARMED:
                cried(world.clock.now(), action.subject, action.detail)

    world.scheduler.every(lambda: seconds, step)
