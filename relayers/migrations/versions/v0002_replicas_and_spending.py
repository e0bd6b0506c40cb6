"""Claims, leases, pauses, gaps, and what submitters keep."""

import sqlalchemy as sa
from alembic import op

from bridge.errors import BridgeError
from bridge.packets import decode_packet

revision = "0002"
down_revision = "0001"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add columns and tables, and write down the senders of the packets that are there."""
    op.add_column("cursors", sa.Column("next_nonce", sa.LargeBinary()))
    for name in ("sender", "waits", "claimed_by"):
        op.add_column("packets", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in ("first_seen", "claimed_until"):
        op.add_column("packets", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
    op.create_index("packets_by_id", "packets", ["packet_id"])
    _write_senders(op.get_bind())
    _create_shared_tables()
    _create_submitter_tables()


def _write_senders(connection: sa.Connection) -> None:
    packets = sa.table("packets", *map(sa.column, ("lane", "packet_id", "encoding", "sender")))
    for lane, packet_id, encoding in connection.execute(
        sa.select(packets.c.lane, packets.c.packet_id, packets.c.encoding)
    ).fetchall():
        try:
            sender = decode_packet(encoding).sender
        except BridgeError:
            continue  # abandoned: its events never made a packet
        same = sa.and_(packets.c.lane == lane, packets.c.packet_id == packet_id)
        connection.execute(sa.update(packets).where(same).values(sender=sender))


def _create_shared_tables() -> None:
    op.create_table(
        "gaps",
        sa.Column("id", ROW_NUMBER, primary_key=True),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("first_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("last_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("first_block", sa.BigInteger(), nullable=False),
        sa.Column("last_block", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_gaps_lane", "gaps", ["lane"])
    op.create_table(
        "leases",
        sa.Column("role", sa.String(), primary_key=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "pauses",
        sa.Column("scope", sa.String(), primary_key=True),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
    )


def _create_submitter_tables() -> None:
    op.create_table(
        "signers",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("address", sa.String(), primary_key=True),
        sa.Column("next_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("is_retired", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "submissions",
        sa.Column("id", ROW_NUMBER, primary_key=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("gas", sa.BigInteger(), nullable=False),
        sa.Column("deadline", sa.BigInteger()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("included_at", sa.BigInteger()),
        sa.Column("finalized_at", sa.BigInteger()),
        sa.Column("block", sa.BigInteger()),
        sa.Column("block_hash", sa.LargeBinary()),
        sa.Column("gas_used", sa.BigInteger()),
        sa.Column("succeeded", sa.Boolean()),
        sa.Column("cost_wei", sa.LargeBinary()),
        sa.Column("reserved_wei", sa.LargeBinary(), nullable=False),
        sa.Column("reorganised", sa.Integer(), nullable=False),
    )
    op.create_index("submissions_by_state", "submissions", ["chain_id", "state", "signer", "nonce"])
    op.create_index("submissions_by_route", "submissions", ["route"])
    op.create_table(
        "attempts",
        sa.Column("submission_id", ROW_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("max_fee_wei", sa.LargeBinary(), nullable=False),
        sa.Column("tip_wei", sa.LargeBinary(), nullable=False),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.Column("broadcast_at", sa.BigInteger()),
        sa.Column("cancels", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("hash", name="attempts_by_hash"),
    )
    op.create_table(
        "subjects",
        sa.Column("submission_id", ROW_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("income_wei", sa.LargeBinary(), nullable=False),
    )
    op.create_index("subjects_by_name", "subjects", ["chain_id", "kind", "subject"])
    op.create_table(
        "budget_days",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("day", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("spent_wei", sa.LargeBinary(), nullable=False),
        sa.Column("reserved_wei", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("submission_id", ROW_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("subject", sa.LargeBinary(), primary_key=True),
        sa.Column("chain_id", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("transaction_hash", sa.LargeBinary(), nullable=False),
        sa.Column("block", sa.BigInteger(), nullable=False),
        sa.Column("spent_wei", sa.LargeBinary(), nullable=False),
        sa.Column("earned_wei", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_entries_route", "entries", ["route"])
    op.create_table(
        "totals",
        sa.Column("chain_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("route", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("transactions", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("spent_wei", sa.LargeBinary(), nullable=False),
        sa.Column("earned_wei", sa.LargeBinary(), nullable=False),
    )
