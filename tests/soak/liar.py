"""A node that cannot be trusted: an honest one behind a loopback proxy that falsifies some of its answers."""

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

TIMEOUT_SECONDS = 10


def _flipped(text):
    """A hexadecimal string with its last digit changed."""
    return text[:-1] + ("0" if text[-1] != "0" else "1") if len(text) > 2 else text


def _without_last(logs):
    return logs[:-1]


def _more(factor):
    return lambda text: hex(int(text, 16) * factor + factor)


def _changed(key, change):
    return lambda result: {**result, key: change(result[key])} if result else result


def _proof(result):
    entries = [{**entry, "value": hex(int(entry["value"], 16) ^ 1)} for entry in result["storageProof"]]
    return {**result, "storageProof": entries}


LIES = {
    "eth_blockNumber": _more(2),
    "eth_call": _flipped,
    "eth_estimateGas": _more(3),
    "eth_getBalance": _more(10**6),
    "eth_getBlockByNumber": _changed("stateRoot", _flipped),
    "eth_getLogs": _without_last,
    "eth_getProof": _proof,
    "eth_getTransactionCount": _more(2),
    "eth_getTransactionReceipt": _changed("status", _flipped),
    "eth_maxPriorityFeePerGas": _more(10**6),
}
"""What it makes of a true result, by method."""


class QuietServer(ThreadingHTTPServer):
    """Says nothing when a killed process leaves its connections behind."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Liar:
    """Lies with this chance, each time anew; `told` counts the lies by method."""

    def __init__(self, url, *, chance, seed):
        self.chance, self.told = chance, Counter()
        self._target, self._random = url, random.Random(seed)
        self._local, self._lock = threading.local(), threading.Lock()
        liar = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = liar.answer(body)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, body):
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        headers = {"Content-Type": "application/json"}
        answer = self._local.session.post(self._target, data=body, headers=headers, timeout=TIMEOUT_SECONDS).content
        method = json.loads(body)["method"]
        with self._lock:
            lies = method in LIES and self._random.random() < self.chance
        if not lies:
            return answer
        found = json.loads(answer)
        result = found.get("result")
        false = LIES[method](result) if result else result
        if false == result:
            return answer
        with self._lock:
            self.told[method] += 1
        return json.dumps({**found, "result": false}).encode()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
