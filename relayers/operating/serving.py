"""`/live`, `/ready`, `/metrics` and `/status` over HTTP: read only, to this machine unless told otherwise."""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from types import TracebackType
from typing import Any, ClassVar, Self

IDLE_SECONDS = 10.0
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is served. `not_ready` lists reasons; `status` is one JSON object; `others` are what daemons add by path."""

    not_ready: Callable[[], list[str]]
    metrics: Callable[[], bytes]
    status: Callable[[], dict[str, Any]]
    others: Mapping[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)


class StatusServer:
    """Serves until stopped; a context manager. port: a free one where 0."""

    def __init__(self, answers: Answers, *, host: str = "127.0.0.1", port: int = 0) -> None:
        is_loopback = _is_loopback(host)
        handler = type("Handler", (_Handler,), {"answers": answers, "is_loopback": is_loopback})
        self._server = _Server((host, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="status", daemon=True)

    @property
    def url(self) -> str:
        """Where it is found."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Begin to answer, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more and free the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Handler(BaseHTTPRequestHandler):
    answers: ClassVar[Answers]
    is_loopback: ClassVar[bool]
    server_version = "clearspan"
    sys_version = ""
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        """Answer one of the four paths."""
        if self.is_loopback and not self._names_us():
            self._send(HTTPStatus.FORBIDDEN, {"error": "unknown host"})
            return
        path = self.path.partition("?")[0]
        match path:
            case "/live":
                self._send(HTTPStatus.OK, {"live": True})
            case "/ready":
                reasons = self.answers.not_ready()
                status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
                self._send(status, {"ready": not reasons, "reasons": reasons})
            case "/metrics":
                self._send_bytes(HTTPStatus.OK, METRICS_TYPE, self.answers.metrics())
            case "/status":
                self._send(HTTPStatus.OK, self.answers.status())
            case _ if path in self.answers.others:
                self._send(HTTPStatus.OK, self.answers.others[path]())
            case _:
                self._send(HTTPStatus.NOT_FOUND, {"error": "no such path"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Requests are not logged."""

    def _names_us(self) -> bool:
        """A web page that reached this port through a name of its own learns nothing."""
        host = self.headers.get("Host", "")
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return name == "localhost" or _is_loopback(name.strip("[]"))

    def _send(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        self._send_bytes(status, "application/json", json.dumps(answer, indent=2).encode() + b"\n")

    def _send_bytes(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
