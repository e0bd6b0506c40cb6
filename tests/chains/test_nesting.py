"""Nothing from outside is nested so deeply that it ends the process; py-evm's own limit would let it."""

import sys
import threading

import pytest
from eth_hash.auto import keccak

from chains import ProofError, verify_trie
from chains.json_rpc import answer
from chains.qbft import ExtraData, MalformedHeader
from tests.chains.assembler import deployment


def nested(levels):
    encoded = b"\xc0"
    for _ in range(levels):
        if len(encoded) < 56:
            encoded = bytes([0xC0 + len(encoded)]) + encoded
        else:
            length = len(encoded).to_bytes((len(encoded).bit_length() + 7) // 8, "big")
            encoded = bytes([0xF7 + len(length)]) + length + encoded
    return encoded


def test_the_limit_is_ours():
    assert sys.getrecursionlimit() <= 12_000


@pytest.mark.parametrize("levels", [10, 20_000])
def test_nodes_and_extra_data(levels):
    with pytest.raises(ProofError):
        verify_trie(keccak(nested(levels)), bytes(32), [nested(levels)])
    with pytest.raises(MalformedHeader):
        ExtraData.decode(nested(levels))


def test_json_in_a_thread():
    answers = []
    thread = threading.Thread(target=lambda: answers.append(answer(None, b"[" * 1_000_000)))
    thread.start()
    thread.join()
    assert b"-32700" in answers[0]


def test_the_deepest_calls_still_run(local, alice):
    """A contract that calls itself with all its gas, as often as the rule of 63/64 lets it."""
    call_itself = bytes.fromhex("5f5f5f5f5f305af100")
    contract = local.deploy_code([], deployment(call_itself), (), alice)
    assert local.w3.eth.get_code(contract.address) == call_itself
    receipt = local.transact({"to": contract.address}, alice, gas=60_000_000)
    assert receipt["gasUsed"] > 60_000
