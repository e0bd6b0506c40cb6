"""How long transactions take, read from the submitters' own records, each counted once."""

from collections.abc import Mapping

from sqlalchemy import func, select

from relayers.operating.metrics import Metrics
from relayers.store import Store
from relayers.submission_tables import SubmissionRow
from relayers.submitter.states import LIVE

CURSOR = "latencies.next_submission"
ROWS_MAX = 500
UNFINISHED = frozenset(state.value for state in LIVE)


class Latencies:
    """Observes finished submissions in order of their ids; one that is under way is waited for, those behind it too."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def observe(self, store: Store, names: Mapping[str, str]) -> None:
        """Count what has finished since the last time. `names`: chains by id."""
        tallies = self._metrics.tallies
        start = int(tallies.value(CURSOR))
        with store.reading() as session:
            rows = session.scalars(
                select(SubmissionRow).where(SubmissionRow.id >= start).order_by(SubmissionRow.id).limit(ROWS_MAX)
            ).all()
            newest = session.scalar(select(func.max(SubmissionRow.id)))
        if start > (newest or 0) + 1:
            tallies.add(CURSOR, amount=-start)  # another database under the same name
            return
        for row in rows:
            if row.state in UNFINISHED:
                break
            chain = names.get(str(row.chain_id), str(row.chain_id))
            if row.included_at is not None:
                self._metrics.observe("submit_seconds", chain, seconds=max(0, row.included_at - row.created_at))
            if row.finalized_at is not None:
                self._metrics.observe("confirm_seconds", chain, seconds=max(0, row.finalized_at - row.created_at))
            tallies.add(CURSOR, amount=row.id + 1 - tallies.value(CURSOR))
