"""The failure lab: whole worlds of chains, daemons, users and faults that one seed decides, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

__all__ = ["chaos"]


def chaos(*, seeds: int = 5, duration: int = 60, faults: int = 8) -> pytest.MarkDecorator:
    """Run a test under random faults, once per seed, until its world has come to rest; see `clearspan.lab.plugin`."""
    import pytest  # noqa: PLC0415 - only tests need it

    mark: Any = pytest.mark.chaos
    decorator: pytest.MarkDecorator = mark(seeds=seeds, duration=duration, faults=faults)
    return decorator
