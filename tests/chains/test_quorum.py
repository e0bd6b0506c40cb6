"""Several nodes, one of them at fault: what is answered, who is named, and what it costs."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
import requests

from chains import (
    Depth,
    DishonestNode,
    EndpointNode,
    Fault,
    QbftFinal,
    QuorumChain,
    Reason,
    Rejected,
    Unavailable,
)
from chains.agreement import RULES
from chains.endpoints import BENCH_SECONDS
from chains.http_link import HttpLink, RateLimited
from chains.quorum_provider import QuorumProvider
from tests.chains.conftest import ALICE, BOB, CHAIN_ID, ETHER, patience_that
from tests.chains.meddler import Meddler

LOCK = threading.RLock()
QUESTIONS = tuple(RULES)


class Node(Meddler):
    """A node's link, for several threads: the chain behind it is one program."""

    def make_request(self, method, params):
        with LOCK:
            return super().make_request(method, params)

    def down(self):
        self.failures = {method: [("before", requests.ConnectionError())] for method in QUESTIONS}


@pytest.fixture
def world(local, clock):
    """Three nodes of one chain, of which two have to agree, and a clock for the bench."""
    now = [1_000.0]
    nodes = [Node(local) for _ in range(3)]
    endpoints = [
        EndpointNode(name, node, CHAIN_ID, now=lambda: now[0])
        for name, node in zip(("one", "two", "three"), nodes, strict=True)
    ]
    chain = QuorumChain(
        endpoints, chain_id=CHAIN_ID, quorum=2, clock=clock, finality=QbftFinal(), patience=patience_that(local.mine)
    )
    return SimpleNamespace(chain=chain, nodes=nodes, endpoints=endpoints, now=now, local=local)


def faults(world):
    return {(event.endpoint, event.fault) for event in world.chain.events}


def ask_often(world, times=4):
    """Enough questions that each endpoint is among the first asked."""
    return [world.chain.header(1) for _ in range(times)]


@pytest.mark.parametrize(("quorum", "endpoints"), [(1, 2), (1, 3), (2, 4), (0, 1), (4, 3)], ids=str)
def test_a_quorum_is_a_majority(local, quorum, endpoints):
    nodes = [EndpointNode(str(number), Node(local), CHAIN_ID) for number in range(endpoints)]
    with pytest.raises(Rejected) as caught:
        QuorumChain(nodes, chain_id=CHAIN_ID, quorum=quorum)
    assert caught.value.reason is Reason.INVALID_PARAMETERS


