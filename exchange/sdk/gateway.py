"""Between a wallet and the chains: deposits in, and where deposits and withdrawals are on their way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3.logs import DISCARD

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment
from bridge.mailbox import Mailbox
from bridge.manifest import Manifest
from bridge.packets import Status
from bridge.registry import SettlementEntry, VaultEntry
from bridge.settlement import ForcedQueue, ItemKind, Outbox, Rollup
from bridge.vaults import Vault
from chains.chain import Chain
from exchange.sdk.catalogue import AssetSpec
from exchange.sdk.handles import FINALIZED, REDIRECTED

_DEAD_ENDS = {Status.FAILURE: "refused", Status.EXPIRED: "expired"}


class _Outpost:
    """One chain's mailbox and the answers it gave, read once each."""

    def __init__(self, chain: Chain, entry: SettlementEntry | VaultEntry) -> None:
        self.chain = chain
        self.mailbox = Mailbox(chain, entry.mailbox)
        self.next_block = entry.deployed_at
        self.answers: dict[bytes, Status] = {}

    def unread(self) -> tuple[int, int] | None:
        """Final blocks not read yet, both included."""
        first, last = self.next_block, self.chain.finalized_header().number
        self.next_block = max(first, last + 1)
        return (first, last) if first <= last else None

    def read(self) -> None:
        blocks = self.unread()
        if blocks is not None:
            self._read(*blocks)

    def _read(self, first: int, last: int) -> None:
        self.answers.update({answer.packet_id: answer.status for answer in self.mailbox.answered(first, last)})


class _Settlement(_Outpost):
    def __init__(self, chain: Chain, entry: SettlementEntry) -> None:
        super().__init__(chain, entry)
        self.queue = ForcedQueue(chain, entry.forced_queue)
        self.rollup = Rollup(chain, entry.rollup)
        self.outbox = Outbox(chain, entry.outbox)
        self.items: dict[bytes, int] = {}
        self.releases: dict[int, bytes] = {}
        self._final_batches = 0
        self._final_cursor = 0

    def _read(self, first: int, last: int) -> None:
        super()._read(first, last)
        deposits = (item for item in self.queue.items(first, last) if item.kind is ItemKind.DEPOSIT)
        self.items.update({item.packet_id: item.index for item in deposits})
        self.releases.update(self.outbox.released(first, last))

    def final_cursor(self) -> int:
        """Forced items taken by batches that are final."""
        while self.rollup.is_final(self._final_batches):
            self._final_cursor = self.rollup.batch(self._final_batches).queue_cursor
            self._final_batches += 1
        return self._final_cursor


class _VaultChain(_Outpost):
    def __init__(self, chain: Chain, entry: VaultEntry) -> None:
        super().__init__(chain, entry)
        self.vault = Vault(chain, entry.vault)
        self.paid: set[bytes] = set()
        self.redirected: dict[bytes, bytes] = {}

    def _read(self, first: int, last: int) -> None:
        super()._read(first, last)
        self.paid.update(payment.identifier for payment in self.vault.paid(first, last) if payment.left == 0)
        self.redirected.update((row.packet_id, row.identifier) for row in self.vault.redirected(first, last))
        for packet_id in self.vault.returned(first, last):
            self.redirected.pop(packet_id, None)


class Gateway:
    """The network's contracts as a wallet meets them. Nothing here is trusted by the chains."""

    def __init__(self, network: Deployment, chains: Mapping[int, Chain]) -> None:
        self._settlement = _Settlement(chains[network.settlement.chain_id], network.settlement)
        self._vaults = {entry.chain_id: _VaultChain(chains[entry.chain_id], entry) for entry in network.vaults}

    @classmethod
    def vouched_for(cls, manifest: Manifest, chains: Mapping[int, Chain], *, signer: ChecksumAddress) -> Self:
        """A gateway to addresses that `signer` vouches for, whoever gave them; raises the bridge's Rejected."""
        return cls(manifest.check(chains, signer), chains)

    def balance(self, wallet: LocalAccount, asset: AssetSpec) -> int:
        """What a wallet holds of an asset on its chain, in base units."""
        chain = self._vaults[asset.chain_id].chain
        if asset.token == ZERO_ADDRESS:
            return int(chain.w3.eth.get_balance(wallet.address))
        return int(chain.call(chain.contract("TestToken", asset.token).functions.balanceOf(wallet.address)))

    def deposit(self, wallet: LocalAccount, asset: AssetSpec, amount: int) -> bytes:
        """Locks base units of an asset in its vault for the wallet's own account; answers the packet id.

        Raises the chain's Rejected, for one where the wallet has too little.
        """
        place = self._vaults[asset.chain_id]
        vault = place.vault
        value = amount if asset.token == ZERO_ADDRESS else 0
        if not value:
            token = place.chain.contract("TestToken", asset.token)
            place.chain.transact(token.functions.approve(vault.address, amount), wallet)
        call = vault.contract.functions.deposit(asset.token, amount, wallet.address, 0)
        receipt = place.chain.transact(call, wallet, value=value)
        (log,) = vault.contract.events.Deposited().process_receipt(receipt, errors=DISCARD)
        return bytes(log["args"]["packetId"])

    def deposit_stage(self, packet_id: bytes, credited_items: int) -> str:
        """Stage of a deposit; `credited_items` of the forced queue are in the exchange's state."""
        settlement = self._settlement
        settlement.read()
        index = settlement.items.get(packet_id)
        if index is None:
            status = settlement.answers.get(packet_id, Status.NONE)
            return _DEAD_ENDS.get(status, "submitted")
        if index < settlement.final_cursor():
            return FINALIZED
        return "credited" if index < credited_items else "delivered"

    def release_of(self, withdrawal_id: int) -> bytes | None:
        """Packet id of a released withdrawal."""
        self._settlement.read()
        return self._settlement.releases.get(withdrawal_id)

    def claim(self, chain_id: int, packet_id: bytes) -> tuple[int, int] | None:
        """Base units that a vault has not paid of a release in its queue and the places before it, or None."""
        vault = self._vaults[chain_id].vault
        owed = vault.entitlement(packet_id)
        return None if owed is None else (owed.amount, vault.ahead_of(packet_id))

    def redirect(self, wallet: LocalAccount, chain_id: int, packet_id: bytes) -> bytes:
        """Sends what is unpaid of the wallet's claim to its account; answers the packet id."""
        place = self._vaults[chain_id]
        vault = place.vault
        receipt = place.chain.transact(vault.contract.functions.redirect(packet_id, wallet.address, 0), wallet)
        (log,) = vault.contract.events.Redirected().process_receipt(receipt, errors=DISCARD)
        return bytes(log["args"]["packetId"])

    def withdrawal_stage(self, withdrawal_id: int, chain_id: int, *, is_posted: bool) -> str:
        """Stage of a withdrawal to a chain."""
        packet_id = self.release_of(withdrawal_id)
        if packet_id is None:
            return "posted" if is_posted else "accepted"
        place = self._vaults[chain_id]
        place.read()
        if packet_id in place.paid:
            return FINALIZED
        if packet_id in place.redirected.values():
            return REDIRECTED
        return _DEAD_ENDS.get(place.answers.get(packet_id, Status.NONE), "released")
