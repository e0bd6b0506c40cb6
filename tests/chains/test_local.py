import os
import subprocess
import sys
from pathlib import Path

import pytest
import rlp
from eth_hash.auto import keccak
from eth_hash.backends import SUPPORTED_BACKENDS

import chains
from chains import Depth, QbftFinal, Reason, Rejected, TransactionReverted
from chains.evm import decode_transaction, point_evaluation
from chains.keys import CURVE_ORDER
from tests.chains.assembler import assemble
from tests.chains.probe import ABI, BYTECODE


@pytest.mark.parametrize("first", ["chains", "bridge.relaying", "exchange.sdk", "relayers.fleet", "clearspan.devnet"])
def test_hashing_uses_the_fast_backend_whatever_is_imported_first(first):
    assert "pysha3" in SUPPORTED_BACKENDS
    script = f"import {first}; from eth_hash.auto import keccak; keccak(b''); print(keccak.hasher.__self__)"
    environment = {name: value for name, value in os.environ.items() if name != "ETH_HASH_BACKEND"}
    answer = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=True, env=environment, cwd=Path(chains.__file__).parents[1],
    )  # fmt: skip
    assert "PySha3Backend" in answer.stdout


def run(make_local, account, **overrides):
    chain = make_local(**overrides)
    probe = chain.deploy_code(ABI, BYTECODE, (), account)
    chain.transact(probe.functions.set(1, 2), account)
    return [chain.header(number).sealed_rlp for number in range(3)]


def test_the_same_seed_gives_the_same_blocks_and_seals(make_local, alice):
    assert run(make_local, alice) == run(make_local, alice)
    assert run(make_local, alice, seed=2)[1:] != run(make_local, alice)[1:]
    assert run(make_local, alice, chain_id=72)[0] != run(make_local, alice)[0]


def test_the_block_is_what_its_transactions_saw(local, deploy_probe, alice):
    probe = deploy_probe(local)
    head = local.head()
    seen = local.call(probe.functions.see())
    assert seen == [71, head.number, head.timestamp, int.from_bytes(head.fields[13], "big"), 7]
    assert local.call(probe.functions.ancestor(head.number - 1)) == head.parent_hash
    assert local.call(probe.functions.ancestor(head.number)) == bytes(32)
    number = local.transact(probe.functions.remember(), alice)["blockNumber"]
    block = local.header(number)
    remembered = [local.evm.storage(block.state_root, bytes.fromhex(probe.address[2:]), slot) for slot in range(6)]
    words = (block.fields[13], block.fields[11], b"\x07", block.coinbase, b"\x47", block.parent_hash)
    assert remembered == [int.from_bytes(word, "big") for word in words]


def test_a_pending_call_sees_the_next_block(local, deploy_probe, clock):
    probe = deploy_probe(local)
    clock.advance(50)
    _, number, timestamp, _, _ = local.call(probe.functions.see(), block="pending")
    assert (number, timestamp) == (local.head().number + 1, clock.now())
    assert local.mine().timestamp == timestamp


def test_time_always_moves(local, clock):
    first, second = local.mine(), local.mine()
    assert (first.timestamp, second.timestamp) == (clock.now() + 1, clock.now() + 2)
    clock.advance(60)
    assert local.mine().timestamp == clock.now()
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1)


def test_blocks_are_shared_and_fees_stay(local, alice, bob):
    sent = [local.send({"to": bob.address}, alice, value=1, gas=21_000) for _ in range(20)]
    header = local.mine()
    assert {local.wait(one)["blockNumber"] for one in sent} == {header.number}
    assert (header.gas_used, header.base_fee) == (20 * 21_000, 7)
    assert len(local.pool) == 0


def test_what_does_not_fit_waits(make_local, alice, bob):
    chain = make_local(gas_limit=1_000_000)
    sent = [chain.send({"to": bob.address}, alice, gas=990_000) for _ in range(2)]
    small = chain.send({"to": alice.address}, bob, gas=21_000)
    first = chain.mine()
    assert [chain.ledger.find_transaction(bytes(one)) is not None for one in (*sent, small)] == [True, False, True]
    assert (first.gas_used, len(chain.pool)) == (42_000, 1)
    assert chain.wait(sent[1])["blockNumber"] == first.number + 1
    with pytest.raises(Rejected) as caught:
        chain.send({"to": bob.address}, alice, gas=1_000_001)
    assert caught.value.reason is Reason.GAS_LIMIT_TOO_HIGH


