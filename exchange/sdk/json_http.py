"""Small JSON objects over HTTP: a server of a few named questions, on this machine unless told otherwise; its client.

Every question is a POST of one JSON object to `/name`. Answers: 200 the answer, 409 rejected and 503 unavailable with
`reason` and `detail`, other codes without a body for what is no question at all.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from types import TracebackType
from typing import Any, ClassVar, Self

import requests

from bridge.errors import Rejected as BridgeRejected
from exchange.sdk.chain_errors import on_chain
from exchange.sdk.errors import Rejected, Unavailable

BODY_BYTES_MAX = 65_536
IDLE_SECONDS = 10.0
Answer = Callable[[dict[str, Any]], dict[str, Any]]


class JsonServer:
    """Serves until stopped; a context manager. port: a free one where 0. `lock` is held while one is answered."""

    def __init__(
        self,
        questions: Mapping[str, Answer],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        lock: threading.RLock | None = None,
    ) -> None:
        handler = type("Handler", (_Handler,), {"questions": questions, "lock": lock or threading.RLock()})
        self._server = _Server((host, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="json", daemon=True)

    @property
    def url(self) -> str:
        """Where it is found."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class JsonClient:
    """Asks one server; raises Rejected and Unavailable as the server does, Unavailable for what is no answer."""

    def __init__(self, url: str, *, timeout_seconds: float = 5.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise Rejected("BadUrl", url)
        self.url = url.rstrip("/")
        self._timeout_seconds = timeout_seconds

    def ask(self, question: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The answer's object."""
        try:
            with requests.post(
                f"{self.url}/{question}",
                json=parameters,
                timeout=self._timeout_seconds,
                stream=True,
                allow_redirects=False,
            ) as response:
                body = response.raw.read(BODY_BYTES_MAX + 1, decode_content=True)
                status = response.status_code
            answer = json.loads(body) if 0 < len(body) <= BODY_BYTES_MAX else None
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


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    questions: ClassVar[Mapping[str, Answer]]
    lock: ClassVar[threading.RLock]
    server_version = "clearspan"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_POST(self) -> None:
        """Answer one question."""
        refusal = self._refusal()
        if refusal is not None:
            self._send(refusal, b"")
            return
        try:
            parameters = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except (ValueError, RecursionError):
            parameters = None
        answer = self.questions[self.path[1:]]
        if not isinstance(parameters, dict):
            self._tell(HTTPStatus.CONFLICT, {"reason": "Malformed", "detail": "one JSON object is needed"})
            return
        try:
            with self.lock:
                found = on_chain(lambda: answer(parameters))
        except (Rejected, BridgeRejected) as error:
            self._tell(HTTPStatus.CONFLICT, {"reason": str(error.reason), "detail": error.detail})
        except Unavailable as error:
            self._tell(HTTPStatus.SERVICE_UNAVAILABLE, {"reason": error.reason, "detail": error.detail})
        except (KeyError, TypeError, ValueError) as error:
            self._tell(HTTPStatus.CONFLICT, {"reason": "Malformed", "detail": f"{type(error).__name__}: {error}"[:200]})
        else:
            self._tell(HTTPStatus.OK, found)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Requests are not logged."""

    def _refusal(self) -> HTTPStatus | None:
        if not _names_us(self.headers.get("Host", "")):
            return HTTPStatus.FORBIDDEN
        # A web page may post text to any address without asking first, but not JSON.
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        if int(length) > BODY_BYTES_MAX:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        return None if self.path[1:] in self.questions else HTTPStatus.NOT_FOUND

    def _tell(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        self._send(status, json.dumps(answer).encode())

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _names_us(host: str) -> bool:
    """A web page that reached this port through a name of its own learns nothing."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
