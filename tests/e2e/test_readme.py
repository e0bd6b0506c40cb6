"""The README's example is run as it stands."""

import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_first_python_example_runs(tmp_path):
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    example = re.search(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert example is not None, "the README shows how to use the SDK"
    script = tmp_path / "example.py"
    script.write_text(example[1])
    answer = subprocess.run(
        [sys.executable, script],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PYTHONPATH": str(REPOSITORY)},
    )
    assert answer.returncode == 0, answer.stderr
