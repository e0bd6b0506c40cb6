"""What a chain over JSON-RPC has to do beyond what every chain does."""

import socket
import traceback

import pytest

from chains import (
    DishonestNode,
    NonceTooLow,
    OutcomeUnknown,
    Patience,
    PlainHeader,
    QbftFinal,
    Reason,
    Rejected,
    RpcChain,
    RpcTag,
    Unavailable,
    WrongChainId,
    verify_account,
    verify_storage,
)
from chains.provider import LocalProvider
from tests.chains.anvil import free_port


class Meddler(LocalProvider):
    """A node's link that can be told to alter answers, to fail, and what it was asked."""

    def __init__(self, chain):
        super().__init__(chain.api)
        self.changes, self.failures, self.asked = {}, {}, []

    def make_request(self, method, params):
        self.asked.append(method)
        for when, failure in self.failures.get(method, ()):
            if when == "before":
                raise failure
        response = super().make_request(method, params)
        for _, failure in self.failures.get(method, ()):
            raise failure
        return self.changes.get(method, lambda answer, _: answer)(response, params)


@pytest.fixture
def link(local):
    return Meddler(local)


@pytest.fixture
def far(link, local, clock):
    """A chain seen through a link that can be meddled with."""
    elapsed = [0.0]

    def sleep(seconds):
        elapsed[0] += seconds

    patience = Patience(unknown_seconds=1, mined_seconds=5, sleep=sleep, monotonic=lambda: elapsed[0])
    return RpcChain(link, chain_id=71, clock=clock, finality=QbftFinal(), patience=patience)


def signed(account, **overrides):
    fields = {
        "type": 2, "chainId": 71, "nonce": 0, "gas": 100_000, "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 0, "value": 1, "to": account.address, "data": b"",
    }  # fmt: skip
    return bytes(account.sign_transaction({**fields, **overrides}).raw_transaction)


