"""What every HTTP server here stands on: loopback first, bounded bodies and connections, no strangers' names."""

import logging
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from socket import socket
from types import TracebackType
from typing import Any, ClassVar, Self

IDLE_SECONDS = 30.0
CONNECTIONS_MAX = 256
JSON = "application/json"
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked: a path without its query, and the body, empty for a GET."""

    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered."""

    body: bytes = b""
    status: HTTPStatus = HTTPStatus.OK
    content_type: str = JSON


Answer = Callable[[Request], Reply]


class HttpServer:
    """Answers GETs or JSON POSTs in a thread per connection until stopped; a context manager.

    host: the loopback interface unless told otherwise. port: a free one where 0. posts, gets: what answers them; the
    other method is refused. allowed_hosts: names a client may know this server by, besides IP addresses and localhost,
    so that no web page reaches it through a name of its own; None allows any. body_bytes_max: a longer body is not
    read. Of more connections than connections_max each gets a 503 at once.
    """

    def __init__(  # noqa: PLR0913 - each is a bound
        self,
        *,
        name: str,
        host: str = "127.0.0.1",
        port: int = 0,
        posts: Answer | None = None,
        gets: Answer | None = None,
        allowed_hosts: Collection[str] | None = (),
        body_bytes_max: int = 65_536,
        connections_max: int = CONNECTIONS_MAX,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        rules = _Rules(
            posts=posts,
            gets=gets,
            allowed_hosts=None if allowed_hosts is None else frozenset({"localhost", *allowed_hosts}),
            body_bytes_max=body_bytes_max,
        )
        handler = type("Handler", (_Handler,), {"rules": rules, "timeout": idle_seconds})
        self._server = _Server((host, port), handler, connections_max)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=name, daemon=True)

    @property
    def url(self) -> str:
        """Where clients find it."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> Self:
        """Begin to answer, in a thread of its own."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more, on connections that are open either, and free the port."""
        self._server.has_ended = True
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rules:
    posts: Answer | None
    gets: Answer | None
    allowed_hosts: frozenset[str] | None
    body_bytes_max: int


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], connections_max: int) -> None:
        self._free = threading.BoundedSemaphore(connections_max)
        self.has_ended = False
        super().__init__(address, handler)

    def process_request(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A thread for the connection, where there is room for one."""
        if self._free.acquire(blocking=False):
            try:
                super().process_request(request, client_address)
            except BaseException:
                self._free.release()
                raise
            return
        try:
            if not isinstance(request, tuple):
                request.send(_FULL)
        finally:
            self.shutdown_request(request)

    def process_request_thread(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """The connection from its first request to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - named by socketserver
        """A client that went away is nobody's error."""
        _log.debug("a connection ended", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection, which may carry any number of requests."""

    rules: ClassVar[_Rules]
    protocol_version = "HTTP/1.1"
    server_version = "clearspan"
    sys_version = ""
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a path."""
        refusal = HTTPStatus.NOT_IMPLEMENTED if self.rules.gets is None else self._refusal_of_name()
        self._answer(self.rules.gets, refusal)

    def do_POST(self) -> None:
        """Answer a body."""
        refusal = HTTPStatus.NOT_IMPLEMENTED if self.rules.posts is None else self._refusal_of_body()
        self._answer(self.rules.posts, refusal)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Requests are not logged."""

    def _answer(self, answer: Answer | None, refusal: HTTPStatus | None) -> None:
        if getattr(self.server, "has_ended", False):
            self.close_connection = True
            return
        if answer is None or refusal is not None:
            self.close_connection = True  # what follows may be a body that was not read
            self._send(Reply(status=refusal or HTTPStatus.NOT_IMPLEMENTED))
            return
        body = self.rfile.read(int(self.headers["Content-Length"])) if self.command == "POST" else b""
        try:
            reply = answer(Request(path=self.path.partition("?")[0], body=body))
        except Exception:  # noqa: BLE001 - a defect of one answer ends no connection
            _log.exception("a defect while answering %s", self.path)
            reply = Reply(status=HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(reply)

    def _refusal_of_name(self) -> HTTPStatus | None:
        allowed = self.rules.allowed_hosts
        return None if allowed is None or _is_known(self.headers.get("Host", ""), allowed) else HTTPStatus.FORBIDDEN

    def _refusal_of_body(self) -> HTTPStatus | None:
        refusal = self._refusal_of_name()
        if refusal is not None:
            return refusal
        # A web page may post text to any address without asking first, but not JSON.
        if self.headers.get_content_type() != JSON:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > self.rules.body_bytes_max else None

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        if reply.status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(reply.body)
        self.wfile.flush()


def _is_known(host: str, allowed: frozenset[str]) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name in allowed:
        return True
    try:
        ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
