"""The two ends between which a relayer carries packets."""

from dataclasses import dataclass

from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from chains.chain import Chain
from relayers.submitter import Signing


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One end: its mailbox, the client there that follows the other chain, and who pays for transactions.

    `first_block`: nothing of interest happened before it, in general the block the mailbox was deployed in.
    """

    mailbox: Mailbox
    client: LightClient
    signer: Signing
    first_block: int = 0

    @property
    def chain(self) -> Chain:
        """The chain of this end."""
        return self.mailbox.chain

    def now(self) -> int:
        """Seconds: what the next block's timestamp will at least be."""
        return max(self.chain.head().timestamp, self.chain.clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One direction of one route. Packets of another route epoch are another lane's."""

    source: Endpoint
    destination: Endpoint
    route_epoch: int
    max_proof_age_seconds: int

    @property
    def key(self) -> str:
        """Names the lane in the database."""
        return f"{self.source.chain.chain_id}->{self.destination.chain.chain_id}/{self.route_epoch}"