class TestConnecting:
    def test_another_chain_is_refused_at_once(self, served):
        assert RpcChain.connect(served.url, chain_id=71).w3.is_connected()
        with pytest.raises(WrongChainId) as caught:
            RpcChain.connect(served.url, chain_id=72)
        assert (caught.value.given, caught.value.expected) == (71, 72)
        assert str(caught.value) == "WrongChainId: the node serves chain 71, expected is chain 72"

    def test_nobody_there_and_the_urls_key_stays_out_of_it(self):
        key = "k" * 8 + "0123"
        with pytest.raises(Unavailable) as caught:
            RpcChain.connect(f"http://127.0.0.1:{free_port()}/v3/{key}", chain_id=71)
        assert caught.value.reason is Reason.NODE_UNREACHABLE
        assert key not in "".join(traceback.format_exception(caught.value))

    def test_no_url(self):
        with pytest.raises(Rejected) as caught:
            RpcChain.connect("127.0.0.1", chain_id=71)
        assert caught.value.reason is Reason.INVALID_PARAMETERS

    def test_silence_is_cut_short(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            with pytest.raises(Unavailable) as caught:
                RpcChain.connect(url, chain_id=71, patience=Patience(request_seconds=0.05))
        assert caught.value.reason is Reason.TIMED_OUT

    def test_a_node_that_is_exchanged_later_gets_nothing(self, far, link, alice):
        link.changes["eth_chainId"] = lambda answer, _: {**answer, "result": hex(72)}
        with pytest.raises(WrongChainId):
            far.send({"to": alice.address}, alice)
        with pytest.raises(WrongChainId):
            far.submit(signed(alice))
        assert "eth_sendRawTransaction" not in link.asked
        assert not far.w3.is_connected()

    def test_nothing_signed_for_another_chain_gets_out(self, far, link, alice):
        with pytest.raises(WrongChainId):
            far.submit(signed(alice, chainId=72))
        with pytest.raises(Rejected) as caught:
            far.submit(b"\x02rubbish")
        assert caught.value.reason is Reason.MALFORMED_TRANSACTION
        assert "eth_sendRawTransaction" not in link.asked
        assert len(far.submit(signed(alice))) == 32


class TestSubmitting:
    def test_the_same_bytes_again_change_nothing(self, far, local, alice):
        raw = signed(alice)
        assert far.submit(raw) == far.submit(raw)
        local.mine()
        with pytest.raises(NonceTooLow):
            far.submit(signed(alice, value=2))
        assert far.submit(raw) == far.wait(far.submit(raw))["transactionHash"]
        assert far.w3.eth.get_transaction_count(alice.address) == 1

    def test_a_lost_answer_is_asked_for_again(self, far, link, local, alice):
        def lose_once(answer, _):
            del link.changes["eth_sendRawTransaction"]
            raise ConnectionResetError

        link.changes["eth_sendRawTransaction"] = lose_once
        assert len(far.send({"to": alice.address}, alice)) == 32
        assert len(local.pool) == 1

    @pytest.mark.parametrize("taken", [True, False])
    def test_an_answer_that_never_comes_leaves_the_transaction_in_hand(self, far, link, local, alice, taken):
        link.failures["eth_sendRawTransaction"] = [("after" if taken else "before", ConnectionResetError())]
        with pytest.raises(OutcomeUnknown) as caught:
            far.send({"to": alice.address}, alice)
        assert isinstance(caught.value, Unavailable)
        assert len(local.pool) == int(taken)
        link.failures.clear()
        assert far.submit(caught.value.raw) == caught.value.transaction_hash
        local.mine()
        assert far.wait(caught.value.transaction_hash)["status"] == 1
        assert far.w3.eth.get_transaction_count(alice.address) == 1

    def test_refusals_have_their_reasons(self, far, link, alice):
        for message, reason in (
            ("insufficient funds for gas * price + value", Reason.INSUFFICIENT_FUNDS),
            ("replacement transaction underpriced", Reason.NONCE_TOO_LOW),
            ("max fee per gas less than block base fee", Reason.FEE_TOO_LOW),
            ("the moon is in the wrong house", Reason.NODE_REFUSED),
        ):
            error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": message}}
            link.changes["eth_sendRawTransaction"] = lambda _answer, _params, error=error: error
            link.changes["eth_getTransactionByHash"] = lambda answer, _: {**answer, "result": None}
            with pytest.raises(Rejected) as caught:
                far.send({"to": alice.address}, alice)
            assert caught.value.reason is reason

    def test_a_node_that_is_busy_says_so(self, far, link):
        link.changes["eth_blockNumber"] = lambda _a, _p: {"error": {"code": -32005, "message": "limit exceeded"}}
        with pytest.raises(Unavailable) as caught:
            _ = far.w3.eth.block_number
        assert caught.value.reason is Reason.RATE_LIMITED


class TestWaiting:
    def test_it_ends_when_nobody_mines(self, far, alice):
        sent = far.send({"to": alice.address}, alice)
        with pytest.raises(Unavailable) as caught:
            far.wait(sent)
        assert caught.value.reason is Reason.TIMED_OUT
        assert far.receipt(sent) is None

    def test_it_ends_sooner_when_nobody_knows_the_transaction(self, far):
        with pytest.raises(Rejected) as caught:
            far.wait(b"\x01" * 32)
        assert caught.value.reason is Reason.UNKNOWN_TRANSACTION
        assert far.patience.monotonic() == 1.0

    def test_a_node_behind_is_given_a_moment(self, far, link, local, alice):
        sent = far.send({"to": alice.address}, alice)
        looks = []

        def forget_twice(answer, _):
            looks.append(answer)
            if len(looks) == 3:
                local.mine()
            return {**answer, "result": None}

        link.changes["eth_getTransactionByHash"] = forget_twice
        assert far.wait(sent)["status"] == 1
        assert len(looks) == 3

    def test_failures_are_explained_without_receipts_that_say_why(self, far, local, deploy_probe, alice):
        local_probe = deploy_probe(local)
        probe = far.w3.eth.contract(address=local_probe.address, abi=local_probe.abi)
        for call, gas, error in (
            (probe.functions.complain(), 100_000, "Error(no)"),
            (probe.functions.burn(), 100_000, "InvalidInstruction()"),
            (probe.functions.set(9, 9), 30_000, "OutOfGas()"),
        ):
            sent = far.send(call, alice, gas=gas)
            local.mine()
            with pytest.raises(Rejected) as caught:
                far.wait(sent)
            assert caught.value.message == error


class TestHeaders:
    def test_seals_come_through(self, far, local):
        local.mine()
        assert far.head() == local.head() == far.finalized_header()
        assert far.head().is_final
        assert far.head().sealed_rlp == local.head().sealed_rlp

    def test_a_chain_without_seals_claims_none(self, make_anvil_chain):
        chain = make_anvil_chain()
        head = chain.head()
        assert isinstance(head, PlainHeader)
        assert (head.validators, head.seals, head.signers, head.sorted_seals) == ((), (), (), ())
        assert not head.is_final
        assert chain.finalized_header().is_final
        for missing in ("rlp_without_seals", "commit_digest"):
            with pytest.raises(Rejected) as caught:
                getattr(head, missing)
            assert caught.value.reason is Reason.NOT_SEALED

    def test_a_chain_without_seals_is_never_final_by_its_validators(self, make_anvil_chain):
        with pytest.raises(Unavailable) as caught:
            make_anvil_chain(finality=QbftFinal()).finalized_header()
        assert caught.value.reason is Reason.NOT_SEALED

    @pytest.mark.parametrize(("tag", "depth"), [("finalized", 2), ("safe", 1)])
    def test_finality_by_the_nodes_word(self, make_anvil_chain, anvil, tag, depth):
        chain = make_anvil_chain(finality=RpcTag(tag))
        for _ in range(4):
            anvil.mine()
        assert chain.finalized_header().number == chain.head().number - depth
        assert chain.header(chain.head().number - depth).is_final
        assert not chain.head().is_final

    def test_a_node_that_names_nothing_final(self, far, link):
        far.finality = RpcTag()
        link.changes["eth_getBlockByNumber"] = lambda answer, _: {**answer, "result": None}
        with pytest.raises(Unavailable) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.NOTHING_FINAL


def lie_about_blocks(**fields):
    return lambda answer, _: {**answer, "result": {**answer["result"], **fields}}


class TestLies:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("stateRoot", f"0x{'ab' * 32}"),
            ("parentHash", f"0x{'ab' * 32}"),
            ("hash", f"0x{'ab' * 32}"),
            ("timestamp", "0x1"),
            ("number", "0x7"),
            ("extraData", "0x"),
            ("requestsHash", None),
        ],
    )
    def test_a_header_that_does_not_hash_to_its_hash(self, far, link, local, field, value):
        local.mine()
        assert far.header(1) == local.header(1)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(**{field: value})
        for read in (far.head, lambda: far.header(1), far.finalized_header):
            with pytest.raises(DishonestNode) as caught:
                read()
            assert caught.value.reason is Reason.FALSE_HEADER

    def test_another_block_than_the_one_asked_for(self, far, link, local):
        local.mine()
        block = local.api.respond("eth_getBlockByNumber", ["0x0"])["result"]
        link.changes["eth_getBlockByNumber"] = lambda answer, _: {**answer, "result": block}
        with pytest.raises(DishonestNode) as caught:
            far.header(1)
        assert caught.value.reason is Reason.FALSE_HEADER
        assert far.header(0).number == 0

    @pytest.mark.parametrize("seals", ["too few", "a stranger's"])
    def test_a_final_header_needs_a_quorum(self, far, link, local, seals):
        header = local.mine()
        kept = list(header.seals[:2])
        if seals == "a stranger's":
            kept = [*header.seals, header.sealed_by([b"\x07" * 32]).seals[0]]
        forged = header.with_seals(kept)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(extraData=f"0x{forged.extra.encode().hex()}")
        assert far.head() == forged
        with pytest.raises(Unavailable) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.NOT_SEALED
        link.changes.clear()
        assert far.finalized_header() == header

    def test_a_seal_that_is_none(self, far, link, local):
        forged = local.mine().with_seals([bytes(65)] * 3)
        link.changes["eth_getBlockByNumber"] = lie_about_blocks(extraData=f"0x{forged.extra.encode().hex()}")
        with pytest.raises(DishonestNode) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.INVALID_SEAL

    def test_final_blocks_stay(self, far, link, local, make_local):
        local.mine()
        first = far.finalized_header()
        other = make_local()
        other.clock.advance(50)
        for _ in range(3):
            other.mine()
        link._api = other.api
        with pytest.raises(DishonestNode) as caught:
            far.finalized_header()
        assert caught.value.reason is Reason.FINALITY_VIOLATED
        link._api = local.api
        assert far.finalized_header() == first
        local.mine()
        assert far.finalized_header().number == 2

    def test_a_node_that_lags_takes_nothing_back(self, far, link, local):
        for _ in range(3):
            local.mine()
        newest = far.finalized_header()
        link.changes["eth_getBlockByNumber"] = lambda answer, params: (
            local_answer(local, "0x1") if params[0] == "latest" else answer
        )
        assert far.head().number == 1
        assert far.finalized_header() == newest

    @pytest.mark.parametrize(
        "answer",
        [
            {"jsonrpc": "2.0", "id": 1},
            {"result": "0x1"},
            {"result": {}},
            {"result": []},
            {"result": {"hash": 3}},
            [],
            "what",
        ],
    )
    def test_answers_of_no_shape(self, far, link, answer):
        link.changes["eth_getBlockByNumber"] = lambda _answer, _params: answer
        with pytest.raises(DishonestNode) as caught:
            far.head()
        assert caught.value.reason is Reason.MALFORMED_ANSWER


