"""Four attestors of every client in one thread: they sign what a chain finally says and serve it over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler

import msgspec

from bridge.attestations import Attestation, AttestationDomain, approve
from bridge.clients import consensus_state
from chains.errors import ChainError
from relayers.attesting.approvals import KeptApproval
from tests.soak.liar import QuietServer

FIRST_EPOCH = 1
APPROVAL_SECONDS = 1_800


class Panel:
    """Signs with the keys that it is given. `chains`: by id, as its members read them."""

    def __init__(self, deployment, chains, keys, *, every_seconds=0.5):
        self._chains, self._keys, self._every_seconds = chains, keys, every_seconds
        self._clients = [
            (here, there, address) for here in deployment.chains for there, address in here.clients.items()
        ]
        self._deployment = deployment
        self._served, self._heights = {}, {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        panel = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = panel._served.get(self.path.rpartition("/")[2], b'{"approvals": []}')
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/approvals"
        self._serving = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self):
        self._thread.start()
        self._serving.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join()
        self._server.shutdown()
        self._server.server_close()

    def _run(self):
        while not self._stop.wait(self._every_seconds):
            for here, there, address in self._clients:
                try:
                    self._attest(here, there, address)
                except ChainError:
                    continue  # in the middle of a reorganisation

    def _attest(self, here, there, address):
        header = self._chains[there].finalized_header()
        if header.number <= self._heights.get(address, 0):
            return
        domain = AttestationDomain(
            client_chain_id=here.chain_id,
            client=address,
            attested_chain_id=there,
            attested_contract=self._deployment.chain(there).mailbox,
        )
        attestation = Attestation(epoch=FIRST_EPOCH, height=header.number, state=consensus_state(header))
        expiry = max(self._chains[here.chain_id].head().timestamp, int(time.time())) + APPROVAL_SECONDS
        kept = [
            KeptApproval.of(attestation, approve(domain, attestation, expiry=expiry, signer=key)) for key in self._keys
        ]
        self._served[address] = json.dumps({"approvals": msgspec.to_builtins(kept)}).encode()
        self._heights[address] = header.number
