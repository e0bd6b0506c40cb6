"""A newcomer's first hour: serve a devnet, start a market maker beside it, trade over HTTP with the SDK."""

from decimal import Decimal

import pytest
import requests

from clearspan.relayer import venue_daemons
from clearspan.trading import connect
from exchange.sdk.errors import FloatAmount, Rejected
from relayers.operating.errors import ConfigRejected
from tests.clearspan.swap.serving import serving
from tests.relayers.operating.conftest import eventually, running


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    venue_daemons.register()
    with serving(tmp_path_factory.mktemp("served") / "net") as net:
        yield net


def test_a_maker_quotes_and_alice_buys(served):
    alice = connect(served.directory / "alice" / "swap.toml")
    eventually(lambda: served.core.sequencer.state.header.account_count >= 5, 60)
    with running(served.directory / "maker" / "relayer.toml", names=("market-maker",)):
        eventually(lambda: alice.fetch_order_book(market="ETH-PERP").asks, 60)
        trial = alice.simulate_order(market="ETH-PERP", side="buy", type="market", amount="0.5")
        assert trial.reason is None
        bought = alice.create_order(market="ETH-PERP", side="buy", type="market", amount="0.5")
    assert bought.filled == Decimal("0.5")
    (position,) = alice.fetch_positions()
    assert (position.market, position.size) == ("ETH-PERP", Decimal("0.5"))
    with pytest.raises(FloatAmount):
        alice.create_order(market="ETH-PERP", side="buy", type="market", amount=0.5)
    with pytest.raises(Rejected, match="UnknownMarket"):
        alice.fetch_order_book(market="DOGE-PERP")


def test_nobody_outside_is_handed_batches(served):
    for question in ("next_batch", "confirm_posted", "recut"):
        assert requests.post(f"{served.urls['exchange']}/{question}", json={}, timeout=5).status_code == 404


@pytest.mark.parametrize(
    ("find", "replacement", "told"),
    [
        ("BTC-PERP", "DOGE-PERP", "markets.DOGE-PERP: no such market"),
        ('size = "0.05"', 'size = "-1"', "markets.BTC-PERP"),
        ('size = "0.05"', 'size = "NaN"', "markets.BTC-PERP"),
        ('size = "0.05"', "size = 0.05", "markets.BTC-PERP.size"),
        ("[exchange]", "[nothing]", "nothing: unknown key"),
    ],
)
def test_a_makers_file_is_checked(served, find, replacement, told):
    path = served.directory / "maker" / "odd.toml"
    text = (served.directory / "maker" / "relayer.toml").read_text()
    assert find in text
    path.write_text(text.replace(find, replacement))
    with pytest.raises(ConfigRejected, match=told), running(path, names=("market-maker",)):
        pass


@pytest.mark.parametrize(
    ("daemon", "options", "told"),
    [
        ("oracle", "", "an oracle has prices, or collects"),
        ("oracle", 'prices = [{ file = "a", url = "b" }]', "prices.0: Value error"),
        ("oracle", 'prices = [{ file = "a" }]\nneeded = 2', "options.needed: there are 1 sources"),
        ("poster", "interval_seconds = -1", "options.interval_seconds"),
        ("venue", "verifier = 1", "options.verifier: unknown key"),
    ],
)
def test_options_of_the_operators_daemons_are_checked(served, daemon, options, told):
    path = served.directory / "maker" / "odd.toml"
    text, _, _ = (served.directory / "maker" / "relayer.toml").read_text().partition("[daemons.market-maker]")
    path.write_text(f'{text}[daemons.{daemon}]\nsigner = "maker"\n\n[daemons.{daemon}.options]\n{options}\n')
    with pytest.raises(ConfigRejected, match=told), running(path, names=(daemon,)):
        pass


def daemon_file(served, daemon, options):
    """A file for one of the operator's daemons, with the maker's key."""
    path = served.directory / "maker" / f"{daemon}.toml"
    text, _, _ = (served.directory / "maker" / "relayer.toml").read_text().partition("[daemons.market-maker]")
    head = text.replace("relayer.sqlite", f"{daemon}.sqlite")
    head = head.replace("[exchange]", "[readiness]\nstalled_seconds = 1.0\n\n[exchange]")
    path.write_text(
        f'{head}[daemons.{daemon}]\nsigner = "maker"\nevery_seconds = 0.2\n\n[daemons.{daemon}.options]\n{options}\n'
    )
    return path


def test_a_stale_price_makes_its_oracle_not_ready(served):
    options = 'prices = [{ file = "nowhere.json" }]\nprice_age_seconds_max = 1'
    with running(daemon_file(served, "oracle", options), names=("oracle",)) as process:
        eventually(lambda: "oracle: the price of BTC is " in process.get("/ready").text, 60)
        assert process.get("/ready").status_code == 503
        assert process.metrics()['clearspan_relayer_exchange_price_age_seconds{underlying="BTC"}'] > 1
        assert process.get("/reports").json() == {"reports": []}


def test_a_poster_whom_no_venue_answers_is_not_ready(served):
    with running(daemon_file(served, "poster", "interval_seconds = 1"), names=("poster",)) as process:
        eventually(lambda: "poster is blocked for " in process.get("/ready").text, 60)
        assert process.get("/ready").status_code == 503
