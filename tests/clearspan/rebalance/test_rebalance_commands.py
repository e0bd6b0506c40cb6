"""A vault of a served devnet is short; a stranger sees the offer and takes it from the command line."""

import json
import time

import pytest

from clearspan import exits
from clearspan.devnet.wallets import trader_wallet
from exchange.engine import Signer, sign_queue_withdrawal
from exchange.sdk.venue_client import VenueClient
from exchange.state import ReservationStatus
from tests.clearspan.swap.serving import command, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("served") / "net") as net:
        yield net


def wait_for(what):
    until = time.time() + 60
    while not (found := what()):
        assert time.time() < until
        time.sleep(0.3)
    return found


def offers(served):
    answer = command(served, "bob", "rebalance", "offers", "--json")
    assert answer.exit_code == exits.OK, answer.stderr
    return json.loads(answer.stdout)["offers"]


def test_an_offer_is_seen_and_taken(served):
    state = served.core.sequencer.state
    signer = Signer(bytes(trader_wallet(1, "alice").key))
    wait_for(lambda: len(state.accounts) > 3)
    assert offers(served) == []
    short = served.core.catalogue.asset(chain="beta", symbol="USDC").asset_id
    venue = VenueClient(served.urls["exchange"], state.domain)
    now = venue.now()
    venue.submit(
        sign_queue_withdrawal(
            signer,
            state.domain,
            account=venue.account_of(signer.address),
            asset=short,
            amount=1_000 * 10**6,
            recipient=signer.address,
            nonce=now * 1000,
            expiry=now + 60,
        )
    )
    (offer,) = wait_for(lambda: offers(served))
    assert (offer["chain"], offer["asset"], offer["amount"]) == ("beta", "USDC", "999.000000")
    assert set(offer["from"]) == {"alpha"}

    take = ("rebalance", "take", "--bring", "999 USDC@beta", "--from", "alpha", "--yes")
    refused = command(served, "bob", *take, "--min-rebate", "5")
    assert (refused.exit_code, "RebateTooSmall" in refused.stderr) == (exits.REJECTED, True)
    refused = command(served, "bob", *take, "--min-rebate", "much")
    assert (refused.exit_code, "NotAnAmount" in refused.stderr) == (exits.REJECTED, True)
    taken = command(served, "bob", *take, "--json")
    assert taken.exit_code == exits.OK, taken.stderr
    account = json.loads(taken.stdout)["account"]
    wait_for(lambda: state.reservations[account].status == ReservationStatus.FILLED)
    held = state.reservations[account]
    leaf = state.withdrawals[held.withdrawal - 1]
    assert (leaf.amount, leaf.recipient) == (
        999 * 10**6 + held.rebate,
        bytes.fromhex(trader_wallet(1, "bob").address[2:]),
    )
    assert wait_for(lambda: not offers(served) or None) is True


def test_help_names_both_verbs(served):
    answer = command(served, "bob", "rebalance", "take", "--from", "alpha")
    assert answer.exit_code == exits.USAGE