def test_nobodys_later_transaction_overtakes_an_earlier(make_local, alice):
    chain = make_local(gas_limit=1_000_000)
    probe = deploy_probe_with(chain, alice)
    burning = [chain.send(probe.functions.burn(), alice, gas=400_000) for _ in range(3)]
    last = chain.send({"to": alice.address}, alice, gas=21_000)
    first, second = chain.mine(), chain.mine()
    where = [chain.ledger.find_transaction(bytes(one)).block.header.number for one in (*burning, last)]
    assert where == [first.number, first.number, second.number, second.number]


def deploy_probe_with(chain, account):
    return chain.deploy_code(ABI, BYTECODE, (), account, gas=900_000)


def test_sending_again_changes_nothing(local, alice):
    raw = bytes(
        alice.sign_transaction(
            {"to": alice.address, "chainId": 71, "nonce": 0, "gas": 21_000, "gasPrice": 10**9, "value": 0}
        ).raw_transaction
    )
    assert local.submit(raw) == local.submit(raw)
    assert len(local.pool) == 1
    local.mine()
    assert local.submit(raw) == keccak(raw)
    assert len(local.pool) == 0


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.MALFORMED_TRANSACTION),
        (b"\x02", Reason.MALFORMED_TRANSACTION),
        (b"\x02\xc0", Reason.MALFORMED_TRANSACTION),
        (b"\x03\xc0", Reason.UNSUPPORTED_TRANSACTION),
        (b"\x7f\xc0", Reason.MALFORMED_TRANSACTION),
        (b"\xc0", Reason.MALFORMED_TRANSACTION),
        (b"\xff" * 50, Reason.MALFORMED_TRANSACTION),
    ],
)
def test_bytes_that_are_no_transaction_are_refused(local, raw, reason):
    with pytest.raises(Rejected) as caught:
        local.submit(raw)
    assert caught.value.reason is reason


def test_every_cut_and_every_changed_byte_of_a_transaction_is_refused_or_somebody_elses(local, alice):
    raw = bytes(
        alice.sign_transaction(
            {"type": 2, "to": alice.address, "chainId": 71, "nonce": 0, "gas": 21_000, "maxFeePerGas": 99, "value": 1,
             "maxPriorityFeePerGas": 0}
        ).raw_transaction
    )  # fmt: skip
    for length in range(len(raw)):
        with pytest.raises(Rejected):
            local.submit(raw[:length])
    for position in range(len(raw)):
        with pytest.raises(Rejected):
            local.submit(raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :])
    with pytest.raises(Rejected):
        local.submit(raw + b"\x00")
    assert local.submit(raw) == keccak(raw)


