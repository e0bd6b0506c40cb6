"""Where an oracle has its smiles from: a file that somebody else keeps writing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import structlog

from exchange.engine.pricing import Smile
from relayers.ports import SourceSmile

Parameter = Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)]


class WrittenSmile(msgspec.Struct, frozen=True):
    """One expiry's: when it was, in seconds, carry in 1e-9 a year, and a, b, rho, m, sigma in 1e-18."""

    time: Annotated[int, msgspec.Meta(ge=0, lt=1 << 40)]
    carry: Annotated[int, msgspec.Meta(ge=-(1 << 31), lt=1 << 31)]
    smile: tuple[Parameter, Parameter, Parameter, Parameter, Parameter]


class FileSmiles:
    """`{"BTC-DEC": {"time": 1767225600, "carry": 0, "smile": [...]}}` by the expiries' names."""

    def __init__(self, path: Path, symbols: Sequence[str]) -> None:
        self._path = path
        self._symbols = symbols

    def latest(self, expiry: int) -> SourceSmile | None:
        """See SmileSource; None where the file is not there, or is no such thing."""
        try:
            written = msgspec.json.decode(self._path.read_bytes(), type=dict[str, WrittenSmile])
        except (OSError, msgspec.MsgspecError) as error:
            structlog.get_logger().debug("no smiles", source=str(self._path), error=str(error)[:200])
            return None
        found = written.get(self._symbols[expiry]) if expiry < len(self._symbols) else None
        return None if found is None else SourceSmile(time=found.time, carry=found.carry, smile=Smile(*found.smile))
