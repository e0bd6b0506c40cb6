"""What a person sees while a command works: a live line on a terminal, plain lines elsewhere. Always on stderr."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self, TextIO


class Progress(Protocol):
    """Where a running command says what it does."""

    def stage(self, text: str) -> None:
        """A new piece of work begins; `text` is one short sentence."""
        ...

    def note(self, text: str) -> None:
        """Something worth keeping happened within the current piece of work."""
        ...

    def tick(self, text: str) -> None:
        """Where the current piece of work is; only the latest matters."""
        ...


class Silent:
    """Says nothing."""

    def stage(self, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""

    def tick(self, text: str) -> None:
        """Nothing."""


class PlainLines(AbstractContextManager["PlainLines"]):
    """One line per stage and note, for logs and pipes; ticks are left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def stage(self, text: str) -> None:
        """Prints the line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def note(self, text: str) -> None:
        """Prints the line, indented."""
        self.stage(f"  {text}")

    def tick(self, text: str) -> None:
        """Nothing."""

    def __exit__(self, *_: object) -> None:
        return None


class LiveLine(AbstractContextManager["LiveLine"]):
    """A spinner with the current stage at the bottom, finished stages and notes above it."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - rich is only needed on a terminal

        self._console = Console(stderr=True, highlight=False, markup=False)
        self._status = self._console.status("starting")
        self._stage = ""

    def stage(self, text: str) -> None:
        """The stage before is kept above as done."""
        if self._stage:
            self._console.print(f"✓ {self._stage}")
        self._stage = text
        self._status.update(text)

    def note(self, text: str) -> None:
        """Printed above the spinner."""
        self._console.print(f"    {text}")

    def tick(self, text: str) -> None:
        """Shown beside the stage until the next one."""
        self._status.update(f"{self._stage}  {text}")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()
        if self._stage:
            self._console.print(f"{'✓' if kind is None else '✗'} {self._stage}")


def progress_on(stream: TextIO | None = None) -> PlainLines | LiveLine:
    """A live line where `stream` (stderr by default) is a terminal, plain lines otherwise."""
    target = sys.stderr if stream is None else stream
    return LiveLine() if target.isatty() else PlainLines(target)
