"""py-evm's own block import, which the package does not use, reaches the same blocks."""

import pytest
import rlp
from eth.chains.base import Chain
from eth.consensus import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.chain import ChainDB
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.blocks import PragueBlock, PragueBlockHeader
from eth_utils import ValidationError

from chains import TransactionReverted
from chains.qbft import with_extra_data


class RoomyPragueVM(PragueVM):
    extra_data_max_bytes = 1024


class ReferenceChain(Chain):
    chain_id = 71
    chaindb_class = ChainDB
    consensus_context_class = ConsensusContext
    vm_configuration = ((0, RoomyPragueVM),)


def native_block(block) -> PragueBlock:
    header = with_extra_data(block.header.fields, block.header.extra.encode_for_hash())
    return PragueBlock(
        header=rlp.decode(header, sedes=PragueBlockHeader),
        transactions=[transaction.native for transaction in block.transactions],
        uncles=[],
        withdrawals=[],
    )


@pytest.fixture
def busy(local, deploy_probe, alice, bob):
    probe = deploy_probe(local)
    local.transact(probe.functions.set(1, 2), alice)
    local.mine(round=2)
    local.transact(probe.functions.remember(), alice)
    local.send(probe.functions.set(1, 0), alice)
    local.send(probe.functions.set(1, 5), bob, gas=200_000)
    failing = local.send(probe.functions.complain(), alice, value=3)
    local.send({"to": bob.address, "data": b"\x07" * 2000}, alice)
    with pytest.raises(TransactionReverted):
        local.wait(failing)
    return local


@pytest.fixture
def reference(busy):
    database = AtomicDB()
    for key, node in busy._nodes.items():
        database[key] = node
    return ReferenceChain.from_genesis_header(database, native_block(busy.ledger.block(0)).header)


def test_py_evm_imports_every_block_under_the_same_hash(busy, reference):
    for number in range(1, busy.head().number + 1):
        block = busy.ledger.block(number)
        imported = reference.import_block(native_block(block)).imported_block
        assert imported.hash == block.header.hash
        assert [receipt.encode() for receipt in imported.get_receipts(reference.chaindb)] == [
            receipt.encoded for receipt in block.receipts
        ]
    assert len(block.transactions) == 4


def test_py_evm_refuses_a_block_with_another_state(busy, reference):
    block = native_block(busy.ledger.block(1))
    with pytest.raises(ValidationError, match="on 1 fields:"):
        reference.import_block(block.copy(header=block.header.copy(state_root=bytes(32))))
