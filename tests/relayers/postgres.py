"""A PostgreSQL of the tests' own: in a temporary folder, on a free loopback port, gone at the end."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from tests.chains.anvil import die_with_parent, free_port

FOLDERS = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/lib/postgresql/16/bin"), Path("/usr/lib/postgresql/17/bin"))


def binaries():
    """The folder with initdb and postgres; skips where there is none, which in CI is a failure."""
    found = shutil.which("initdb")
    for folder in (*FOLDERS, *([Path(found).parent] if found else [])):
        if (folder / "initdb").is_file():
            return folder
    reason = "PostgreSQL is not installed (apt-get install postgresql)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    return pytest.skip(reason)


def somebody_else():
    """User and group to run as: initdb refuses root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return pytest.skip("nobody to run PostgreSQL as")


class Postgres:
    """One server without fsync; a database for each that asks."""

    def __init__(self, folder):
        programs, owner = binaries(), somebody_else()
        if owner:
            os.chown(folder, owner["user"], owner["group"])
        home = folder / "data"
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": str(folder)}
        subprocess.run(
            [programs / "initdb", "-D", home, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-sync"],
            check=True,
            capture_output=True,
            cwd=folder,
            env=environment,
            **owner,
        )
        self.port, self.made = free_port(), 0
        settings = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "60"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", home, "-p", str(self.port), "-h", "127.0.0.1", "-k", folder, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - one system call, which takes no lock
            **owner,
        )
        for _ in range(200):
            try:
                self._connect().close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        pytest.fail("PostgreSQL does not answer")

    def _connect(self):
        return psycopg.connect(host="127.0.0.1", port=self.port, user="test", dbname="postgres", autocommit=True)

    def new_url(self):
        """Of an empty database."""
        self.made += 1
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE test{self.made}")
        return f"postgresql+psycopg://test@127.0.0.1:{self.port}/test{self.made}"

    def copy(self, url):
        """Of a database as it is now; whoever uses that one is thrown out for a moment."""
        copied = self.new_url()
        (old, new), quiet = (one.rpartition("/")[2] for one in (url, copied)), "pid <> pg_backend_pid()"
        with self._connect() as connection:
            connection.execute(f"DROP DATABASE {new}")
            connection.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{old}' AND {quiet}"
            )
            connection.execute(f"CREATE DATABASE {new} TEMPLATE {old}")
        return copied

    def stop(self):
        self._process.send_signal(signal.SIGINT)  # at once, whoever is still connected
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
