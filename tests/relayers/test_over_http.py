"""The daemons with nothing but JSON-RPC between them and the chains, as in a process of their own."""

from contextlib import ExitStack

from bridge.packets import Status
from chains import ChainServer, Patience, QbftFinal, RpcChain
from relayers.fleet import build_fleet
from relayers.store import Store
from tests.relayers.conftest import EAST


def seen_over_http(stack, chain):
    """The chain behind a server; waiting for it mines a block."""
    server = stack.enter_context(ChainServer(chain))
    patience = Patience(sleep=lambda _seconds: chain.mine())
    return RpcChain.connect(
        server.url, chain_id=chain.chain_id, clock=chain.clock, finality=QbftFinal(), patience=patience
    )


def test_a_deposit_is_delivered_and_acknowledged(network):
    with ExitStack() as stack:
        far = {chain_id: seen_over_http(stack, chain) for chain_id, chain in network.chains.items()}
        network.fleet = build_fleet(Store(), network.deployment, far, network.signer)
        sent = network.deposit(EAST, 5_000_000)
        network.run()
    (answer,) = network.mailbox(EAST).acknowledged(0, network.chains[EAST].head().number)
    assert (answer.packet_id, answer.status) == (sent.packet_id, Status.SUCCESS)
    (item,) = network.queue.items(0, network.settlement.head().number)
    assert (item.amount, item.packet_id) == (5_000_000, sent.packet_id)
