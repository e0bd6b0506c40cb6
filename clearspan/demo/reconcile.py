"""Whether everything adds up: what the demo calls ok."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clearspan.demo.chain_story import BatchStory, PacketStory
from clearspan.demo.chronicle import Chronicle
from clearspan.demo.scenario import Story
from clearspan.verify import Check, Verification
from exchange.state.state import State


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileInputs:
    """What the run left behind, live and read back."""

    story: Story
    chronicle: Chronicle
    packets: Sequence[PacketStory]
    batches: Sequence[BatchStory]
    answer: Verification
    state: State


def reconcile(run: ReconcileInputs) -> list[Check]:
    """Every check of the run itself, then every check of the verification."""
    own = [Check(name=name, ok=not (wrong := question(run)), detail=wrong or "yes") for name, question in QUESTIONS]
    return [*own, *run.answer.checks]


def _all_answered(run: ReconcileInputs) -> str:
    open_ones = [row for row in run.packets if row.status != "success" or row.acknowledged_block is None]
    return ", ".join(f"0x{row.packet.hex()} is {row.status}" for row in open_ones)


def _all_final(run: ReconcileInputs) -> str:
    return ", ".join(f"batch {row.posted.index} is not final" for row in run.batches if not row.final)


def _transfers_done(run: ReconcileInputs) -> str:
    transfers = [handle for _, handle in (*run.story.deposits, *run.story.withdrawals)]
    return ", ".join(f"{row.transfer.reference} is {row.status}" for row in transfers if row.status != "finalized")


def _wallets_agree(run: ReconcileInputs) -> str:
    """What left the vaults arrived: every cash token moved is in the wallet it was sent to."""
    wrong = []
    for name, change in run.story.cash_changes().items():
        if change.expected != change.actual:
            wrong.append(f"{name}'s wallets changed by {change.actual}, not {change.expected}")
    return ", ".join(wrong)


def _profits_and_losses(run: ReconcileInputs) -> str:
    """Profit of all accounts, fees and pools sum to zero."""
    profits = sum(run.story.profit_and_loss(name) for name in run.story.after.accounts)
    kept = sum(market.fees + market.funding_pool for market in run.state.markets)
    return "" if profits + kept == 0 else f"profits and losses sum to {profits}, fees and pools to {kept}"


def _somebody_liquidated(run: ReconcileInputs) -> str:
    return "" if run.chronicle.liquidations else "nobody was liquidated"


def _same_root(run: ReconcileInputs) -> str:
    if run.answer.state_root == run.state.root:
        return ""
    rebuilt = "nothing" if run.answer.state_root is None else f"0x{run.answer.state_root.hex()}"
    return f"the exchange is at 0x{run.state.root.hex()}, the chain data give {rebuilt}"


QUESTIONS: tuple[tuple[str, Callable[[ReconcileInputs], str]], ...] = (
    ("packets answered", _all_answered),
    ("batches final", _all_final),
    ("transfers done", _transfers_done),
    ("wallets", _wallets_agree),
    ("profits and losses", _profits_and_losses),
    ("liquidation", _somebody_liquidated),
    ("same root", _same_root),
)
"""Name of each check and what answers it: nothing where it holds, else what is wrong."""