class TestOneAtFault:
    """The others answer, and it is named."""

    @pytest.fixture(autouse=True)
    def _mined(self, local):
        local.mine()

    def test_all_is_well(self, world):
        assert ask_often(world) == [world.local.header(1)] * 4
        assert world.chain.finalized_header() == world.local.finalized_header()
        assert world.chain.events == ()

    def test_down(self, world):
        world.nodes[0].down()
        assert ask_often(world) == [world.local.header(1)] * 4
        assert faults(world) == {("one", Fault.UNREACHABLE)}

    def test_slow(self, world):
        world.nodes[1].failures["eth_getBlockByNumber"] = [("before", requests.Timeout())]
        ask_often(world)
        assert faults(world) == {("two", Fault.SLOW)}

    def test_wrong_chain(self, world):
        world.nodes[2].changes["eth_chainId"] = lambda answer, _: {**answer, "result": "0x1"}
        ask_often(world)
        assert faults(world) == {("three", Fault.WRONG_CHAIN)}

    def test_a_false_header(self, world):
        world.nodes[0].changes["eth_getBlockByNumber"] = lambda answer, _: {
            **answer, "result": {**answer["result"], "stateRoot": f"0x{'ab' * 32}"},
        }  # fmt: skip
        assert ask_often(world) == [world.local.header(1)] * 4
        assert faults(world) == {("one", Fault.LYING)}

    def test_another_block_than_the_one_asked_for(self, world):
        genesis = world.local.api.respond("eth_getBlockByNumber", ["0x0", False])
        world.nodes[0].changes["eth_getBlockByNumber"] = lambda _answer, _params: genesis
        ask_often(world)
        assert faults(world) == {("one", Fault.LYING)}

    def test_a_whole_other_chain_that_is_true_to_itself(self, world, make_local):
        world.chain.finalized_header()
        other = make_local()
        other.clock.advance(9)
        other.mine()
        world.nodes[1]._api = other.api
        assert ask_often(world) == [world.local.header(1)] * 4
        assert faults(world) == {("two", Fault.DISAGREES)}

    def test_a_final_block_is_replaced(self, world, make_local):
        world.chain.finalized_header()
        ask_often(world)
        other = make_local()
        other.clock.advance(9)
        other.mine()
        world.nodes[1]._api = other.api
        assert ask_often(world) == [world.local.header(1)] * 4
        assert faults(world) == {("two", Fault.INCONSISTENT)}

    def test_whoever_is_on_another_fork_for_a_while_is_not_blamed(self, world, make_local):
        """What is not final may be replaced, at one node sooner than at another."""
        world.chain.finality = Depth(3)
        world.chain.finalized_header()
        fork = make_local()
        fork.clock.advance(9)
        fork.mine()
        world.nodes[1]._api = fork.api
        ask_often(world)
        for _ in range(4):
            world.chain.w3.eth.get_balance(BOB.address, 1)
        assert faults(world) == set()
        world.nodes[1]._api = world.local.api
        for _ in range(5):
            world.local.mine()
        assert world.chain.finalized_header().number > 1
        ask_often(world)
        assert faults(world) == set()

    @pytest.mark.parametrize("early", [0, 1], ids=["the agreed answer is the older", "the other answer is the older"])
    def test_whose_answer_is_of_before_a_reorganisation_is_not_blamed(self, world, early):
        """The first answers of each are of different times; asked again, all say the same."""
        world.chain.finality = Depth(3)
        world.chain.finalized_header()
        old = {0, 2} if early == 0 else {1}
        for number in old:
            first = iter([hex(7)])
            world.nodes[number].changes["eth_getBalance"] = lambda answer, _, first=first: {
                **answer,
                "result": next(first, answer["result"]),
            }
        world.chain.w3.eth.get_balance(BOB.address, 1)
        assert faults(world) == set()

    def test_a_receipt_that_was_there_before_a_reorganisation_blames_nobody(self, world, deploy_probe):
        probe = deploy_probe(world.local)
        world.chain.finality = Depth(3)
        world.chain.finalized_header()
        sent = world.local.transact(probe.functions.set(3, 14), ALICE)["transactionHash"]
        for number in (0, 2):
            world.nodes[number].changes["eth_getTransactionReceipt"] = lambda _answer, _params: {"result": None}
        first = iter([True])
        world.nodes[1].changes["eth_getTransactionReceipt"] = lambda answer, _: (
            answer if next(first, False) else {"result": None}
        )
        assert world.chain.receipt(sent) is None
        assert faults(world) == set()

    def test_a_lie_about_what_is_not_final_is_named(self, world):
        world.chain.finality = Depth(3)
        world.chain.finalized_header()
        world.nodes[1].changes["eth_getBalance"] = lambda answer, _: {**answer, "result": hex(7)}
        for _ in range(4):
            world.chain.w3.eth.get_balance(BOB.address, 1)
        assert faults(world) == {("two", Fault.DISAGREES)}

    def test_a_transaction_mined_at_one_node_and_waiting_at_another_blames_nobody(self, world, deploy_probe):
        probe = deploy_probe(world.local)
        sent = world.local.transact(probe.functions.set(3, 14), ALICE)["transactionHash"]
        world.nodes[0].changes["eth_getTransactionByHash"] = lambda answer, _: {
            "result": {**answer["result"], "blockHash": None, "blockNumber": None, "transactionIndex": None}
        }
        for _ in range(4):
            assert world.chain.w3.eth.get_transaction(sent)["hash"] == sent
        assert faults(world) == set()

    def test_malformed(self, world):
        world.nodes[2].changes["eth_getBlockByNumber"] = lambda _answer, _params: {"result": "what"}
        ask_often(world)
        assert faults(world) == {("three", Fault.MALFORMED)}

    def test_lagging(self, world):
        for _ in range(20):
            world.local.mine()
        world.nodes[0].changes["eth_blockNumber"] = lambda answer, _: {**answer, "result": "0x2"}
        assert world.chain.head() == world.local.head()
        assert faults(world) == {("one", Fault.LAGGING)}

    def test_one_that_is_ahead_moves_nobody(self, world):
        world.nodes[0].changes["eth_blockNumber"] = lambda answer, _: {**answer, "result": "0xffff"}
        assert world.chain.head() == world.local.head()
        assert world.chain.finalized_header() == world.local.finalized_header()

    def test_a_wrong_word_and_a_wrong_balance(self, world):
        world.nodes[1].changes["eth_getBalance"] = lambda answer, _: {**answer, "result": "0x7"}
        assert [world.chain.w3.eth.get_balance(BOB.address) for _ in range(3)] == [ETHER] * 3
        assert faults(world) == {("two", Fault.DISAGREES)}

    def test_a_proof_that_proves_nothing(self, world, deploy_probe):
        probe = deploy_probe(world.local)
        number = world.local.transact(probe.functions.set(3, 14), ALICE)["blockNumber"]

        def junk(answer, _):
            (entry,) = answer["result"]["storageProof"]
            return {"result": {**answer["result"], "storageProof": [{**entry, "proof": []}]}}

        world.nodes[0].changes["eth_getProof"] = junk
        for _ in range(4):
            assert world.chain.get_proof(probe.address, [3], number) == world.local.get_proof(
                probe.address, [3], number
            )
        assert faults(world) == {("one", Fault.LYING)}

    @pytest.mark.parametrize("change", ["missing", "extra"])
    def test_wrong_logs(self, world, deploy_probe, change):
        probe = deploy_probe(world.local)
        world.local.transact(probe.functions.set(3, 14), ALICE)
        first, last = 0, world.local.head().number
        true = world.local.logs(probe.events.Stored(), first, last)

        def meddle(answer, _):
            logs = answer["result"]
            return {"result": logs[1:] if change == "missing" else [*logs, logs[-1]]}

        world.nodes[2].changes["eth_getLogs"] = meddle
        far = world.chain.w3.eth.contract(address=probe.address, abi=probe.abi)
        for _ in range(4):
            assert len(world.chain.logs(far.events.Stored(), first, last)) == len(true) == 1
        assert faults(world) == {("three", Fault.DISAGREES)}

    def test_a_receipt_that_says_a_failure_succeeded(self, world, deploy_probe):
        probe = deploy_probe(world.local)
        sent = world.local.transact(probe.functions.set(3, 14), ALICE)["transactionHash"]
        world.nodes[0].changes["eth_getTransactionReceipt"] = lambda answer, _: {
            "result": {**answer["result"], "status": "0x0"}
        }
        for _ in range(4):
            assert world.chain.receipt(sent)["status"] == 1
        assert faults(world) == {("one", Fault.DISAGREES)}

    def test_a_receipt_only_one_node_has_is_no_receipt_yet(self, world, deploy_probe):
        probe = deploy_probe(world.local)
        sent = world.local.transact(probe.functions.set(3, 14), ALICE)["transactionHash"]
        for node in world.nodes[:2]:
            node.changes["eth_getTransactionReceipt"] = lambda _answer, _params: {"result": None}
        assert world.chain.receipt(sent) is None
        world.nodes[0].changes.clear()
        assert world.chain.receipt(sent)["status"] == 1

    def test_nobody_drives_up_a_fee(self, world):
        world.nodes[0].changes["eth_gasPrice"] = lambda answer, _: {**answer, "result": hex(10**18)}
        assert world.chain.w3.eth.gas_price == world.local.w3.eth.gas_price

    def test_a_transaction_is_taken_by_whoever_takes_it(self, world):
        for node in world.nodes[:2]:
            node.changes["eth_sendRawTransaction"] = lambda _answer, _params: {
                "error": {"code": -32000, "message": "txpool is full"}
            }
        sent = world.chain.send({"to": BOB.address, "value": 1}, ALICE)
        assert world.chain.wait(sent)["status"] == 1
        assert [node.asked.count("eth_sendRawTransaction") for node in world.nodes] == [1, 1, 1]


