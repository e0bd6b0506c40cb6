"""web3.py's way to a node: typed errors for a transport that fails, and nothing signed for another chain gets out."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast

import requests
from hexbytes import HexBytes
from web3.providers import BaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chains.errors import ChainError, DishonestNode, Reason, Rejected, Unavailable, WrongChainId
from chains.evm import decode_transaction
from chains.http_link import HttpLink
from chains.node_errors import OVERLOADED_CODE, STILL_INDEXING, general_error, message_of

SERVER_ERROR_CODE = -32000
SUBMISSIONS = frozenset({"eth_sendRawTransaction", "eth_sendTransaction", "eth_sendUnsignedTransaction"})

CHAIN_ID_LIMIT = 1 << 256
"""A number beyond it is no chain's, and too long to be told in a message."""


def http_provider(url: str, timeout_seconds: float) -> HttpLink:
    """A provider that asks once: whether to ask again is not the transport's to decide."""
    return HttpLink(url, timeout_seconds=timeout_seconds)


class NodeProvider(BaseProvider):
    """Passes requests on to another provider.

    Transport failures become Unavailable(NodeUnreachable, TimedOut, RateLimited) or DishonestNode(MalformedAnswer).
    Before each submission the node must still serve `chain_id`, and a transaction signed for another chain, or for
    none, is answered with the error a chain of ours gives, without being passed on.
    """

    def __init__(self, inner: BaseProvider, chain_id: int) -> None:
        super().__init__()
        self.inner = inner
        self.chain_id = chain_id

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """See BaseProvider; raises Unavailable."""
        if method in SUBMISSIONS:
            try:
                self.check_destination(_signed_for(method, params, self.chain_id))
            except Rejected as error:
                return cast("RPCResponse", {"jsonrpc": "2.0", "id": 1, "error": _error_object(error)})
        return self.request(method, params)

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse] | RPCResponse:
        """One by one: each is checked by itself."""
        return [self.make_request(method, params) for method, params in requests]

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: FBT001, FBT002 - web3's signature
        """Whether the node answers with this chain's id."""
        try:
            self.check_chain_id()
        except ChainError:
            if show_traceback:
                raise
            return False
        return True

    def ask(self, method: str, *params: Any) -> Any:
        """The result of a call; raises Unavailable, or Rejected for what the node refused."""
        response = self.request(method, list(params))
        if response.get("error") is not None:
            raise general_error(method, response["error"])
        return response["result"]

    def check_chain_id(self) -> None:
        """Raises WrongChainId when the node serves another chain."""
        answered = self.ask("eth_chainId")
        try:
            found = int(answered, 16)
        except (TypeError, ValueError) as error:
            raise DishonestNode(Reason.MALFORMED_ANSWER, f"eth_chainId: {answered!r}"[:80]) from error
        if not 0 <= found < CHAIN_ID_LIMIT:
            raise DishonestNode(Reason.MALFORMED_ANSWER, f"eth_chainId: {answered}"[:80])
        if found != self.chain_id:
            message = f"the node serves chain {found}, expected is chain {self.chain_id}"
            raise WrongChainId(given=found, expected=self.chain_id, message=message)

    def check_destination(self, signed_for: int | None) -> None:
        """Raises WrongChainId when a transaction is for another chain, or the node serves another."""
        if signed_for != self.chain_id:
            raise WrongChainId(given=signed_for, expected=self.chain_id)
        self.check_chain_id()

    def request(self, method: str, params: list[Any]) -> RPCResponse:
        """The whole response, unchecked but for its form; raises Unavailable, Rejected(NodeRefused)."""
        try:
            response = self.inner.make_request(RPCEndpoint(method), params)
        except (OSError, ValueError) as error:
            raise _transport_error(method, error) from None  # its text names the URL, which may hold a key
        if not isinstance(response, Mapping) or ("result" in response) == (response.get("error") is not None):
            raise DishonestNode(Reason.MALFORMED_ANSWER, f"{method} was answered without result or error")
        refused = response.get("error")
        if isinstance(refused, Mapping) and refused.get("code") == OVERLOADED_CODE:
            raise general_error(method, refused)
        if refused is not None and STILL_INDEXING.search(message_of(refused)):
            raise Unavailable(Reason.NODE_UNREACHABLE, f"{method}: {message_of(refused)}")
        return response


def _signed_for(method: str, params: Any, otherwise: int) -> int | None:
    """The chain a submission is for; a node fills in its own id where an unsigned transaction names none."""
    try:
        if method == "eth_sendRawTransaction":
            return decode_transaction(bytes(HexBytes(params[0]))).chain_id
        named = params[0].get("chainId", otherwise)
        return int(named, 16) if isinstance(named, str) else int(named)
    except (AttributeError, TypeError, ValueError, LookupError) as error:
        raise Rejected(Reason.INVALID_PARAMETERS, f"{method} takes a transaction") from error


def _transport_error(method: str, error: OSError | ValueError) -> ChainError:
    """What a failed exchange means: requests raises OSErrors, and ValueErrors for what is not JSON."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return _status_error(method, error.response.status_code)
    if isinstance(error, requests.Timeout):
        return Unavailable(Reason.TIMED_OUT, f"{method} was not answered")
    if isinstance(error, ValueError) and not isinstance(error, requests.RequestException):
        return DishonestNode(Reason.MALFORMED_ANSWER, f"{method} was not answered in JSON")
    if isinstance(error, ValueError):
        return Rejected(Reason.INVALID_PARAMETERS, f"no URL of a node ({type(error).__name__})")
    return Unavailable(Reason.NODE_UNREACHABLE, f"{method}: {type(error).__name__}")


def _status_error(method: str, status: int) -> ChainError:
    message = f"{method}: HTTP status {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable(Reason.RATE_LIMITED, message)
    if status == HTTPStatus.REQUEST_TIMEOUT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(Reason.NODE_UNREACHABLE, message)
    return Rejected(Reason.NODE_REFUSED, message)


def _error_object(error: Rejected) -> dict[str, Any]:
    return {"code": SERVER_ERROR_CODE, "message": str(error)}
