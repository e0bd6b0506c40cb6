"""Where each oracle of a world has its prices from: the board everybody sees, and what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable

from clearspan.devnet.prices import PriceBoard
from relayers.ports import SourcePrice

Distortion = Callable[[int, SourcePrice], SourcePrice | None]
"""By underlying and true price: what is heard instead, None for nothing."""


class Feed:
    """One oracle's source."""

    def __init__(self, board: PriceBoard) -> None:
        self._board = board
        self.distortions: list[Distortion] = []

    def latest(self, underlying: int) -> SourcePrice | None:
        """What this oracle hears."""
        price = self._board.latest(underlying)
        for distort in self.distortions:
            if price is not None:
                price = distort(underlying, price)
        return price
