"""The relayers' tables. Everything in them can be rebuilt from the chains; they save work, they are not the truth."""

from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

SCHEMA_VERSION = 1


class Uint64(TypeDecorator[int]):
    """A uint64 as eight big-endian bytes: SQL integers are signed, and an event may claim any number."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """To the column; the bytes compare as the numbers do."""
        return None if value is None else value.to_bytes(8, "big")

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From the column."""
        return None if value is None else int.from_bytes(value, "big")


class Base(DeclarativeBase):
    """All tables of the relayers' database."""


class CursorRow(Base):
    """First block that a named scan has not read."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    next_block: Mapped[int]


class PacketRow(Base):
    """One packet of one lane (source, destination and route epoch); see states.PacketState."""

    __tablename__ = "packets"
    __table_args__ = (Index("packets_by_state", "lane", "state", "nonce"),)

    lane: Mapped[str] = mapped_column(String, primary_key=True)
    packet_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    encoding: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[int] = mapped_column(Uint64)
    timeout_timestamp: Mapped[int] = mapped_column(Uint64)
    sent_block: Mapped[int]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(String, default="")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(String, default="")
    receipt: Mapped[bytes | None] = mapped_column(LargeBinary, default=None)
    answered_block: Mapped[int | None] = mapped_column(Integer, default=None)


class AnswerRow(Base):
    """What an event said about a packet's answer; a hint until the receipt word confirms it."""

    __tablename__ = "answers"

    lane: Mapped[str] = mapped_column(String, primary_key=True)
    packet_id: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    receipt: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    status: Mapped[int]
    ack: Mapped[bytes] = mapped_column(LargeBinary)
    payee: Mapped[str]
    block: Mapped[int]


class DemandRow(Base):
    """The height a packet needs a client to reach; `client` is `chain id/address`."""

    __tablename__ = "client_demands"

    client: Mapped[str] = mapped_column(String, primary_key=True)
    height: Mapped[int]


class TaskRow(Base):
    """One thing to be done once on a chain: an entitlement to pay, a batch to post, a withdrawal to release."""

    __tablename__ = "tasks"
    __table_args__ = (Index("tasks_by_position", "queue", "position"),)

    queue: Mapped[str] = mapped_column(String, primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    position: Mapped[int] = mapped_column(Uint64)
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    state: Mapped[str]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    not_before: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str] = mapped_column(String, default="")
