"""Several workers that take turns, so that what they do between two blocks is concurrent and still repeatable."""

import threading
from collections.abc import Callable
from typing import Any


class _Stopped(BaseException):
    """Ends a worker from inside; nothing a daemon catches."""


class Worker:
    """Runs `body(park)` in a thread of its own, one turn at a time: `turn` returns when the body parks or ends."""

    def __init__(self, body: Callable[[Callable[[], None]], None]) -> None:
        self._body = body
        self._go = threading.Semaphore(0)
        self._parked = threading.Semaphore(0)
        self._stopping = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def turn(self) -> None:
        """Let the body run until it parks; raises what it raised."""
        self._go.release()
        self._parked.acquire()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End the body where it is parked."""
        self._stopping = True
        if self._thread.is_alive():
            self._go.release()
            self._thread.join()

    def _park(self) -> None:
        self._parked.release()
        self._go.acquire()
        if self._stopping:
            raise _Stopped

    def _run(self) -> None:
        try:
            self._go.acquire()
            if not self._stopping:
                self._body(self._park)
        except _Stopped:
            return
        except BaseException as error:  # noqa: BLE001 - raised again by `turn`
            self._error = error
        self._parked.release()


class PatientChain:
    """A local chain as a worker sees it: its transactions wait for blocks that somebody else mines."""

    def __init__(self, chain: Any, park: Callable[[], None]) -> None:
        self._chain = chain
        self._park = park

    def __getattr__(self, name: str) -> Any:
        return getattr(self._chain, name)

    def transact(self, call: Any, sender: Any, *, value: int = 0, gas: int | None = None) -> Any:
        transaction_hash = self._chain.send(call, sender, value=value, gas=gas)
        while self._chain.ledger.find_transaction(bytes(transaction_hash)) is None:
            self._park()
        return self._chain.wait(transaction_hash)
