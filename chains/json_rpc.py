"""JSON-RPC 2.0 as bytes: requests and batches in, responses out, errors for everything that is neither."""

import json
import logging
from typing import Any

from chains.provider import JsonRpc

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INTERNAL_ERROR = -32603
BATCH_MAX = 1_000
"""Requests in one batch."""

logger = logging.getLogger(__name__)


def answer(api: JsonRpc, body: bytes) -> bytes | None:
    """The response to one body, None when it holds nothing but notifications; never raises."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return _encode(_failure(None, PARSE_ERROR, "not JSON"))
    if not isinstance(request, list):
        response = _answer_one(api, request)
        return None if response is None else _encode(response)
    if not 0 < len(request) <= BATCH_MAX:
        return _encode(_failure(None, INVALID_REQUEST, f"a batch holds 1 to {BATCH_MAX} requests"))
    responses = [response for item in request if (response := _answer_one(api, item)) is not None]
    return _encode(responses) if responses else None


def _answer_one(api: JsonRpc, request: Any) -> dict[str, Any] | None:
    """A response; None for a notification, which is carried out all the same."""
    if not isinstance(request, dict):
        return _failure(None, INVALID_REQUEST, "a request is an object")
    identity, method, params = request.get("id"), request.get("method"), request.get("params", [])
    if not isinstance(identity, (str, int, float, type(None))):
        return _failure(None, INVALID_REQUEST, "an id is a string, a number or null")
    if request.get("jsonrpc") != "2.0" or not isinstance(method, str) or not isinstance(params, list):
        return _failure(identity, INVALID_REQUEST, "a request has jsonrpc 2.0, a method and a list of params")
    try:
        response = {"jsonrpc": "2.0", "id": identity, **api.respond(method, params)}
    except Exception:
        logger.exception("%s failed", method[:80])
        response = _failure(identity, INTERNAL_ERROR, "internal error")
    return response if "id" in request else None


def _failure(identity: Any, code: int, message: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": message}}


def _encode(response: Any) -> bytes:
    return json.dumps(response, separators=(",", ":")).encode()
