import subprocess
import sys

import pytest

import clearspan


def test_every_public_name_is_there_and_sorted():
    assert clearspan.__all__ == sorted(clearspan.__all__)
    assert set(clearspan._HOMES) == set(clearspan.__all__)
    for name in clearspan.__all__:
        assert getattr(clearspan, name).__name__ == name
    assert set(clearspan.__all__) <= set(dir(clearspan))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Trades'"):
        clearspan.Trades  # noqa: B018


def test_importing_the_package_imports_nothing_heavy():
    script = (
        "import sys, clearspan; print([m for m in ('web3', 'eth', 'pydantic', 'chains', 'rich') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"
