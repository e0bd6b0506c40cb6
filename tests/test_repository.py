"""What the repository promises about itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("bridge", "chains", "clearspan", "contracts", "exchange", "relayers")


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [REPOSITORY / line for line in listing.stdout.splitlines() if (REPOSITORY / line).is_file()]


def test_lock_has_exact_versions_and_hashes_and_no_address():
    lock = (REPOSITORY / "requirements.lock").read_text()
    requirements = re.findall(r"^([A-Za-z0-9][^\s]*)(?: ;.*)? \\$", lock, re.MULTILINE)
    assert requirements
    assert [r for r in requirements if "==" not in r] == []
    assert lock.count("--hash=sha256:") >= len(requirements)
    assert "://" not in lock


def test_npm_lock_has_no_address():
    assert '"resolved"' not in (REPOSITORY / "contracts" / "package-lock.json").read_text()


def test_no_package_initialiser_under_tests():
    assert list((REPOSITORY / "tests").rglob("__init__.py")) == []


def test_no_test_is_named_after_a_package():
    names = {p.stem for p in tracked_files() if p.suffix == ".py" and "tests" in p.parts and p.stem != "conftest"}
    assert names.isdisjoint(PACKAGES)


def test_every_file_is_one_idea():
    long = {
        str(path.relative_to(REPOSITORY)): lines
        for path in tracked_files()
        if path.suffix in {".py", ".sol"} and (lines := path.read_text().count("\n")) > 500
    }
    assert long == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_reexports_are_sorted_and_exist(package):
    code = (
        f"import {package} as p; names = list(getattr(p, '__all__', ())); "
        "assert names == sorted(names), names; [getattr(p, n) for n in names]"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
