"""OpenZeppelin's own ERC-20 bridge over our mailboxes, unmodified."""

from bridge.packets import Status, packet_id
from tests.contracts.harness import (
    FAR,
    NEAR,
    OWNER,
    RELAYER,
    STRANGER,
    TRADER,
    deploy,
    interoperable,
    new_link,
    refused,
)

POOL = 1_000


def bridged():
    """A link, and by chain id the token and the bridge; both bridges hold a pool."""
    link = new_link()
    tokens, bridges = {}, {}
    for chain in (link.near, link.far):
        token = tokens[chain.chain_id] = deploy(chain, "TestToken", "Dollar", "USD", 6)
        bridge = bridges[chain.chain_id] = deploy(chain, "TestBridge", token.address)
        chain.transact(token.functions.mint(bridge.address, POOL), OWNER)
    for chain, there in ((link.near, FAR), (link.far, NEAR)):
        connect = bridges[chain.chain_id].functions.link
        counterpart = interoperable(there, bridges[there])
        chain.transact(connect(link.mailboxes[chain.chain_id].address, counterpart), OWNER)
    link.near.transact(tokens[NEAR].functions.mint(TRADER.address, 500), OWNER)
    link.near.transact(tokens[NEAR].functions.approve(bridges[NEAR].address, 500), TRADER)
    link.settle_clock()
    return link, tokens, bridges


def transfer(link, bridges, amount):
    call = bridges[NEAR].functions.crosschainTransfer(interoperable(FAR, STRANGER.address), amount)
    (packet,) = link.sent(link.near, link.near.transact(call, TRADER))
    return packet


def test_a_transfer_arrives():
    link, tokens, bridges = bridged()
    packet = transfer(link, bridges, 300)
    (answer,) = link.deliver(packet)
    assert answer.status is Status.SUCCESS
    assert link.far.call(tokens[FAR].functions.balanceOf(STRANGER.address)) == 300
    link.acknowledge(answer)
    assert link.near.call(link.mailboxes[NEAR].functions.commitments(packet_id(packet))) == bytes(32)


def test_a_transfer_that_cannot_be_paid_is_a_failure():
    link, tokens, bridges = bridged()
    link.near.transact(tokens[NEAR].functions.mint(TRADER.address, POOL), OWNER)
    link.near.transact(tokens[NEAR].functions.approve(bridges[NEAR].address, 2 * POOL), TRADER)
    (answer,) = link.deliver(transfer(link, bridges, POOL + 1))
    assert (answer.status, answer.ack[:4].hex()) == (Status.FAILURE, "e450d38c")  # ERC20InsufficientBalance


def test_a_message_from_anyone_but_the_counterpart_is_a_failure():
    link, tokens, bridges = bridged()
    honest = transfer(link, bridges, 300)
    send = link.mailboxes[NEAR].functions.sendMessage(interoperable(FAR, bridges[FAR]), honest.payload, [])
    (forged,) = link.sent(link.near, link.near.transact(send, STRANGER))
    assert link.deliver(forged)[0].status is Status.FAILURE
    assert link.far.call(tokens[FAR].functions.balanceOf(STRANGER.address)) == 0
    direct = bridges[FAR].functions.receiveMessage(bytes(32), interoperable(NEAR, bridges[NEAR]), honest.payload)
    refused(link.far, direct, "ERC7786RecipientUnauthorizedGateway", sender=RELAYER)
