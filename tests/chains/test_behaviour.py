"""What every chain must do, whoever runs it; another implementation joins through the `chain` fixture."""

import pytest
from eth_account import Account
from eth_hash.auto import keccak
from hexbytes import HexBytes
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError

from chains import (
    InsufficientFunds,
    NonceTooHigh,
    NonceTooLow,
    ProofError,
    Reason,
    Rejected,
    TransactionReverted,
    verify_account,
    verify_storage,
)
from chains.reverts import declared_errors, decode_revert
from tests.chains import probe as probe_contract


def signed(chain, account, **overrides):
    fields = {
        "type": 2, "chainId": chain.chain_id, "nonce": 0, "gas": 100_000, "maxFeePerGas": 10**9,
        "maxPriorityFeePerGas": 0, "value": 1, "to": account.address, "data": b"",
    }  # fmt: skip
    fields.update(overrides)
    return account.sign_transaction(
        {name: value for name, value in fields.items() if value is not None}
    ).raw_transaction


def test_it_answers_its_own_id(chain, probe):
    assert chain.w3.eth.chain_id == chain.chain_id == 71
    assert chain.call(probe.functions.see())[0] == 71


def test_a_transaction_for_another_chain_is_refused_and_one_for_this_is_not(chain, alice):
    with pytest.raises(Web3RPCError, match="WrongChainId: signed for chain 72, this is chain 71"):
        chain.w3.eth.send_raw_transaction(signed(chain, alice, chainId=72))
    accepted = chain.w3.eth.send_raw_transaction(signed(chain, alice))
    assert chain.wait(accepted)["status"] == 1


def test_legacy_transactions_obey_the_chain_id_too(chain, alice):
    legacy = {"type": None, "maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": 10**9}
    with pytest.raises(Web3RPCError, match="WrongChainId: signed for chain 72"):
        chain.w3.eth.send_raw_transaction(signed(chain, alice, chainId=72, **legacy))
    with pytest.raises(Web3RPCError, match="WrongChainId: signed for no chain in particular"):
        chain.w3.eth.send_raw_transaction(signed(chain, alice, chainId=None, **legacy))
    accepted = chain.w3.eth.send_raw_transaction(signed(chain, alice, **legacy))
    assert chain.wait(accepted)["type"] == 0
    assert chain.w3.eth.get_transaction(accepted)["chainId"] == 71


def test_nonces_follow_one_another(chain, alice):
    with pytest.raises(NonceTooHigh):
        chain.send({"to": alice.address}, alice, nonce=1)
    first = chain.send({"to": alice.address}, alice)
    second = chain.send({"to": alice.address}, alice)
    with pytest.raises(NonceTooLow):
        chain.send({"to": alice.address, "value": 2}, alice, nonce=1)
    assert chain.w3.eth.get_transaction_count(alice.address, "pending") == 2
    assert chain.w3.eth.get_transaction_count(alice.address) == 0
    assert chain.wait(second)["blockNumber"] >= chain.wait(first)["blockNumber"]
    assert chain.w3.eth.get_transaction_count(alice.address) == 2


def test_whoever_cannot_pay_is_refused(chain, alice, pauper):
    with pytest.raises(InsufficientFunds):
        chain.send({"to": alice.address}, pauper)
    chain.transact({"to": pauper.address}, alice, value=10**18)
    assert chain.transact({"to": alice.address}, pauper, value=1)["status"] == 1


def test_value_moves_and_only_the_base_fee_is_paid(chain, alice, pauper):
    before = chain.w3.eth.get_balance(alice.address)
    receipt = chain.transact({"to": pauper.address}, alice, value=5, gas=21_000)
    assert chain.w3.eth.get_balance(pauper.address) == 5
    assert before - chain.w3.eth.get_balance(alice.address) == 5 + 21_000 * receipt["effectiveGasPrice"]


def test_deploy_call_and_logs(chain, probe, alice):
    receipt = chain.transact(probe.functions.set(3, 14), alice)
    assert chain.call(probe.functions.get(3)) == 14
    assert chain.call(probe.functions.get(4)) == 0
    height = receipt["blockNumber"]
    (event,) = chain.logs(probe.events.Stored, height, height)
    assert dict(event["args"]) == {"slot": 3, "value": 14}
    assert (event["blockNumber"], event["transactionHash"]) == (height, receipt["transactionHash"])
    assert chain.logs(probe.events.Stored, 0, height - 1) == ()


