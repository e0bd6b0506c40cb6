"""A devnet with Alice, who swaps, and Lucy, who provides: what the tests of fast exits and entries share."""

from contextlib import suppress

from bridge.swaps.book import SwapBook
from clearspan import Devnet

STEPS = 400


class Killed(BaseException):
    """Not an Exception: nothing in a daemon may catch its own death."""


class Stage:
    """Books are compared before and after: cash of both, tokens on beta of both, in base units."""

    def __init__(self, tmp_path, **options):
        self.net = Devnet(inclusion_delay_seconds=20, **options)
        self.core = self.net.core
        self.alice, self.lucy = self.net.trader("alice"), self.net.trader("lucy")
        self.lucy.deposit(chain="alpha", asset="USDC", amount="20000")
        self.alice.deposit(chain="alpha", asset="USDC", amount="20000").wait("credited")
        self.book = tmp_path / "lucy.sqlite"
        self.provider = self.core.provider("lucy", book=self.book)
        self.kills = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.net.close()

    def start(self, hook=None, **options):
        """Lucy's process, anew on its book."""
        self.provider = self.core.provider("lucy", book=self.book, **({"hook": hook} if hook else {}), **options)
        return self.provider

    def sleep(self, who):
        """Somebody's process stops for good; answers it."""
        return self.core.daemons.pop(f"swaps of {who}")

    def step(self, seconds=0):
        """Seconds pass; whoever dies in this step is started again."""
        self.core.clock.advance(seconds)
        with suppress(Killed):
            self.net.step()
            return
        self.start(self.hook)

    def kill_once_at_each(self):
        """From now on Lucy is killed the first time she is at a crash point with something new tried."""

        def hook(point):
            tried = tuple(kept.tried for kept in SwapBook(self.book).all())
            if (point, tried) not in self.kills:
                self.kills.append((point, tried))
                raise Killed

        self.hook = hook
        return self.start(hook)

    def settle(self, seconds=0):
        """Until neither has an open swap."""
        for _ in range(STEPS):
            if not self.lucys.open() and not self.alice.swaps.book.open():
                return
            self.step(seconds)
        raise AssertionError("not settled")

    @property
    def lucys(self):
        return self.core._desks["lucy"].book

    def outcomes(self):
        return [kept.outcome for book in (self.alice.swaps.book, self.lucys) for kept in book.all()]

    def exit(self, guarantee="posted", cash="1000", **options):
        return self.alice.fast_exit(
            chain="beta", asset="USDC", cash=cash, providers=[self.provider], guarantee=guarantee, **options
        )

    def enter(self, guarantee="posted", amount="1000"):
        return self.alice.fast_entry(
            chain="beta", asset="USDC", amount=amount, providers=[self.provider], guarantee=guarantee
        )

    def wealth(self):
        return {who.name: (self.cash(who), self.tokens(who)) for who in (self.alice, self.lucy)}

    def cash(self, who):
        return int(who.fetch_balance().cash * 10**6)

    def tokens(self, who, chain="beta"):
        deployment = self.core.network.deployment
        entry = next(entry for entry in deployment.vaults if entry.name == chain)
        place = self.core.network.by_id[entry.chain_id]
        token = place.contract("TestToken", deployment.asset_of(entry.chain_id, "USDC").token)
        return place.call(token.functions.balanceOf(who.address))


def moved(before, after):
    """What everybody has more, cash and tokens."""
    return {name: tuple(now - then for now, then in zip(after[name], before[name], strict=True)) for name in before}
