import pytest
from eth_account import Account

from chains import Depth, LocalChain, RpcChain, VirtualClock
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, FeePolicy, Submitter, SubmitterPolicy
from tests.chains.anvil import Anvil

ETHER = 10**18
FIRST, SECOND, STRANGER = (Account.from_key(bytes([7]) * 31 + bytes([number])) for number in (1, 2, 3))
BALANCES = {account.address: 1_000 * ETHER for account in (FIRST, SECOND, STRANGER)}
CHAIN_ID = 71


class Desk:
    """A submitter on a chain whose blocks a test makes."""

    def __init__(self, chain, clock, mine, node=None):
        self.chain, self.clock, self._mine, self.node = chain, clock, mine, node
        self.store = Store()
        self.start()

    def start(self, signers=(FIRST,), **policy):
        fees = {"escalate_after_seconds": 30, **policy.pop("fees", {})}
        self.submitter = Submitter(
            self.store, self.chain, list(signers), policy=SubmitterPolicy(fees=FeePolicy(**fees), **policy)
        )
        return self.submitter

    def mine(self, blocks=1):
        for _ in range(blocks):
            self.clock.advance(5)
            self._mine()

    def send(self, name=b"a", to=None, **errand):
        call = {"to": (to or STRANGER).address if not isinstance(to, str) else to, "value": 5, "data": b""}
        arguments = {"kind": ErrandKind.OTHER, "subjects": (name,), "route": "there", "gas": 30_000, **errand}
        return self.submitter.submit(call, Errand(**arguments))

    def look(self, name=b"a"):
        self.report = self.submitter.step()
        return self.submitter.submissions(ErrandKind.OTHER, name)[-1]

    @property
    def waits(self):
        return {wait.waits_for for wait in self.report.waiting}


@pytest.fixture(scope="session", name="anvil_node")
def _anvil_node():
    node = Anvil(CHAIN_ID)
    yield node
    node.stop()


@pytest.fixture(name="local_desk")
def _local_desk():
    clock = VirtualClock(1_800_000_000)
    chain = LocalChain(chain_id=CHAIN_ID, clock=clock, balances=BALANCES, finality=Depth(2))
    desk = Desk(chain, clock, chain.mine)
    desk.mine(3)
    return desk


@pytest.fixture(name="anvil_desk")
def _anvil_desk(anvil_node):
    before = anvil_node.ask("evm_snapshot")
    anvil_node.fund(BALANCES)
    clock = VirtualClock(1_800_000_000)
    chain = RpcChain.connect(anvil_node.url, chain_id=CHAIN_ID, clock=clock, finality=Depth(2))
    desk = Desk(chain, clock, lambda: anvil_node.mine(clock), anvil_node)
    desk.mine(3)
    yield desk
    anvil_node.ask("anvil_dropAllTransactions")
    anvil_node.ask("evm_revert", before)


@pytest.fixture(params=["local", "anvil"])
def desk(request):
    return request.getfixturevalue(f"{request.param}_desk")