def test_logs_are_told_apart_by_address_and_topic(chain, deploy_probe, alice):
    first, second = deploy_probe(chain), deploy_probe(chain)
    for contract, slot in ((first, 1), (second, 1), (first, 2)):
        chain.transact(contract.functions.set(slot, 9), alice)
    head = chain.head().number
    assert [event["args"]["slot"] for event in chain.logs(first.events.Stored, 0, head)] == [1, 2]
    assert [event["args"]["slot"] for event in chain.logs(second.events.Stored, 0, head)] == [1]
    only = first.events.Stored.get_logs(argument_filters={"slot": 2}, from_block=0, to_block=head)
    assert [event["args"]["slot"] for event in only] == [2]


def test_past_blocks_are_still_answered_for(chain, probe, alice):
    old = chain.transact(probe.functions.set(1, 10), alice)["blockNumber"]
    chain.transact(probe.functions.set(1, 20), alice)
    assert chain.call(probe.functions.get(1), block=old) == 10
    assert chain.call(probe.functions.get(1)) == 20
    assert int.from_bytes(chain.w3.eth.get_storage_at(probe.address, 1, old), "big") == 10
    assert chain.w3.eth.get_code(probe.address, 0) == b""
    assert chain.w3.eth.get_code(probe.address) == probe_contract.RUNTIME


@pytest.mark.parametrize(
    ("function", "error"),
    [
        ("complain()", "Error(no)"),
        ("panic()", "Panic(17, arithmetic overflow or underflow)"),
        ("vanish()", "EmptyRevert()"),
    ],
)
def test_reverts_are_readable(chain, probe, alice, function, error):
    call = probe.get_function_by_signature(function)()
    with pytest.raises(TransactionReverted) as called:
        chain.call(call)
    with pytest.raises(TransactionReverted) as sent:
        chain.transact(call, alice)
    assert called.value.error == sent.value.error == error
    assert called.value.reason is Reason.TRANSACTION_REVERTED


def test_an_error_nobody_declared_keeps_its_bytes(chain, probe, alice):
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(probe.functions.refuse(5), alice)
    assert caught.value.error_name == "UnknownError"
    assert caught.value.output == keccak(b"Refused(uint256)")[:4] + (5).to_bytes(32, "big")


def test_failures_of_the_machine_are_told_apart_from_reverts(chain, probe, alice):
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(probe.functions.set(9, 9), alice, gas=30_000)
    assert caught.value.error == "OutOfGas()"
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(probe.functions.burn(), alice)
    assert caught.value.error == "InvalidInstruction()"
    with pytest.raises(TransactionReverted) as caught:
        chain.call(probe.functions.burn())
    assert caught.value.error == "InvalidInstruction()"


def test_failures_are_explained_as_they_happened(chain, alice, bob):
    """With what came before in the same block: replayed on the block before, the balance would be 0."""
    token = chain.deploy("TestToken", ["Dollar", "USD", 6], alice)
    chain.send(token.functions.mint(alice.address, 10), alice)
    sent = chain.send(token.functions.transfer(bob.address, 11), alice)
    with pytest.raises(TransactionReverted) as caught:
        chain.wait(sent)
    assert caught.value.error == f"ERC20InsufficientBalance({alice.address}, 10, 11)"


def test_handing_a_transaction_over_again_changes_nothing(chain, alice, pauper):
    raw = bytes(signed(chain, alice, to=pauper.address))
    pending = chain.submit(raw)
    assert chain.submit(raw) == pending
    assert chain.wait(pending)["status"] == 1
    assert chain.submit(raw) == pending
    assert chain.w3.eth.get_balance(pauper.address) == 1


def test_a_reverted_transaction_is_mined_and_changes_nothing_else(chain, probe, alice):
    sent = chain.send(probe.functions.vanish(), alice, value=7)
    with pytest.raises(TransactionReverted):
        chain.wait(sent)
    receipt = chain.w3.eth.get_transaction_receipt(sent)
    assert (receipt["status"], receipt["logs"], chain.w3.eth.get_balance(probe.address)) == (0, [], 0)


