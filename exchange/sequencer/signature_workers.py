"""Signers recovered ahead in other processes, so that the one that executes steps only looks them up."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from types import TracebackType
from typing import Final, Self

from exchange.engine import SECP256K1
from exchange.engine.steps import SIGNED
from exchange.state.config import Domain

Signature = tuple[bytes, bytes, bytes, int]
"""Digest, r, s and v."""

_KEPT: Final = 65_536


class SignatureWorkers:
    """The engine's `Signatures`, recovered ahead. Who signed is a function of the bytes, so it does not matter where.

    It never waits: a signature that is not there yet is recovered by whoever asks, so both sides stay busy. At most
    65,536 answers are kept, those that were never asked for (of steps that were refused before) leave first. Where a
    process died, `has_failed`, and everything is recovered by whoever asks. `given` counts what was there in time.
    """

    def __init__(self, processes: int, domain: Domain) -> None:
        # Spawned, because a server that has threads may not fork.
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        self._prefix = domain.prefix
        self.has_failed = False
        self.given = 0
        self._coming: deque[Future[dict[Signature, bytes | None]]] = deque()
        self._known: dict[Signature, bytes | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ahead(self, steps: Sequence[bytes]) -> None:
        """Have the signers of steps recovered; whatever is not a signed step is passed over."""
        if self.has_failed:
            return
        try:
            self._coming.append(self._pool.submit(signers_of, self._prefix, steps))
        except BrokenProcessPool:
            self.has_failed = True

    def recover(self, digest: bytes, r: bytes, s: bytes, v: int) -> bytes | None:
        """Address that signed the digest, or None."""
        signature = (digest, r, s, v)
        if signature not in self._known:
            self._collect()
        if signature in self._known:
            self.given += 1
            return self._known.pop(signature)
        return SECP256K1.recover(digest, r, s, v)

    def wait(self) -> None:
        """Until everything that was sent ahead is there."""
        wait(self._coming)

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def _collect(self) -> None:
        while self._coming and self._coming[0].done():
            done = self._coming.popleft()
            if done.exception() is None:
                self._known.update(done.result())
        for stale in list(islice(self._known, max(0, len(self._known) - _KEPT))):
            del self._known[stale]


def signers_of(prefix: bytes, steps: Sequence[bytes]) -> dict[Signature, bytes | None]:
    """Who signed which of these steps, under a domain's prefix. Never raises for any bytes."""
    signers = {}
    for step in steps:
        spec = SIGNED.get(step[0]) if step else None
        if spec is None:
            continue
        try:
            signature = spec.signature_in(prefix, step)
        except struct.error:
            continue
        signers[signature] = SECP256K1.recover(*signature)
    return signers
