"""The demo's report: one object for `--json`, and what `render` prints. Amounts are decimal strings of base units."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clearspan.demo.chain_story import batch_stories, chain_stories, packet_stories
from clearspan.demo.chronicle import Chronicle
from clearspan.demo.reconcile import ReconcileInputs, reconcile
from clearspan.demo.scenario import Story
from clearspan.demo.snapshots import AccountSnapshot
from clearspan.devnet import Devnet
from clearspan.verify import Verification
from clearspan.verify.command import conservation_object, vaults_object
from exchange.engine.views import PositionReport
from exchange.sdk import Catalogue, Handle, Trader, from_base_units
from exchange.sdk.amounts import PRICE_DECIMALS, SIZE_DECIMALS


def build_report(net: Devnet, seed: int, story: Story, chronicle: Chronicle, answer: Verification) -> dict[str, Any]:
    """Everything the demo has to say. `ok` only if every check holds and the rebuilt state is the same."""
    core = net.core
    network, chains = core.network.deployment, core.network.by_id
    packets = packet_stories(network, chains)
    batches = batch_stories(network, core.network.settlement)
    checks = reconcile(
        ReconcileInputs(
            story=story,
            chronicle=chronicle,
            packets=packets,
            batches=batches,
            answer=answer,
            state=core.sequencer.state,
        )
    )
    names = {row.account: name for name, row in story.after.accounts.items()}
    return {
        "ok": all(check.ok for check in checks),
        "seed": seed,
        "chains": [
            {
                "name": chain.name,
                "chain_id": chain.chain_id,
                "role": chain.role,
                "blocks": chain.blocks,
                "transactions": chain.transactions,
                "head": _hex(chain.head),
                "events": chain.events,
            }
            for chain in chain_stories(network, chains)
        ],
        "accounts": [_account(net, story, chronicle, name) for name in story.after.accounts],
        "deposits": [_transfer(trader, handle) for trader, handle in story.deposits],
        "withdrawals": [_transfer(trader, handle) for trader, handle in story.withdrawals],
        "packets": [
            {
                "packet": _hex(packet.packet),
                "kind": packet.kind,
                "source": packet.source,
                "destination": packet.destination,
                "nonce": packet.nonce,
                "status": packet.status,
                "sent_block": packet.sent_block,
                "answered_block": packet.answered_block,
                "acknowledged_block": packet.acknowledged_block,
            }
            for packet in packets
        ],
        "liquidations": [
            {
                "account": row.account,
                "name": names[row.account],
                "market": core.catalogue.market_by_id(row.market).name,
                "size": _size(row.size),
                "notional": str(row.notional),
                "fee": str(row.fee),
                "equity_before": str(row.equity),
                "maintenance_before": str(row.maintenance),
                "sequence": row.sequence,
            }
            for row in chronicle.liquidations
        ],
        "insurance_payments": [
            {
                "account": row.account,
                "name": names[row.account],
                "paid": str(row.paid),
                "shortfall": str(row.shortfall),
            }
            for row in chronicle.coverages
        ],
        "markets": [
            {
                "market": market.name,
                "fills": chronicle.fills[market.market_id],
                "volume": str(chronicle.volume[market.market_id]),
            }
            for market in core.catalogue.markets
        ],
        "batches": [
            {
                "index": batch.posted.index,
                "segments": batch.segments,
                "queue_cursor": batch.posted.queue_cursor,
                "commitment": _hex(batch.posted.commitment),
                "state_root": _hex(batch.posted.state_root),
                "posted_block": batch.posted.posted_block,
                "final": batch.final,
            }
            for batch in batches
        ],
        "steps": core.sequencer.state.header.sequence,
        "state_root": _hex(core.sequencer.state.root),
        "conservation": conservation_object(answer),
        "vaults": vaults_object(answer),
        "checks": [{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks],
        "verified": answer.ok,
    }


def _account(net: Devnet, story: Story, chronicle: Chronicle, name: str) -> dict[str, Any]:
    before, after = story.before.accounts[name], story.after.accounts[name]
    return {
        "account": after.account,
        "name": name,
        "owner": after.owner,
        "before": _snapshot(net.core.catalogue, before),
        "after": _snapshot(net.core.catalogue, after),
        "volume": str(chronicle.volume_of[after.account]),
        "profit_and_loss": str(story.profit_and_loss(name)),
    }


def _snapshot(catalogue: Catalogue, row: AccountSnapshot) -> dict[str, Any]:
    return {
        "cash": str(row.cash),
        "equity": str(row.equity),
        "unrealised": str(row.unrealised),
        "collateral": _amounts(catalogue, row.collateral.items()),
        "positions": [_position(catalogue, held) for held in row.positions],
        "wallet": _amounts(catalogue, row.wallets.items()),
    }


def _position(catalogue: Catalogue, held: PositionReport) -> dict[str, Any]:
    return {
        "market": catalogue.market_by_id(held.market).name,
        "size": _size(held.size),
        "cost": str(held.cost),
        "mark_price": None if held.mark is None else f"{from_base_units(held.mark, decimals=PRICE_DECIMALS):f}",
        "unrealised": str(held.unrealised),
    }


def _amounts(catalogue: Catalogue, rows: Iterable[tuple[int, int]]) -> list[dict[str, Any]]:
    found = []
    for asset_id, amount in rows:
        asset = catalogue.asset_by_id(asset_id)
        row = {"chain": asset.chain, "asset": asset.symbol, "decimals": asset.decimals, "amount": str(amount)}
        found.append(row)
    return found


def _transfer(trader: Trader, handle: Handle) -> dict[str, Any]:
    moved = handle.transfer
    return {
        "chain": moved.chain,
        "asset": moved.asset,
        "amount": str(moved.amount),
        "account": trader.account,
        "name": trader.name,
        "packet": handle.packet,
        "status": handle.status,
    }


def _size(units: int) -> str:
    return f"{from_base_units(units, decimals=SIZE_DECIMALS):f}"


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"
