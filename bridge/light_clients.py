"""Reads a light client and finds the header that brings it forward."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bridge.contract_reader import ContractReader
from bridge.errors import Unavailable, WaitReason
from chains.headers import SealedHeader


class ClientStatus(IntEnum):
    """What a client says about itself."""

    ACTIVE = 0
    EXPIRED = 1
    FROZEN = 2


class UpdateResult(IntEnum):
    """What `update` answers."""

    UPDATED = 0
    NO_OP = 1
    MISBEHAVIOUR = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHeight:
    """A height of the followed chain that a client took, and where."""

    height: int
    block: int
    transaction_hash: bytes


class LightClient(ContractReader):
    """A `QbftLightClient` on a chain."""

    artifact = "QbftLightClient"

    @property
    def key(self) -> str:
        """Names the client among all chains."""
        return f"{self.chain.chain_id}/{self.address}"

    def status(self) -> ClientStatus:
        """Whether it still proves anything."""
        return ClientStatus(self._read(self.contract.functions.status()))

    def latest_height(self) -> int:
        """Greatest height it knows."""
        return int(self._read(self.contract.functions.latestHeight()))

    def pending_height(self) -> int:
        """Greatest height it will know when what is pending is mined, whoever sent it."""
        return int(self.chain.call(self.contract.functions.latestHeight(), block="pending"))

    def trust_level(self) -> tuple[int, int]:
        """Numerator and denominator of the share of trusted validators that an update needs."""
        functions = self.contract.functions
        return int(self._read(functions.trustNumerator())), int(self._read(functions.trustDenominator()))

    def learned(self, from_block: int, to_block: int) -> list[KnownHeight]:
        """Heights whose events lie in the range, in order."""
        return [
            KnownHeight(
                height=log["args"]["height"],
                block=log["blockNumber"],
                transaction_hash=bytes(log["transactionHash"]),
            )
            for log in self.chain.logs(self.contract.events.ClientUpdated(), from_block, to_block)
        ]


def overlap_needed(trusted_count: int, numerator: int, denominator: int) -> int:
    """Seals of trusted validators that an update takes: `ceil(trusted * numerator / denominator)`."""
    return -(-trusted_count * numerator // denominator)


def trusts(trusted: Sequence[bytes], header: SealedHeader, numerator: int, denominator: int) -> bool:
    """Whether a client that trusts these validators takes the header."""
    overlap = len(set(trusted) & set(header.signers))
    return header.is_final and overlap >= overlap_needed(len(trusted), numerator, denominator)


def reachable_header(
    header_at: Callable[[int], SealedHeader],
    *,
    trusted: SealedHeader,
    target: SealedHeader,
    numerator: int,
    denominator: int,
) -> SealedHeader:
    """The target if the validators of `trusted` sealed it sufficiently, else one between that brings it nearer.

    Halves the distance until a header is trusted. Raises `Unavailable(TRUST_GAP)` when not even the next one is.
    """
    candidate = target
    while not trusts(trusted.validators, candidate, numerator, denominator):
        middle = (trusted.number + candidate.number) // 2
        if middle <= trusted.number:
            raise Unavailable(WaitReason.TRUST_GAP, f"between {trusted.number} and {target.number}")
        candidate = header_at(middle)
    return candidate
