"""web3.py's way into a chain in this process."""

from typing import Any, Protocol, cast

from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse


class JsonRpc(Protocol):
    """Answers JSON-RPC calls."""

    def respond(self, method: str, params: Any) -> dict[str, Any]:
        """A response object with either `result` or `error`; never raises for what the caller did wrong."""
        ...


class LocalProvider(BaseProvider):
    """Hands requests to a JSON-RPC object without any transport."""

    def __init__(self, api: JsonRpc) -> None:
        super().__init__()
        self._api = api

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """See BaseProvider."""
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": 1, **self._api.respond(method, params)})

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - web3's signature
        """Always: the chain is in this process."""
        return True
