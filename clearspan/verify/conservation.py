"""Where every base unit is: vaults = in flight inbound + in flight outbound + owed, asset by asset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.address import to_canonical_address
from tiny_keccak import keccak256

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment, RegisteredAsset
from bridge.settlement import ItemKind, Outbox, QueueItem
from bridge.vaults import Deposit, Redirection, Vault
from chains import LocalChain
from clearspan.verify.words import proven_words
from contracts import storage_slot
from exchange.engine.invariants import conservation, set_aside
from exchange.state.asset import AssetKind
from exchange.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One vault's books for one asset, in base units.

    `inbound`: locked, not yet credited or refunded. `outbound`: taken from an account, not yet paid. `owed`: what the
    exchange still has to its name there. `balance`: what the token or the chain says the vault has, less what payees
    who could not be paid may pull; what is above the books belongs to nobody.
    """

    asset: int
    symbol: str
    chain: str
    decimals: int
    vaults: int
    inbound: int
    outbound: int
    owed: int
    balance: int

    @property
    def difference(self) -> int:
        """Zero, or units were made or lost."""
        return self.vaults - self.inbound - self.outbound - self.owed

    @property
    def missing(self) -> int:
        """Zero, or the vault has less than its books say."""
        return max(0, self.vaults - self.balance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """One token over all chains, in base units; `owed` is what accounts, positions, fees and pools add up to."""

    symbol: str
    decimals: int
    vaults: int
    inbound: int
    outbound: int
    owed: int

    @property
    def in_flight(self) -> int:
        """Both ways."""
        return self.inbound + self.outbound

    @property
    def difference(self) -> int:
        """Zero, or units were made or lost."""
        return self.vaults - self.in_flight - self.owed


def holdings(
    network: Deployment, chains: dict[int, LocalChain], state: State, items: Sequence[QueueItem]
) -> list[Holding]:
    """Every asset of every vault. `items` are all of the queue; the state says how many of them it took."""
    taken = items[: state.header.queue_cursor]
    credited = {item.packet_id for item in taken if item.kind is ItemKind.DEPOSIT}
    settlement = chains[network.settlement.chain_id]
    outbox = Outbox(settlement, network.settlement.outbox)
    releases = outbox.released(network.settlement.deployed_at, settlement.finalized_header().number)
    books = []
    for entry in network.vaults:
        chain = chains[entry.chain_id]
        last = chain.finalized_header()
        vault = Vault(chain, entry.vault)
        deposits = vault.deposited(entry.deployed_at, last.number)
        returned = set(vault.returned(entry.deployed_at, last.number))
        redirections = [
            row for row in vault.redirected(entry.deployed_at, last.number) if row.packet_id not in returned
        ]
        moved: list[Deposit | Redirection] = [*deposits, *redirections]
        discharged: Counter[bytes] = Counter()
        for payment in vault.paid(entry.deployed_at, last.number):
            discharged[payment.identifier] += payment.amount
        for redirection in redirections:
            discharged[redirection.identifier] += redirection.amount
        for asset in network.assets:
            if asset.chain_id != entry.chain_id:
                continue
            locked = [row for row in moved if row.asset == asset.token and row.packet_id not in credited]
            leaving = [row for row in state.withdrawals if row.asset == asset.asset]
            (held,) = proven_words(chain, entry.vault, [_holdings_slot(asset)], last)
            books.append(
                Holding(
                    asset=asset.asset,
                    symbol=asset.symbol,
                    chain=entry.name,
                    decimals=asset.decimals,
                    vaults=held,
                    inbound=sum(row.amount - discharged[row.packet_id] for row in locked),
                    outbound=sum(row.amount - discharged[releases.get(row.id, b"")] for row in leaving),
                    owed=state.assets[asset.asset].inventory + set_aside(state, asset.asset),
                    balance=_balance(chain, asset.token, entry.vault, last.number)
                    - vault.total_credits(asset.token, block=last.number),
                )
            )
    return books


def totals(books: Sequence[Holding], state: State) -> list[Total]:
    """By token, with what is owed counted from the accounts instead of the inventories."""
    sums = conservation(state)
    found = []
    for symbol in dict.fromkeys(book.symbol for book in books):
        rows = [book for book in books if book.symbol == symbol]
        is_cash = state.assets[rows[0].asset].kind == AssetKind.CASH
        found.append(
            Total(
                symbol=symbol,
                decimals=rows[0].decimals,
                vaults=sum(row.vaults for row in rows),
                inbound=sum(row.inbound for row in rows),
                outbound=sum(row.outbound for row in rows),
                owed=sums.owed if is_cash else sum(sums.collateral[row.asset] for row in rows),
            )
        )
    return found


def _balance(chain: LocalChain, token: ChecksumAddress, vault: ChecksumAddress, block: int) -> int:
    if token == ZERO_ADDRESS:
        return int(chain.w3.eth.get_balance(vault, block))
    return int(chain.call(chain.contract("TestToken", token).functions.balanceOf(vault), block=block))


def _holdings_slot(asset: RegisteredAsset) -> int:
    position = storage_slot("CollateralVault", "holdings")
    return int.from_bytes(keccak256(bytes(12) + to_canonical_address(asset.token) + position.to_bytes(32, "big")))