class TestTooFew:
    """Fewer than the quorum are left: nothing is answered, whoever is left."""

    @pytest.fixture(autouse=True)
    def _mined(self, local):
        local.mine()

    def questions(self, world):
        return (
            world.chain.head,
            lambda: world.chain.header(1),
            world.chain.finalized_header,
            lambda: world.chain.get_proof(BOB.address, [0], 1),
            lambda: world.chain.w3.eth.get_balance(BOB.address),
            lambda: world.chain.send({"to": BOB.address, "value": 1}, ALICE, gas=30_000, nonce=0),
        )

    def test_two_down(self, world):
        for node in world.nodes[:2]:
            node.down()
        for question in self.questions(world):
            with pytest.raises(Unavailable) as caught:
                question()
            assert caught.value.reason is Reason.QUORUM_LOST
        for node in world.nodes[:2]:
            node.failures.clear()
        world.now[0] += 3_600
        assert world.chain.head() == world.local.head()

    def test_three_that_all_say_something_else(self, world, make_local):
        for number, node in enumerate(world.nodes[1:], 1):
            other = make_local()
            other.clock.advance(9 * number)
            other.mine()
            node._api = other.api
        with pytest.raises(Unavailable) as caught:
            world.chain.header(1)
        assert caught.value.reason is Reason.QUORUM_LOST


