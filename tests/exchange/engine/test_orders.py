from __future__ import annotations


def test_smoke(venue) -> None:
    print(venue.sell(1, 50_000, 1))
    print(venue.buy(2, 50_010, 2))
    assert venue.state.accounts[2].positions[0].size == 10**8
