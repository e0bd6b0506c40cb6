"""Checks every promise after every block of every chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_utils.address import to_canonical_address

from bridge.clients import consensus_state
from chains.local import LocalChain
from clearspan.lab.oracle.final_events import Event, FinalEvents
from clearspan.lab.oracle.packets import Packets
from clearspan.lab.oracle.violations import Invariant, Violation

if TYPE_CHECKING:
    from clearspan.lab.world import World


class Judge:
    """Watches a world from its first block on; `violations` is what it found, in order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[Violation] = []
        self.packets = Packets(self._accuse)
        self._followed: dict[bytes, int] = {}
        self._events = FinalEvents(world.chains, self._known_contracts())
        world.after_block.append(self._look)

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

    def _accuse(self, invariant: Invariant, event: Event, subject: str, detail: str) -> None:
        violation = Violation(
            invariant=invariant,
            time=event.time,
            chain=self._world.chains[event.chain_id].name,
            subject=subject,
            detail=detail,
        )
        self.violations.append(violation)
        self._world.note("judge", str(invariant), subject, detail)
