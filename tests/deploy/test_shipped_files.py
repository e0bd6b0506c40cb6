"""Files for other programs say what is true: they parse, and name what exists."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from configparser import RawConfigParser
from pathlib import Path

import pytest

from relayers.operating.metrics import METRICS, PREFIX, Kind

REPOSITORY = Path(__file__).resolve().parents[2]
DEPLOY = REPOSITORY / "deploy"
RULE = re.compile(
    r"      - alert: (?P<alert>\w+)\n"
    r"        expr: (?P<expr>.+)\n"
    r"        for: (?P<wait>\d+[smhd])\n"
    r"        labels:\n          severity: (?P<severity>critical|warning)\n"
    r"        annotations:\n          summary: (?P<summary>.+)\n"
)
EXPORTED = {
    *(PREFIX + name for name, spec in METRICS.items() if spec.kind is not Kind.HISTOGRAM),
    *(
        f"{PREFIX}{name}_{part}"
        for name, spec in METRICS.items()
        if spec.kind is Kind.HISTOGRAM
        for part in ("bucket", "sum", "count")
    ),
}


def alerts():
    """Every rule of the file; the file is nothing but its head and these."""
    text = (DEPLOY / "alerts.yml").read_text()
    head, _, rules = text.partition("    rules:\n")
    assert [line for line in head.splitlines() if not line.startswith("#")] == [
        "groups:",
        "  - name: clearspan-relayer",
    ]
    assert RULE.sub("", rules) == ""
    return [match.groupdict() for match in RULE.finditer(rules)]


def named_metrics(text):
    return set(re.findall(rf"{PREFIX}\w+", text))


def labels_of(metric):
    name = metric.removeprefix(PREFIX)
    for part in ("_bucket", "_sum", "_count"):
        if name.removesuffix(part) in METRICS and name not in METRICS:
            return {*METRICS[name.removesuffix(part)].labels, "le"}
    return set(METRICS[name].labels)


class TestAlerts:
    def test_every_metric_is_exported(self):
        assert alerts()
        for alert in alerts():
            assert named_metrics(alert["expr"]) <= EXPORTED, alert["alert"]

    def test_every_label_in_a_summary_is_one_of_the_metric(self):
        for alert in alerts():
            known = {"instance", *(label for metric in named_metrics(alert["expr"]) for label in labels_of(metric))}
            assert set(re.findall(r"\$labels\.(\w+)", alert["summary"])) <= known, alert["alert"]

    def test_brackets_are_closed(self):
        for alert in alerts():
            for left, right in ("()", "[]", "{}"):
                assert alert["expr"].count(left) == alert["expr"].count(right), alert["alert"]

    def test_every_alert_has_a_section_with_a_command(self):
        runbook = (REPOSITORY / "docs" / "operators.md").read_text().partition("\n# Alerts\n")[2]
        sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", runbook, re.MULTILINE | re.DOTALL))
        assert list(sections) == [alert["alert"] for alert in alerts()]
        assert [name for name, text in sections.items() if "```sh\nclearspan " not in text] == []


class TestDashboard:
    @pytest.fixture
    def dashboard(self):
        return json.loads((DEPLOY / "dashboard.json").read_text())

    def test_every_metric_is_exported_and_every_gauge_and_counter_is_shown(self, dashboard):
        shown = named_metrics(json.dumps(dashboard["panels"]))
        assert shown <= EXPORTED
        missing = {name for name in METRICS if not any(metric.startswith(PREFIX + name) for metric in shown)}
        assert missing == set()

    def test_panels_have_places_and_ids_of_their_own(self, dashboard):
        places = [tuple(panel["gridPos"].values()) for panel in dashboard["panels"]]
        assert len(set(places)) == len(places)
        assert [panel["id"] for panel in dashboard["panels"]] == list(range(1, len(places) + 1))


def test_every_test_that_a_complaint_names_is_there():
    page = (REPOSITORY / "docs" / "operators.md").read_text()
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) > 10
    for path, test in named:
        assert f"def {test}(" in (REPOSITORY / "tests" / "relayers" / path).read_text(), (path, test)


def test_the_unit_has_the_least_privilege():
    unit = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    unit.optionxform = str
    unit.read_string((DEPLOY / "clearspan-relayer.service").read_text())
    service = unit["Service"]
    expected = {
        "User": "clearspan",
        "CapabilityBoundingSet": "",
        "AmbientCapabilities": "",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "PrivateDevices": "yes",
        "MemoryDenyWriteExecute": "yes",
        "RestrictNamespaces": "yes",
        "UMask": "0077",
        "KillSignal": "SIGTERM",
    }
    assert {name: service[name] for name in expected} == expected
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert "relayer start --config" in service["ExecStart"]


def test_the_container_runs_as_nobody_in_particular():
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER 10001:10001"]
    assert "--require-hashes" in "".join(lines)
    assert any("--read-only" in line for line in lines if line.startswith("#"))
    after_user = lines[lines.index("USER 10001:10001") :]
    assert not [line for line in after_user if line.startswith(("RUN", "COPY", "ADD"))]


def test_the_container_copies_what_is_there_and_everything_the_package_needs():
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    sources = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from" not in line]
    copied = {name for names in sources for name in names}
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {name.partition("/")[0] for name in copied} >= {*packages, "pyproject.toml", "README.md", "LICENSE"}
    locked = (REPOSITORY / "requirements.lock").read_text()
    backend = project["build-system"]["requires"][0]
    assert f"\n{backend} " in locked  # the build is not isolated: its backend comes from the lock


@pytest.mark.parametrize("arguments", [["relayer", "start"], ["health-check"]])
def test_what_container_and_unit_start_is_a_command(arguments):
    container = (DEPLOY / "Containerfile").read_text()
    assert json.dumps(arguments) in container or json.dumps(["clearspan", *arguments]) in container
    assert 'ENTRYPOINT ["clearspan"]' in container
    environment = {**os.environ, "CLEARSPAN_CONFIG": "nowhere.toml"}
    command = [sys.executable, "-m", "clearspan", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert "nowhere.toml" in done.stderr  # it got so far as to look for the file the variable names
    assert done.returncode == 1


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_takes_the_unit_and_thinks_well_of_it(tmp_path):
    unit = tmp_path / "clearspan-relayer.service"
    text = (DEPLOY / "clearspan-relayer.service").read_text()
    unit.write_text(text.replace("/opt/clearspan/bin/clearspan", "/bin/true"))
    checked = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout  # exposure of at most 2.0 of 10
    unit.write_text(unit.read_text().replace("NoNewPrivileges=yes", "NoNewPrivilege=yes"))
    wrong = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert "NoNewPrivilege" in wrong.stderr
