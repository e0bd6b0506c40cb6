"""The relayers' tables. Everything in them can be rebuilt from the chains; they save work, they are not the truth.

Whoever changes a table adds a migration in relayers/migrations/versions; a test compares the two.
"""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from relayers.columns import RowNumber, Uint64


class Base(DeclarativeBase):
    """All tables of the relayers' database."""


class CursorRow(Base):
    """First block that a named scan has not read, and the mailbox nonce it has to find there next."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    next_block: Mapped[int] = mapped_column(BigInteger)
    next_nonce: Mapped[int | None] = mapped_column(Uint64, default=None)


class GapRow(Base):
    """Nonces whose events a scan did not find between two blocks, both included; read again until they are there."""

    __tablename__ = "gaps"

    id: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    lane: Mapped[str] = mapped_column(String, index=True)
    first_nonce: Mapped[int] = mapped_column(Uint64)
    last_nonce: Mapped[int] = mapped_column(Uint64)
    first_block: Mapped[int] = mapped_column(BigInteger)
    last_block: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(BigInteger, default=0)


class PacketRow(Base):
    """One packet of one lane (source, destination and route epoch); see states.PacketState.

    `waits` names what the last step waited for. Whoever is named in `claimed_by` works on it until `claimed_until`.
    answered_at: when its answer was found final; ended_at: when pruning found it finished; seconds, 0 for not yet.
    """

    __tablename__ = "packets"
    __table_args__ = (
        Index("packets_by_state", "lane", "state", "nonce"),
        Index("packets_by_id", "packet_id"),
        Index("packets_by_end", "ended_at", "state"),
    )

    lane: Mapped[str] = mapped_column(String, primary_key=True)
    packet_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    encoding: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[int] = mapped_column(Uint64)
    timeout_timestamp: Mapped[int] = mapped_column(Uint64)
    sent_block: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(String, default="")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(BigInteger, default=0)
    last_error: Mapped[str] = mapped_column(String, default="")
    receipt: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    answered_block: Mapped[int | None] = mapped_column(BigInteger, default=None)
    sender: Mapped[str] = mapped_column(String, default="", server_default="")
    first_seen: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    waits: Mapped[str] = mapped_column(String, default="", server_default="")
    claimed_by: Mapped[str] = mapped_column(String, default="", server_default="")
    claimed_until: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    answered_at: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    ended_at: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class AnswerRow(Base):
    """What an event said about a packet's answer; a hint until the receipt word confirms it."""

    __tablename__ = "answers"

    lane: Mapped[str] = mapped_column(String, primary_key=True)
    packet_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    receipt: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    status: Mapped[int]
    ack: Mapped[bytes] = mapped_column(LargeBinary)
    payee: Mapped[str]
    block: Mapped[int] = mapped_column(BigInteger)


class DemandRow(Base):
    """The height a packet needs a client to reach; `client` is `chain id/address`."""

    __tablename__ = "client_demands"

    client: Mapped[str] = mapped_column(String, primary_key=True)
    height: Mapped[int] = mapped_column(BigInteger)


class TaskRow(Base):
    """One thing to be done once on a chain: an entitlement to pay, a batch to post, a withdrawal to release."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("tasks_by_position", "queue", "position"),
        Index("tasks_by_end", "ended_at", "state"),
    )

    queue: Mapped[str] = mapped_column(String, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    position: Mapped[int] = mapped_column(Uint64)
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(BigInteger, default=0)
    last_error: Mapped[str] = mapped_column(String, default="")
    ended_at: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class LeaseRow(Base):
    """Who does what only one may do at a time. The epoch grows with every change of hands, and never shrinks."""

    __tablename__ = "leases"

    role: Mapped[str] = mapped_column(String, primary_key=True)
    holder: Mapped[str]
    epoch: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int] = mapped_column(BigInteger)


class PauseRow(Base):
    """A route or a chain on which nothing is to be spent until an operator says so."""

    __tablename__ = "pauses"

    scope: Mapped[str] = mapped_column(String, primary_key=True)
    since: Mapped[int] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String, default="")
