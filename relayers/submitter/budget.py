"""How much gas on a chain may cost on one day: reserved in full before a transaction is kept, settled when it is mined.

What a call carries is not spending: it is locked, or was asked for.
"""

from sqlalchemy.orm import Session

from relayers.dialects import insert_new
from relayers.errors import NotNow
from relayers.reports import WaitsFor
from relayers.submission_tables import BudgetRow, SubmissionRow

DAY_SECONDS = 86_400


def reserve(session: Session, row: SubmissionRow, wei: int, *, limit: int | None) -> None:
    """Set aside what a submission may cost at most, in place of what was set aside for it before.

    Raises `NotNow(BUDGET)` where the day's limit, in wei, would be exceeded.
    """
    budget = _budget(session, row)
    reserved = budget.reserved_wei - (row.reserved_wei or 0) + wei
    if limit is not None and budget.spent_wei + reserved > limit:
        raise NotNow(WaitsFor.BUDGET, f"{budget.spent_wei + reserved} wei of {limit} on chain {row.chain_id}")
    budget.reserved_wei, row.reserved_wei = reserved, wei


def settle(session: Session, row: SubmissionRow, cost_wei: int | None) -> None:
    """Replace what was counted for a submission, reserved or spent, by its cost; None where it costs nothing."""
    budget = _budget(session, row)
    budget.spent_wei += (cost_wei or 0) - (row.cost_wei or 0)
    budget.reserved_wei -= row.reserved_wei
    row.reserved_wei, row.cost_wei = 0, cost_wei


def reopen(session: Session, row: SubmissionRow, wei: int) -> None:
    """Reserve again for a submission that a reorganisation took out of the chain."""
    settle(session, row, None)
    reserve(session, row, wei, limit=None)


def _budget(session: Session, row: SubmissionRow) -> BudgetRow:
    key = {"chain_id": row.chain_id, "day": row.created_at // DAY_SECONDS}
    insert_new(session, BudgetRow, **key, spent_wei=0, reserved_wei=0)
    return session.get_one(BudgetRow, tuple(key.values()), with_for_update=True)
