"""A second memory of how far a record of signatures goes, kept apart from it."""

import os
from pathlib import Path
from typing import Self

from chains.errors import Reason, Rejected


class Witness:
    """A file with one line: how many signatures the record held, and the link that stands for them all."""

    def __init__(self, path: Path, sequence: int, link: bytes) -> None:
        self._path = path
        self.sequence = sequence
        self.link = link

    @classmethod
    def open(cls, path: Path, *, is_new: bool) -> Self:
        """Read it, or begin one beside a new record; raises Rejected(RecordRolledBack) where there should be one."""
        if not path.exists():
            if not is_new:
                raise Rejected(
                    Reason.RECORD_ROLLED_BACK, f"the witness {path.name} of a record with signatures is gone"
                )
            witness = cls(path, 0, bytes(32))
            witness.advance(0, witness.link)
            return witness
        sequence, _, link = path.read_text(encoding="ascii").strip().partition(" ")
        if not sequence.isdecimal() or len(link) != 64:
            raise Rejected(Reason.RECORD_ROLLED_BACK, f"the witness {path.name} is unreadable")
        return cls(path, int(sequence), bytes.fromhex(link))

    def advance(self, sequence: int, link: bytes) -> None:
        """Put down the new state, on disk when this returns."""
        draft = self._path.with_name(f"{self._path.name}.draft")
        with draft.open("w", encoding="ascii") as file:
            file.write(f"{sequence} {link.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        self.sequence, self.link = sequence, link
