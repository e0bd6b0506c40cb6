"""When packets were answered, when packets and tasks ended, and indexes by which what is over is found again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add columns and indexes; what has ended already gets its time from the first pruning."""
    for table, name in (("packets", "answered_at"), ("packets", "ended_at"), ("tasks", "ended_at")):
        op.add_column(table, sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("packets_by_end", "packets", ["ended_at", "state"])
    op.create_index("tasks_by_end", "tasks", ["ended_at", "state"])
    op.create_index("submissions_by_end", "submissions", ["state", "created_at"])
