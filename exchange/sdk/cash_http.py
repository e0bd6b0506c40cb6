"""The exchange's side of cash locks over HTTP: the operator's questions for its server, and a venue at an address."""

from __future__ import annotations

from typing import Any

from exchange.engine import LockReport
from exchange.sdk.cash_venue import CashVenue
from exchange.sdk.errors import Unavailable
from exchange.sdk.json_http import Answer, JsonClient
from exchange.state.config import Domain
from exchange.state.lock import LockStatus


class HttpCashVenue:
    """A `CashVenue` at an address. It is the operator's word either way: believe it as far as the guarantee goes."""

    def __init__(self, url: str, domain: Domain) -> None:
        self.domain = domain
        self._client = JsonClient(url)

    def now(self) -> int:
        """See CashVenue."""
        return self._number("now", {})

    def account_of(self, owner: bytes) -> int:
        """See CashVenue."""
        return self._number("account", {"owner": owner.hex()})

    def lock_of(self, digest: bytes, account: int) -> LockReport | None:
        """See CashVenue."""
        found = self._client.ask("lock", {"hash": digest.hex(), "account": account}).get("lock")
        if found is None:
            return None
        try:
            return LockReport(
                lock=int(found["lock"]),
                account=int(found["account"]),
                payee=int(found["payee"]),
                amount=int(found["amount"]),
                hash=bytes.fromhex(found["hash"]),
                deadline=int(found["deadline"]),
                status=LockStatus(found["status"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable("NoAnswer", "no lock was answered") from error

    def is_revealed(self, digest: bytes) -> bool:
        """See CashVenue."""
        return bool(self._number("revealed", {"hash": digest.hex()}))

    def free_cash(self, account: int) -> int:
        """See CashVenue."""
        return self._number("free_cash", {"account": account})

    def submit(self, step: bytes) -> None:
        """See CashVenue."""
        self._client.ask("submit", {"step": step.hex()})

    def _number(self, question: str, parameters: dict[str, Any]) -> int:
        answer = self._client.ask(question, parameters).get("answer")
        if type(answer) is not int:
            raise Unavailable("NoAnswer", f"{question}: {answer!r}"[:100])
        return answer


def questions_of(venue: CashVenue) -> dict[str, Answer]:
    """What the operator's server answers."""

    def lock(parameters: dict[str, Any]) -> dict[str, Any]:
        found = venue.lock_of(bytes.fromhex(parameters["hash"]), int(parameters["account"]))
        if found is None:
            return {"lock": None}
        return {
            "lock": {
                "lock": found.lock,
                "account": found.account,
                "payee": found.payee,
                "amount": str(found.amount),
                "hash": found.hash.hex(),
                "deadline": found.deadline,
                "status": int(found.status),
            }
        }

    def submit(parameters: dict[str, Any]) -> dict[str, Any]:
        venue.submit(bytes.fromhex(parameters["step"]))
        return {}

    return {
        "now": lambda _: {"answer": venue.now()},
        "account": lambda parameters: {"answer": venue.account_of(bytes.fromhex(parameters["owner"]))},
        "revealed": lambda parameters: {"answer": int(venue.is_revealed(bytes.fromhex(parameters["hash"])))},
        "free_cash": lambda parameters: {"answer": venue.free_cash(int(parameters["account"]))},
        "lock": lock,
        "submit": submit,
    }
