"""Small JSON objects over HTTP: a server of a few named questions, on this machine unless told otherwise; its client.

Every question is a POST of one JSON object to `/name`. Answers: 200 the answer, 409 rejected and 503 unavailable with
`reason` and `detail`, other codes without a body for what is no question at all. Floats are refused both ways.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import Any, NoReturn

import requests

from bridge.errors import Rejected as BridgeRejected
from chains.http_server import CONNECTIONS_MAX, HttpServer, Reply, Request
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected, Unavailable

BODY_BYTES_MAX = 65_536
IDLE_SECONDS = 10.0
Answer = Callable[[dict[str, Any]], dict[str, Any]]


class JsonServer(HttpServer):
    """Serves until stopped; see HttpServer. `lock` is held while one is answered."""

    def __init__(  # noqa: PLR0913 - each is a bound
        self,
        questions: Mapping[str, Answer],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lock: AbstractContextManager[Any] | None = None,
        body_bytes_max: int = BODY_BYTES_MAX,
        connections_max: int = CONNECTIONS_MAX,
    ) -> None:
        self._questions = questions
        self._lock = lock or threading.RLock()
        super().__init__(
            name="json",
            host=host,
            port=port,
            posts=self._answer,
            body_bytes_max=body_bytes_max,
            connections_max=connections_max,
            idle_seconds=IDLE_SECONDS,
        )

    def _answer(self, request: Request) -> Reply:
        answer = self._questions.get(request.path[1:])
        if answer is None:
            return Reply(status=HTTPStatus.NOT_FOUND)
        try:
            parameters = parse(request.body)
        except (ValueError, RecursionError):
            parameters = None
        if not isinstance(parameters, dict):
            return _refused(HTTPStatus.CONFLICT, "Malformed", "one JSON object without floats is needed")
        try:
            with self._lock:
                found = on_chain(lambda: answer(parameters))
        except (Rejected, BridgeRejected) as error:
            return _refused(HTTPStatus.CONFLICT, str(error.reason), error.detail)
        except Unavailable as error:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.reason, error.detail)
        except (LookupError, TypeError, ValueError) as error:
            return _refused(HTTPStatus.CONFLICT, "Malformed", f"{type(error).__name__}: {error}"[:200])
        return Reply(body=json.dumps(found).encode())


class JsonClient:
    """Asks one server; raises Rejected and Unavailable as the server does, Unavailable for what is no answer.

    For any number of threads, each over a connection of its own. answer_bytes_max: a longer answer is none.
    """

    def __init__(self, url: str, *, timeout_seconds: float = 5.0, answer_bytes_max: int = BODY_BYTES_MAX) -> None:
        if not url.startswith(("http://", "https://")):
            raise Rejected("BadUrl", url)
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds
        self._answer_bytes_max = answer_bytes_max
        self._local = threading.local()

    def ask(self, question: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer's object."""
        try:
            with self._session().post(
                f"{self.url}/{question}",
                json=parameters,
                timeout=self._timeout_seconds,
                stream=True,
                allow_redirects=False,
            ) as response:
                body = response.raw.read(self._answer_bytes_max + 1, decode_content=True)
                status = response.status_code
            answer = parse(body) if 0 < len(body) <= self._answer_bytes_max else None
        except (requests.RequestException, OSError, ValueError, RecursionError) as error:
            raise Unavailable("NoAnswer", f"{self.url}: {type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise Unavailable("NoAnswer", f"{self.url}: {status}")
        if status == HTTPStatus.OK:
            return answer
        reason, detail = str(answer.get("reason", "NoReason"))[:100], str(answer.get("detail", ""))[:500]
        if status == HTTPStatus.CONFLICT:
            raise Rejected(reason, detail)
        raise Unavailable(reason, detail)

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        session: requests.Session = self._local.session
        return session


def parse(body: bytes) -> Any:
    """A JSON document; raises ValueError, also for a float, which no amount survives."""
    return json.loads(body, parse_float=_no_float, parse_constant=_no_float)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"a float: {text[:40]}")


def _refused(status: HTTPStatus, reason: str, detail: str) -> Reply:
    return Reply(body=json.dumps({"reason": reason, "detail": detail}).encode(), status=status)
