import sqlite3
from contextlib import closing

import pytest

from chains import (
    Depth,
    LocalChain,
    Reason,
    Rejected,
    TransactionReverted,
    audit,
    verify_account,
    verify_storage,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "chain.db"


@pytest.fixture
def kept(make_local, deploy_probe, alice, path):
    """A chain with a contract, a word, an event and a failure, and what was asked of it while it lived."""
    chain = make_local(database_path=path, finality=Depth(1), name="kept")
    probe = deploy_probe(chain)
    stored = chain.transact(probe.functions.set(3, 14), alice)
    failed = chain.send(probe.functions.complain(), alice)
    with pytest.raises(TransactionReverted):
        chain.wait(failed)
    chain.rotate(chain.validators.validators[:3])
    chain.mine()
    return chain, probe, stored, failed


def test_a_reopened_chain_answers_as_it_did(kept, path):
    chain, probe, stored, failed = kept
    chain.close()
    again = LocalChain.open(path)
    assert (again.chain_id, again.name, again.gas_limit) == (71, "kept", chain.gas_limit)
    assert [again.header(n) for n in range(again.head().number + 1)] == [
        chain.header(n) for n in range(chain.head().number + 1)
    ]
    assert again.finalized_header() == chain.finalized_header()
    assert again.finalized_header().is_final
    assert again.wait(stored["transactionHash"]) == stored
    with pytest.raises(TransactionReverted, match=r"Error\(no\)"):
        again.wait(failed)
    contract = again.w3.eth.contract(address=probe.address, abi=probe.abi)
    assert again.call(contract.functions.get(3)) == 14
    assert again.call(contract.functions.get(3), block=1) == 0
    assert again.logs(contract.events.Stored, 0, 9) == chain.logs(probe.events.Stored, 0, 9)
    number = stored["blockNumber"]
    proof = again.get_proof(probe.address, [3], number)
    assert proof == chain.get_proof(probe.address, [3], number)
    account = verify_account(again.header(number).state_root, proof)
    assert verify_storage(account.storage_hash, proof.storage[0]) == 14


def test_a_reopened_chain_takes_nothing_new(kept, alice, path):
    again = LocalChain.open(path)
    for attempt in (
        again.mine,
        lambda: again.send({"to": alice.address}, alice),
        lambda: again.rotate([]),
        lambda: again.validators,
    ):
        with pytest.raises(Rejected) as caught:
            attempt()
        assert caught.value.reason is Reason.READ_ONLY


def test_a_chain_can_be_read_while_it_is_written(kept, path):
    chain = kept[0]
    height = chain.head().number
    reader = LocalChain.open(path)
    chain.mine()
    assert reader.head().number == height
    assert LocalChain.open(path).head() == chain.head()


def test_a_closed_chain_is_one_file_that_may_be_read_only(kept, path):
    kept[0].close()
    assert [entry.name for entry in path.parent.iterdir()] == ["chain.db"]
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        assert audit(LocalChain.open(path)).blocks == kept[0].head().number
    finally:
        path.parent.chmod(0o755)


def test_two_chains_are_not_mixed_and_no_chain_is_not_made_up(kept, make_local, path):
    with pytest.raises(Rejected) as caught:
        make_local(database_path=path)
    assert caught.value.reason is Reason.DATABASE_EXISTS
    with pytest.raises(FileNotFoundError):
        LocalChain.open(path.with_name("other.db"))


def test_a_crash_keeps_whole_blocks(kept, path):
    chain = kept[0]
    head = chain.head()
    with closing(sqlite3.connect(path)) as meddler:
        meddler.execute(f"INSERT INTO blocks VALUES ({head.number + 1}, x'', x'', x'')")
        meddler.commit()
        with pytest.raises(sqlite3.IntegrityError):
            chain.mine()
        assert chain.head() == head
        meddler.execute(f"DELETE FROM blocks WHERE number = {head.number + 1}")
        meddler.commit()
    chain.mine()
    assert chain._nodes.unsaved == {}
    again = LocalChain.open(path)
    assert (again.head(), audit(again).blocks) == (chain.head(), head.number + 1)


def test_an_audit_passes_what_was_kept(kept, path):
    report = audit(LocalChain.open(path))
    assert (report.blocks, report.transactions) == (kept[0].head().number, 3)
    assert audit(kept[0]) == report


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE blocks SET transactions = x'c0', receipts = x'c0' WHERE number = 2", "what its transactions came to"),
        ("UPDATE blocks SET receipts = (SELECT receipts FROM blocks WHERE number = 1) WHERE number = 2", "receipt"),
        ("UPDATE seals SET seals = x'c0' WHERE number = 2", "quorum"),
        ("UPDATE seals SET seals = (SELECT seals FROM seals WHERE number = 1) WHERE number = 2", "quorum"),
        ("DELETE FROM seals WHERE number = 1", "quorum"),
    ],
)
def test_an_audit_finds_what_was_changed(kept, path, statement, message):
    kept[0].close()
    with closing(sqlite3.connect(path)) as meddler:
        assert meddler.execute(statement).rowcount == 1
        meddler.commit()
    with pytest.raises(Rejected, match=message) as caught:
        audit(LocalChain.open(path))
    assert caught.value.reason is Reason.INVALID_CHAIN


def test_a_header_that_was_changed_does_not_even_open(kept, path):
    kept[0].close()
    with closing(sqlite3.connect(path)) as meddler:
        meddler.execute("UPDATE blocks SET header = (SELECT header FROM blocks WHERE number = 1) WHERE number = 2")
        meddler.commit()
    with pytest.raises(Rejected, match="InvalidChain: block 1 does not follow 1"):
        LocalChain.open(path)
