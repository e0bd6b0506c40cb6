import asyncio

import pytest

from exchange.sdk.errors import Rejected, TimedOut
from exchange.sdk.handles import DEPOSIT_STAGES, AsyncHandle, Handle, Transfer
from exchange.sdk.trader import OwnLoop


class World:
    """Moves one stage on every second step."""

    def __init__(self, *stages):
        self.stages = stages
        self.steps = 0
        self.reads = 0

    async def advance(self):
        self.steps += 1

    async def read(self):
        self.reads += 1
        return self.stages[min(self.steps // 2, len(self.stages) - 1)]


def handle_on(world):
    transfer = Transfer(kind="deposit", chain="alpha", asset="USDC", amount=1, reference="0x01")
    return AsyncHandle(
        transfer, stages=DEPOSIT_STAGES, read=world.read, advance=world.advance, packet=lambda: transfer.reference
    )


def test_waiting_moves_the_world_until_the_stage_is_there():
    world = World(*DEPOSIT_STAGES)
    handle = handle_on(world)
    assert handle.status == "submitted"
    asyncio.run(handle.wait("credited"))
    assert (handle.status, world.steps) == ("credited", 4)
    asyncio.run(handle.wait("submitted"))
    assert world.steps == 4
    asyncio.run(handle.wait())
    assert (handle.status, world.steps) == ("finalized", 6)


def test_what_is_finalized_is_not_looked_at_again():
    world = World("finalized")
    handle = handle_on(world)
    asyncio.run(handle.refresh())
    asyncio.run(handle.refresh())
    assert world.reads == 1


def test_waiting_ends_in_a_typed_time_out():
    world = World("submitted")
    with pytest.raises(TimedOut) as caught:
        asyncio.run(handle_on(world).wait("credited", max_steps=3))
    assert str(caught.value) == "TimedOut: deposit 0x01 is submitted after 3 steps, not credited"
    assert isinstance(caught.value, TimeoutError)


@pytest.mark.parametrize(("end", "reason"), [("refused", "TransferRefused"), ("expired", "TransferExpired")])
def test_a_dead_end_is_an_error_at_once(end, reason):
    world = World("submitted", end)
    with pytest.raises(Rejected) as caught:
        asyncio.run(handle_on(world).wait("credited"))
    assert (caught.value.reason, world.steps) == (reason, 2)


def test_a_stage_it_does_not_have_is_refused_before_anything_moves():
    world = World("submitted")
    with pytest.raises(Rejected, match="UnknownStage: 'paid'; a deposit has submitted, delivered, credited, finalized"):
        asyncio.run(handle_on(world).wait("paid"))
    assert world.steps == 0


def test_the_synchronous_handle_looks_each_time():
    world = World(*DEPOSIT_STAGES)
    run = OwnLoop()
    handle = Handle(handle_on(world), run)
    assert handle.status == "submitted"
    world.steps = 2
    assert handle.status == "delivered"
    assert handle.wait("credited") is handle
    assert handle.status == "credited"
    run.close()


def test_the_synchronous_face_says_what_to_use_inside_async_code():
    run = OwnLoop()

    async def inside():
        run(asyncio.sleep(0))

    with pytest.raises(Rejected, match="LoopRunning: inside async code use AsyncTrader and AsyncDevnet"):
        asyncio.run(inside())
