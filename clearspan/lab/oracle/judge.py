"""Checks every promise after every block of every chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.address import to_canonical_address

from bridge.clients import consensus_state
from chains.local import LocalChain
from clearspan.lab.oracle.final_events import Event, FinalEvents
from clearspan.lab.oracle.packets import Packets
from clearspan.lab.oracle.violations import Invariant, Violation
from clearspan.verify.evidence import forced_item, posted_batches, queue_items
from exchange.engine.invariants import InvariantError, check
from exchange.rollup import replay
from exchange.sdk.errors import Rejected

if TYPE_CHECKING:
    from clearspan.lab.world import World


class Judge:
    """Watches a world from its first block on; `violations` is what it found, in order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[Violation] = []
        self.packets = Packets(self._accuse, self._tell)
        self._followed: dict[bytes, int] = {}
        self._events = FinalEvents(world.chains, self._known_contracts())
        world.after_block.append(self._look)
        world.judge = self

    def _known_contracts(self) -> dict[int, dict[bytes, str]]:
        network = self._world.deployment
        known: dict[int, dict[bytes, str]] = {}
        for entry in network.chains:
            here = known[entry.chain_id] = {to_canonical_address(entry.mailbox): "Mailbox"}
            for followed, client in entry.clients.items():
                here[to_canonical_address(client)] = "QbftLightClient"
                self._followed[to_canonical_address(client)] = followed
        settlement = known[network.settlement.chain_id]
        settlement[to_canonical_address(network.settlement.forced_queue)] = "ForcedQueue"
        settlement[to_canonical_address(network.settlement.rollup)] = "Rollup"
        settlement[to_canonical_address(network.settlement.outbox)] = "WithdrawalOutbox"
        for vault in network.vaults:
            known[vault.chain_id][to_canonical_address(vault.vault)] = "CollateralVault"
        return known

    def _look(self, _: LocalChain) -> None:
        for event in self._events.unread():
            if event.contract == "Mailbox":
                self.packets.take(event)
            elif event.name == "ClientUpdated":
                self._check_client(event)
        self.packets.judge()

    def _check_client(self, event: Event) -> None:
        """A client may know only what really is a block of the chain it follows."""
        chain = self._world.chains[self._followed[event.address]]
        height = int(event.arguments["height"])
        if height > chain.head().number:
            self._accuse(Invariant.LIGHT_CLIENT, event, str(height), f"{chain.name} has no such block")
            return
        if bytes(event.arguments["consensusHash"]) != consensus_state(chain.header(height)).digest:
            self._accuse(Invariant.LIGHT_CLIENT, event, str(height), f"is not the block of {chain.name}")

    def accuse_at_end(self, invariant: Invariant, detail: str) -> None:
        """Note a promise that the run as a whole broke."""
        self._add(Violation(invariant=invariant, time=self._world.clock.now(), chain="all", subject="", detail=detail))

    def look_back(self) -> None:
        """What is checked once, when the run is over: the venue's state, against its own rules and against a replay."""
        for breakage in dict.fromkeys(self._world.breakages):
            self.accuse_at_end(Invariant.LIVENESS, f"a daemon broke: {breakage}")
        venue = self._world.venue
        if venue is None:
            return
        try:
            check(venue.state)
        except InvariantError as error:
            self.accuse_at_end(Invariant.MARGIN, str(error))
        self._replay()

    def _replay(self) -> None:
        """What was posted, executed again from genesis, ends in the roots that were claimed."""
        world = self._world
        settlement = world.chains[world.deployment.settlement.chain_id]
        try:
            batches = posted_batches(settlement, world.deployment)
            items = [forced_item(item) for item in queue_items(settlement, world.deployment)]
        except Rejected as error:
            self.accuse_at_end(Invariant.REPLAYED, str(error))
            return
        difference = replay(world.base.genesis(), batches, items).difference
        if difference is not None:
            self.accuse_at_end(Invariant.REPLAYED, str(difference))

    def _tell(self, event: Event, what: str, identifier: str) -> None:
        self._world.trace.note(event.time, self._world.chains[event.chain_id].name, what, identifier)

    def _accuse(self, invariant: Invariant, event: Event, subject: str, detail: str) -> None:
        violation = Violation(
            invariant=invariant,
            time=event.time,
            chain=self._world.chains[event.chain_id].name,
            subject=subject,
            detail=detail,
        )
        self._add(violation)

    def _add(self, violation: Violation) -> None:
        self.violations.append(violation)
        self._world.note("judge", str(violation.invariant), violation.subject, violation.detail)
