"""What a swap may cost: no more than the leanest published escrow."""

import pytest

from tests.contracts.gas import Meter
from tests.contracts.swap_gas import measure_swaps

PUBLISHED_LOCK, PUBLISHED_CLAIM, PUBLISHED_TEN_CLAIMS = 87_000, 54_000, 105_000


@pytest.fixture(scope="module")
def used():
    meter = Meter()
    measure_swaps(meter)
    return meter.used


def test_a_lock_costs_no_more_than_elsewhere(used):
    assert used["SwapEscrow.lock, token"] < PUBLISHED_LOCK
    assert used["SwapEscrow.lock, ether"] < PUBLISHED_LOCK


def test_a_claim_costs_no_more_than_elsewhere(used):
    for name in ("token", "token, no deposit", "ether"):
        assert used[f"SwapEscrow.claim, {name}"] < PUBLISHED_CLAIM


def test_ten_claims_cost_no_more_than_elsewhere(used):
    """The others know no safety deposit; paying it out once is some 6,000 more."""
    assert used["SwapEscrow.claimBatch, 10 x token, no deposit"] < PUBLISHED_TEN_CLAIMS
    assert used["SwapEscrow.claimBatch, 10 x ether"] < PUBLISHED_TEN_CLAIMS
    assert used["SwapEscrow.claimBatch, 10 x token"] < PUBLISHED_TEN_CLAIMS + 7_000


def test_sending_first_is_cheaper_than_crediting_always(used):
    """Why a claim sends, and credits only what cannot be sent."""
    for asset, claim in (("token", "token, no deposit"), ("ether", "ether")):
        credited = used[f"SwapEscrow.claim, {asset}, credited"] + used[f"SwapEscrow.withdraw, {asset}"]
        assert used[f"SwapEscrow.claim, {claim}"] < credited / 2
