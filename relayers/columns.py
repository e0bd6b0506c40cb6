"""Column types that the databases lack."""

from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

RowNumber = BigInteger().with_variant(Integer, "sqlite")
"""A key that counts up; SQLite counts only what it calls INTEGER."""


class BigEndian(TypeDecorator[int]):
    """An unsigned integer as big-endian bytes, which compare as the numbers do: SQL integers are signed and short."""

    impl = LargeBinary
    cache_ok = True
    width = 32

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """To the column."""
        return None if value is None else value.to_bytes(self.width, "big")

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From the column."""
        return None if value is None else int.from_bytes(value, "big")


class Uint64(BigEndian):
    """A uint64: an event may claim any number."""

    cache_ok = True
    width = 8


class Wei(BigEndian):
    """An amount of wei, up to a uint256."""

    cache_ok = True
