"""What the tests' vaults are constructed with, and the changes their owners propose."""

from enum import IntEnum
from typing import Any

ZERO = "0x" + "00" * 20
WINDOW, VAULT_DELAY, VAULT_BLOCKS = 3_600, 600, 5
LONGEST_PAUSE, PAUSE_BUDGET, PAUSE_REFILL = 1_800, 3_600, 36_000
TOKEN_CAP, ETHER_CAP = 10**12, 10**21
MAX_EXIT_WINDOWS = 30


class ChangeKind(IntEnum):
    """What a `Change` changes."""

    NONE = 0
    LIMITS = 1
    RETIRE = 2
    PEERS = 3
    GUARDIAN = 4


def change(kind: ChangeKind, first: str = ZERO, second: str = ZERO, release_cap: int = 0, refund_cap: int = 0):
    """A `Change` as the vault takes it."""
    return (int(kind), first, second, release_cap, refund_cap)


def limits(asset: str, release_cap: int, refund_cap: int | None = None):
    """Accept an asset, or change its caps."""
    return change(ChangeKind.LIMITS, asset, ZERO, release_cap, release_cap if refund_cap is None else refund_cap)


def vault_arguments(
    mailbox: str,
    settlement_chain: int,
    queue: str,
    outbox: str,
    owner: str,
    guardian: str,
    *,
    caps: dict[str, int | tuple[int, int]],
    **changed: Any,
) -> list[Any]:
    """Constructor arguments; `caps` by asset, of releases and refunds alike or one each."""
    parameters: dict[str, Any] = {
        "mailbox": mailbox,
        "settlement_chain": settlement_chain,
        "queue": queue,
        "outbox": outbox,
        "owner": owner,
        "guardian": guardian,
        "permit2": ZERO,
        "window": WINDOW,
        "delay": VAULT_DELAY,
        "blocks": VAULT_BLOCKS,
        "longest_pause": LONGEST_PAUSE,
        "pause_budget": PAUSE_BUDGET,
        "pause_refill": PAUSE_REFILL,
    }
    assert set(changed) <= set(parameters), changed
    listed = [(asset, *(cap if isinstance(cap, tuple) else (cap, cap))) for asset, cap in caps.items()]
    return [tuple((parameters | changed).values()), listed]
