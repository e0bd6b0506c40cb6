"""The disk under a process's SQLite files: it can fill up, lie about what it has written, and lose power.

SQLite's own file layer stays in place. A layer registered above it (https://sqlite.org/vfs.html) sees each file opened
in a process's directory and takes the place of its write, truncate, sync and close; everything else goes straight down.
What was written since the last honest sync is remembered with what lay there before, and a loss of power undoes it.
"""

from __future__ import annotations

import _sqlite3
import atexit
import ctypes
import os
import sqlite3
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OK, FULL = 0, 13
POINTER_BYTES = ctypes.sizeof(c_void_p)

# Names are passed on as addresses: SQLite keeps them.
Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Delete = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int)
Close = CFUNCTYPE(c_int, c_void_p)
Transfer = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
Sync = CFUNCTYPE(c_int, c_void_p, c_int)
FileSize = CFUNCTYPE(c_int, c_void_p, c_void_p)


class _Layer(Structure):
    """The head of `sqlite3_vfs`; the rest of its functions are copied as they are."""

    _fields_ = (
        ("version", c_int),
        ("file_bytes", c_int),
        ("path_max", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("own", c_void_p),
        ("open", c_void_p),
        ("delete", c_void_p),
        ("others", c_void_p * 14),
    )


class _Methods(Structure):
    """The head of `sqlite3_io_methods`, likewise."""

    _fields_ = (
        ("version", c_int),
        ("close", c_void_p),
        ("read", c_void_p),
        ("write", c_void_p),
        ("truncate", c_void_p),
        ("sync", c_void_p),
        ("size", c_void_p),
        ("others", c_void_p * 12),
    )


@dataclass(frozen=True, slots=True)
class _Undo:
    """What lay in a file before a change that is not synced: bytes at an offset, and the file's size."""

    offset: int
    before: bytes
    size: int


@dataclass(slots=True)
class Disk:
    """The disk of one directory. `lies`: it acknowledges syncs it does not do. `is_off`: nothing reaches it now."""

    directory: Path
    is_full: bool = False
    lies: bool = False
    is_off: bool = False
    unsynced: dict[str, list[_Undo]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _layer()
        self.directory = self.directory.resolve()
        _DISKS[f"{self.directory}{os.sep}"] = self

    def forget(self) -> None:
        """Files of this directory are as any others again."""
        _DISKS.pop(f"{self.directory}{os.sep}", None)

    def lose_power(self, *, torn: bool) -> None:
        """Undo what was not synced, the newest first; where it is `torn`, the older half stays, its last write cut."""
        for path, changes in sorted(self.unsynced.items()):
            lost = changes[len(changes) // 2 :] if torn else changes
            if lost and Path(path).exists():
                for change in reversed(lost[1:]):
                    _undo(path, change)
                _undo(path, lost[0], from_byte=len(lost[0].before) // 2 if torn else 0)
        self.unsynced.clear()
        for leftover in self.directory.glob("*-shm"):
            leftover.unlink()


_DISKS: dict[str, Disk] = {}
_FILES: dict[int, tuple[Disk, str, int]] = {}
"""By the address of SQLite's file: whose it is, its path, and the methods it had."""
_KEPT: list[Any] = []
"""What SQLite holds pointers to."""


def _undo(path: str, change: _Undo, *, from_byte: int = 0) -> None:
    with Path(path).open("r+b") as file:
        file.seek(change.offset + from_byte)
        file.write(change.before[from_byte:])
        file.truncate(change.size)


def _disk_of(path: str) -> Disk | None:
    return _DISKS.get(path[: path.rfind(os.sep) + 1])


def _layer() -> None:  # noqa: C901 - a function for each method
    """Register the layer as the process's default, once."""
    if _KEPT:
        return
    library = ctypes.CDLL(_library())
    library.sqlite3_vfs_find.restype = POINTER(_Layer)
    below = library.sqlite3_vfs_find(None).contents
    layer = _Layer.from_buffer_copy(below)
    open_below, delete_below = Open(below.open), Delete(below.delete)
    tables: dict[int, _Methods] = {}

    def open_file(vfs: int, name: int | None, file: int, flags: int, told: int) -> int:
        code = int(open_below(vfs, name, file, flags, told))
        path = "" if name is None else ctypes.string_at(name).decode()
        disk = _disk_of(path)
        if code == OK and disk is not None:
            address = c_void_p.from_address(file).value or 0
            if address not in tables:
                tables[address] = _above(_Methods.from_address(address))
            c_void_p.from_address(file).value = ctypes.addressof(tables[address])
            _FILES[file] = disk, path, address
        return code

    def delete_file(vfs: int, name: int, synced: int) -> int:
        path = ctypes.string_at(name).decode()
        disk = _disk_of(path)
        if disk is not None and disk.is_off:
            return OK
        if disk is not None:
            disk.unsynced.pop(path, None)
        return int(delete_below(vfs, name, synced))

    layer.name = b"clearspan-lab"
    layer.open = _pointer(Open(open_file))
    layer.delete = _pointer(Delete(delete_file))
    _KEPT.extend((library, layer, open_below, delete_below, tables))
    if library.sqlite3_vfs_register(ctypes.byref(layer), 1) != OK:
        raise OSError("SQLite takes no file layer")

    def let_go() -> None:
        """What is still open when Python ends must not call Python."""
        library.sqlite3_vfs_unregister(ctypes.byref(layer))
        layer.open, layer.delete = below.open, below.delete
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(layer))
        for file, (_, _, address) in _FILES.items():
            c_void_p.from_address(file).value = address

    atexit.register(let_go)


def _above(below: _Methods) -> _Methods:  # noqa: C901 - a function for each method
    """The methods of a file of ours, over those of the layer below."""
    table = _Methods.from_buffer_copy(below)
    close, read, write = Close(below.close), Transfer(below.read), Transfer(below.write)
    truncate, sync, size = Truncate(below.truncate), Sync(below.sync), FileSize(below.size)

    def length(file: int) -> int:
        found = c_int64()
        size(file, ctypes.addressof(found))
        return found.value

    def remember(file: int, disk: Disk, path: str, offset: int, end: int) -> None:
        before, old = length(file), b""
        if offset < before:
            count = min(end, before) - offset
            buffer = ctypes.create_string_buffer(count)
            read(file, ctypes.addressof(buffer), count, offset)
            old = buffer.raw
        disk.unsynced.setdefault(path, []).append(_Undo(offset, old, before))

    def write_file(file: int, source: int, count: int, offset: int) -> int:
        disk, path, _ = _FILES[file]
        if disk.is_off:
            return OK
        if disk.is_full:
            return FULL
        remember(file, disk, path, offset, offset + count)
        return int(write(file, source, count, offset))

    def truncate_file(file: int, end: int) -> int:
        disk, path, _ = _FILES[file]
        if disk.is_off:
            return OK
        remember(file, disk, path, end, 1 << 62)
        return int(truncate(file, end))

    def sync_file(file: int, flags: int) -> int:
        disk, path, _ = _FILES[file]
        if disk.is_off or disk.lies:
            return OK
        disk.unsynced.pop(path, None)
        return int(sync(file, flags))

    def close_file(file: int) -> int:
        _FILES.pop(file, None)
        return int(close(file))

    table.write, table.truncate = _pointer(Transfer(write_file)), _pointer(Truncate(truncate_file))
    table.sync, table.close = _pointer(Sync(sync_file)), _pointer(Close(close_file))
    _KEPT.extend((close, read, write, truncate, sync, size))
    return table


def _pointer(function: Any) -> int:
    _KEPT.append(function)
    return ctypes.cast(function, c_void_p).value or 0


def _library() -> str:
    """The library that Python's own sqlite3 module uses; raises OSError where it has one built in."""
    loaded = Path("/proc/self/maps")
    if loaded.exists():
        for line in loaded.read_text(encoding="utf-8").splitlines():
            if "libsqlite3" in line:
                return line.split()[-1]
    raise OSError(f"{_sqlite3.__name__} {sqlite3.sqlite_version} is no library of its own")
