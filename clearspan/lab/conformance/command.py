"""Somebody's relayer as a program: it gets a file that says where everything is, and is killed without warning."""

from __future__ import annotations

import json
import shlex
import subprocess
import threading
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from web3.providers import BaseProvider
from web3.types import RPCEndpoint

from chains import json_rpc
from chains.http_server import HttpServer, Reply, Request
from clearspan.lab.conformance.ports import Assignment, Start
from clearspan.lab.process import Killed
from relayers.crash_points import CrashPoint

PLACEHOLDER = "{assignment}"
ANSWER_BYTES_MAX = 5 * 1024 * 1024
STEP_SECONDS = 0.15
"""Real time that the program has while the world stands still, for each step."""


class CommandSubject:
    """A running program. Its nodes answer during steps only, so that the world never moves while they do."""

    def __init__(self, command: str, assignment: Assignment, step_seconds: float) -> None:
        self._step_seconds = step_seconds
        self._turn = threading.RLock()
        self._turn.acquire()
        self._is_killed = False
        self._servers = {chain_id: self._serve(chain_id, node) for chain_id, node in assignment.providers.items()}
        path = assignment.directory / "assignment.json"
        deployment = assignment.directory / "deployment.json"
        deployment.write_text(assignment.deployment.dump(), encoding="utf-8")
        told = {
            "deployment": str(deployment),
            "endpoints": {str(chain_id): server.url for chain_id, server in self._servers.items()},
            "finality_blocks": {str(chain_id): blocks for chain_id, blocks in assignment.finality_blocks.items()},
            "key_file": str(assignment.directory.parent / "subject.key"),
            "directory": str(assignment.directory),
            "max_fee_per_gas": assignment.max_fee_per_gas,
        }
        (assignment.directory.parent / "subject.key").write_text(assignment.signer.key.hex(), encoding="utf-8")
        path.write_text(json.dumps(told, indent=2), encoding="utf-8")
        words = [str(path) if word == PLACEHOLDER else word for word in shlex.split(command)]
        self._program = subprocess.Popen(words if str(path) in words else [*words, str(path)])  # noqa: S603 - the user's own

    def step(self) -> None:
        """Let it work for a moment; raises Killed where it made the request at which it dies."""
        self._turn.release()
        try:
            time.sleep(self._step_seconds)
        finally:
            self._turn.acquire()
        if self._is_killed or self._program.poll() is not None:
            raise Killed(CrashPoint.AFTER_BROADCAST)

    def close(self) -> None:
        """SIGKILL."""
        self._program.kill()
        self._program.wait()
        self._turn.release()
        for server in self._servers.values():
            server.stop()

    def _serve(self, chain_id: int, node: BaseProvider) -> HttpServer:
        api = _Node(self, node)

        def answer(request: Request) -> Reply:
            if self._is_killed:
                return Reply(status=HTTPStatus.SERVICE_UNAVAILABLE)
            with self._turn:
                body = json_rpc.answer(api, request.body)
            failed = body is None or self._is_killed
            return Reply(status=HTTPStatus.SERVICE_UNAVAILABLE) if failed else Reply(body=body or b"")

        return HttpServer(name=f"node {chain_id}", posts=answer, body_bytes_max=ANSWER_BYTES_MAX).start()

    def die(self) -> None:
        """It made its last request."""
        self._is_killed = True
        self._program.kill()


class _Node:
    """A provider as something that a server can ask."""

    def __init__(self, subject: CommandSubject, node: BaseProvider) -> None:
        self._subject = subject
        self._node = node

    def respond(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """See JsonRpc; what breaks a transport is an error here."""
        try:
            found = dict(self._node.make_request(RPCEndpoint(method), list(params)))
        except Killed:
            self._subject.die()
            return {"error": {"code": -32000, "message": "gone"}}
        except (OSError, ValueError) as error:
            return {"error": {"code": -32005, "message": f"{type(error).__name__}: {error}"}}
        return {name: found[name] for name in ("result", "error") if name in found}


def command_relayer(command: str, *, step_seconds: float = STEP_SECONDS) -> Start:
    """Starts a program with the path of its assignment in place of `{assignment}`, or as its last argument."""
    return lambda assignment: CommandSubject(command, assignment, step_seconds)
