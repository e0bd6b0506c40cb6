"""Chains for the chains' own tests."""

from collections.abc import Callable

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount

from chains import LocalChain, VirtualClock
from tests.chains import probe as probe_contract

ETHER = 10**18
ALICE, BOB = (Account.from_key(bytes([5]) * 31 + bytes([index])) for index in range(1, 3))
PAUPER = Account.from_key(bytes([6]) * 32)


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
        arguments = {"chain_id": 71, "clock": clock, "balances": {ALICE.address: 1000 * ETHER, BOB.address: ETHER}}
        return LocalChain(**{**arguments, **overrides})

    return make


@pytest.fixture
def local(make_local) -> LocalChain:
    return make_local()


@pytest.fixture(params=["local"])
def chain(request, make_local):
    """Every kind of chain that has to behave the same."""
    return {"local": make_local}[request.param]()


@pytest.fixture
def deploy_probe():
    def deploy(chain):
        return chain.deploy_code(probe_contract.ABI, probe_contract.BYTECODE, (), ALICE)

    return deploy


@pytest.fixture
def probe(chain, deploy_probe):
    return deploy_probe(chain)
