"""A provider at an address, and a provider's questions for its server."""

from __future__ import annotations

import re
from typing import Any

from bridge.swaps.agreement import Agreement
from bridge.swaps.quote_file import QuoteRequest, dump_quote, parse_quote
from bridge.swaps.quotes import Quote
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected
from exchange.sdk.json_http import Answer, JsonClient
from exchange.sdk.quoting import QuoteSource

_HASH = re.compile(r"0x[0-9a-f]{64}")


class HttpQuotes:
    """A `QuoteSource` over HTTP. What comes back is checked by who asked, as from any source."""

    def __init__(self, url: str, *, timeout_seconds: float = 5.0) -> None:
        self.name = url
        self._client = JsonClient(url, timeout_seconds=timeout_seconds)

    def quote(self, request: QuoteRequest) -> Quote:
        """See QuoteSource."""
        answer = self._client.ask("quote", {"request": request.dump()})
        return on_chain(lambda: parse_quote(_text(answer, "quote")))

    def accept(self, quote: Quote, hashlock: bytes | None) -> Agreement:
        """See QuoteSource."""
        words = {"quote": dump_quote(quote), "hashlock": None if hashlock is None else "0x" + hashlock.hex()}
        answer = self._client.ask("accept", words)
        return on_chain(lambda: Agreement.parse(_text(answer, "agreement")))


def questions_of(provider: QuoteSource) -> dict[str, Answer]:
    """What a provider's server answers: `quote` and `accept`."""

    def quote(parameters: dict[str, Any]) -> dict[str, Any]:
        return {"quote": dump_quote(provider.quote(QuoteRequest.parse(_text(parameters, "request"))))}

    def accept(parameters: dict[str, Any]) -> dict[str, Any]:
        spoken = parameters["hashlock"]
        if spoken is not None and (not isinstance(spoken, str) or _HASH.fullmatch(spoken) is None):
            raise Rejected("BadHashlock", "0x and 64 hex digits, or null")
        hashlock = None if spoken is None else bytes.fromhex(spoken[2:])
        return {"agreement": provider.accept(parse_quote(_text(parameters, "quote")), hashlock).dump()}

    return {"quote": quote, "accept": accept}


def _text(answer: dict[str, Any], key: str) -> str:
    text = answer.get(key)
    if not isinstance(text, str):
        raise Rejected("Malformed", f"{key} is missing")
    return text
