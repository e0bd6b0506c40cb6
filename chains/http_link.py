"""JSON-RPC over HTTP with bounds: on time, on the size of an answer, and no redirects."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import requests
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chains.errors import DishonestNode, Reason, Unavailable

ANSWER_BYTES_MAX = 32 * 1024 * 1024
CHUNK_BYTES = 64 * 1024
TOO_MANY_REQUESTS = 429
RETRY_AFTER_SECONDS_MAX = 3_600.0


class RateLimited(Unavailable):
    """The node takes no more requests for now; `retry_after_seconds` is its own wish, if it has one."""

    def __init__(self, message: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(Reason.RATE_LIMITED, message)
        self.retry_after_seconds = retry_after_seconds


class HttpLink(JSONBaseProvider):
    """Asks once, each thread over a connection of its own.

    timeout_seconds: for the whole answer, however slowly it drips. answer_bytes_max: of more not a byte is kept.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_seconds: float,
        answer_bytes_max: int = ANSWER_BYTES_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._answer_bytes_max = answer_bytes_max
        self._monotonic = monotonic
        self._local = threading.local()

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """See BaseProvider; raises OSErrors of requests, ValueError for no JSON, RateLimited, DishonestNode."""
        began = self._monotonic()
        with self._post(self.encode_rpc_request(method, params)) as response:
            if response.status_code == TOO_MANY_REQUESTS:
                raise RateLimited(f"{method}: HTTP status 429", _seconds(response.headers.get("Retry-After")))
            response.raise_for_status()
            body = bytearray()
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > self._answer_bytes_max:
                    message = f"{method}: more than {self._answer_bytes_max} bytes"
                    raise DishonestNode(Reason.OVERSIZED_ANSWER, message)
                if self._monotonic() - began > self._timeout_seconds:
                    raise requests.Timeout
        answer: RPCResponse = json.loads(body)
        return answer

    def _post(self, body: bytes) -> requests.Response:
        """What is the same of every request, headers, proxies and certificates, is worked out once for each thread."""
        if not hasattr(self._local, "session"):
            session = self._local.session = requests.Session()
            asked = requests.Request("POST", self._url, headers={"Content-Type": "application/json"})
            self._local.request = session.prepare_request(asked)
            self._local.settings = session.merge_environment_settings(self._url, {}, True, None, None)
        request: requests.PreparedRequest = self._local.request.copy()
        request.prepare_body(body, None)
        answer: requests.Response = self._local.session.send(
            request, timeout=self._timeout_seconds, allow_redirects=False, **self._local.settings
        )
        return answer


def _seconds(header: str | None) -> float | None:
    """Retry-After in seconds; a date, or nonsense, is no wish."""
    if header is None or not header.strip().isdecimal():
        return None
    return min(float(header), RETRY_AFTER_SECONDS_MAX)
