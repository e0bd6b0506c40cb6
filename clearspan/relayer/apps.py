"""The operator's commands. Everything heavy is imported inside them, so that help answers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clearspan.finishing import finish

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The relayer's configuration file.", envvar="CLEARSPAN_CONFIG")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
DEFAULT_CONFIG = Path("relayer.toml")
DAEMON_NAMES = (
    "attestor",
    "carrier",
    "health",
    "keeper",
    "market-maker",
    "oracle",
    "payer",
    "poster",
    "provider",
    "relayer",
    "releaser",
    "settler",
    "updater",
    "venue",
    "watcher",
)
"""Those of `relayers.operating.registry`, of swaps and of the exchange, too heavy for help's sake; a test compares."""


def _group(text: str) -> typer.Typer:
    return typer.Typer(help=text, no_args_is_help=True, rich_markup_mode=None)


relayer = _group("The relayer process: start, look, stop, reload.")
daemon = _group("One daemon by itself.")
keys = _group("Encrypted keystores, one per role.")
config = _group("The configuration file.")
clients = _group("Light clients and how long they still trust.")


def register(app: typer.Typer) -> None:
    """Put every group and command of an operator on the command line."""
    for name, group in (
        ("relayer", relayer),
        ("daemon", daemon),
        ("keys", keys),
        ("config", config),
        ("client", clients),
    ):
        app.add_typer(group, name=name)
    app.command("health-check")(health_check)


@relayer.command("start")
def relayer_start(*, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Run every configured daemon until SIGTERM; SIGHUP reloads the routes."""

    def run() -> int:
        from clearspan.relayer.starting import run_start  # noqa: PLC0415

        return run_start(config_file, names=None)

    finish(run)


@relayer.command("status")
def relayer_status(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print what runs, what waits, and why it is not ready, if it is not."""

    def run() -> int:
        from clearspan.relayer.looking import run_status  # noqa: PLC0415

        return run_status(config_file, as_json=as_json)

    finish(run)


@relayer.command("reload")
def relayer_reload(*, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Check the file, then have the running process take it; refused whole when anything is wrong with it."""

    def run() -> int:
        from clearspan.relayer.looking import run_reload  # noqa: PLC0415

        return run_reload(config_file)

    finish(run)


def _add_daemon(name: str) -> None:
    one = _group(f"The {name} daemon.")

    @one.callback()
    def _one() -> None:
        """Keeps `start` a word of its own."""

    @one.command("start")
    def start(*, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
        """Run this daemon alone until SIGTERM."""

        def run() -> int:
            from clearspan.relayer.starting import run_start  # noqa: PLC0415

            return run_start(config_file, names=(name,))

        finish(run)

    daemon.add_typer(one, name=name)


for _name in DAEMON_NAMES:
    _add_daemon(_name)


@daemon.command("list")
def daemon_list(*, as_json: Json = False) -> None:
    """Print the names of all daemons."""

    def run() -> int:
        from clearspan.relayer.starting import run_daemons  # noqa: PLC0415

        return run_daemons(as_json=as_json)

    finish(run)


KeyDirectory = Annotated[Path, typer.Option("--dir", help="Where keystores are kept.")]


@keys.command("add")
def keys_add(
    role: Annotated[str, typer.Argument(help="What the key is for; the file is named after it.", show_default=False)],
    *,
    directory: KeyDirectory = Path("keys"),
    password_file: Annotated[Path | None, typer.Option(help="Read the password here; ask otherwise.")] = None,
    import_file: Annotated[
        Path | None, typer.Option("--import", help="A file with a private key in hex; a new key is made otherwise.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write an encrypted keystore and print its address."""

    def run() -> int:
        from clearspan.relayer.key_verbs import run_add  # noqa: PLC0415

        return run_add(role, directory, password_file=password_file, import_file=import_file, as_json=as_json)

    finish(run)


@keys.command("list")
def keys_list(*, directory: KeyDirectory = Path("keys"), as_json: Json = False) -> None:
    """Print role and address of every keystore; no password is needed."""

    def run() -> int:
        from clearspan.relayer.key_verbs import run_list  # noqa: PLC0415

        return run_list(directory, as_json=as_json)

    finish(run)


@config.command("init")
def config_init(*, config_file: ConfigFile = DEFAULT_CONFIG) -> None:
    """Write a commented configuration file to start from."""

    def run() -> int:
        from clearspan.relayer.config_verbs import run_init  # noqa: PLC0415

        return run_init(config_file)

    finish(run)


@config.command("validate")
def config_validate(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print every problem of the file with its path; nothing is connected."""

    def run() -> int:
        from clearspan.relayer.config_verbs import run_validate  # noqa: PLC0415

        return run_validate(config_file, as_json=as_json)

    finish(run)


@clients.command("list")
def client_list(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Print every client of the configured routes: status, height, seconds to expiry."""

    def run() -> int:
        from clearspan.relayer.client_verbs import run_list  # noqa: PLC0415

        return run_list(config_file, as_json=as_json)

    finish(run)


@clients.command("update")
def client_update(
    client: Annotated[str, typer.Argument(help="As `client list` names it: FOLLOWED@CHAIN.", show_default=False)],
    *,
    config_file: ConfigFile = DEFAULT_CONFIG,
    seconds: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for it.")] = 120.0,
    as_json: Json = False,
) -> None:
    """Have the running updater bring a client to the newest final header of the chain it follows, and wait for it."""

    def run() -> int:
        from clearspan.relayer.client_verbs import run_update  # noqa: PLC0415

        return run_update(config_file, client, seconds=seconds, as_json=as_json)

    finish(run)


def health_check(*, config_file: ConfigFile = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Exit 0 when the running relayer is ready, 3 when it is not or does not answer."""

    def run() -> int:
        from clearspan.relayer.looking import run_health_check  # noqa: PLC0415

        return run_health_check(config_file, as_json=as_json)

    finish(run)
