"""What every group of the trader's verbs stands on: an account at a venue."""

from __future__ import annotations

from abc import ABC, abstractmethod

from exchange.sdk.catalogue import Catalogue
from exchange.sdk.venue import Venue


class OwnedAccount(ABC):
    """One wallet's account; the trader supplies what is abstract."""

    _venue: Venue
    _catalogue: Catalogue

    @abstractmethod
    async def account(self) -> int:
        """The exchange's id of this wallet."""

    @abstractmethod
    def _nonce(self) -> int:
        """The next nonce, in milliseconds."""
