"""When a block counts as final, and, on a chain with validators, is therefore sealed."""

from dataclasses import dataclass
from typing import Literal, Protocol


class FinalityPolicy(Protocol):
    """Maps the head's height to the height of the newest final block."""

    def finalized_height(self, head: int) -> int:
        """Height of the newest final block, at least 0."""
        ...


@dataclass(frozen=True, slots=True)
class QbftFinal:
    """Every block is final the moment it is sealed, as in QBFT."""

    def finalized_height(self, head: int) -> int:
        """The head itself."""
        return head


@dataclass(frozen=True, slots=True)
class Depth:
    """A block is final, and only then sealed, once `blocks` others lie on top of it."""

    blocks: int

    def __post_init__(self) -> None:
        if self.blocks < 1:
            raise ValueError("depth must be at least one block; QbftFinal is final at once")

    def finalized_height(self, head: int) -> int:
        """The head minus the depth, the genesis block at first."""
        return max(0, head - self.blocks)


@dataclass(frozen=True, slots=True)
class RpcTag:
    """What the node calls final: a chain whose own consensus has finality, believed on the node's word."""

    tag: Literal["safe", "finalized"] = "finalized"
