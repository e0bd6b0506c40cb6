"""A demo's report as text a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

CASH_DECIMALS = 6


def render(report: dict[str, Any]) -> str:
    """The whole report: chains, accounts before and after, conservation, final root."""
    parts = [
        *_chains(report),
        *_accounts(report),
        *_liquidations(report),
        *_conservation(report),
        *_outcome(report),
    ]
    return "\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table: first column to the left, the others to the right."""
    body = [list(row) for row in rows]
    widths = [max(len(row[column]) for row in [list(head), *body]) for column in range(len(head))]
    lines = []
    for row in (list(head), ["-" * width for width in widths], *body):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def whole(units: str, decimals: int, places: int | None = None) -> str:
    """Base units as a number with separators, cut (not rounded) to `places` decimals."""
    value = int(units)
    number = Decimal(abs(value)).scaleb(-decimals)
    digits = f"{number:,.{decimals}f}" if decimals else f"{number:,}"
    if places is not None and decimals > places:
        digits = digits[: len(digits) - (decimals - places)].rstrip(".")
    return f"-{digits}" if value < 0 else digits


def _chains(report: dict[str, Any]) -> list[str]:
    lines = ["What happened on each chain", ""]
    for chain in report["chains"]:
        lines.append(
            f"  {chain['name']} (chain id {chain['chain_id']}, {chain['role']}): {chain['blocks']} blocks, "
            f"{chain['transactions']} transactions"
        )
        lines.extend(f"    {count:>4} {name}" for name, count in chain["events"].items())
    lines.append("")
    return lines


def _accounts(report: dict[str, Any]) -> list[str]:
    head = (
        "account",
        "cash before",
        "cash after",
        "equity before",
        "equity after",
        "profit and loss",
        "positions after",
    )
    rows = []
    for account in report["accounts"]:
        before, after = account["before"], account["after"]
        sums = (before["cash"], after["cash"], before["equity"], after["equity"], account["profit_and_loss"])
        positions = ", ".join(f"{_short(p['size'])} {p['market']}" for p in after["positions"]) or "none"
        rows.append((account["name"], *(whole(amount, CASH_DECIMALS, 2) for amount in sums), positions))
    lines = ["Accounts before trading and after, in USD", "", *table(head, rows), ""]
    moves = [row for account in report["accounts"] for row in _moves(account)]
    return [*lines, *table(("tokens", "before", "after"), moves), ""]


def _moves(account: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Collateral and wallets of an account that changed, or that it has."""
    found = []
    for kind, place in (("collateral", "as collateral"), ("wallet", "in the wallet")):
        before = {(row["asset"], row["chain"]): row for row in account["before"][kind]}
        after = {(row["asset"], row["chain"]): row for row in account["after"][kind]}
        for key in sorted(before.keys() | after.keys()):
            decimals = (after.get(key) or before[key])["decimals"]
            was, now = (whole(rows[key]["amount"] if key in rows else "0", decimals, 6) for rows in (before, after))
            if kind == "collateral" or was != now:
                found.append((f"{account['name']}: {key[0]} on {key[1]} {place}", was, now))
    return found


def _short(number: str) -> str:
    return number.rstrip("0").rstrip(".")


def _liquidations(report: dict[str, Any]) -> list[str]:
    closed = [
        f"  {row['name']} (account {row['account']}): {_short(row['size'])} {row['market']} closed for "
        f"{whole(row['notional'], CASH_DECIMALS, 2)} USD, fee {whole(row['fee'], CASH_DECIMALS, 2)} USD"
        for row in report["liquidations"]
    ]
    paid = [
        f"  the insurance fund pays {whole(row['paid'], CASH_DECIMALS, 2)} USD that {row['name']} owes"
        for row in report["insurance_payments"]
    ]
    return ["Liquidations", "", *closed, *paid, ""]


def _conservation(report: dict[str, Any]) -> list[str]:
    head = ("asset", "vaults", "in flight", "owed", "difference")
    rows = [
        (
            asset,
            *(whole(row[key], row["decimals"]) for key in ("vaults", "in_flight", "owed", "difference")),
        )
        for asset, row in report["conservation"].items()
    ]
    return ["Conservation: vaults = in flight + owed", "", *table(head, rows), ""]


def _outcome(report: dict[str, Any]) -> list[str]:
    packets, batches = len(report["packets"]), len(report["batches"])
    lines = [
        f"{packets} packets proven and answered, {batches} batches posted with {report['steps']} steps.",
        f"Final state root: {report['state_root']}",
        f"Rebuilt from chain data alone: {'the same root.' if report['verified'] else 'NOT VERIFIED.'}",
    ]
    failed = [f"{check['name']}: {check['detail']}" for check in report["checks"] if not check["ok"]]
    lines.append("Everything reconciles." if report["ok"] else f"DOES NOT RECONCILE: {'; '.join(failed)}")
    return lines
