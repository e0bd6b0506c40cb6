"""`/live`, `/ready`, `/metrics` and `/status` over HTTP: read only, to this machine unless told otherwise."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from chains.http_server import HttpServer, Reply, Request

IDLE_SECONDS = 10.0
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is served. `not_ready` lists reasons; `status` is one JSON object; `others` are what daemons add by path."""

    not_ready: Callable[[], list[str]]
    metrics: Callable[[], bytes]
    status: Callable[[], dict[str, Any]]
    others: Mapping[str, Callable[[], dict[str, Any]]] = field(default_factory=dict)


class StatusServer(HttpServer):
    """Serves until stopped; see HttpServer. On another interface than loopback it answers to any name."""

    def __init__(self, answers: Answers, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self._answers = answers
        super().__init__(
            name="status",
            host=host,
            port=port,
            gets=self._answer,
            allowed_hosts=() if _is_loopback(host) else None,
            idle_seconds=IDLE_SECONDS,
        )

    def _answer(self, request: Request) -> Reply:
        answers = self._answers
        match request.path:
            case "/live":
                return _json({"live": True})
            case "/ready":
                reasons = answers.not_ready()
                status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
                return _json({"ready": not reasons, "reasons": reasons}, status)
            case "/metrics":
                return Reply(body=answers.metrics(), content_type=METRICS_TYPE)
            case "/status":
                return _json(answers.status())
            case path if path in answers.others:
                return _json(answers.others[path]())
            case _:
                return _json({"error": "no such path"}, HTTPStatus.NOT_FOUND)


def _json(answer: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(body=json.dumps(answer, indent=2).encode() + b"\n", status=status)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
