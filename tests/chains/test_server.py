"""A local chain behind HTTP, as clients that are not ours see it."""

import json
import socket
import subprocess
import sys
import threading
from urllib.parse import urlsplit

import pytest
import requests
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware, SignAndSendRawMiddlewareBuilder

from chains import ChainServer, QbftFinal, Reason, RpcChain, SealedHeader, Unavailable
from chains.json_rpc import BATCH_MAX, answer
from chains.server import BODY_BYTES_MAX

JSON = {"Content-Type": "application/json"}


def request(method, *params, identity=1):
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": params}


@pytest.fixture
def ask(served):
    with requests.Session() as session:
        yield lambda body, **options: session.post(served.url, **{"data": json.dumps(body), "headers": JSON, **options})


def test_it_listens_on_the_loopback_interface(served):
    assert urlsplit(served.url).hostname == "127.0.0.1"


def test_it_stops_and_frees_its_port(local):
    with ChainServer(local) as server:
        url, port = server.url, urlsplit(server.url).port
        assert requests.post(url, json=request("eth_chainId"), timeout=5).json()["result"] == "0x47"
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json=request("eth_chainId"), timeout=5)
    with ChainServer(local, port=port) as again:
        assert requests.post(again.url, json=request("eth_chainId"), timeout=5).json()["result"] == "0x47"


def test_unmodified_web3_uses_it_as_any_node(served, local, alice, bob):
    """Estimates, fees, nonces, signing and receipts by web3.py's own defaults, as a wallet would."""
    w3 = Web3(HTTPProvider(served.url))
    w3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)
    w3.middleware_onion.inject(SignAndSendRawMiddlewareBuilder.build(alice), layer=0)
    sent = w3.eth.send_transaction({"from": alice.address, "to": bob.address, "value": 5})
    assert w3.provider.make_request("evm_mine", []) == {
        "jsonrpc": "2.0",
        "id": pytest.approx(0, abs=99),
        "result": "0x0",
    }
    assert w3.eth.wait_for_transaction_receipt(sent, timeout=5)["status"] == 1
    assert w3.eth.get_balance(bob.address) == local.balance(bob.address) == 10**18 + 5


def test_seals_travel_in_extra_data_as_besu_writes_them(ask, local):
    header = local.mine()
    block = ask(request("eth_getBlockByNumber", "latest", False)).json()["result"]
    assert block["extraData"] == f"0x{header.extra.encode().hex()}"
    assert SealedHeader.decode(header.sealed_rlp).signers == header.signers
    validators = ask(request("qbft_getValidatorsByBlockNumber", "latest")).json()["result"]
    assert validators == [f"0x{address.hex()}" for address in header.validators]


def test_reverts_come_as_geth_gives_them(ask, local, deploy_probe, alice):
    probe = deploy_probe(local)
    call = {"from": alice.address, "to": probe.address, "data": probe.functions.complain()._encode_transaction_data()}
    error = ask(request("eth_call", call, "latest")).json()["error"]
    assert error["code"] == 3
    assert error["message"].startswith("execution reverted")
    assert error["data"].startswith("0x08c379a0")


def test_receipts_say_why_as_besu_gives_them(ask, local, deploy_probe, alice):
    probe = deploy_probe(local)
    for call, reason in (
        (probe.functions.refuse(5), f"0x{'0' * 63}5"),
        (probe.functions.vanish(), "0x"),
        (probe.functions.burn(), None),
        (probe.functions.set(1, 1), None),
    ):
        sent = local.send(call, alice, gas=100_000)
        local.mine()
        receipt = ask(request("eth_getTransactionReceipt", f"0x{sent.hex()}")).json()["result"]
        given = receipt.get("revertReason")
        assert (given if given is None or len(given) < 11 else f"0x{given[10:]}") == reason


@pytest.mark.parametrize("mine_on_send", [True, False])
def test_mining_on_send_is_an_option(local, alice, mine_on_send):
    with ChainServer(local, mine_on_send=mine_on_send) as server:
        chain = RpcChain.connect(server.url, chain_id=71, finality=QbftFinal())
        sent = chain.send({"to": alice.address}, alice)
        assert (chain.receipt(sent) is not None) == mine_on_send
        assert local.head().number == int(mine_on_send)


def test_a_halted_chain_keeps_what_is_sent(local, alice):
    with ChainServer(local, mine_on_send=True) as server:
        chain = RpcChain.connect(server.url, chain_id=71, finality=QbftFinal())
        for validator in local.validators.validators[:2]:
            validator.online = False
        sent = chain.send({"to": alice.address}, alice)
        with pytest.raises(Unavailable) as caught:
            chain._node.ask("evm_mine")
        assert caught.value.reason is Reason.CHAIN_HALTED
        for validator in local.validators.validators:
            validator.online = True
        chain._node.ask("evm_mine")
        assert chain.wait(sent)["status"] == 1


