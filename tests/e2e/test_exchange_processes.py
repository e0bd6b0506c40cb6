"""The exchange as processes of its own, killed at random: no order is lost or made twice, every batch is posted."""

import random
from decimal import Decimal

import pytest

from clearspan.trading import connect
from exchange.sdk.errors import Unavailable
from relayers.operating.errors import Rejected as OperatingRejected
from tests.e2e.exchange_processes import eventually, exchange


def place(trader, number, *, price):
    """One small order under a client id, sent until somebody answers; what the answer was."""

    def send():
        return trader.create_order(market="BTC-PERP", side="buy", amount="0.001", price=price, client_id=number)

    return eventually(send)


def work(venue, kills, *, orders, random_of):
    """Places orders while processes are killed and started again; asserts what must be true at the end."""
    alice = venue.trader("alice")
    eventually(lambda: alice.fetch_balance().cash)
    first = eventually(alice._inner._venue.now) * 1000
    pauses = sorted(random_of.sample(range(1, orders), len(kills)))
    placed = {}
    for number in range(orders):
        if pauses and number == pauses[0]:
            pauses.pop(0)
            victim = kills.pop(0)
            victim.kill()
            with pytest.raises(Unavailable) if "venue" in victim.words else nothing():
                alice.create_order(
                    market="BTC-PERP", side="buy", amount="0.001", price=str(40_000 + number), client_id=first + number
                )
            victim.start()
        placed[first + number] = place(alice, first + number, price=str(40_000 + number))
    resting = {order.client_id: order for order in alice.fetch_open_orders(market="BTC-PERP")}
    assert resting.keys() == placed.keys()
    assert {order.remaining for order in resting.values()} == {Decimal("0.001")}
    assert len({answer.sequence for answer in placed.values()}) == orders
    again = place(alice, first, price="40000")
    assert again.sequence == placed[first].sequence
    return alice


class nothing:  # noqa: N801 - stands where a context manager stands
    def __enter__(self):
        return None

    def __exit__(self, *_):
        return False


def all_is_posted(venue):
    """Whether what the venue confirmed is on the settlement chain, under the root that its log leads to."""
    found = venue.batches()
    return found.posted >= 1 and found.backlog_bytes == 0


def test_kills_lose_nothing_and_a_trade_settles(tmp_path):
    """Venue and poster as daemons of their own, the rest in one process; each of the two is killed once."""
    with exchange(tmp_path / "net") as venue:
        host = venue.start("daemon", "venue", "start", config=venue.alone("venue"))
        poster = venue.start("daemon", "poster", "start", config=venue.alone("poster"))
        oracle = venue.start("daemon", "oracle", "start", config=venue.alone("oracle"))
        alice = work(venue, [host, poster], orders=8, random_of=random.Random(7))
        eventually(lambda: not oracle.not_ready())
        maker = venue.start("daemon", "market-maker", "start", directory=venue.directory / "maker")
        eventually(lambda: alice.fetch_order_book(market="ETH-PERP").asks)
        bought = alice.create_order(market="ETH-PERP", side="buy", type="market", amount="0.5")
        assert bought.filled == Decimal("0.5")
        (position,) = alice.fetch_positions()
        assert (position.market, position.size) == ("ETH-PERP", Decimal("0.5"))
        sequence = venue.follower().state.header.sequence
        oracle.stop()
        maker.stop()
        assert sequence >= bought.sequence
        eventually(lambda: all_is_posted(venue))
        eventually(lambda: not host.not_ready() and not poster.not_ready())
        eventually(lambda: verified(venue))


def verified(venue):
    """The chain's batches alone lead to the venue's own root."""
    with venue.devnet._lock:
        posted = venue.devnet.core.cash_access.posted
        for server in venue.devnet._servers.values():
            server.lock.acquire()
        try:
            posted.refresh()
        finally:
            for server in venue.devnet._servers.values():
                server.lock.release()
    follower = venue.follower()
    return posted.state.header.sequence == follower.state.header.sequence and posted.state.root == follower.state.root


@pytest.mark.slow
def test_many_kills_of_every_process(tmp_path):
    with exchange(tmp_path / "net") as venue:
        names = ("venue", "poster", "oracle", "keeper", "releaser")
        started = {name: venue.start("daemon", name, "start", config=venue.alone(name)) for name in names}
        random_of = random.Random(20_260_101)
        kills = [started[random_of.choice(("venue", "venue", "poster", "oracle", "keeper"))] for _ in range(12)]
        work(venue, kills, orders=60, random_of=random_of)
        eventually(lambda: not started["oracle"].not_ready())
        started["oracle"].stop()
        started["keeper"].stop()
        eventually(lambda: all_is_posted(venue))
        eventually(lambda: verified(venue))


def test_a_file_without_an_exchange_is_refused(tmp_path):
    with pytest.raises(OperatingRejected, match="FileMissing"):
        connect(tmp_path / "swap.toml")
