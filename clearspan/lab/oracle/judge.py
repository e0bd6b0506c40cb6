"""Checks every promise after every block of every chain."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from eth_utils.address import to_canonical_address

from bridge.clients import consensus_state
from chains.local import LocalChain
from clearspan.devnet.config import ORACLE_NAMES
from clearspan.devnet.wallets import wallet
from clearspan.lab.oracle.alarms import Alarm, misjudged
from clearspan.lab.oracle.book import Book
from clearspan.lab.oracle.bounds import excesses
from clearspan.lab.oracle.conservation import Conservation
from clearspan.lab.oracle.entitlement import Entitlement
from clearspan.lab.oracle.final_events import Event, FinalBlocks
from clearspan.lab.oracle.limiter import Limiter
from clearspan.lab.oracle.order import Order
from clearspan.lab.oracle.packets import Packets
from clearspan.lab.oracle.pauses import Pauses
from clearspan.lab.oracle.price_bounds import PriceBounds
from clearspan.lab.oracle.privilege import Privilege
from clearspan.lab.oracle.secrets import LoggedText, Needles, leaks
from clearspan.lab.oracle.spending import Spending
from clearspan.lab.oracle.swaps import Swaps
from clearspan.lab.oracle.venue import Venue
from clearspan.lab.oracle.violations import Invariant, Violation
from clearspan.lab.watching import add_watcher
from exchange.engine.invariants import InvariantError, check

if TYPE_CHECKING:
    from clearspan.lab.world import World


class Judge:
    """Watches a world from its first block on; `violations` is what it found, in order.

    watches: also put a watcher into the world, and judge whether it cries out when it should.
    """

    def __init__(self, world: World, *, watches: bool = False) -> None:
        self._world = world
        self._watches = watches
        self.violations: list[Violation] = []
        self.alarms: list[Alarm] = []
        self._followed: dict[bytes, int] = {}
        known = self._known_contracts()
        self._blocks = FinalBlocks(world.chains, known)
        self._keep_books(known)
        self._logged = LoggedText()
        logging.getLogger().addHandler(self._logged)
        world.at_close.append(lambda: logging.getLogger().removeHandler(self._logged))
        if watches:
            add_watcher(world, lambda *told: self.alarms.append(Alarm(*told)))
        self._read_history()
        world.after_block.append(self._look)
        world.judge = self

    def _keep_books(self, known: dict[int, dict[bytes, str]]) -> None:
        """Every book, in the order in which each takes an event: those that others read come first."""
        world, network = self._world, self._world.deployment
        self.packets = Packets(self._accuse, self._tell)
        self.venue = Venue(self._accuse, world.base.genesis())
        self.venue.clerks.append(PriceBounds(self._accuse))
        self.conservation = Conservation(self._accuse, network, self.packets)
        self.entitlement = Entitlement(self._accuse, network, self.packets, self.venue)
        self.swaps = Swaps(self._accuse, network)
        self.spending = Spending(
            self._accuse,
            {entry.chain_id: to_canonical_address(entry.mailbox) for entry in network.chains},
            {to_canonical_address(relayer.address) for relayer in world.base.relayers},
            world.config.relayer_budget_wei,
        )
        self._books: tuple[Book, ...] = (
            self.venue,
            self.conservation,
            self.entitlement,
            Order(self._accuse, self.conservation),
            Limiter(self._accuse, network, self.conservation, self.entitlement),
            Pauses(self._accuse, self.conservation),
            self.swaps,
            self.spending,
            Privilege(self._accuse, known),
        )
        self._takers: defaultdict[str, list[Callable[[Event], None]]] = defaultdict(list)
        self._takers["Mailbox"].append(self.packets.take)
        self._takers["QbftLightClient"].append(self._check_client)
        for book in self._books:
            for contract in sorted(book.READS):
                self._takers[contract].append(book.take)
        self._judges = (self.packets.judge, *(book.judge for book in self._books if type(book).judge is not Book.judge))
        self._readers = tuple(book.read for book in self._books if type(book).read is not Book.read)

    def _known_contracts(self) -> dict[int, dict[bytes, str]]:
        network = self._world.deployment
        known: dict[int, dict[bytes, str]] = {}
        for entry in network.chains:
            here = known[entry.chain_id] = {
                to_canonical_address(entry.mailbox): "Mailbox",
                to_canonical_address(entry.swap_escrow): "SwapEscrow",
            }
            for followed, client in entry.clients.items():
                here[to_canonical_address(client)] = "QbftLightClient"
                self._followed[to_canonical_address(client)] = followed
        settlement = known[network.settlement.chain_id]
        settlement[to_canonical_address(network.settlement.forced_queue)] = "ForcedQueue"
        settlement[to_canonical_address(network.settlement.rollup)] = "Rollup"
        settlement[to_canonical_address(network.settlement.outbox)] = "WithdrawalOutbox"
        settlement[to_canonical_address(network.settlement.ledger)] = "ChainLedger"
        for vault in network.vaults:
            known[vault.chain_id][to_canonical_address(vault.vault)] = "CollateralVault"
        return known

    def _read_history(self) -> None:
        """What was final before the world began: caps, roles and deposits of a network that is not new."""
        for chain, block in self._blocks.unread():
            for event in self._blocks.events(chain, block):
                for take in self._takers[event.contract]:
                    take(event)
        for judge in self._judges:
            judge()

    def _look(self, _: LocalChain) -> None:
        is_new = False
        for chain, block in self._blocks.unread():
            is_new = True
            if not block.transactions:
                continue
            for event in self._blocks.events(chain, block):
                for take in self._takers[event.contract]:
                    take(event)
            for read in self._readers:
                read(chain, block)
        if is_new:
            for judge in self._judges:
                judge()

    def _check_client(self, event: Event) -> None:
        """A client may know only what really is a block of the chain it follows."""
        if event.name != "ClientUpdated":
            return
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
        """What is checked once, when the run is over."""
        for breakage in dict.fromkeys(self._world.breakages):
            self.accuse_at_end(Invariant.LIVENESS, f"a daemon broke: {breakage}")
        for book in self._books:
            book.look_back()
        self._check_venue()
        for leak in leaks(Needles(self._keys()), self._world.directory, self._said()):
            self.accuse_at_end(Invariant.SECRETS, leak)
        for excess in excesses(self._world.directory, self.work):
            self.accuse_at_end(Invariant.BOUNDED, excess)
        if self._watches:
            seconds = self._world.config.network.block_seconds
            for wrong in misjudged(self.violations, self.alarms, block_seconds=seconds):
                self.accuse_at_end(Invariant.ALARM, wrong)

    @property
    def work(self) -> int:
        """Packets, batches, swaps and relayers' transactions: what explains what is kept."""
        return (
            len(self.packets.lives) + self.venue.batches + self.venue.steps + len(self.swaps.legs) + self.spending.count
        )

    def _check_venue(self) -> None:
        """What the sequencer has in memory keeps the same rules as what was posted."""
        sequencer = self._world.venue
        if sequencer is None:
            return
        try:
            check(sequencer.state)
        except InvariantError as error:
            self.accuse_at_end(Invariant.MARGIN, str(error))

    def _keys(self) -> dict[str, bytes]:
        """Every private key of the world by whose it is."""
        base, seed = self._world.base, self._world.config.network.seed
        keys = base.network.keys
        found = {
            name: bytes(getattr(keys, name).key)
            for name in ("owner", "relayer", "poster", "faucet", "operator", "insurance")
        }
        found |= {name: bytes(wallet(seed, name).key) for name in ORACLE_NAMES}
        found |= {user.name: bytes(user.wallet.key) for user in self._world.users}
        found |= {f"relayer {number}": bytes(one.key) for number, one in enumerate(base.relayers, 1)}
        for chain in self._world.chains.values():
            for number, validator in enumerate(chain.validators.validators, 1):
                found[f"validator {number} of {chain.name}"] = validator.copy().compromise()
        return found

    def _said(self) -> dict[str, Iterator[str]]:
        trace = (f"{one.subject} {one.detail}" for one in self._world.trace.happenings)
        return {"the log": iter(self._logged.text), "what daemons report": trace}

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
