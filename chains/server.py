"""A local chain on a port: JSON-RPC over HTTP for daemons in other processes, wallets and `cast`."""

import threading
from collections.abc import Collection, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from types import TracebackType
from typing import Any, ClassVar, Self

from chains import json_rpc
from chains.errors import ChainError, TransactionReverted, Unavailable
from chains.local import LocalChain
from chains.rpc_objects import Json, byte_string, quantity

BODY_BYTES_MAX = 5 * 1024 * 1024
IDLE_SECONDS = 30.0


class ServedApi:
    """A local chain's methods, one at a time, and what a server adds to them.

    `evm_mine` mines a block. Receipts of reverted transactions carry `revertReason`, as Besu's do. mine_on_send: mine
    each transaction as it comes; while the chain is halted it waits in the pool instead.
    """

    def __init__(self, chain: LocalChain, lock: threading.RLock, *, mine_on_send: bool) -> None:
        self._chain = chain
        self._lock = lock
        self._mine_on_send = mine_on_send

    def respond(self, method: str, params: Sequence[Any]) -> Json:
        """See JsonRpc."""
        with self._lock:
            if method == "evm_mine":
                return self._mine()
            response = self._chain.api.respond(method, params)
            if method == "eth_sendRawTransaction" and self._mine_on_send and "result" in response:
                self._mine()
            elif method == "eth_getTransactionReceipt":
                self._add_reason(response.get("result"))
            return response

    def _mine(self) -> Json:
        try:
            self._chain.mine()
        except Unavailable as error:
            return {"error": {"code": -32002, "message": str(error)}}
        except ChainError as error:
            return {"error": {"code": -32000, "message": str(error)}}
        return {"result": quantity(0)}

    def _add_reason(self, receipt: Json | None) -> None:
        if receipt is None or receipt["status"] != quantity(0):
            return
        try:
            self._chain.wait(bytes.fromhex(receipt["transactionHash"][2:]))
        except TransactionReverted as error:
            if error.output or error.error_name == "EmptyRevert":
                receipt["revertReason"] = byte_string(error.output)


class ChainServer:
    """Serves one local chain over HTTP until stopped; a context manager.

    host: the loopback interface unless told otherwise. port: a free one where 0. allowed_hosts: names a client may know
    this server by, besides IP addresses and localhost, so that no web page reaches it through a name of its own. `lock`
    is held during each request: code of this process that uses the chain meanwhile holds it too.
    """

    def __init__(
        self,
        chain: LocalChain,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mine_on_send: bool = False,
        allowed_hosts: Collection[str] = (),
    ) -> None:
        self.lock = threading.RLock()
        api = ServedApi(chain, self.lock, mine_on_send=mine_on_send)
        handler = type("Handler", (_Handler,), {"api": api, "allowed_hosts": frozenset({"localhost", *allowed_hosts})})
        self._server = _Server((host, port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name=f"serve {chain.name}")
        self._thread.daemon = True

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
    """One connection, which may carry any number of requests."""

    api: ClassVar[ServedApi]
    allowed_hosts: ClassVar[frozenset[str]]
    protocol_version = "HTTP/1.1"
    server_version = "clearspan"
    sys_version = ""
    timeout = IDLE_SECONDS
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        """Answer one JSON-RPC body."""
        refusal = self._refusal()
        if refusal is not None:
            self.close_connection = True
            self._respond(refusal, b"")
            return
        body = json_rpc.answer(self.api, self.rfile.read(int(self.headers["Content-Length"])))
        self._respond(HTTPStatus.NO_CONTENT if body is None else HTTPStatus.OK, body or b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by http.server
        """Requests are not logged."""

    def _refusal(self) -> HTTPStatus | None:
        if not self._names_us(self.headers.get("Host", "")):
            return HTTPStatus.FORBIDDEN
        # A web page may post text to any address without asking first, but not JSON.
        if self.headers.get_content_type() != "application/json":
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if int(length) > BODY_BYTES_MAX else None

    def _names_us(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        if name in self.allowed_hosts:
            return True
        try:
            ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    def _respond(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