def local_answer(chain, tag):
    return {"jsonrpc": "2.0", "id": 1, **chain.api.respond("eth_getBlockByNumber", [tag])}


class TestProofs:
    @pytest.fixture
    def kept(self, local, deploy_probe, alice):
        """A contract with two words, and the height at which it has them."""
        probe = deploy_probe(local)
        local.transact(probe.functions.set(3, 14), alice)
        return probe.address, local.transact(probe.functions.set(5, 1), alice)["blockNumber"]

    def test_a_true_one_is_the_local_one(self, far, local, kept):
        address, number = kept
        proof = far.get_proof(address, [3, 5], number)
        assert proof == local.get_proof(address, [3, 5], number)
        root = verify_account(far.header(number).state_root, proof).storage_hash
        assert [verify_storage(root, storage) for storage in proof.storage] == [14, 1]

    def test_inlined_nodes_may_be_listed(self, far, link, local, kept):
        def pad(answer, _):
            answer["result"]["storageProof"][0]["proof"].append("0xc22001")
            return answer

        link.changes["eth_getProof"] = pad
        assert far.get_proof(kept[0], [3], kept[1]) == local.get_proof(kept[0], [3], kept[1])

    def test_every_lie_in_a_proof_is_found(self, far, link, local, kept):
        address, number = kept
        far.get_proof(address, [3, 4], number)

        def lies(proof):
            yield {**proof, "balance": "0x1"}
            yield {**proof, "nonce": "0x7"}
            yield {**proof, "codeHash": f"0x{'11' * 32}"}
            yield {**proof, "storageHash": f"0x{'11' * 32}"}
            yield {**proof, "accountProof": proof["accountProof"][:-1]}
            yield {**proof, "accountProof": [*proof["accountProof"], proof["accountProof"][-1]]}
            yield {**proof, "accountProof": []}
            true, absent = proof["storageProof"]
            for value in ("0x0", "0xf"):
                yield {**proof, "storageProof": [{**true, "value": value}, absent]}
            yield {**proof, "storageProof": [{**true, "proof": true["proof"][:-1]}, absent]}
            yield {**proof, "storageProof": [{**true, "value": "0x0", "proof": []}, absent]}
            yield {**proof, "storageProof": [true, {**absent, "value": "0x1"}]}
            yield {**proof, "storageProof": [true, {**absent, "proof": []}]}

        true = local.api.respond("eth_getProof", [address, ["0x3", "0x4"], hex(number)])["result"]
        for lie in lies(true):
            link.changes["eth_getProof"] = lambda answer, _, lie=lie: {**answer, "result": lie}
            with pytest.raises(DishonestNode) as caught:
                far.get_proof(address, [3, 4], number)
            assert caught.value.reason is Reason.INVALID_PROOF

    def test_flipping_any_bit_is_found(self, far, link, local, kept):
        address, number = kept
        true = local.api.respond("eth_getProof", [address, ["0x3"], hex(number)])["result"]
        node = bytes.fromhex(true["storageProof"][0]["proof"][0][2:])
        for position in range(0, len(node) * 8, 5):
            flipped = bytearray(node)
            flipped[position // 8] ^= 1 << position % 8
            entry = {**true["storageProof"][0], "proof": [f"0x{flipped.hex()}", *true["storageProof"][0]["proof"][1:]]}
            lie = {**true, "storageProof": [entry]}
            link.changes["eth_getProof"] = lambda answer, _, lie=lie: {**answer, "result": lie}
            with pytest.raises(DishonestNode):
                far.get_proof(address, [3], number)

    def test_a_hidden_account_is_found(self, far, link, local, kept):
        address, number = kept
        stranger = local.api.respond("eth_getProof", [f"0x{'77' * 20}", ["0x3"], hex(number)])["result"]
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": stranger}
        with pytest.raises(DishonestNode):
            far.get_proof(address, [3], number)
        proof = far.get_proof(f"0x{'77' * 20}", [3], number)
        assert (proof.balance, proof.storage[0].value) == (0, 0)
        claims = {**stranger, "balance": "0x1"}
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": claims}
        with pytest.raises(DishonestNode):
            far.get_proof(f"0x{'77' * 20}", [3], number)

    def test_other_slots_than_those_asked_for(self, far, link, local, kept):
        address, number = kept
        other = local.api.respond("eth_getProof", [address, ["0x5"], hex(number)])["result"]
        link.changes["eth_getProof"] = lambda answer, _: {**answer, "result": other}
        for slots in ([3], [3, 5], []):
            with pytest.raises(DishonestNode) as caught:
                far.get_proof(address, slots, number)
            assert caught.value.reason is Reason.MALFORMED_ANSWER
        assert far.get_proof(address, [5], number).storage[0].value == 1

    def test_a_block_that_is_replaced_meanwhile_is_no_lie(self, far, link, local, make_local, kept):
        address, number = kept
        other = make_local()
        other.clock.advance(50)
        while other.head().number < number:
            other.mine()

        def reorganise(answer, params):
            link._api = other.api
            return {"jsonrpc": "2.0", "id": 1, **other.api.respond("eth_getProof", params)}

        link.changes["eth_getProof"] = reorganise
        with pytest.raises(Unavailable) as caught:
            far.get_proof(address, [3], number)
        assert caught.value.reason is Reason.REORGANISED
