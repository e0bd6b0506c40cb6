"""Fixtures every part of the test tree may use."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("campaign", deadline=None, max_examples=2000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder with recorded market data and conformance vectors; skips where it is absent."""
    folder = Path(os.environ.get("CLEARSPAN_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            f"no shared folder with vectors and recorded data (looked for it beside the repository: {folder.name})"
        )
    return folder


@pytest.fixture(scope="session")
def vector(shared: Path) -> Callable[..., Any]:
    """Reads a file of conformance vectors by the parts of its path; skips where it is absent."""

    def read(*path: str) -> Any:
        file = shared.joinpath("vectors", *path)
        if not file.is_file():
            pytest.skip(f"no {file.name} in the shared folder")
        return json.loads(file.read_text())

    return read
