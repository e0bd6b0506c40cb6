"""One run of the demo for every test that only reads what it said and kept."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from clearspan.cli import app


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    exit_code: int
    stdout: str
    stderr: str
    directory: Path
    report: dict[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    directory = tmp_path_factory.mktemp("demo") / "kept"
    answer = CliRunner().invoke(app, ["demo", "--json", "--out", str(directory)])
    return DemoRun(
        exit_code=answer.exit_code,
        stdout=answer.stdout,
        stderr=answer.stderr,
        directory=directory,
        report=json.loads(answer.stdout),
    )
