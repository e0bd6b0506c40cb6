"""What one half of a swap is, wherever it is locked: in an escrow on a chain, or in the exchange's state."""

from typing import Protocol

from eth_typing import ChecksumAddress

from bridge.swaps.terms import Timelocks


class Leg(Protocol):
    """`amount` of something for `payee` who shows the preimage in time, or back to `locker`.

    chain_id and escrow say where it is locked and by what; asset names what is locked there. Stages are those of
    `Timelocks`, in seconds.
    """

    @property
    def chain_id(self) -> int: ...  # noqa: D102 - fields, explained above

    @property
    def escrow(self) -> ChecksumAddress: ...  # noqa: D102

    @property
    def locker(self) -> ChecksumAddress: ...  # noqa: D102

    @property
    def payee(self) -> ChecksumAddress: ...  # noqa: D102

    @property
    def asset(self) -> ChecksumAddress: ...  # noqa: D102

    @property
    def amount(self) -> int: ...  # noqa: D102

    @property
    def hashlock(self) -> bytes: ...  # noqa: D102

    @property
    def timelocks(self) -> Timelocks: ...  # noqa: D102

    @property
    def nonce(self) -> int: ...  # noqa: D102

    @property
    def identifier(self) -> bytes: ...  # noqa: D102
