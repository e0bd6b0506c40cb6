"""`clearspan swap recover`: what an address has in escrows, from the logs of a kept run's chains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address

from bridge.swaps.recovery import OpenSwap, Recovered, recover
from clearspan import exits
from clearspan.kept import KeptRun, open_chains, require_kept


def run_recover(directory: Path, address: str, *, as_json: bool) -> int:
    """Print every swap of the address that is still open, and every credit that waits for it."""
    require_kept(directory)
    run = KeptRun.load(directory)
    chains = open_chains(directory, run.network)
    names = {entry.chain_id: entry.name for entry in run.network.chains}
    known = {entry.swap_escrow for entry in run.network.chains}
    owner = to_checksum_address(address)
    found = [place for chain in chains.values() for place in recover(chain, owner)]
    if as_json:
        typer.echo(json.dumps(_as_object(owner, found, names, known), indent=2))
        return exits.OK
    for place in found:
        if place.escrow not in known:
            typer.echo(f"escrow {place.escrow} on {names[place.chain_id]} is not this network's", err=True)
        for swap in place.swaps:
            typer.echo(_line(swap, names))
        for credit in place.credits:
            where = f"{names[place.chain_id]}, escrow {place.escrow}"
            typer.echo(f"credit of {credit.amount} of {credit.asset} on {where}: withdraw")
    if not found:
        typer.echo(f"{owner} has nothing in any escrow of these chains", err=True)
    return exits.OK


def _line(opened: OpenSwap, names: dict[int, str]) -> str:
    swap = opened.record.swap
    role = "locker" if opened.is_locker else "payee"
    return (
        f"0x{swap.identifier.hex()} {role} of {swap.amount} of {swap.asset} on {names[swap.chain_id]}, "
        f"escrow {swap.escrow}, {opened.stage.value}: {opened.advice}"
    )


def _as_object(
    owner: str, found: list[Recovered], names: dict[int, str], known: set[ChecksumAddress]
) -> dict[str, Any]:
    """Amounts and wei are decimal strings, bytes hex, times seconds; `terms` is what the escrow's calls take.

    `is_known` tells the network's own escrows from whatever else logs like one.
    """
    swaps = [
        {
            "swap": "0x" + opened.record.swap.identifier.hex(),
            "chain": names[place.chain_id],
            "chain_id": place.chain_id,
            "escrow": place.escrow,
            "is_known": place.escrow in known,
            "role": "locker" if opened.is_locker else "payee",
            "stage": opened.stage.value,
            "advice": opened.advice,
            "locked_block": opened.record.locked_block,
            "terms": {
                "locker": opened.record.swap.locker,
                "payee": opened.record.swap.payee,
                "asset": opened.record.swap.asset,
                "amount": str(opened.record.swap.amount),
                "hashlock": "0x" + opened.record.swap.hashlock.hex(),
                "safety_deposit": str(opened.record.swap.safety_deposit),
                "claim_from": opened.record.swap.timelocks.claim_from,
                "public_claim_from": opened.record.swap.timelocks.public_claim_from,
                "refund_from": opened.record.swap.timelocks.refund_from,
                "public_refund_from": opened.record.swap.timelocks.public_refund_from,
                "nonce": str(opened.record.swap.nonce),
            },
        }
        for place in found
        for opened in place.swaps
    ]
    credits_due = [
        {
            "chain": names[place.chain_id],
            "chain_id": place.chain_id,
            "escrow": place.escrow,
            "is_known": place.escrow in known,
            "asset": credit.asset,
            "amount": str(credit.amount),
        }
        for place in found
        for credit in place.credits
    ]
    return {"address": owner, "swaps": swaps, "credits": credits_due}
