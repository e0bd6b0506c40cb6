"""Networks whose chains are sound and whose contracts are not ours, or not where the file says."""

import pytest

import contracts
from bridge.abi import ZERO_ADDRESS
from clearspan import Devnet
from clearspan.kept import KeptRun
from clearspan.verify import verification, verify_directory
from clearspan.verify.deployed import is_code_of


@pytest.fixture
def hollow(tmp_path, monkeypatch):
    """A kept run with vaults that believe what a depositor says he sent, one of which believed it."""
    honest = contracts.load
    broken = contracts.twin("vault-ignores-value")
    monkeypatch.setattr(contracts, "load", lambda name: broken if name == "CollateralVault" else honest(name))
    with Devnet(directory=tmp_path) as net:
        network = net.core.network
        entry = network.deployment.vaults[0]
        chain = network.by_id[entry.chain_id]
        deposit = chain.contract("CollateralVault", entry.vault).functions.deposit(ZERO_ADDRESS, 70, entry.vault, 0)
        chain.transact(deposit, network.keys.owner)
        net.settle()
    monkeypatch.undo()
    return tmp_path


def test_a_vault_that_is_not_ours_is_found(hollow):
    answer = verify_directory(hollow)
    assert [row.name for row in answer.checks if not row.ok] == ["contracts"]
    assert "CollateralVault" in answer.reason


def test_books_without_money_are_found(hollow, monkeypatch):
    monkeypatch.setattr(verification, "check_contracts", lambda *_: 0)
    answer = verify_directory(hollow)
    assert [row.name for row in answer.checks if not row.ok] == ["conservation"]
    assert "of which 70 are gone" in answer.reason
    assert not any(row.difference for row in answer.books), "the books alone add up"


def test_a_file_that_swaps_two_contracts_is_found(demo, tmp_path):
    network = KeptRun.load(demo.directory).network
    first, second = network.vaults
    chains = verification.open_chains(demo.directory, network)
    try:
        assert verification.check_contracts(network, chains) == 12
        swapped = network.settlement.model_copy(update={"outbox": network.settlement.rollup})
        with pytest.raises(verification.Rejected, match="ForeignContract"):
            verification.check_contracts(network.model_copy(update={"settlement": swapped}), chains)
        foreign = network.settlement.model_copy(update={"ledger": network.settlement.rollup})
        with pytest.raises(verification.Rejected, match="WiredDifferently: ForcedQueue"):
            verification.check_contracts(network.model_copy(update={"settlement": foreign}), chains)
        vaults = (first, second.model_copy(update={"mailbox": network.settlement.mailbox}))
        with pytest.raises(verification.Rejected):
            verification.check_contracts(network.model_copy(update={"vaults": vaults}), chains)
    finally:
        for chain in chains.values():
            chain.close()


def test_code_is_compared_outside_of_immutables_only():
    code = contracts.load("Rollup").deployed_bytecode
    at = code.find(b"\x7f" + bytes(32))
    assert at > 0
    assert is_code_of("Rollup", code)
    assert is_code_of("Rollup", code[: at + 1] + b"\xab" * 32 + code[at + 33 :])
    assert not is_code_of("Rollup", code[:at] + b"\x7e" + code[at + 1 :])
    assert not is_code_of("Rollup", code + b"\x00")
    assert not is_code_of("CollateralVault", code)
