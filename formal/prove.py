"""Proves what properties.py and arithmetic.py state, refutes it for every twin named there, and prints a table.

    python formal/prove.py [--short] [WORD ...]     properties whose name contains a word; all without one

Exit code 0 where every property is proved and every twin refuted, 1 otherwise. Nothing is downloaded.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from arithmetic import FORMULAS, Formula, decide
from projects import environment, project
from properties import PROPERTIES, Property

HERE: Final = Path(__file__).resolve().parent
PROVED, REFUTED, UNDECIDED = "proved", "refuted", "undecided"
SECONDS_MAX: Final = 600
_COUNTEREXAMPLE: Final = 1


def symbolic(row: Property, twin: str | None) -> str:
    """Run one proof over the contract or its twin."""
    root = project(row.contract, twin, via_ir=row.via_ir)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, str(HERE / "symbolic.py"), "--root", str(root), "--json-output", str(answer)]
        command += ["--contract", row.contract, "--match-test", f"^{row.function}\\(", "--no-status", "--early-exit"]
        command += ["--loop", "8", "--solver-timeout-assertion", "120s"]
        command += ["--default-bytes-lengths", "0,1,32,33"]
        try:
            done = subprocess.run(
                command, env=environment(), capture_output=True, text=True, check=False, timeout=SECONDS_MAX
            )
        except subprocess.TimeoutExpired:
            return UNDECIDED
        if not answer.exists():
            print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
            return UNDECIDED
        (tests,) = json.loads(answer.read_text(encoding="utf-8"))["test_results"].values()
    (test,) = tests
    if test["exitcode"] == 0:
        return PROVED
    return REFUTED if test["exitcode"] == _COUNTEREXAMPLE else UNDECIDED


def rows(words: list[str], *, short: bool) -> Iterator[tuple[str, str, str, str, float]]:
    """Property, variant, what was expected and found, seconds; one after another."""
    chosen: list[Property | Formula] = [
        row
        for row in (*FORMULAS, *PROPERTIES)
        if all(word in row.name for word in words) and not (short and row.is_long)
    ]
    for row in chosen:
        for twin in (None, *(row.twins[:1] if short else row.twins)):
            started = time.monotonic()
            found = decide(row, twin) if isinstance(row, Formula) else symbolic(row, twin)
            yield row.name, twin or "", PROVED if twin is None else REFUTED, found, time.monotonic() - started


def main() -> int:
    """Print the table; answer whether all of it is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("words", nargs="*", help="properties whose names contain all of these")
    parser.add_argument("--short", action="store_true", help="leave out the long ones, and of each all twins but one")
    given = parser.parse_args()
    print(f"{'property':<28} {'twin':<34} {'result':<10} {'seconds':>7}")
    wrong = 0
    total = 0
    for name, twin, expected, found, seconds in rows(given.words, short=given.short):
        total += 1
        wrong += found != expected
        remark = "" if found == expected else f"   expected: {expected}"
        print(f"{name if not twin else '':<28} {twin:<34} {found:<10} {seconds:>7.1f}{remark}", flush=True)
    if not total:
        print("no property of that name", file=sys.stderr)
    else:
        print(f"{total - wrong} of {total} as expected")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.exit(main())
