"""A process's way to a chain's node: JSON-RPC without a transport, through which anything can go wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chains.provider import JsonRpc

Json = dict[str, Any]
Ask = Callable[[str, Sequence[Any]], Json]


class Condition(Protocol):
    """Something wrong with a link or a node."""

    def answer(self, ask: Ask, method: str, params: Sequence[Any]) -> Json:
        """Answer in the node's place: `ask` asks what lies behind. May raise OSError, as a broken transport does."""
        ...


class Link(BaseProvider):
    """Requests of one process to one chain. `conditions` apply from the last to the first, the node comes after them.

    Answers are passed as text, so that nobody can change what the node holds.
    """

    def __init__(self, node: JsonRpc) -> None:
        super().__init__()
        self._node = node
        self.conditions: list[Condition] = []
        self.requests = 0

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """See BaseProvider; raises OSError or ValueError as a transport does."""
        self.requests += 1
        return cast("RPCResponse", {"jsonrpc": "2.0", "id": 1, **self._ask(len(self.conditions), str(method), params)})

    def _ask(self, depth: int, method: str, params: Sequence[Any]) -> Json:
        if depth == 0:
            answer = self._node.respond(method, params)
            return cast("Json", json.loads(json.dumps(answer))) if self.conditions else answer

        def behind(inner_method: str, inner_params: Sequence[Any]) -> Json:
            return self._ask(depth - 1, inner_method, inner_params)

        return self.conditions[depth - 1].answer(behind, method, params)

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002 - web3's signature
        """Whether anybody answers is found out by asking."""
        return True
