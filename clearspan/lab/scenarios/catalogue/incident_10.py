"""pGALA: the key that mattered lay in a public repository."""

from __future__ import annotations

import tomllib
from functools import partial
from pathlib import Path

from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import swapped
from relayers.operating import keystores
from relayers.operating.assembly import unlock_signers
from relayers.operating.config import RelayerConfig
from relayers.operating.errors import Rejected
from relayers.operating.logs import Redactor

PASSWORD = "correct horse battery staple"  # noqa: S105 - of a key that everybody knows
ETHEREUM, BASE = 1, 8453
CONFIG = f"""
deployment = "deployment.json"
[signers.relayer]
keystore = "relayer.json"
password_file = "password"
[chains.ethereum]
chain_id = {ETHEREUM}
finality = {{ policy = "tag" }}
endpoints = [{{ id = "one", url = "http://127.0.0.1:1" }}]
[chains.base]
chain_id = {BASE}
finality = {{ policy = "tag" }}
endpoints = [{{ id = "two", url = "http://127.0.0.1:2" }}]
"""


def attack(stage: Stage) -> Verdict:
    """The keys of our own devnet, which anybody can compute, are configured for chains that hold value."""
    with stage.world() as world:
        keys = world.base.network.keys
        outcomes = {}
        for name in ("owner", "relayer", "poster"):
            directory = world.directory / name
            directory.mkdir()
            outcomes[name] = boot(directory, bytes(getattr(keys, name).key))
        started = [name for name, outcome in outcomes.items() if outcome == "started"]
        said = ", ".join(f"{name}: {outcome}" for name, outcome in outcomes.items())
        return Verdict(survived=not started, detail=f"3 published keys on chains {ETHEREUM} and {BASE}: {said}")


def boot(directory: Path, key: bytes) -> str:
    """What a relayer does first: read its configuration and unlock its keys; `started`, or why not."""
    keystores.create(directory / "relayer.json", PASSWORD, role="relayer", key=key, rounds=2)
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    config = RelayerConfig.model_validate(tomllib.loads(CONFIG)).anchored(directory)
    try:
        unlock_signers(config, Redactor())
    except Rejected as refusal:
        return str(refusal.reason)
    return "started"


SCENARIO = Scenario(
    identifier="incident-10",
    title="A key that everybody can read is used where it matters",
    group="C1",
    source="pGALA and pNetwork, Nov 2022",
    attack=attack,
    twin=Twin(
        mutation="boot does not ask whether a key is published",
        patch=partial(swapped, keystores, "is_development_key", lambda _: False),
    ),
)
