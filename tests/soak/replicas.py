"""Relayers as an operator runs them: a configuration file, an operating system's process, signals and ports."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from relayers.operating import keystores
from tests.chains.anvil import die_with_parent
from tests.relayers.operating.conftest import PASSWORD, parse_metrics
from tests.soak.network import FINAL_UNDER, NAMES

REPOSITORY = Path(__file__).resolve().parents[2]
ENTRY = ("-m", "clearspan")
ROUTES = (("east", "settlement"), ("settlement", "east"), ("west", "settlement"), ("settlement", "west"))
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def write_config(network, folder, *, store, replica="one", liars=None, limits="", extra="", every_seconds=0.25):
    """Everything an operator writes; answers the configuration's path.

    Each chain has three endpoints, two of them the node under two names, the third the liar where there is one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    network.deployment.save(folder / "deployment.json")
    for role, key in {"relayer": network.signer, "carrier": network.carrier}.items():
        path = folder / "keys" / f"{role}.json"
        if not path.exists():
            keystores.create(path, PASSWORD, role=role, key=bytes(key.key), rounds=2)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    lines = [
        f'deployment = "deployment.json"\n[store]\nurl = "{store}"\nreplica = "{replica}"',
        '[listen]\nport = 0\n[log]\nformat = "json"\nlevel = "info"',
    ]
    lines += [
        f'[signers.{role}]\nkeystore = "keys/{role}.json"\npassword_file = "password"'
        for role in ("relayer", "carrier")
    ]
    for number, name in NAMES.items():
        url = network.nodes[number].url
        third = (liars or {}).get(number)
        urls = [url, url.replace("127.0.0.1", "localhost"), third.url if third else f"{url}/"]
        endpoints = ", ".join(f'{{ id = "{name}-{place}", url = "{one}" }}' for place, one in enumerate(urls, 1))
        lines.append(
            f"[chains.{name}]\nchain_id = {number}\npoll_seconds = 0.1\nrequest_seconds = 5.0\n"
            f'finality = {{ policy = "depth", blocks = {FINAL_UNDER} }}\nendpoints = [{endpoints}]'
        )
    lines += [f'[[routes]]\nsource = "{source}"\ndestination = "{target}"' for source, target in ROUTES]
    lines += [
        f'[daemons.{name}]\nsigner = "{signer}"\nevery_seconds = {every_seconds}'
        for name, signer in (("relayer", "relayer"), ("payer", "relayer"), ("carrier", "carrier"))
    ]
    clients = ", ".join(
        f'{{ on = "{NAMES[here.chain_id]}", client = "{address}", follows = "{NAMES[there]}", '
        f'contract = "{network.deployment.chain(there).mailbox}" }}'
        for here in network.deployment.chains
        for there, address in here.clients.items()
    )
    lines.append(f'[daemons.carrier.options]\nsources = ["{network.panel.url}"]\nclients = [{clients}]')
    path = folder / f"{replica}.toml"
    path.write_text("\n".join([*lines, limits, extra]) + "\n")
    return path


class Replica:
    """One process, which may be killed and started again."""

    def __init__(self, config, *, entry=ENTRY):
        self.config, self.entry = config, entry
        self.log_path = config.with_suffix(".log")
        self.process, self.starts, self.kills = None, 0, 0

    def start(self):
        self._log_from = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.entry, "relayer", "start", "--config", self.config],
                stdout=log,
                stderr=log,
                cwd=REPOSITORY,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock
            )
        self.starts += 1
        self._started_at = time.monotonic()
        return self

    @property
    def age_seconds(self):
        return time.monotonic() - self._started_at

    @property
    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As the kernel does when memory is short: nothing of the process runs any more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self):
        """As an operator does; answers the exit code."""
        if not self.is_alive:
            return self.process.returncode if self.process else 0
        self.process.terminate()
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def resident_bytes(self):
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * PAGE_BYTES

    def lines(self, *, all_starts=True):
        """What it logged; a line that a kill cut off is left out."""
        with self.log_path.open("rb") as log:
            log.seek(0 if all_starts else self._log_from)
            text = log.read().decode(errors="replace")
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return [line for line in found if isinstance(line, dict)]

    @property
    def url(self):
        """Where it answers, None until it has said so."""
        started = [line for line in self.lines(all_starts=False) if line.get("event") == "started"]
        return started[-1]["listens"] if started else None

    def get(self, path):
        return requests.get(self.url + path, timeout=10)

    def metrics(self):
        return parse_metrics(self.get("/metrics").text)

    def tail(self, count=30):
        text = self.log_path.read_text(errors="replace") if self.log_path.exists() else ""
        return re.sub(r"\\n", "\n", "\n".join(text.splitlines()[-count:]))


def eventually(check, seconds, replicas=()):
    """The first true answer; fails with the ends of the logs where a process ended by itself or time is over."""
    deadline = time.monotonic() + seconds
    while not (found := check()):
        logs = "\n\n".join(replica.tail() for replica in replicas)
        for replica in replicas:
            assert replica.is_alive, f"{replica.config.stem} ended with {replica.process.returncode}\n{replica.tail()}"
        assert time.monotonic() < deadline, f"{found} after {seconds} s\n{logs}"
        time.sleep(0.2)
    return found