class TestBench:
    def test_an_endpoint_returns_after_its_time_and_stays_away_longer_each_time(self, world):
        world.local.mine()
        world.nodes[0].down()
        for expected in (*BENCH_SECONDS[Fault.UNREACHABLE], BENCH_SECONDS[Fault.UNREACHABLE][-1]):
            ask_often(world)
            event = world.chain.events[-1]
            assert (event.endpoint, event.benched_until - event.since) == ("one", expected)
            world.now[0] = event.benched_until - 0.1
            assert not world.endpoints[0].is_usable
            world.now[0] = event.benched_until
            assert world.endpoints[0].is_usable
        world.nodes[0].failures.clear()
        asked = len(world.nodes[0].asked)
        ask_often(world)
        assert len(world.nodes[0].asked) > asked

    def test_one_outage_is_one_strike_however_many_threads_it_met(self, world):
        schedule, endpoint = BENCH_SECONDS[Fault.SLOW], world.endpoints[0]
        for expected in schedule[:2]:
            events = [endpoint.bench(Fault.SLOW) for _ in range(20)]
            assert {event.benched_until - event.since for event in events} == {expected}
            world.now[0] = events[-1].benched_until

    def test_it_has_to_name_its_chain_again(self, world):
        world.local.mine()
        world.nodes[0].down()
        ask_often(world)
        world.nodes[0].failures.clear()
        world.nodes[0].changes["eth_chainId"] = lambda answer, _: {**answer, "result": "0x1"}
        world.now[0] += 100
        ask_often(world)
        assert world.chain.events[-1].fault is Fault.WRONG_CHAIN

    def test_retry_after_is_obeyed(self, world):
        world.local.mine()
        world.nodes[0].failures["eth_getBlockByNumber"] = [("before", RateLimited("busy", 77.0))]
        ask_often(world)
        (event,) = world.chain.events
        assert (event.fault, event.benched_until - event.since) == (Fault.RATE_LIMITED, 77.0)


