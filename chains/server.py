"""A local chain on a port: JSON-RPC over HTTP for daemons in other processes, wallets and `cast`."""

import threading
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Any

from chains import json_rpc
from chains.errors import ChainError, TransactionReverted, Unavailable
from chains.http_server import HttpServer, Reply, Request
from chains.local import LocalChain
from chains.rpc_objects import Json, byte_string, quantity

BODY_BYTES_MAX = 5 * 1024 * 1024


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


class ChainServer(HttpServer):
    """Serves one local chain over HTTP until stopped; see HttpServer.

    `lock` is held during each request: code of this process that uses the chain meanwhile holds it too.
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

        def answer(request: Request) -> Reply:
            body = json_rpc.answer(api, request.body)
            return Reply(status=HTTPStatus.NO_CONTENT) if body is None else Reply(body=body)

        super().__init__(
            name=f"serve {chain.name}",
            host=host,
            port=port,
            posts=answer,
            allowed_hosts=allowed_hosts,
            body_bytes_max=BODY_BYTES_MAX,
        )
