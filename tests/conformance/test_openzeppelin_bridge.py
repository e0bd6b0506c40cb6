"""OpenZeppelin's own ERC-7786 bridges, unmodified, over our mailbox: tokens go both ways between two local chains."""

import pytest

from bridge.packets import Status
from tests.contracts.harness import FAR, NEAR, OWNER, STRANGER, TRADER, ZERO, deploy, interoperable, new_link, refused

SUPPLY = 10**9


def balance(chain, token, holder):
    return chain.call(token.functions.balanceOf(getattr(holder, "address", holder)))


class Crossing:
    """A bridge contract at each end, each linked to the other through our mailboxes, and its token."""

    def __init__(self, bridges, tokens, link):
        self.link, self.bridges, self.tokens = link, bridges, tokens
        for chain, here, there in ((link.near, NEAR, FAR), (link.far, FAR, NEAR)):
            chain.transact(
                bridges[here].functions.link(link.mailboxes[here].address, interoperable(there, bridges[there])), OWNER
            )

    def transfer(self, source, sender, recipient, amount):
        """Send, deliver, acknowledge; returns how it was answered."""
        at, there = (self.link.near, FAR) if source == NEAR else (self.link.far, NEAR)
        call = self.bridges[source].functions.crosschainTransfer(interoperable(there, recipient.address), amount)
        packets = self.link.sent(at, at.transact(call, sender))
        (answer,) = self.link.deliver(*packets)
        self.link.acknowledge(answer)
        return answer.status

    def balances(self, *holders):
        ends = ((self.link.near, NEAR), (self.link.far, FAR))
        return [tuple(balance(chain, self.tokens[here], holder) for chain, here in ends) for holder in holders]


@pytest.fixture
def custody():
    """`BridgeERC20`: locked here, released from custody there."""
    link = new_link()
    tokens, bridges = {}, {}
    for chain, here in ((link.near, NEAR), (link.far, FAR)):
        tokens[here] = deploy(chain, "TestToken", "Dollar", "USD", 6)
        bridges[here] = deploy(chain, "TestBridge", tokens[here].address)
    link.near.transact(tokens[NEAR].functions.mint(TRADER.address, SUPPLY), OWNER)
    link.far.transact(tokens[FAR].functions.mint(bridges[FAR].address, SUPPLY), OWNER)
    for chain, here, holder in ((link.near, NEAR, TRADER), (link.far, FAR, STRANGER)):
        chain.transact(tokens[here].functions.approve(bridges[here].address, 2**256 - 1), holder)
    return Crossing(bridges, tokens, link)


@pytest.fixture
def minting():
    """`ERC20Crosschain`: burnt here, minted there."""
    link = new_link()
    tokens = {
        here: deploy(chain, "TestCrosschainToken", SUPPLY) for chain, here in ((link.near, NEAR), (link.far, FAR))
    }
    link.near.transact(tokens[NEAR].functions.transfer(TRADER.address, SUPPLY), OWNER)
    return Crossing(tokens, tokens, link)


def test_bridge_erc20_moves_tokens_there_and_back(custody):
    vaults = (custody.bridges[NEAR].address, custody.bridges[FAR].address)
    assert custody.transfer(NEAR, TRADER, STRANGER, 700) is Status.SUCCESS
    assert custody.balances(TRADER, STRANGER) == [(SUPPLY - 700, 0), (0, 700)]
    assert custody.transfer(FAR, STRANGER, TRADER, 300) is Status.SUCCESS
    assert custody.balances(TRADER, STRANGER) == [(SUPPLY - 400, 0), (0, 400)]
    held = [balance(custody.link.near, custody.tokens[NEAR], vaults[0])]
    held += [balance(custody.link.far, custody.tokens[FAR], vaults[1])]
    assert held == [400, SUPPLY - 400]


def test_erc20_crosschain_moves_tokens_there_and_back(minting):
    assert minting.transfer(NEAR, TRADER, STRANGER, 700) is Status.SUCCESS
    assert minting.transfer(FAR, STRANGER, TRADER, 300) is Status.SUCCESS
    assert minting.balances(TRADER, STRANGER) == [(SUPPLY - 400, 0), (0, 400)]
    supplies = [
        chain.call(minting.tokens[here].functions.totalSupply())
        for chain, here in ((minting.link.near, NEAR), (minting.link.far, FAR))
    ]
    assert sum(supplies) == 2 * SUPPLY


def test_a_transfer_the_far_bridge_cannot_pay_is_answered_and_harms_nobody(custody):
    drain = custody.tokens[FAR].functions
    assert custody.transfer(NEAR, TRADER, STRANGER, SUPPLY) is Status.SUCCESS
    custody.link.near.transact(custody.tokens[NEAR].functions.mint(TRADER.address, 5), OWNER)
    assert custody.transfer(NEAR, TRADER, STRANGER, 5) is Status.FAILURE
    assert custody.link.far.call(drain.balanceOf(STRANGER.address)) == SUPPLY


def test_only_the_mailbox_speaks_for_the_counterpart(minting):
    forged = minting.tokens[FAR].functions.receiveMessage(bytes(32), interoperable(NEAR, minting.tokens[NEAR]), b"")
    refused(minting.link.far, forged, "ERC7786RecipientUnauthorizedGateway")


def test_a_stranger_through_the_mailbox_is_not_the_counterpart(minting):
    link = minting.link
    send = link.mailboxes[NEAR].functions.sendMessage(interoperable(FAR, minting.tokens[FAR]), b"", [])
    (answer,) = link.deliver(*link.sent(link.near, link.near.transact(send, STRANGER)))
    assert answer.status is Status.FAILURE
    assert balance(link.far, minting.tokens[FAR], ZERO) == 0
