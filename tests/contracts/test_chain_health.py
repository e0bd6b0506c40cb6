"""Health of a chain: what anybody may report, by what it is judged, and how long a recovery takes."""

from dataclasses import astuple

import pytest
from eth_utils.address import to_checksum_address

from bridge.settlement import ChainState, ForcedQueue, ItemKind
from chains.errors import TransactionReverted
from tests.contracts.harness import (
    FAR,
    GUARDIAN,
    HEALTH_BLOCKS,
    HEALTH_SECONDS,
    NEAR,
    OWNER,
    STRANGER,
    TRADER,
    TRUSTING_PERIOD,
    ZERO,
    deploy,
    new_house,
    queue_arguments,
    refused,
)
from tests.contracts.sickness import freeze, go_stale, replace_client, wait


def house_with(twin=None):
    return new_house(twins=twin and {"ForcedQueue": twin})


def report(house, sender=STRANGER):
    return house.link.near.transact(house.queue.functions.reportHealth(FAR), sender)


def refuses(house, error):
    refused(house.link.near, house.queue.functions.reportHealth(FAR), error, sender=STRANGER)


def queue(house):
    return ForcedQueue(house.link.near, house.queue.address)


def items(house):
    """Asset and amount of every item, once it is known to be one of health."""
    found = queue(house).items(0, house.link.near.head().number)
    assert {item.kind for item in found} <= {ItemKind.CHAIN_HEALTH}
    assert all(item.digest == queue(house).item_hash(item.index) for item in found)
    return [(item.asset, item.amount) for item in found]


def test_a_healthy_chain_has_nothing_to_report():
    house = house_with()
    refuses(house, f"NothingToReport({FAR})")
    assert queue(house).is_reachable(FAR)
    assert queue(house).chain_state(FAR) == ChainState(is_sick=False, ready_at=0, ready_block=0)
    assert read_count(house) == 0


def read_count(house):
    return queue(house).count()


def test_a_chain_without_a_vault_is_unknown():
    house = house_with()
    refused(house.link.near, house.queue.functions.reportHealth(1003), "UnknownChain(1003)", sender=OWNER)
    with pytest.raises(TransactionReverted, match="UnknownChain"):
        queue(house).is_reachable(1003)


@pytest.mark.parametrize("sicken", [go_stale, freeze])
def test_a_stale_or_frozen_client_makes_its_chain_sick_at_once(sicken):
    house = house_with()
    sicken(house)
    assert not queue(house).is_reachable(FAR)
    mined = house.link.near.header(report(house)["blockNumber"])
    assert items(house) == [(0, 1), (1, 1)]
    assert queue(house).chain_state(FAR).is_sick
    refuses(house, f"NothingToReport({FAR})")
    (first, _) = queue(house).items(0, house.link.near.head().number)
    assert (first.owner, first.account, first.packet_id) == (STRANGER.address, 0, bytes(32))
    assert first.enqueued_at == mined.timestamp


def sick(twin=None):
    """A house whose far chain was found frozen and got a client that works."""
    house = house_with(twin)
    freeze(house)
    report(house)
    replace_client(house)
    return house


def test_it_is_healthy_again_after_seconds_and_blocks_of_an_active_client():
    house = sick()
    report(house)
    state, now = queue(house).chain_state(FAR), house.link.near.head()
    assert astuple(state) == (True, now.timestamp + HEALTH_SECONDS, now.number + HEALTH_BLOCKS)
    error = f"NotRecovered({state.ready_at}, {state.ready_block})"
    refuses(house, error)
    wait(house)
    report(house)
    assert items(house) == [(0, 1), (1, 1), (0, 0), (1, 0)]
    assert astuple(queue(house).chain_state(FAR)) == (False, 0, 0)
    refuses(house, f"NothingToReport({FAR})")


def hurried(twin, seconds, blocks):
    house = sick(twin)
    report(house)
    wait(house, seconds, blocks)
    return house


def test_a_halt_of_the_settlement_chain_heals_nobody():
    house = hurried(None, HEALTH_SECONDS * 100, 1)
    state = queue(house).chain_state(FAR)
    refuses(house, f"NotRecovered({state.ready_at}, {state.ready_block})")
    house = hurried("queue-recovers-by-seconds", HEALTH_SECONDS * 100, 1)
    report(house)
    assert items(house)[2:] == [(0, 0), (1, 0)]


