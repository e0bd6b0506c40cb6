"""Where a local chain's state and blocks live: in memory, and on request in a SQLite file as well.

The file holds everything needed to read the chain back and check it: one row per trie node, block and sealed header,
and the chain's constants. One transaction per block, so a crash leaves whole blocks only.
"""

import sqlite3
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec
import rlp

from chains.blocks import Block, Receipt
from chains.errors import Reason, Rejected
from chains.evm import decode_transaction
from chains.headers import SealedHeader

SCHEMA = """
CREATE TABLE chain (constants BLOB NOT NULL);
CREATE TABLE nodes (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blocks
    (number INTEGER PRIMARY KEY, header BLOB NOT NULL, transactions BLOB NOT NULL, receipts BLOB NOT NULL);
CREATE TABLE seals (number INTEGER PRIMARY KEY, seals BLOB NOT NULL);
"""


class ChainConstants(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What never changes about a chain, kept beside its blocks; `finality_depth` 0 means final at once."""

    chain_id: int
    name: str
    seed: int
    gas_limit: int
    finality_depth: int


class NodeStore(MutableMapping[bytes, bytes]):
    """Trie nodes and code by hash; with a file behind it, `unsaved` is what the file does not have yet.

    `base` holds what a fork shares with the chain it came from: nodes go by their hash, so neither can harm the other.
    """

    def __init__(self, chain_file: "ChainFile | None" = None, base: "NodeStore | None" = None) -> None:
        self._file = chain_file
        self._base = base
        self._nodes: dict[bytes, bytes] = {}
        self.unsaved: dict[bytes, bytes] = {}

    def __getitem__(self, key: bytes) -> bytes:
        value = self._nodes.get(key)
        if value is None:
            if self._base is not None:
                return self._base[key]
            if self._file is None:
                raise KeyError(key)
            value = self._nodes[key] = self._file.node(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._nodes[key] = value
        if self._file is not None:
            self.unsaved[key] = value

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("history is kept: nodes are never deleted")

    def __contains__(self, key: object) -> bool:
        try:
            self[cast("bytes", key)]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def mark_saved(self) -> None:
        """Everything written so far is in the file."""
        self.unsaved = {}


class ChainFile:
    """One chain in one SQLite file."""

    def __init__(self, connection: sqlite3.Connection, *, is_writable: bool) -> None:
        self._connection = connection
        self._is_writable = is_writable

    @classmethod
    def create(cls, path: Path, constants: ChainConstants) -> "ChainFile":
        """Begin a new chain; raises Rejected(DatabaseExists) rather than mix two."""
        if path.exists():
            raise Rejected(Reason.DATABASE_EXISTS, path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.executescript(SCHEMA)
        connection.execute("INSERT INTO chain VALUES (?)", (msgspec.json.encode(constants),))
        return cls(connection, is_writable=True)

    @classmethod
    def open(cls, path: Path) -> "ChainFile":
        """Open a kept chain for reading only; raises FileNotFoundError."""
        if not path.is_file():
            raise FileNotFoundError(path)
        location = f"{path.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(location, uri=True, isolation_level=None, check_same_thread=False)
        return cls(connection, is_writable=False)

    @property
    def constants(self) -> ChainConstants:
        """What never changes about the chain."""
        (encoded,) = self._connection.execute("SELECT constants FROM chain").fetchone()
        return msgspec.json.decode(encoded, type=ChainConstants)

    def node(self, key: bytes) -> bytes:
        """A trie node or code by hash; raises KeyError."""
        row = self._connection.execute("SELECT value FROM nodes WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return cast("bytes", row[0])

    def commit(self, block: Block, final: Sequence[SealedHeader], nodes: dict[bytes, bytes]) -> None:
        """Keep one block, the headers it made final, and the nodes it wrote: all or nothing."""
        connection = self._connection
        connection.execute("BEGIN")
        try:
            connection.executemany("INSERT OR IGNORE INTO nodes VALUES (?, ?)", nodes.items())
            connection.execute(
                "INSERT INTO blocks VALUES (?, ?, ?, ?)",
                (
                    block.header.number,
                    block.header.with_seals(()).sealed_rlp,
                    rlp.encode([transaction.raw for transaction in block.transactions]),
                    rlp.encode([receipt.encoded for receipt in block.receipts]),
                ),
            )
            connection.executemany(
                "INSERT INTO seals VALUES (?, ?)", [(header.number, rlp.encode(list(header.seals))) for header in final]
            )
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def blocks(self) -> Iterator[Block]:
        """Every kept block in order, sealed where it was final."""
        rows = self._connection.execute(
            "SELECT header, transactions, receipts, seals FROM blocks LEFT JOIN seals USING (number) ORDER BY number"
        )
        for header, transactions, receipts, seals in rows:
            decoded = SealedHeader.decode(header)
            yield Block(
                header=decoded if seals is None else decoded.with_seals(cast("list[bytes]", rlp.decode(seals))),
                transactions=tuple(map(decode_transaction, cast("list[bytes]", rlp.decode(transactions)))),
                receipts=tuple(map(Receipt.decode, cast("list[bytes]", rlp.decode(receipts)))),
            )

    def close(self) -> None:
        """Let go of the file; a chain that was being written is left in this one file, which may then be read-only."""
        if self._is_writable:
            with suppress(sqlite3.OperationalError):  # somebody is still reading it
                self._connection.execute("PRAGMA journal_mode=DELETE")
        self._connection.close()
