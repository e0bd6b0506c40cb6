"""The devnet as a user holds it, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.core import DevnetCore
from exchange.sdk import AsyncTrader, OwnLoop, Rejected, TimedOut, Trader
from exchange.sdk.amounts import Amount
from relayers.liquidity.provider import Provider
from relayers.reports import StepReport

STEPS_MAX = 400
"""Default bound of everything that steps until something holds."""


class AsyncDevnet:
    """Three chains, a bridge and an exchange in this process, for async code. Use as `async with AsyncDevnet() as net`.

    Further `options` are the fields of DevnetConfig; an unknown one raises Rejected(UnknownKey).
    """

    def __init__(self, seed: int = 1, *, directory: Path | None = None, **options: Any) -> None:
        self.core = DevnetCore(DevnetConfig.read({"seed": seed, **options}), directory)

    async def step(self) -> dict[str, StepReport]:
        """One block on every chain and one step of every daemon, by name; other tasks run in between."""
        reports = self.core.step()
        await asyncio.sleep(0)
        return reports

    async def run_until(self, predicate: Callable[[], bool], *, max_steps: int = STEPS_MAX) -> int:
        """Steps until the predicate holds, and says how often; raises TimedOut."""
        for taken in range(max_steps):
            if predicate():
                return taken
            await self.step()
        if not predicate():
            raise TimedOut(f"not reached in {max_steps} steps")
        return max_steps

    async def settle(self, *, max_steps: int = STEPS_MAX) -> int:
        """Steps until nobody has anything left to do, and says how often; raises TimedOut."""
        for taken in range(1, max_steps + 1):
            if self.core.is_at_rest(await self.step()):
                return taken
        raise TimedOut(f"still at work after {max_steps} steps")

    async def set_price(self, underlying: str, price: Amount) -> None:
        """Has the oracle sign a price and steps once, after which margin reads it; raises Rejected(PriceRefused)."""
        self.core.set_price(underlying, price)
        reports = await self.step()
        if not self.core.is_priced(underlying):
            waits = ", ".join(wait.detail for wait in reports["oracle"].waiting)
            raise Rejected("PriceRefused", f"{underlying} {price}: {waits}")

    async def trader(self, name: str, *, usdc: int | None = None, ether: int | None = None) -> AsyncTrader:
        """A funded wallet, the same for the same seed and name."""
        return self.core.trader(name, self.step, usdc=usdc, ether=ether)

    async def provider(self, name: str, *, book: Path | None = None) -> Provider:
        """A liquidity provider with the wallet of that name, which `trader` funds; it quotes, and settles at each step.

        book: a file, so that it can be stopped and started again; in memory otherwise.
        """
        return self.core.provider(name, book=book)

    async def insurance(self) -> AsyncTrader:
        """The wallet behind the insurance fund, account 0."""
        return self.core.insurance(self.step)

    async def close(self) -> None:
        """Lets go of every database."""
        self.core.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Devnet:
    """The same for synchronous code. Use as `with Devnet() as net`."""

    def __init__(self, seed: int = 1, *, directory: Path | None = None, **options: Any) -> None:
        self._inner = AsyncDevnet(seed, directory=directory, **options)
        self._run = OwnLoop()

    @property
    def core(self) -> DevnetCore:
        """The network itself: chains, sequencer, daemons."""
        return self._inner.core

    def step(self) -> dict[str, StepReport]:
        """See `AsyncDevnet.step`."""
        return self._run(self._inner.step())

    def run_until(self, predicate: Callable[[], bool], *, max_steps: int = STEPS_MAX) -> int:
        """See `AsyncDevnet.run_until`."""
        return self._run(self._inner.run_until(predicate, max_steps=max_steps))

    def settle(self, *, max_steps: int = STEPS_MAX) -> int:
        """See `AsyncDevnet.settle`."""
        return self._run(self._inner.settle(max_steps=max_steps))

    def set_price(self, underlying: str, price: Amount) -> None:
        """See `AsyncDevnet.set_price`."""
        self._run(self._inner.set_price(underlying, price))

    def trader(self, name: str, *, usdc: int | None = None, ether: int | None = None) -> Trader:
        """See `AsyncDevnet.trader`."""
        return Trader(self._run(self._inner.trader(name, usdc=usdc, ether=ether)), self._run)

    def provider(self, name: str, *, book: Path | None = None) -> Provider:
        """See `AsyncDevnet.provider`."""
        return self._run(self._inner.provider(name, book=book))

    def insurance(self) -> Trader:
        """See `AsyncDevnet.insurance`."""
        return Trader(self._run(self._inner.insurance()), self._run)

    def close(self) -> None:
        """Lets go of every database."""
        self._run(self._inner.close())
        self._run.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
