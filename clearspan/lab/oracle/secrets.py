"""I16: no private key of a world lies in what its processes wrote or logged."""

from __future__ import annotations

import logging
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


class Needles:
    """Keys in every form in which they could be written. `keys`: 32 bytes by whose they are."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._forms = {form: name for name, key in keys.items() for form in _forms(key)}
        self._hexadecimal = {key.hex().encode(): name for name, key in keys.items()}

    def found_in(self, written: bytes) -> Iterator[str]:
        """Whose keys are there: raw, in base64 of either alphabet, in hexadecimal of either case."""
        lower = written.lower()
        found = [name for form, name in self._forms.items() if form in written]
        found += [name for form, name in self._hexadecimal.items() if form in lower]
        yield from dict.fromkeys(found)


class LoggedText(logging.Handler):
    """Keeps what is logged while it listens, up to a bound."""

    LIMIT = 1 << 22

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.text: list[str] = []
        self._length = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record as it would be written, its traceback included."""
        line = self.format(record)
        if self._length < self.LIMIT:
            self.text.append(line)
            self._length += len(line)


def leaks(needles: Needles, directory: Path, texts: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """`key in place` for every key that lies in a file below the directory, or in one of the texts by name."""
    for path in sorted(path for path in directory.rglob("*") if path.is_file()):
        for name in needles.found_in(path.read_bytes()):
            yield f"key of {name} in {path.relative_to(directory)}"
    for where, lines in texts.items():
        for name in needles.found_in("\n".join(lines).encode(errors="replace")):
            yield f"key of {name} in {where}"


def _forms(key: bytes) -> Iterator[bytes]:
    yield key
    for encoded in (b64encode(key), urlsafe_b64encode(key)):
        yield encoded.rstrip(b"=")