class TestIncident51:
    """KelpDAO, 2026: nodes that lie to the verifier alone, honest ones made to fail, to force fail-over."""

    @pytest.fixture
    def forged(self, world, make_local):
        """The attacker's version of the chain, which one endpoint serves; the honest ones are flooded."""
        world.local.mine()
        forged = make_local(balances={BOB.address: 10**6 * ETHER})
        forged.mine()
        world.nodes[2]._api = forged.api
        for node in world.nodes[:2]:
            node.down()
        world.chain.finality = Depth(1)
        return forged

    def test_incident_51_failing_over_costs_liveness_and_never_the_quorum(self, world, forged):
        with pytest.raises(Unavailable) as caught:
            world.chain.w3.eth.get_balance(BOB.address)
        assert caught.value.reason is Reason.QUORUM_LOST

    def test_incident_51_the_twin_that_falls_back_to_any_live_node_believes_the_attacker(
        self, world, forged, monkeypatch
    ):
        def any_live_node(provider):
            return 1 if sum(endpoint.is_usable for endpoint in provider.endpoints) < 2 else 2

        del world.chain.provider.quorum
        monkeypatch.setattr(QuorumProvider, "quorum", property(any_live_node), raising=False)
        assert world.chain.w3.eth.get_balance(BOB.address) == 10**6 * ETHER

    def test_incident_51_even_a_bought_quorum_seals_no_header(self, world, forged, clock):
        """Two liars agree on what is not final by seals they do not have."""
        header = forged.mine()
        naked = header.with_seals([])
        for node in world.nodes[1:]:
            node.failures.clear()
            node._api = forged.api
            node.changes["eth_getBlockByNumber"] = lambda answer, _: {
                **answer, "result": {**answer["result"], "extraData": f"0x{naked.extra.encode().hex()}"},
            }  # fmt: skip
        world.now[0] += 3_600
        world.chain.finality = QbftFinal()
        with pytest.raises((Unavailable, DishonestNode)) as caught:
            world.chain.finalized_header()
        assert caught.value.reason in {Reason.NOT_SEALED, Reason.FALSE_HEADER}


class TestHttpLink:
    @pytest.fixture
    def server(self):
        """Answers whatever a test puts into `reply`."""
        reply = SimpleNamespace(status=200, headers={}, chunks=[b'{"jsonrpc":"2.0","id":1,"result":"0x47"}'], asked=[])

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                reply.asked.append(self.path)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for chunk in reply.chunks:
                    self.wfile.write(chunk)

            def log_message(self, *_):
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
            threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
            reply.url = f"http://127.0.0.1:{httpd.server_port}"
            yield reply
            httpd.shutdown()

    def node(self, server, **arguments):
        link = HttpLink(server.url, **{"timeout_seconds": 5, **arguments})
        return EndpointNode("one", link, CHAIN_ID).node

    def test_an_answer(self, server):
        assert self.node(server).ask("eth_chainId") == "0x47"

    def test_more_bytes_than_allowed(self, server):
        server.chunks = [b"x" * 70_000] * 10
        with pytest.raises(DishonestNode) as caught:
            self.node(server, answer_bytes_max=100_000).ask("eth_chainId")
        assert caught.value.reason is Reason.OVERSIZED_ANSWER

    def test_too_many_requests_and_when_to_come_back(self, server):
        server.status, server.headers = 429, {"Retry-After": "33"}
        with pytest.raises(RateLimited) as caught:
            self.node(server).ask("eth_chainId")
        assert caught.value.retry_after_seconds == 33
        server.headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
        with pytest.raises(RateLimited) as caught:
            self.node(server).ask("eth_chainId")
        assert caught.value.retry_after_seconds is None

    def test_an_answer_that_drips(self, server):
        ticks = iter(range(0, 1_000, 3))
        with pytest.raises(Unavailable) as caught:
            self.node(server, monotonic=lambda: next(ticks), timeout_seconds=2).ask("eth_chainId")
        assert caught.value.reason is Reason.TIMED_OUT

    def test_no_redirects(self, server):
        server.status, server.headers, server.chunks = 302, {"Location": server.url + "/elsewhere"}, []
        with pytest.raises(DishonestNode) as caught:
            self.node(server).ask("eth_chainId")
        assert caught.value.reason is Reason.MALFORMED_ANSWER
        assert server.asked == ["/"]
