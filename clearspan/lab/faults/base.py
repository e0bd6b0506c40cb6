"""What every fault is, and the vocabulary of all of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

if TYPE_CHECKING:
    from clearspan.lab.world import World

Heal = Callable[[], None]


class Fault(ABC):
    """A value; `inject` does it to a world and answers what undoes it. Whatever cannot be undone heals as nothing."""

    word: ClassVar[str]
    """Its name in the vocabulary, `domain:word`."""

    @classmethod
    @abstractmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """One of these, as chance has it."""

    @abstractmethod
    def inject(self, world: World) -> Heal:
        """Make it so from now on."""


VOCABULARY: dict[str, type[Fault]] = {}
"""Every kind of fault by its word, in the order of definition."""

Kind = TypeVar("Kind", bound=type[Fault])


def fault(domain: str, name: str) -> Callable[[Kind], Kind]:
    """Enter a class into the vocabulary; raises ValueError for a word that is taken."""

    def enter(kind: Kind) -> Kind:
        word = f"{domain}:{name}"
        if word in VOCABULARY:
            raise ValueError(f"{word} is taken")
        kind.word = word
        VOCABULARY[word] = kind
        return kind

    return enter


def nothing() -> None:
    """Heals what passes by itself or cannot be undone."""
