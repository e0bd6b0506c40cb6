"""What a trade does to an account: position, cost, realised profit."""

from __future__ import annotations

from exchange.state.account import Account, Position


def settle(account: Account, position: Position, signed_size: int, cash: int) -> None:
    """Book a trade of `signed_size` (positive buys) for `cash` (not negative).

    What opens adds to the cost; what closes takes its share of the cost, rounded up, and realises the difference in the
    account's cash. Cash less cost always moves by exactly the trade's cash.
    """
    held = position.size
    position.size = held + signed_size
    flow = cash if signed_size > 0 else -cash
    if held == 0 or (held > 0) == (signed_size > 0):
        position.cost += flow
        return
    if abs(signed_size) <= abs(held):
        released = -(position.cost * signed_size // held)  # rounded up: the sizes have opposite signs
        position.cost -= released
        account.cash -= flow + released
        return
    closing = flow * -held // signed_size
    account.cash -= closing + position.cost
    position.cost = flow - closing
