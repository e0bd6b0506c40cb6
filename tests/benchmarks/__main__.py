"""`make bench`: every figure of docs/benchmarks.md, with its conditions.

`python tests/benchmarks PART...` runs some of it: engine, cores, books, latency, growth, replay, pricing, sequencer,
packets, relayers, gas.
"""

import importlib
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))


def conditions() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return (
        f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()} on "
        f"{platform.system()}"
    )


def engine() -> None:
    bench = importlib.import_module("tests.benchmarks.bench_engine")
    for accounts in (500, 50_000):
        print(bench.run(accounts), "\n")


def _part(name: str) -> Callable[[], None]:
    def run() -> None:
        importlib.import_module(f"tests.benchmarks.bench_{name}").main()
        print()

    return run


def sequencer() -> None:
    bench = importlib.import_module("tests.benchmarks.bench_sequencer")
    print("sequencer: 500 accounts, orders through the log with a signed confirmation each")
    for measurement in bench.run():
        print(f"  {measurement.name:<22} {measurement.group:>4} a write {measurement.per_second:>9,.0f} orders/s")
    print()


def gas() -> None:
    print("gas of every contract call (contracts/gas-snapshot.json, checked by the tests)")
    for call, used in _flat(json.loads((REPOSITORY / "contracts" / "gas-snapshot.json").read_text())):
        print(f"  {call:<60} {used:>10,}")


def _flat(table: dict, prefix: str = ""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}: ")
        else:
            yield prefix + name, value


def pricing() -> None:
    print("option pricing")
    print(importlib.import_module("tests.benchmarks.bench_pricing").run(), "\n")


PARTS = {
    "engine": engine,
    **{name: _part(name) for name in ("cores", "books", "latency", "growth", "replay")},
    "pricing": pricing,
    "sequencer": sequencer,
    "packets": _part("packets"),
    "relayers": _part("relayers"),
    "gas": gas,
}


if __name__ == "__main__":
    wanted = sys.argv[1:] or [name for name in PARTS if name != "relayers"]  # a backlog of 20,000 takes long
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        sys.exit(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    print(conditions(), "\n")
    for name in wanted:
        PARTS[name]()
