"""The asset leaf: one token on one chain, and what the venue owes from that vault."""

from __future__ import annotations

from enum import IntEnum
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

ASSET_KIND: Final = 8
NO_UNDERLYING: Final = 0xFFFF
_M64: Final = (1 << 64) - 1
_LAYOUT: Final = Layout(">Q20sBBHIBQQ")


class AssetKind(IntEnum):
    """How a deposit counts."""

    CASH = 0
    COLLATERAL = 1


class Health(IntEnum):
    """What the settlement chain's client of an asset's chain says."""

    HEALTHY = 0
    SICK = 1


class Asset(Struct, gc=False):
    """`health` is its chain's.

    `inventory` is credited less withdrawn, in base units; `haircut` in 1e-6.
    """

    chain_id: int
    token: bytes
    kind: int
    decimals: int
    underlying: int
    haircut: int
    health: int = 0
    inventory: int = 0

    def encode(self) -> bytes:
        """Leaf body."""
        return _LAYOUT.pack(
            self.chain_id,
            self.token,
            self.kind,
            self.decimals,
            self.underlying,
            self.haircut,
            self.health,
            self.inventory >> 64,
            self.inventory & _M64,
        )

    @classmethod
    def decode(cls, body: bytes) -> Asset:
        """Inverse of `encode`."""
        *fields, inventory_high, inventory_low = _LAYOUT.unpack(body)
        fields.append(inventory_high << 64 | inventory_low)
        return cls(*fields)
