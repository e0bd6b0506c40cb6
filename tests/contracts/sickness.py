"""How a house's far chain becomes sick, and what makes it well again."""

from bridge.clients import encode_update
from tests.contracts.following import keys_of
from tests.contracts.harness import (
    DELAY_BLOCKS,
    FAR,
    HEALTH_BLOCKS,
    HEALTH_SECONDS,
    MAX_PROOF_AGE,
    MAX_TIMEOUT,
    NEAR,
    OWNER,
    STRANGER,
    TRUSTING_PERIOD,
    client_arguments,
    deploy,
    route,
)


def go_stale(house):
    house.link.clock.advance(TRUSTING_PERIOD + 1)
    house.link.near.mine()


def freeze(house, client=None):
    """The validators sign two blocks of one height."""
    link = house.link
    client = client or link.clients[NEAR]
    link.far.mine()
    header = link.update(link.near)
    forged = header.altered(state_root=b"\x66" * 32).sealed_by(keys_of(link.far.validators))
    link.near.transact(client.functions.update(encode_update(forged, header.validators)), STRANGER)


def replace_client(house, epoch=2):
    """The owner proposes a route with a client that begins anew, and it is activated when its delay is over."""
    link = house.link
    link.settle_clock()
    link.far.mine()
    fresh = deploy(link.near, "QbftLightClient", *client_arguments(link.far.finalized_header()))
    described = route(fresh, link.mailboxes[link.far.chain_id], epoch=epoch)
    mailbox = link.mailboxes[NEAR].functions
    link.near.transact(mailbox.proposeRoute(FAR, described), OWNER)
    link.clock.advance(MAX_TIMEOUT + MAX_PROOF_AGE)
    for _ in range(DELAY_BLOCKS):
        link.near.mine()
    link.near.transact(mailbox.activateRoute(FAR, described), STRANGER)
    return fresh


def wait(house, seconds=HEALTH_SECONDS, blocks=HEALTH_BLOCKS):
    """Blocks up to the one before the next call, so that the call's is so many later and so many seconds."""
    house.link.settle_clock()
    house.link.clock.advance(seconds)
    for _ in range(blocks - 1):
        house.link.near.mine()
