"""A chain seen through several nodes, of which a quorum has to agree on whatever money depends on."""

from collections.abc import Callable, Sequence
from typing import Any

from chains.clock import Clock
from chains.endpoints import EndpointEvent, EndpointNode
from chains.errors import ChainError
from chains.finality import FinalityPolicy, RpcTag
from chains.quorum_provider import LAG_BLOCKS_MAX, QuorumProvider
from chains.rpc_chain import Patience, RpcChain


class QuorumChain(RpcChain):
    """The Chain protocol over several endpoints.

    Headers, proofs, words, calls, logs and receipts are what `quorum` endpoints say alike, at a height that as many
    have reached; transactions go to all. What endpoints do wrong is in `events`, oldest first.
    """

    def __init__(  # noqa: PLR0913 - every argument but the first three has a default
        self,
        endpoints: Sequence[EndpointNode],
        *,
        chain_id: int,
        quorum: int,
        name: str | None = None,
        finality: FinalityPolicy | RpcTag | None = None,
        clock: Clock | None = None,
        patience: Patience | None = None,
        lag_blocks_max: int = LAG_BLOCKS_MAX,
        on_event: Callable[[EndpointEvent], None] = lambda _: None,
    ) -> None:
        self.provider = QuorumProvider(endpoints, quorum=quorum, lag_blocks_max=lag_blocks_max, on_event=on_event)
        arguments: dict[str, Any] = {"name": name, "finality": finality, "clock": clock, "patience": patience}
        super().__init__(self.provider, chain_id=chain_id, **arguments)
        self.provider.final_height = lambda: self._watch.height

    @property
    def endpoints(self) -> tuple[EndpointNode, ...]:
        """Every endpoint, usable or not."""
        return self.provider.endpoints

    @property
    def events(self) -> tuple[EndpointEvent, ...]:
        """What endpoints did wrong, oldest first."""
        return tuple(self.provider.events)

    def check(self) -> None:
        """Asks every endpoint for its chain id; raises Unavailable(QUORUM_LOST) where fewer than a quorum serve it."""
        try:
            super().check()
        except ChainError:
            if len(self.provider.usable()) >= self.provider.quorum:
                super().check()  # others than those asked first make up the quorum
            else:
                raise
