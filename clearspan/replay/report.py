"""A replay's report: one object for `--json`, and the same as text. Amounts are decimal strings of base units."""

from __future__ import annotations

from typing import Any

from clearspan.demo.render import CASH_DECIMALS, table, whole
from clearspan.devnet import Devnet
from clearspan.replay.recording import Recording
from clearspan.replay.run import ReplayOutcome
from clearspan.verify import Verification
from clearspan.verify.command import conservation_object, vaults_object


def build_replay_report(
    net: Devnet, recordings: list[Recording], outcome: ReplayOutcome, answer: Verification
) -> dict[str, Any]:
    """What was traded and what it came to. `ok` only if the rebuilt state is the same and everything is conserved."""
    core = net.core
    state = core.sequencer.state
    profits = {name: _profit(outcome, name) for name in outcome.after.accounts}
    kept = sum(market.fees + market.funding_pool for market in state.markets)
    return {
        "ok": answer.ok and answer.state_root == state.root and sum(profits.values()) + kept == 0,
        "seed": core.config.seed,
        "recordings": [recording.perpetual.name for recording in recordings],
        "lines": outcome.lines,
        "recorded_seconds": outcome.recorded_seconds,
        "orders": outcome.orders,
        "cancels": outcome.cancels,
        "fills": sum(outcome.chronicle.fills.values()),
        "volume": str(sum(outcome.chronicle.volume.values())),
        "orders_per_second": round(outcome.orders / outcome.seconds, 1),
        "steps_per_second": round(outcome.chronicle.steps / outcome.seconds, 1),
        "seconds": round(outcome.seconds, 3),
        "markets": [_market(net, outcome, name) for name, _ in outcome.markets],
        "accounts": [
            {
                "name": name,
                "account": row.account,
                "owner": row.owner,
                "volume": str(outcome.chronicle.volume_of[row.account]),
                "equity_before": str(outcome.before.accounts[name].equity),
                "equity_after": str(row.equity),
                "profit_and_loss": str(profits[name]),
            }
            for name, row in outcome.after.accounts.items()
        ],
        "fees": str(kept),
        "steps": state.header.sequence,
        "batches": core.sequencer.posted_batches,
        "state_root": f"0x{state.root.hex()}",
        "conservation": conservation_object(answer),
        "vaults": vaults_object(answer),
        "verified": answer.ok,
        "reason": answer.reason,
    }


def render_replay(report: dict[str, Any]) -> str:
    """The report as text."""
    markets = [
        (
            row["market"],
            f"{row['orders']:,}",
            f"{row['cancels']:,}",
            f"{row['fills']:,}",
            whole(row["volume"], CASH_DECIMALS, 2),
            f"{sum(row['rejected'].values()):,}",
        )
        for row in report["markets"]
    ]
    accounts = [
        (row["name"], *(whole(row[key], CASH_DECIMALS, 2) for key in ("volume", "equity_after", "profit_and_loss")))
        for row in report["accounts"]
    ]
    orders, steps = report["orders_per_second"], report["steps_per_second"]
    return "\n".join(
        [
            f"{report['lines']:,} recorded lines over {report['recorded_seconds']} seconds",
            "",
            *table(("market", "orders", "cancels", "fills", "volume in USD", "rejected"), markets),
            "",
            *table(("account", "volume in USD", "equity after", "profit and loss"), accounts),
            "",
            f"{orders:,} orders per second; with cancels and prices {steps:,} steps per second",
            f"{report['batches']:,} batches posted with {report['steps']:,} steps",
            f"Final state root: {report['state_root']}",
            "Rebuilt from chain data alone: the same root, everything conserved."
            if report["ok"]
            else f"NOT VERIFIED: {report['reason']}",
        ]
    )


def _profit(outcome: ReplayOutcome, name: str) -> int:
    before, after = outcome.before.accounts[name], outcome.after.accounts[name]
    return after.cash + after.unrealised - before.cash - before.unrealised


def _market(net: Devnet, outcome: ReplayOutcome, name: str) -> dict[str, Any]:
    market_id = net.core.catalogue.market(name).market_id
    replayed = dict(outcome.markets)[name]
    return {
        "market": name,
        "orders": replayed.orders,
        "cancels": replayed.cancels,
        "fills": outcome.chronicle.fills[market_id],
        "volume": str(outcome.chronicle.volume[market_id]),
        "rejected": dict(sorted(replayed.rejected.items())),
    }
