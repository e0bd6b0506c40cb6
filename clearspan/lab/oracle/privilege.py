"""I15: what executes messages owns nothing, and an owner changes only by the old one's word."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from chains.blocks import Block, Transaction
from chains.local import LocalChain
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant
from contracts import UnknownVariable, storage_slot

ROLES = ("_owner", "_pendingOwner", "guardian")
ADDRESS_MASK = (1 << 160) - 1


class Privilege(Book):
    """Reads the words of storage that say who may do what. `contracts`: names by address, by chain."""

    READS = frozenset({"CollateralVault"})

    def __init__(self, accuse: Accuse, contracts: Mapping[int, Mapping[bytes, str]]) -> None:
        super().__init__(accuse)
        self._contracts = contracts
        self._slots = {name: _slots(name) for known in contracts.values() for name in known.values()}
        self._holders: dict[tuple[int, bytes, str], bytes] = {}
        self._roots: dict[tuple[int, bytes], bytes] = {}
        self._allowed: dict[int, set[bytes]] = {}

    def take(self, event: Event) -> None:
        """A vault's guardian is changed by its timelock, in a transaction of anybody's."""
        if event.name == "GuardianChanged":
            self._allowed.setdefault(event.chain_id, set()).add(bytes.fromhex(event.arguments["guardian"][2:]))

    def read(self, chain: LocalChain, block: Block) -> None:
        """After every block that is not empty."""
        allowed = self._allowed.pop(chain.chain_id, set())
        if not block.transactions:
            return
        known = self._contracts[chain.chain_id]
        senders = {transaction.sender for transaction in block.transactions}
        for address, name in known.items():
            root = chain.evm.account(block.header.state_root, address).storage_root
            if not self._slots[name] or self._roots.get((chain.chain_id, address)) == root:
                continue
            self._roots[chain.chain_id, address] = root
            for role, slot in self._slots[name].items():
                word = chain.evm.storage(block.header.state_root, address, slot)
                self._check(chain, block, (address, role), (word & ADDRESS_MASK).to_bytes(20), senders | allowed)

    def _check(
        self,
        chain: LocalChain,
        block: Block,
        where: tuple[bytes, str],
        holder: bytes,
        agreed: Collection[bytes],
    ) -> None:
        """Who held the role before, or who owns the contract, has to have sent a transaction in the block."""
        address, role = where
        key = (chain.chain_id, address, role)
        before = self._holders.get(key)
        self._holders[key] = holder
        if before == holder:
            return
        about = _about(chain, block, address)
        name = f"{role} of {self._contracts[chain.chain_id][address]}"
        if holder in self._contracts[chain.chain_id]:
            self.accuse(Invariant.NO_PRIVILEGE, about, name, f"is {self._contracts[chain.chain_id][holder]}")
        if before is None or holder in agreed:
            return
        if {before, self._holders.get((chain.chain_id, address, "_owner"))}.isdisjoint(agreed):
            self.accuse(Invariant.NO_PRIVILEGE, about, name, f"is 0x{holder.hex()} without a word of 0x{before.hex()}")


def _slots(name: str) -> dict[str, int]:
    found = {}
    for role in ROLES:
        try:
            found[role] = storage_slot(name, role)
        except UnknownVariable:
            continue
    return found


def _about(chain: LocalChain, block: Block, address: bytes) -> Event:
    transaction: Transaction = block.transactions[0]
    return Event(
        chain_id=chain.chain_id,
        block=block.header.number,
        time=block.header.timestamp,
        contract="",
        address=address,
        name="",
        arguments={},
        transaction=transaction,
    )
