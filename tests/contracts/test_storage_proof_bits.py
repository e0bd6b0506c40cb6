"""Flipped bits of a whole proof, as clients are given it: the call reverts, or there was no difference.

A stride of 9 takes one bit of each byte, every bit of a byte in turn; the slow campaign takes them all.
"""

import pytest

from bridge.abi import mapping_slot
from bridge.clients import encode_client_proof
from chains.errors import TransactionReverted
from contracts import storage_slot
from tests.contracts.attesting import BALANCE, attest
from tests.contracts.harness import TRADER, deploy

CHUNK = 1_024
STRIDES = [9, pytest.param(1, marks=pytest.mark.slow)]


class Proven:
    """Two words of one token, proven together: the storage proofs share their first node."""

    def __init__(self):
        self.attesting = attest()
        self.header = self.attesting.mine()
        self.attesting.take(self.attesting.update(self.attesting.attestation(self.header)))
        balances = storage_slot("TestToken", "_balances")
        self.slots = [
            mapping_slot(bytes(12) + bytes.fromhex(TRADER.address[2:]), balances),
            storage_slot("TestToken", "_totalSupply"),
        ]
        account = self.attesting.source.get_proof(self.attesting.token.address, self.slots, self.header.number)
        self.nodes = [*account.account_nodes, *(node for word in account.storage for node in word.nodes)]
        self.proof = encode_client_proof(self.header, account)

    def call(self, value, proof=None):
        return self.attesting.client.functions.verifyStorage(
            self.header.number,
            self.attesting.token.address,
            [slot.to_bytes(32, "big") for slot in self.slots],
            [value.to_bytes(32, "big")] * 2,
            self.proof if proof is None else proof,
        )

    def survivors(self, value, stride):
        """Positions in the proof of bytes with a bit that may be flipped, and what the call says then."""
        host = self.attesting.host
        flipper = deploy(host, "TestFlipper")
        call = bytes.fromhex(self.attesting.client.encode_abi("verifyStorage", self.call(value).args)[2:])
        begin = call.index(self.proof)
        first, end = 8 * begin, 8 * (begin + len(self.proof))
        found, said = set(), set()
        for chunk in range(first, end, CHUNK * stride):
            last = min(chunk + CHUNK * stride, end)
            function = flipper.functions.survivors(self.attesting.client.address, call, chunk, last, stride)
            bits, outputs = host.call(function)
            found |= {bit // 8 - begin for bit in bits}
            said |= {int.from_bytes(output, "big") for output in outputs}
        return found, said


@pytest.fixture(scope="module")
def proven():
    return Proven()


@pytest.mark.parametrize("stride", STRIDES)
def test_a_flipped_bit_is_noticed_wherever_it_matters(proven, stride):
    assert proven.attesting.host.call(proven.call(BALANCE)) == proven.header.timestamp
    found, said = proven.survivors(BALANCE, stride)
    assert said <= {proven.header.timestamp}
    bound = {at for node in proven.nodes if node in proven.proof for at in _span(proven.proof, node)}
    assert bound
    assert not found & (bound | set(range(128))), "a bit of the state or of a node made no difference"
    assert all(proven.proof[at] == 0 for at in found), "only the encoding's padding is nobody's business"


@pytest.mark.parametrize("stride", STRIDES)
def test_no_flipped_bit_proves_another_value(proven, stride):
    assert proven.survivors(BALANCE + 1, stride) == (set(), set())


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_no_cut_proves_anything(proven, step):
    padding = -len(proven.nodes[-1]) % 32
    whole = len(proven.proof) - padding
    for length in range(0, whole, step):
        with pytest.raises(TransactionReverted):
            proven.attesting.host.call(proven.call(BALANCE, proven.proof[:length]))
    assert proven.attesting.host.call(proven.call(BALANCE, proven.proof[:whole])) == proven.header.timestamp


def test_every_node_is_carried_once(proven):
    assert len(proven.nodes) > len(set(proven.nodes))
    for node in proven.nodes:
        assert proven.proof.count(node) == 1


def _span(whole, part):
    begin = whole.index(part)
    return range(begin, begin + len(part))
