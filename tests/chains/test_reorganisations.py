"""What a reader of a chain without instant finality may rely on while anvil rewrites its blocks."""

import pytest

from chains import Depth, DishonestNode, Reason, Rejected, RpcTag, Unavailable

DEPTH = 3


@pytest.fixture
def chain(make_anvil_chain):
    return make_anvil_chain(finality=Depth(DEPTH))


def mine(anvil, clock, blocks):
    for _ in range(blocks):
        anvil.mine(clock)


def reorganise(anvil, depth):
    """Replace so many newest blocks by empty ones."""
    before = anvil.ask("eth_getBlockByNumber", "latest", False)["hash"]
    anvil.ask("anvil_reorg", depth, [])
    assert anvil.ask("eth_getBlockByNumber", "latest", False)["hash"] != before


@pytest.mark.parametrize("depth", range(1, DEPTH + 1))
def test_what_is_final_survives_every_reorganisation_it_promises_to(chain, anvil, clock, depth):
    mine(anvil, clock, 6)
    head, final = chain.head(), chain.finalized_header()
    assert final.number == head.number - DEPTH
    reorganise(anvil, depth)
    assert chain.head().hash != head.hash
    assert chain.header(head.number - depth).hash == chain.header(head.number - depth + 1).parent_hash
    assert chain.header(final.number) == chain.finalized_header() == final
    mine(anvil, clock, 2)
    assert chain.finalized_header().number == final.number + 2


def test_a_deeper_one_is_not_passed_over_in_silence(chain, anvil, clock):
    mine(anvil, clock, 6)
    final = chain.finalized_header()
    reorganise(anvil, DEPTH + 1)
    for _ in range(2):
        with pytest.raises(DishonestNode) as caught:
            chain.finalized_header()
        assert isinstance(caught.value, Unavailable)
        assert caught.value.reason is Reason.FINALITY_VIOLATED
    assert final.hash.hex() in str(caught.value)
    mine(anvil, clock, DEPTH)
    with pytest.raises(DishonestNode):
        chain.finalized_header()


def test_a_tag_that_takes_its_word_back_is_noticed_too(make_anvil_chain, anvil, clock):
    chain = make_anvil_chain(finality=RpcTag("safe"))
    mine(anvil, clock, 4)
    chain.finalized_header()
    reorganise(anvil, 3)
    with pytest.raises(DishonestNode) as caught:
        chain.finalized_header()
    assert caught.value.reason is Reason.FINALITY_VIOLATED


def test_a_shorter_chain_leaves_what_was_final(chain, anvil, clock):
    before = anvil.ask("evm_snapshot")
    mine(anvil, clock, 2)
    final = chain.finalized_header()
    anvil.ask("evm_revert", before)
    assert chain.head().number < final.number + DEPTH
    assert chain.finalized_header() == final


def test_a_transaction_that_is_taken_out_again_is_noticed(chain, anvil, alice, pauper):
    raw_hash = chain.send({"to": pauper.address, "value": 5}, alice)
    raw = bytes(alice.sign_transaction(signable(chain, raw_hash)).raw_transaction)
    receipt = chain.wait(raw_hash)
    assert chain.receipt(raw_hash)["blockHash"] == receipt["blockHash"]
    reorganise(anvil, 1)
    assert chain.receipt(raw_hash) is None
    with pytest.raises(Rejected) as caught:
        chain.wait(raw_hash)
    assert caught.value.reason is Reason.TRANSACTION_DROPPED
    assert f"was in block {receipt['blockNumber']}" in str(caught.value)
    assert chain.w3.eth.get_balance(pauper.address) == 0
    assert chain.submit(raw) == raw_hash
    assert chain.wait(raw_hash)["blockHash"] != receipt["blockHash"]
    assert chain.w3.eth.get_balance(pauper.address) == 5


def test_one_that_waits_again_is_waited_for(chain, anvil, alice, pauper):
    before = anvil.ask("evm_snapshot")
    sent = chain.send({"to": pauper.address, "value": 5}, alice)
    first = chain.wait(sent)
    again = chain.w3.eth.get_raw_transaction(sent)
    anvil.ask("evm_revert", before)
    assert chain.receipt(sent) is None
    chain.submit(bytes(again))
    assert chain.wait(sent)["transactionHash"] == first["transactionHash"]
    assert chain.w3.eth.get_balance(pauper.address) == 5


def test_a_proof_of_a_block_that_is_gone_is_not_served(chain, anvil, clock, probe, alice):
    number = chain.transact(probe.functions.set(1, 7), alice)["blockNumber"]
    header = chain.header(number)
    assert chain.get_proof(probe.address, [1], number).storage[0].value == 7
    reorganise(anvil, 1)
    assert chain.header(number).hash != header.hash
    assert chain.get_proof(probe.address, [1], number).storage[0].value == 0


def signable(chain, transaction_hash):
    """The fields that were signed, to have the very same bytes again."""
    mined = chain.w3.eth.get_transaction(transaction_hash)
    names = ("chainId", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas", "to", "value")
    return {"type": 2, "data": mined["input"], **{name: mined[name] for name in names}}