class TestRequests:
    def test_batches_are_answered_in_order(self, ask):
        batch = [request("eth_chainId", identity="a"), request("eth_nonsense", identity=2), 5, request("net_version")]
        first, second, third, fourth = ask(batch).json()
        assert first == {"jsonrpc": "2.0", "id": "a", "result": "0x47"}
        assert (second["id"], second["error"]["code"]) == (2, -32601)
        assert (third["id"], third["error"]["code"]) == (None, -32600)
        assert fourth["result"] == "71"

    def test_notifications_are_carried_out_in_silence(self, ask, local):
        silent = {"jsonrpc": "2.0", "method": "evm_mine", "params": []}
        response = ask(silent)
        assert (response.status_code, response.content, local.head().number) == (204, b"", 1)
        assert [item["id"] for item in ask([silent, request("eth_chainId", identity=7)]).json()] == [7]
        assert local.head().number == 2

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"", -32700),
            (b"{", -32700),
            (b"\xff\xfe", -32700),
            (b"[" * 100_000, -32700),
            (b'{"a":' * 800_000, -32700),
            (b"[]", -32600),
            (b"5", -32600),
            (b"{}", -32600),
            (json.dumps([request("eth_chainId")] * (BATCH_MAX + 1)).encode(), -32600),
            (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId","params":[]}', -32600),
            (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId","params":[]}', -32600),
            (b'{"jsonrpc":"2.0","id":1,"method":7,"params":[]}', -32600),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32600),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[]}', -32602),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x1","latest"]}', -32602),
            (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        ],
    )
    def test_what_is_no_request_is_told_so(self, ask, body, code):
        response = ask(None, data=body)
        assert (response.status_code, response.json()["error"]["code"]) == (200, code)

    def test_a_defect_inside_stays_inside(self):
        class Broken:
            def respond(self, method, params):
                raise ZeroDivisionError("secret")

        response = json.loads(answer(Broken(), json.dumps(request("eth_chainId")).encode()))
        assert response == {"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "internal error"}}

    def test_nonsense_changes_nothing(self, ask, local):
        head, values = (
            local.head(),
            (None, 5, -1, True, {"to": []}, {"topics": 5}, "0x", "0xzz", "latest", [], {}, [[]], "0x" + "f" * 200),
        )
        methods = list(local.api._methods)
        batch = [request(method, value) for method in methods for value in values]
        batch += [request(method, value, value) for method in methods for value in values]
        answers = [
            item for start in range(0, len(batch), BATCH_MAX) for item in ask(batch[start : start + BATCH_MAX]).json()
        ]
        assert len(answers) == len(batch)
        assert {item["error"]["code"] for item in answers if "error" in item} <= {-32602, -32000}
        assert (local.head(), len(local.pool)) == (head, 0)


class TestHttp:
    def test_other_content_is_refused_as_web_pages_can_send_it_unasked(self, ask):
        for content in ("text/plain", "application/x-www-form-urlencoded", ""):
            assert ask(request("eth_chainId"), headers={"Content-Type": content}).status_code == 415
        assert ask(request("eth_chainId"), headers={"Content-Type": "application/json; charset=utf-8"}).ok

    def test_names_of_others_are_refused(self, ask, local):
        assert ask(request("eth_chainId"), headers={**JSON, "Host": "evil.example:8545"}).status_code == 403
        for name in ("localhost", "localhost:99", "127.0.0.1", "[::1]:99"):
            assert ask(request("eth_chainId"), headers={**JSON, "Host": name}).ok
        with ChainServer(local, allowed_hosts=["node.example"]) as server:
            named = {**JSON, "Host": "node.example:99"}
            assert requests.post(server.url, json=request("eth_chainId"), headers=named, timeout=5).ok

    def test_only_posts_of_a_stated_size(self, served):
        address = urlsplit(served.url)
        lengths = {"": b"411", "-1": b"411", "x": b"411", str(BODY_BYTES_MAX + 1): b"413"}
        for length, status in lengths.items():
            with socket.create_connection((address.hostname, address.port), timeout=5) as link:
                head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                link.sendall(f"{head}{f'Content-Length: {length}' if length else 'X: y'}\r\n\r\n".encode())
                assert link.recv(100).split()[1] == status
        assert requests.get(served.url, timeout=5).status_code == 501

    def test_one_connection_carries_many_requests(self, ask):
        assert {ask(request("eth_chainId")).elapsed.total_seconds() < 0.2 for _ in range(20)} == {True}


def test_many_clients_at_once_see_one_chain(served, local, clock, alice, bob):
    """Each sender's transactions are all mined once, in order, while blocks are mined by requests too."""
    failures = []

    def send_some(sender):
        try:
            chain = RpcChain.connect(served.url, chain_id=71, clock=clock, finality=QbftFinal())
            for _ in range(8):
                chain.send({"to": sender.address, "value": 1}, sender, gas=21_000)
                chain._node.ask("evm_mine")
                chain.finalized_header()
        except Exception as error:  # noqa: BLE001 - shown by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=send_some, args=(sender,)) for sender in (alice, bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert failures == []
    local.mine()
    sent = [
        transaction
        for number in range(local.head().number + 1)
        for transaction in local.ledger.block(number).transactions
    ]
    assert len(sent) == len({transaction.hash for transaction in sent}) == 16


def test_another_process_can_use_it(served, local, clock, alice):
    program = f"""
from eth_account import Account
from chains import QbftFinal, RpcChain
chain = RpcChain.connect({served.url!r}, chain_id=71, finality=QbftFinal())
account = Account.from_key({alice.key.hex()!r})
print(chain.send({{"to": account.address, "value": 3}}, account).hex(), chain.finalized_header().is_final)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    sent, is_final = result.stdout.split()
    assert local.wait(bytes.fromhex(sent))["status"] == 1
    assert is_final == "False"
