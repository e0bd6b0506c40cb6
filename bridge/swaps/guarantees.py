"""On what each side of a swap relies, and how to say so in words."""

from dataclasses import dataclass
from enum import StrEnum


class Guarantee(StrEnum):
    """When a lock in the exchange counts. A lock on a chain counts when its block is final, whatever this says."""

    SOFT = "soft"
    """The operator has confirmed it: its word, broken at will."""
    POSTED = "posted"
    """It is in a batch in a final block of the settlement chain: its place is final, though not the claimed root."""
    FINAL = "final"
    """The batch with it can no longer be challenged."""


GUARANTEES = tuple(Guarantee)


class SwapKind(StrEnum):
    """What is swapped, seen from the customer."""

    SWAP = "swap"
    """An asset on a chain for one on another."""
    EXIT = "exit"
    """Exchange cash for an asset on a chain."""
    ENTRY = "entry"
    """An asset on a chain for exchange cash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantees:
    """What each side has in its hand when its own turn to risk something comes."""

    customer: str
    provider: str


_CASH_LOCK = {
    Guarantee.SOFT: "soft: the operator's word alone that the other side's cash is locked; broken, all of it is lost",
    Guarantee.POSTED: (
        "posted: the other side's cash lock is in a batch in a final block of the settlement chain, where its order"
        " cannot change any more"
    ),
    Guarantee.FINAL: "final: the batch with the other side's cash lock can no longer be challenged",
}


def guarantees_of(kind: SwapKind, guarantee: Guarantee) -> Guarantees:
    """In words; `guarantee` says what the side that gives second asks of a cash lock."""
    if kind is SwapKind.EXIT:
        return Guarantees(
            customer="final: you reveal only when the tokens are locked for you in a final block; unrevealed, your cash"
            " comes back from its deadline on, through the forced queue if the operator refuses",
            provider=_CASH_LOCK[guarantee],
        )
    if kind is SwapKind.ENTRY:
        return Guarantees(
            customer=_CASH_LOCK[guarantee] + "; unrevealed, your tokens come back from their deadline on",
            provider="final: it reveals only when your tokens are locked for it in a final block; unrevealed, its cash"
            " comes back from its deadline on",
        )
    return Guarantees(
        customer="final: you reveal only when the other side's lock is in a final block; unrevealed, yours comes back",
        provider="final: it locks only when your lock is in a final block, and claims when your reveal is in one",
    )
