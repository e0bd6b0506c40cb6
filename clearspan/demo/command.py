"""`clearspan demo`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from clearspan import exits
from clearspan.demo.chronicle import Chronicle
from clearspan.demo.render import render
from clearspan.demo.report import build_report
from clearspan.demo.scenario import play
from clearspan.devnet import Devnet
from clearspan.progress import Progress, progress_on
from clearspan.replay.recording import recording_of
from clearspan.replay.report import build_replay_report, render_replay
from clearspan.replay.run import replay, replay_devnet
from clearspan.verify import Verification, verify_directory
from exchange.sdk import Rejected


def run_demo(*, seed: int, as_json: bool, out: Path | None) -> int:
    """Plays the scenario, verifies what it left, prints the report; the exit code says whether all of it held."""
    with tempfile.TemporaryDirectory(prefix="clearspan-") as scratch, progress_on() as progress:
        directory = _fresh(out) if out is not None else Path(scratch)
        progress.stage("Three chains start; contracts, clients and routes are deployed")
        with Devnet(seed, directory=directory) as net:
            chronicle = Chronicle()
            net.core.sequencer.subscribe(chronicle)
            story = play(net, progress, seed)
            answer = _verify(directory, progress)
            report = build_report(net, seed, story, chronicle, answer)
    typer.echo(json.dumps(report, indent=2) if as_json else render(report))
    return exits.OK if report["ok"] else exits.REJECTED


def run_replay(files: Sequence[Path], *, seed: int, as_json: bool, out: Path | None, limit: int | None) -> int:
    """Trades recorded markets on the same system, verifies it, prints the report."""
    recordings = [recording_of(file) for file in files]
    with tempfile.TemporaryDirectory(prefix="clearspan-") as scratch, progress_on() as progress:
        directory = _fresh(out) if out is not None else Path(scratch)
        progress.stage("Three chains start; contracts, clients and routes are deployed")
        with replay_devnet(recordings, seed=seed, directory=directory) as net:
            outcome = replay(net, recordings, progress, limit)
            answer = _verify(directory, progress)
            report = build_replay_report(net, recordings, outcome, answer)
    typer.echo(json.dumps(report, indent=2) if as_json else render_replay(report))
    return exits.OK if report["ok"] else exits.REJECTED


def _fresh(directory: Path) -> Path:
    """The directory to keep the run in; raises Rejected(DirectoryNotEmpty) rather than mix two runs."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise Rejected("DirectoryNotEmpty", f"{directory} is not an empty directory")
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _verify(directory: Path, progress: Progress) -> Verification:
    progress.stage("The state is rebuilt from the kept chain data alone")
    answer = verify_directory(directory, report=progress.tick)
    progress.note("the same root" if answer.ok else f"NOT VERIFIED: {answer.reason}")
    return answer