def test_a_signature_in_its_second_form_is_refused(local, alice):
    fields = {
        "type": 2, "to": alice.address, "chainId": 71, "nonce": 0, "gas": 21_000, "maxFeePerGas": 99, "value": 1,
        "maxPriorityFeePerGas": 0,
    }  # fmt: skip
    raw = bytes(alice.sign_transaction(fields).raw_transaction)
    *unsigned, parity, r, s = rlp.decode(raw[1:])
    mirrored = (CURVE_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    twin = b"\x02" + rlp.encode([*unsigned, b"" if parity else b"\x01", r, mirrored])
    assert local.submit(raw) == keccak(raw)
    with pytest.raises(Rejected, match="InvalidSignature: s is high"):
        local.submit(twin)


def test_too_little_gas_and_too_low_a_fee_are_refused(local, alice):
    with pytest.raises(Rejected, match="GasLimitTooLow: 20999, at least 21000"):
        local.send({"to": alice.address}, alice, gas=20_999)
    with pytest.raises(Rejected, match="GasLimitTooLow: 61000, at least 61040"):
        local.send({"to": alice.address, "data": b"\x01" * 1001}, alice, gas=61_000)
    cheap = {"to": alice.address, "chainId": 71, "nonce": 0, "gas": 21_000, "gasPrice": 6, "value": 0}
    with pytest.raises(Rejected, match="FeeTooLow"):
        local.submit(bytes(alice.sign_transaction(cheap).raw_transaction))
    with pytest.raises(Rejected, match="unknown fields: from, too"):
        local.send({"too": alice.address, "from": alice.address}, alice)


def test_120_kilobytes_of_calldata_fit(local, alice, bob):
    receipt = local.transact({"to": bob.address, "data": b"\x01" * 120_000}, alice)
    assert receipt["gasUsed"] == 21_000 + 40 * 120_000


def test_access_lists_are_taken_and_served(local, alice):
    fields = {
        "type": 1, "to": alice.address, "chainId": 71, "nonce": 0, "gas": 50_000, "gasPrice": 10**9, "value": 0,
        "accessList": [{"address": alice.address, "storageKeys": ["0x" + "00" * 31 + "05"]}],
    }  # fmt: skip
    mined = local.wait(local.submit(bytes(alice.sign_transaction(fields).raw_transaction)))
    served = local.w3.eth.get_transaction(mined["transactionHash"])
    assert served["accessList"][0]["storageKeys"][0] == "0x" + "00" * 31 + "05"


def test_depth_finality_seals_late(make_local):
    chain = make_local(finality=Depth(3))
    mined = [chain.mine() for _ in range(3)]
    assert [header.seals for header in mined] == [()] * 3
    assert chain.finalized_header() == chain.header(0)
    chain.mine()
    assert chain.finalized_header().number == 1
    assert chain.finalized_header().is_final
    assert chain.finalized_header().hash == mined[0].hash
    assert [chain.header(number).is_final for number in range(1, 5)] == [True, False, False, False]
    assert chain.w3.eth.get_block("finalized")["number"] == 1


def test_late_seals_are_those_of_the_set_the_header_names(make_local):
    chain = make_local(finality=Depth(2))
    old = chain.validators
    chain.mine()
    chain.rotate(make_local(seed=5).validators.validators)
    chain.mine()
    for member in old.validators[:2]:
        member.online = False
    head = chain.head()
    with pytest.raises(chains.ChainHalted) as caught:
        chain.mine()
    assert (caught.value.online, caught.value.needed, chain.head()) == (2, 3, head)
    for member in old.validators[:2]:
        member.online = True
    chain.mine()
    assert set(chain.header(1).signers) == set(old.addresses)
    assert set(chain.header(2).validators).isdisjoint(old.addresses)


def test_finality_policies():
    assert [QbftFinal().finalized_height(head) for head in (0, 1, 9)] == [0, 1, 9]
    assert [Depth(2).finalized_height(head) for head in (0, 1, 2, 9)] == [0, 0, 0, 7]
    with pytest.raises(ValueError, match="at least one"):
        Depth(0)


def test_a_risen_base_fee_makes_a_transaction_wait_not_vanish(make_local, alice, bob):
    chain = make_local(gas_limit=1_000_000)
    probe = deploy_probe_with(chain, alice)
    for _ in range(2):
        chain.send(probe.functions.burn(), alice, gas=500_000)
    fields = {"to": bob.address, "chainId": 71, "nonce": 0, "gas": 21_000, "gasPrice": 7, "value": 0}
    patient = chain.submit(bytes(bob.sign_transaction(fields).raw_transaction))
    assert chain.mine().gas_used == 1_000_000
    assert chain.next_base_fee() == 8
    assert chain.wait(patient)["effectiveGasPrice"] == 7


def test_a_transaction_that_stopped_being_valid_is_reported(local, alice):
    fields = {"to": alice.address, "chainId": 71, "nonce": 3, "gas": 21_000, "gasPrice": 7, "value": 0}
    stale = decode_transaction(bytes(alice.sign_transaction(fields).raw_transaction))
    local.pool.keep_only([stale])
    assert local.mine().gas_used == 0
    with pytest.raises(Rejected, match="TransactionDropped: Invalid transaction nonce: Expected 0, but got 3"):
        local.wait(stale.hash)


def test_the_trusted_setup_is_loaded_once():
    path = point_evaluation.TRUSTED_SETUP_PATH
    assert point_evaluation.load_trusted_setup(path, 0) is point_evaluation.load_trusted_setup(path, 0)


def test_reverts_of_a_constructor_are_readable(local, alice):
    with pytest.raises(TransactionReverted) as caught:
        local.deploy_code([], assemble("0 0 REVERT"), (), alice)
    assert caught.value.error == "EmptyRevert()"
