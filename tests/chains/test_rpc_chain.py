"""What a chain over JSON-RPC has to do beyond what every chain does."""

import socket
import traceback

import pytest

from chains import (
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
)
from tests.chains.anvil import free_port


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
