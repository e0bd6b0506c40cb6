"""What the lab's commands do and print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from clearspan import exits
from clearspan.lab.adapters.attacks import ATTACKS
from clearspan.lab.adapters.running import UnknownBridge, try_all
from clearspan.lab.campaign import run_campaign
from clearspan.lab.conformance import CASES, run_case
from clearspan.lab.conformance.command import command_relayer
from clearspan.lab.conformance.ours import named_relayer
from clearspan.lab.coverage import Missing, missing
from clearspan.lab.runs import RunResult, config_of, run_seed
from clearspan.lab.scenarios import Result, Scenario, catalogue, find, run_scenario
from clearspan.lab.scenarios.registry import UnknownScenario
from clearspan.lab.shrinking import shrink
from clearspan.progress import progress_on

GAPS_SHOWN = 20


def run_seeds(text: str, *, jobs: int, as_json: bool, require_coverage: bool = False) -> int:
    """`clearspan lab run`."""
    first, _, last = text.partition("..")
    seeds = range(int(first), int(last or first) + 1)
    rows: list[dict[str, Any]] = []

    def told(result: RunResult) -> None:
        rows.append(_row(result))
        if not as_json:
            typer.echo(_line(result))

    with progress_on(sys.stderr) as progress:
        progress.stage(f"{len(seeds)} seeds on {jobs} cores")
        tally = run_campaign(seeds, jobs=jobs, told=told)
    gaps = missing(tally.met)
    speed = tally.simulated_seconds / max(tally.wall_seconds, 1e-9)
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "seeds": tally.seeds,
                    "clean": tally.clean,
                    "packets": tally.packets,
                    "situations": gaps.of - len(gaps.situations),
                    "situations_never_met": [" at ".join(one) for one in gaps.situations],
                    "faults_never_met": gaps.faults,
                    "crash_points_never_met": gaps.points,
                    "simulated_seconds": tally.simulated_seconds,
                    "wall_seconds": round(tally.wall_seconds, 1),
                    "runs": sorted(rows, key=lambda row: row["seed"]),
                }
            )
        )
    else:
        typer.echo(
            f"{tally.clean} of {tally.seeds} seeds clean, {tally.packets} packets, "
            f"{tally.simulated_seconds / 3600:.1f} simulated hours in {tally.wall_seconds:.0f} s, "
            f"{speed:.0f} times as fast as life"
        )
        _print_gaps(gaps)
    is_lacking = require_coverage and gaps.situations
    return exits.REJECTED if tally.failed or is_lacking else exits.OK


def _print_gaps(gaps: Missing) -> None:
    """Which situations no seed has met, the first few by name."""
    typer.echo(f"{gaps.of - len(gaps.situations)} of {gaps.of} situations met ({100 * gaps.share:.1f} %)")
    for name, words in (("faults", gaps.faults), ("crash points", gaps.points)):
        if words:
            typer.echo(f"  {name} never met: {', '.join(words)}")
    for word, place in gaps.situations[:GAPS_SHOWN]:
        typer.echo(f"  never met: {word} at {place}")
    if len(gaps.situations) > GAPS_SHOWN:
        typer.echo(f"  and {len(gaps.situations) - GAPS_SHOWN} others")


def run_replay(seed: int, *, as_json: bool) -> int:
    """`clearspan lab replay`."""
    result = run_seed(seed, config_of(seed), keep=True)
    if as_json:
        typer.echo(json.dumps({**_row(result), "happenings": [str(one) for one in result.happenings]}))
    else:
        for happening in result.happenings:
            typer.echo(happening)
        typer.echo(_line(result))
        _print_violations(result)
    return exits.OK if result.clean else exits.REJECTED


def run_shrink(seed: int, *, as_json: bool) -> int:
    """`clearspan lab shrink`."""
    with progress_on(sys.stderr) as progress:
        progress.stage(f"seed {seed}")
        result = shrink(
            seed,
            config_of(seed),
            lambda count, fails: progress.note(f"{count} faults: {'fails' if fails else 'clean'}"),
        )
    if as_json:
        typer.echo(json.dumps({**_row(result), "plan": [str(planned) for planned in result.plan]}))
    else:
        typer.echo(_line(result))
        if not result.clean:
            for planned in result.plan:
                typer.echo(f"  at {planned.start} s for {planned.seconds} s: {planned.fault}")
            _print_violations(result)
    return exits.OK if result.clean else exits.REJECTED


def run_scenarios(identifier: str | None, *, twin_only: bool, as_json: bool) -> int:
    """`clearspan lab scenarios`."""
    if identifier is None:
        return _list(catalogue(), as_json=as_json)
    try:
        chosen = [one for one in catalogue() if one.attack] if identifier == "all" else [find(identifier)]
    except UnknownScenario as unknown:
        typer.echo(unknown.args[0], err=True)
        return exits.USAGE
    results = []
    for scenario in chosen:
        if scenario.attack is None:
            typer.echo(f"{scenario.identifier} waits for {scenario.missing}", err=True)
            return exits.UNAVAILABLE
        result = run_scenario(scenario, system=not twin_only)
        results.append(result)
        if not as_json:
            _print_result(result)
    survived = sum(result.system is not None and result.system.survived for result in results)
    killed = sum(result.twin is not None and not result.twin.survived for result in results)
    if as_json:
        typer.echo(json.dumps({"scenarios": [_result_row(result) for result in results]}))
    else:
        survivors = "" if twin_only else f"{survived} survived, "
        typer.echo(f"{len(results)} scenarios, {survivors}{killed} twins killed")
    passed = killed == len(results) and (twin_only or survived == len(results))
    return exits.OK if passed else exits.REJECTED


def run_bridge(name: str, identifier: str | None, *, as_json: bool) -> int:
    """`clearspan lab scenarios --bridge`."""
    chosen = [one for one in ATTACKS if identifier in {None, "all", one.identifier}]
    try:
        tried = try_all(name, chosen)
    except UnknownBridge as unknown:
        typer.echo(unknown.args[0], err=True)
        return exits.USAGE
    survived = sum(one.verdict.survived for one in tried)
    if as_json:
        rows = [
            {"id": one.attack.identifier, "survived": one.verdict.survived, "detail": one.verdict.detail}
            for one in tried
        ]
        typer.echo(json.dumps({"bridge": name, "attacks": rows}))
    else:
        for one in tried:
            verdict = "survives" if one.verdict.survived else "FALLS   "
            typer.echo(f"{one.attack.identifier:<20} {verdict} {one.attack.title}: {one.verdict.detail}")
        typer.echo(f"{name} survives {survived} of {len(tried)} attacks")
    return exits.OK if tried and survived == len(tried) else exits.REJECTED


def run_conformance(command: str | None, relayer: str | None, identifier: str | None, *, as_json: bool) -> int:
    """`clearspan lab relayer-conformance`."""
    try:
        start = command_relayer(command) if command is not None else named_relayer(relayer)
    except LookupError as unknown:
        typer.echo(unknown.args[0], err=True)
        return exits.USAGE
    outcomes = []
    for chosen in CASES:
        if identifier in {None, chosen.identifier}:
            outcome = run_case(chosen, start)
            outcomes.append(outcome)
            if not as_json:
                verdict = "conforms" if outcome.conforms else "FAILS   "
                problem = f": {outcome.problem}" if outcome.problem else ""
                typer.echo(f"{chosen.identifier:<16} {verdict} {chosen.title}{problem}")
    conforming = sum(outcome.conforms for outcome in outcomes)
    if as_json:
        rows = [
            {"id": one.case.identifier, "conforms": one.conforms, "problem": one.problem, "deaths": one.deaths}
            for one in outcomes
        ]
        typer.echo(json.dumps({"cases": rows}))
    else:
        typer.echo(f"{conforming} of {len(outcomes)} cases")
    return exits.OK if outcomes and conforming == len(outcomes) else exits.REJECTED


def run_report(seed: int, out: Path) -> int:
    """`clearspan lab report`."""
    from clearspan.lab.picture import render  # noqa: PLC0415

    result = run_seed(seed, config_of(seed), keep=True)
    out.write_text(render(result), encoding="utf-8")
    typer.echo(f"{out}: {_line(result)}")
    return exits.OK if result.clean else exits.REJECTED


def _list(found: Iterable[Scenario], *, as_json: bool) -> int:
    rows = [
        {
            "id": scenario.identifier,
            "class": scenario.group,
            "title": scenario.title,
            "source": scenario.source,
            "status": f"pending: {scenario.missing}" if scenario.attack is None else "live",
        }
        for scenario in found
    ]
    if as_json:
        typer.echo(json.dumps({"scenarios": rows}))
    else:
        for row in rows:
            typer.echo(f"{row['id']:<24} {row['class']:<7} {row['status']:<10} {row['title']} ({row['source']})")
        typer.echo(f"{len(rows)} scenarios")
    return exits.OK


def _row(result: RunResult) -> dict[str, Any]:
    return {
        "seed": result.seed,
        "trace": result.digest,
        "clean": result.clean,
        "packets": result.packets,
        "faults": len(result.plan),
        "rested_after": result.rested_after,
        "violations": [str(violation) for violation in result.violations],
    }


def _line(result: RunResult) -> str:
    verdict = (
        "clean" if result.clean else "BROKEN " + ", ".join(sorted({str(one.invariant) for one in result.violations}))
    )
    rest = "never at rest" if result.rested_after is None else f"at rest after {result.rested_after} s"
    counts = f"{result.packets} packets, {len(result.plan)} faults"
    return f"seed {result.seed}: {verdict}, {counts}, {rest}, trace {result.digest[:16]}"


def _print_violations(result: RunResult) -> None:
    for violation in result.violations:
        typer.echo(f"  {violation}")


def _print_result(result: Result) -> None:
    typer.echo(f"{result.scenario.identifier}: {result.scenario.title}")
    if result.system is not None:
        typer.echo(f"  system {'survives' if result.system.survived else 'FALLS'}: {result.system.detail}")
    if result.twin is not None and result.scenario.twin is not None:
        typer.echo(f"  twin   {'SURVIVES' if result.twin.survived else 'falls'}: {result.twin.detail}")
        typer.echo(f"         ({result.scenario.twin.mutation})")


def _result_row(result: Result) -> dict[str, Any]:
    return {
        "id": result.scenario.identifier,
        "system": None
        if result.system is None
        else {"survived": result.system.survived, "detail": result.system.detail},
        "twin": None if result.twin is None else {"survived": result.twin.survived, "detail": result.twin.detail},
    }
