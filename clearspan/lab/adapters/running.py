"""Tries every attack on a bridge, each on a fresh one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib import import_module

from clearspan.lab.adapters.attacks import ATTACKS, Attack
from clearspan.lab.adapters.clearspan_bridge import clearspan_bridge
from clearspan.lab.adapters.erc7786_bridge import erc7786_bridge
from clearspan.lab.adapters.ports import Bridge
from clearspan.lab.scenarios.base import Verdict

Opener = Callable[[], AbstractContextManager[Bridge]]
BRIDGES: dict[str, Opener] = {"clearspan": clearspan_bridge, "erc7786": erc7786_bridge}


class UnknownBridge(LookupError):  # noqa: N818 - named after what is wrong, like every rejection
    """No adapter has this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one attack on one bridge."""

    attack: Attack
    verdict: Verdict


def opener(name: str) -> Opener:
    """An adapter by its name, or `package.module:function`, which opens a fresh bridge; raises UnknownBridge."""
    if name in BRIDGES:
        return BRIDGES[name]
    module, _, function = name.partition(":")
    try:
        found: Opener = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UnknownBridge(f"{name}: there are {', '.join(BRIDGES)}, or package.module:function") from error
    return found


def try_all(name: str, attacks: Iterable[Attack] = tuple(ATTACKS)) -> list[Tried]:
    """Every attack on a fresh bridge of that name."""
    fresh = opener(name)
    tried = []
    for attack in attacks:
        with fresh() as bridge:
            tried.append(Tried(attack=attack, verdict=attack.attempt(bridge)))
    return tried