def test_web3_alone_sees_a_revert_too(chain, probe):
    with pytest.raises(ContractLogicError, match="no"):
        probe.functions.complain().call()


def test_proofs_verify_against_the_header(chain, probe, alice):
    number = chain.transact(probe.functions.set(3, 14), alice)["blockNumber"]
    chain.transact(probe.functions.set(3, 15), alice)
    header = chain.header(number)
    proof = chain.get_proof(probe.address, [3, 4], number)
    account = verify_account(header.state_root, proof)
    assert account.code_hash == keccak(probe_contract.RUNTIME)
    assert verify_storage(account.storage_hash, proof.storage[0]) == 14
    assert proof.storage[1].value == 0
    with pytest.raises(ProofError, match="Absent"):
        verify_storage(account.storage_hash, proof.storage[1])
    with pytest.raises(ProofError, match="HashMismatch"):
        verify_account(chain.head().state_root, proof)


def test_web3_serves_the_same_proof(chain, probe, alice):
    chain.transact(probe.functions.set(3, 14), alice)
    padded = HexBytes((3).to_bytes(32, "big"))  # anvil takes no shorter keys
    served = chain.w3.eth.get_proof(probe.address, [padded], "latest")
    proof = chain.get_proof(probe.address, [3], chain.head().number)
    assert tuple(map(bytes, served["accountProof"])) == proof.account_nodes
    assert tuple(map(bytes, served["storageProof"][0]["proof"])) == proof.storage[0].nodes
    assert int.from_bytes(served["storageProof"][0]["value"], "big") == 14


def test_headers_link_and_follow_the_clock(chain, clock, alice):
    chain.transact({"to": alice.address}, alice)
    clock.advance(100)
    chain.transact({"to": alice.address}, alice)
    head = chain.head()
    assert head.parent_hash == chain.header(head.number - 1).hash
    assert head.timestamp == clock.now()
    block = chain.w3.eth.get_block("latest")
    assert (bytes(block["hash"]), block["timestamp"]) == (head.hash, head.timestamp)
    assert chain.finalized_header().is_final


def test_what_is_unknown_is_said_to_be_unknown(chain):
    with pytest.raises(Rejected) as caught:
        chain.header(99)
    assert caught.value.reason is Reason.UNKNOWN_BLOCK
    with pytest.raises(Rejected) as caught:
        chain.wait(bytes(32))
    assert caught.value.reason is Reason.UNKNOWN_TRANSACTION
    with pytest.raises(TransactionNotFound):
        chain.w3.eth.get_transaction_receipt(bytes(32))


def test_gas_estimates_suffice_and_are_not_generous(chain, probe, alice):
    estimate = probe.functions.set(5, 5).estimate_gas({"from": alice.address})
    used = chain.transact(probe.functions.set(5, 5), alice, gas=estimate)["gasUsed"]
    assert used <= estimate <= used + used // 32
    with pytest.raises(ContractLogicError):
        probe.functions.vanish().estimate_gas({"from": alice.address})


def test_artifacts_of_the_house_deploy_and_their_errors_are_readable(chain, alice, bob):
    token = chain.deploy("TestToken", ["Dollar", "USD", 6], alice)
    chain.transact(token.functions.mint(alice.address, 10), alice)
    same = chain.contract("TestToken", token.address)
    assert chain.call(same.functions.balanceOf(alice.address)) == 10
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(same.functions.transfer(bob.address, 11), alice)
    assert caught.value.error == f"ERC20InsufficientBalance({alice.address}, 10, 11)"
    assert caught.value.error_args == (alice.address, 10, 11)


def test_an_account_nobody_funded_has_nothing(chain):
    stranger = Account.from_key(bytes([9]) * 32).address
    proof = chain.get_proof(stranger, [], chain.head().number)
    assert (proof.balance, proof.nonce) == (0, 0)
    with pytest.raises(ProofError, match="Absent"):
        verify_account(chain.head().state_root, proof)


def test_every_declared_error_decodes(chain):
    assert len(declared_errors()) > 50
    for selector, error in declared_errors().items():
        if not error.types:
            assert str(decode_revert(selector)) == f"{error.name}()"