def test_blocks_alone_heal_nobody():
    house = hurried(None, HEALTH_SECONDS // 2, HEALTH_BLOCKS + 3)
    state = queue(house).chain_state(FAR)
    refuses(house, f"NotRecovered({state.ready_at}, {state.ready_block})")
    house = hurried("queue-recovers-by-blocks", HEALTH_SECONDS // 2, HEALTH_BLOCKS + 3)
    report(house)
    assert items(house)[2:] == [(0, 0), (1, 0)]


def relapsed(twin):
    """In the middle of the recovery the client goes stale, and is replaced by one that is not."""
    house = sick(twin)
    report(house)
    wait(house, TRUSTING_PERIOD + 1)
    report(house)
    replace_client(house, epoch=3)
    return house


def test_a_relapse_breaks_the_recovery_off():
    house = relapsed(None)
    assert astuple(queue(house).chain_state(FAR)) == (True, 0, 0)
    report(house)
    assert queue(house).chain_state(FAR).is_sick
    assert len(items(house)) == 2
    house = relapsed("queue-recovers-through-relapse")
    report(house)
    assert items(house)[2:] == [(0, 0), (1, 0)]


def twice_frozen(twin):
    """The client that replaced the frozen one sees two signed blocks as well."""
    house = hurried(twin, HEALTH_SECONDS, HEALTH_BLOCKS)
    link = house.link
    link.clients[NEAR] = fresh = link.near.contract(
        "QbftLightClient", link.near.call(link.mailboxes[NEAR].functions.route(FAR, 2))[0]
    )
    report(house)
    freeze(house, fresh)
    return house


def test_the_newest_routes_client_is_asked():
    house = twice_frozen(None)
    report(house)
    assert items(house)[4:] == [(0, 1), (1, 1)]
    # The first client is frozen for good: who asks it never sees the chain recover, whatever replaced it.
    house = sick("queue-reads-the-first-client")
    refuses(house, f"NothingToReport({FAR})")


def disabled(twin):
    house = house_with(twin)
    house.link.near.transact(house.link.mailboxes[NEAR].functions.disableRoute(FAR, 1), GUARDIAN)
    return house


def test_a_chain_behind_a_disabled_route_is_sick():
    house = disabled(None)
    report(house)
    assert items(house) == [(0, 1), (1, 1)]
    house = disabled("queue-believes-a-disabled-route")
    refuses(house, f"NothingToReport({FAR})")


def test_no_asset_of_a_sick_chain_is_left_healthy():
    house = house_with()
    freeze(house)
    house.link.near.transact(house.queue.functions.registerAsset(2, 1003, ZERO), OWNER)
    report(house)
    assert items(house) == [(0, 1), (1, 1)]
    house = house_with("queue-reports-one-asset")
    freeze(house)
    report(house)
    assert items(house) == [(0, 1)]


def listed_late(twin):
    house = house_with(twin)
    freeze(house)
    report(house)
    return house, house.queue.functions.registerAsset(2, FAR, TRADER.address)


def test_a_sick_chain_gets_no_new_asset():
    house, call = listed_late(None)
    refused(house.link.near, call, f"ChainIsSick({FAR})", sender=OWNER)
    house, call = listed_late("queue-lists-on-a-sick-chain")
    house.link.near.transact(call, OWNER)
    assert items(house) == [(0, 1), (1, 1)]


def test_a_report_of_sixteen_assets_fits_a_block():
    house = house_with()
    near, functions = house.link.near, house.queue.functions
    for asset in range(2, 16):
        near.transact(functions.registerAsset(asset, FAR, to_checksum_address(asset.to_bytes(20))), OWNER)
    refused(near, functions.registerAsset(16, FAR, TRADER.address), f"TooManyAssets({FAR})", sender=OWNER)
    freeze(house)
    used = report(house)["gasUsed"]
    assert used < 2_000_000
    assert items(house) == [(asset, 1) for asset in range(16)]


def test_unsafe_hysteresis_is_refused():
    house = house_with()
    for changed in (
        {"recovery_seconds": 0},
        {"recovery_blocks": 0},
        {"recovery_seconds": 366 * 86_400},
        {"recovery_blocks": 2**32},
    ):
        arguments = {"mailbox": house.link.mailboxes[NEAR].address, "ledger": house.ledger} | changed
        with pytest.raises(TransactionReverted, match="InvalidParameters"):
            deploy(house.link.near, "ForcedQueue", *queue_arguments(**arguments))
