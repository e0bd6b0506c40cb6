"""Chains for the chains' own tests."""

from collections.abc import Callable

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chains import (
    ChainServer,
    Depth,
    EndpointNode,
    LocalChain,
    Patience,
    QbftFinal,
    QuorumChain,
    RpcChain,
    VirtualClock,
)
from chains.http_link import HttpLink
from tests.chains import probe as probe_contract
from tests.chains.anvil import Anvil
from tests.chains.meddler import Meddler

ETHER = 10**18
ALICE, BOB = (Account.from_key(bytes([5]) * 31 + bytes([index])) for index in range(1, 3))
PAUPER = Account.from_key(bytes([6]) * 32)
CHAIN_ID = 71
BALANCES = {ALICE.address: 1000 * ETHER, BOB.address: ETHER}


@pytest.fixture
def alice() -> LocalAccount:
    return ALICE


@pytest.fixture
def bob() -> LocalAccount:
    return BOB


@pytest.fixture
def pauper() -> LocalAccount:
    return PAUPER


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_800_000_000)


@pytest.fixture
def make_local(clock) -> Callable[..., LocalChain]:
    def make(**overrides) -> LocalChain:
        arguments = {"chain_id": CHAIN_ID, "clock": clock, "balances": BALANCES}
        return LocalChain(**{**arguments, **overrides})

    return make


@pytest.fixture
def local(make_local) -> LocalChain:
    return make_local()


@pytest.fixture(scope="session")
def anvil_process():
    node = Anvil(CHAIN_ID)
    yield node
    node.stop()


@pytest.fixture
def anvil(anvil_process):
    """A funded anvil that forgets the test afterwards."""
    before = anvil_process.ask("evm_snapshot")
    anvil_process.fund(BALANCES)
    anvil_process.mine()
    yield anvil_process
    anvil_process.ask("anvil_dropAllTransactions")
    anvil_process.ask("evm_revert", before)


def patience_that(mine) -> Patience:
    """Time passes only in waiting, and every wait mines a block."""
    elapsed = [0.0]

    def sleep(seconds: float) -> None:
        elapsed[0] += seconds
        mine()

    return Patience(unknown_seconds=1, mined_seconds=5, sleep=sleep, monotonic=lambda: elapsed[0])


@pytest.fixture
def make_anvil_chain(anvil, clock):
    def make(**overrides) -> RpcChain:
        arguments = {"clock": clock, "finality": Depth(1), "patience": patience_that(lambda: anvil.mine(clock))}
        return RpcChain.connect(anvil.url, chain_id=CHAIN_ID, **{**arguments, **overrides})

    return make


@pytest.fixture
def served(local):
    """A local chain behind HTTP."""
    with ChainServer(local) as server:
        yield server


@pytest.fixture
def make_served_chain(served, local, clock):
    def make(**overrides) -> RpcChain:
        arguments = {"clock": clock, "finality": QbftFinal(), "patience": patience_that(local.mine)}
        return RpcChain.connect(served.url, chain_id=CHAIN_ID, **{**arguments, **overrides})

    return make


@pytest.fixture
def make_quorum_chain(served, local, clock):
    """The same node three times, of which two have to agree."""

    def make(**overrides) -> QuorumChain:
        endpoints = [
            EndpointNode(name, HttpLink(served.url, timeout_seconds=10), CHAIN_ID) for name in ("one", "two", "three")
        ]
        arguments = {"clock": clock, "finality": QbftFinal(), "patience": patience_that(local.mine), "quorum": 2}
        return QuorumChain(endpoints, chain_id=CHAIN_ID, **{**arguments, **overrides})

    return make


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
    return RpcChain(link, chain_id=CHAIN_ID, clock=clock, finality=QbftFinal(), patience=patience)


@pytest.fixture(params=["local", "anvil", "served", "quorum"])
def chain(request):
    """Every kind of chain that has to behave the same."""
    makers = {
        "local": "make_local",
        "anvil": "make_anvil_chain",
        "served": "make_served_chain",
        "quorum": "make_quorum_chain",
    }
    return request.getfixturevalue(makers[request.param])()


@pytest.fixture
def deploy_probe():
    def deploy(chain):
        return chain.deploy_code(probe_contract.ABI, probe_contract.BYTECODE, (), ALICE)

    return deploy


@pytest.fixture
def probe(chain, deploy_probe):
    return deploy_probe(chain)
