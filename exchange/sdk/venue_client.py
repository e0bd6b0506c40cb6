"""A venue at an address, as whoever trades there meets it: the operator's word, and what it signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from chains.clock import SystemClock
from exchange.engine import LockReport
from exchange.sdk.errors import Unavailable
from exchange.sdk.json_http import JsonClient
from exchange.sequencer.confirmation import Confirmation, recover_operator
from exchange.sequencer.errors import InvalidSignature
from exchange.serving.asked import ANSWER_BYTES_MAX, VenueFacts
from exchange.serving.codec import dump, load
from exchange.state.config import Domain
from exchange.state.hashing import keccak256

T = TypeVar("T")


class VenueClient:
    """Asks one venue; raises the SDK's errors. A `CashVenue`. For any number of threads.

    `domain` is what the caller knows the venue by: it is never asked of it. `operator`: who has to have signed
    confirmations; whoever the venue names first where None. `clock`: seconds, the machine's by default, to
    estimate the venue's between answers.
    """

    def __init__(
        self,
        url: str,
        domain: Domain,
        *,
        operator: bytes | None = None,
        timeout_seconds: float = 5.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.domain = domain
        self._operator = operator
        self._clock = clock or SystemClock().now
        self._ahead: float | None = None
        self._client = JsonClient(url, timeout_seconds=timeout_seconds, answer_bytes_max=ANSWER_BYTES_MAX)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._client.url

    def ask(self, question: str, kind: type[T], /, **parameters: Any) -> T:
        """The answer to a question of docs/protocol/venue.md; raises Unavailable(NoAnswer) where it is none."""
        answer = self._client.ask(question, dump(parameters))
        try:
            return load(answer["answer"], kind)
        except (LookupError, ValueError) as error:
            raise Unavailable("NoAnswer", f"{question}: {error}"[:200]) from error

    def now(self) -> int:
        """The venue's clock in seconds, as far ahead of ours as it was when it was asked first."""
        if self._ahead is None:
            self._ahead = self.ask("now", int) - self._clock()
        return int(self._clock() + self._ahead)

    def submit(self, step: bytes) -> Confirmation:
        """Have a step executed; raises Unavailable(BadConfirmation) where the answer is not the operator's word on it.

        After any Unavailable the same step may be sent again: a signed step is executed once.
        """
        confirmation = self.ask("submit", Confirmation, step=step)
        try:
            signer = recover_operator(confirmation, self.domain)
        except InvalidSignature as error:
            raise Unavailable("BadConfirmation", "nobody signed it") from error
        if confirmation.step_hash != keccak256(step) or signer != self.operator:
            raise Unavailable("BadConfirmation", f"0x{signer.hex()} confirmed 0x{confirmation.step_hash.hex()}")
        return confirmation

    @property
    def operator(self) -> bytes:
        """Address that signs confirmations, 20 bytes."""
        if self._operator is None:
            self._operator = self.ask("facts", VenueFacts).operator
        return self._operator

    # What a cash leg of a swap asks

    def account_of(self, owner: bytes) -> int:
        """See CashVenue."""
        return self.ask("account", int, owner=owner)

    def lock_of(self, digest: bytes, account: int) -> LockReport | None:
        """See CashVenue."""
        return self.ask("lock_of", LockReport | None, hash=digest, account=account)  # type: ignore[arg-type]

    def is_revealed(self, digest: bytes) -> bool:
        """See CashVenue."""
        return self.ask("revealed", bool, hash=digest)

    def free_cash(self, account: int) -> int:
        """See CashVenue."""
        return self.ask("free_cash", int, account=account)
