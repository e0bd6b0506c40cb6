"""Packets, answers, demands and tasks: the first schema, which had no version table yet."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("next_block", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "packets",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("packet_id", sa.LargeBinary(), primary_key=True),
        sa.Column("encoding", sa.LargeBinary(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("timeout_timestamp", sa.LargeBinary(), nullable=False),
        sa.Column("sent_block", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
        sa.Column("receipt", sa.LargeBinary()),
        sa.Column("answered_block", sa.BigInteger()),
    )
    op.create_index("packets_by_state", "packets", ["lane", "state", "nonce"])
    op.create_table(
        "answers",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("packet_id", sa.LargeBinary(), primary_key=True),
        sa.Column("receipt", sa.LargeBinary(), primary_key=True),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("ack", sa.LargeBinary(), nullable=False),
        sa.Column("payee", sa.String(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "client_demands",
        sa.Column("client", sa.String(), primary_key=True),
        sa.Column("height", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "tasks",
        sa.Column("queue", sa.String(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("position", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=False),
    )
    op.create_index("tasks_by_position", "tasks", ["queue", "position"])
