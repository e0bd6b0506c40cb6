"""`clearspan lab`. Everything heavy is imported inside the commands, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

lab = typer.Typer(help="Break it on purpose, from one seed.", no_args_is_help=True, rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
Seed = Annotated[int, typer.Argument(min=0, help="The seed of the run.", show_default=False)]


def _range(text: str) -> str:
    """`A..B`, both included, or one seed."""
    first, _, last = text.partition("..")
    if not first.isdecimal() or (last and not last.isdecimal()) or int(last or first) < int(first):
        raise typer.BadParameter("seeds are A..B, both included, or one number")
    return text


@lab.command()
def run(
    *,
    seeds: Annotated[str, typer.Option("--seeds", callback=_range, help="A..B, both included.")] = "1..20",
    jobs: Annotated[int, typer.Option("-j", "--jobs", min=1, help="Processes.")] = 1,
    require_coverage: Annotated[bool, typer.Option("--require-coverage", help="Fail unless all was met.")] = False,
    as_json: Json = False,
) -> None:
    """Run seeds: chaos, healing, rest, and every promise checked after every block. Prints each run's trace hash.

    Prints which situations (fault, crash point, stage of packets) no seed has met.
    """

    def act() -> int:
        from clearspan.lab.command import run_seeds  # noqa: PLC0415

        return run_seeds(seeds, jobs=jobs, as_json=as_json, require_coverage=require_coverage)

    finish(act)


@lab.command()
def replay(seed: Seed, *, as_json: Json = False) -> None:
    """Run one seed again and print everything that happened, each packet's way included."""

    def act() -> int:
        from clearspan.lab.command import run_replay  # noqa: PLC0415

        return run_replay(seed, as_json=as_json)

    finish(act)


@lab.command()
def shrink(seed: Seed, *, as_json: Json = False) -> None:
    """Find the few faults of a failing seed that it takes to fail."""

    def act() -> int:
        from clearspan.lab.command import run_shrink  # noqa: PLC0415

        return run_shrink(seed, as_json=as_json)

    finish(act)


@lab.command()
def scenarios(
    *,
    identifier: Annotated[str | None, typer.Option("--run", help="Run this scenario, or `all`.")] = None,
    twin: Annotated[bool, typer.Option("--twin", help="Attack only the twin with one line wrong.")] = False,
    bridge: Annotated[
        str | None,
        typer.Option(
            "--bridge", help="Aim what needs no more than five ports at clearspan, erc7786 or package.module:function."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """List the catalogue, or run a scenario against the system and its twin."""

    def act() -> int:
        from clearspan.lab.command import run_bridge, run_scenarios  # noqa: PLC0415

        if bridge is not None:
            return run_bridge(bridge, identifier, as_json=as_json)
        return run_scenarios(identifier, twin_only=twin, as_json=as_json)

    finish(act)


@lab.command("relayer-conformance")
def relayer_conformance(
    *,
    command: Annotated[
        str | None, typer.Option("--command", help="A relayer as a program; `{assignment}` is the file it gets.")
    ] = None,
    relayer: Annotated[
        str | None, typer.Option("--relayer", help="A relayer in Python, as package.module:function. Neither: ours.")
    ] = None,
    case: Annotated[str | None, typer.Option("--case", help="One case only.")] = None,
    as_json: Json = False,
) -> None:
    """Put a relayer, ours or another, through everything that is asked of one."""

    def act() -> int:
        from clearspan.lab.command import run_conformance  # noqa: PLC0415

        return run_conformance(command, relayer, case, as_json=as_json)

    finish(act)


@lab.command()
def report(
    seed: Seed, *, out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("lab.html")
) -> None:
    """Write one HTML file with a picture of a run: lanes per chain and daemon, faults as bands, packets as lines."""

    def act() -> int:
        from clearspan.lab.command import run_report  # noqa: PLC0415

        return run_report(seed, out)

    finish(act)
