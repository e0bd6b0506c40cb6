"""Connects the chains a configuration names."""

from collections.abc import Callable, Iterator, Mapping

import structlog

from chains import Depth, EndpointEvent, EndpointNode, Patience, QbftFinal, QuorumChain, RpcTag
from chains.chain import Chain
from chains.endpoints import Fault
from chains.errors import ChainError
from chains.finality import FinalityPolicy
from chains.http_link import HttpLink
from relayers.operating.config import ChainSection, FinalitySection, RelayerConfig
from relayers.operating.metrics import Sample

OnEvent = Callable[[str, EndpointEvent], None]


def log_event(chain: str, event: EndpointEvent) -> None:
    """What an endpoint did wrong, as a line."""
    off_seconds = round(event.benched_until - event.since)
    structlog.get_logger().warning(
        "endpoint fault",
        chain=chain,
        endpoint=event.endpoint,
        fault=event.fault.value,
        detail=event.detail,
        off_seconds=off_seconds,
    )


def connect_chains(config: RelayerConfig, on_event: OnEvent = log_event) -> dict[str, Chain]:
    """Every chain by name; raises WrongChainId, or Unavailable where too few endpoints answer."""
    return {name: connect_chain(name, section, on_event) for name, section in config.chains.items()}


def connect_or_wait(config: RelayerConfig, on_event: OnEvent = log_event) -> dict[str, Chain]:
    """Every chain by name; one that does not answer yet blocks its own routes until it does, and nobody else's start.

    Each endpoint is asked for its chain id before anything else, now or later. Raises Unavailable where too few
    endpoints serve the chain because others serve another one: that is a mistake in the file.
    """
    chains: dict[str, Chain] = {}
    for name, section in config.chains.items():
        chain = open_chain(name, section, on_event)
        try:
            chain.check()
        except ChainError as error:
            if any(Fault.WRONG_CHAIN in endpoint.faults for endpoint in chain.endpoints):
                raise
            structlog.get_logger().warning("chain does not answer yet", chain=name, error=str(error))
        chains[name] = chain
    return chains


def endpoint_samples(chains: Mapping[str, Chain]) -> Iterator[Sample]:
    """How many endpoints of each chain are asked, and how many are benched."""
    for name, chain in chains.items():
        if isinstance(chain, QuorumChain):
            usable = sum(endpoint.is_usable for endpoint in chain.endpoints)
            yield Sample(name="endpoints_usable", labels=(name,), value=usable)
            yield Sample(name="endpoints_benched", labels=(name,), value=len(chain.endpoints) - usable)
            yield Sample(name="endpoints_needed", labels=(name,), value=chain.provider.quorum)


def finality_of(section: FinalitySection) -> FinalityPolicy | RpcTag:
    """The policy a section names."""
    if section.policy == "qbft":
        return QbftFinal()
    return Depth(section.blocks) if section.policy == "depth" else RpcTag(section.tag)


def connect_chain(name: str, section: ChainSection, on_event: OnEvent = log_event) -> Chain:
    """One chain over all its endpoints; raises WrongChainId, or Unavailable where too few of them answer."""
    chain = open_chain(name, section, on_event)
    chain.check()
    return chain


def open_chain(name: str, section: ChainSection, on_event: OnEvent = log_event) -> QuorumChain:
    """One chain over all its endpoints, none of which was asked yet."""
    endpoints = [
        EndpointNode(
            endpoint.id,
            HttpLink(
                endpoint.expanded(),
                timeout_seconds=section.request_seconds,
                answer_bytes_max=section.response_bytes_max,
            ),
            section.chain_id,
        )
        for endpoint in section.endpoints
    ]
    return QuorumChain(
        endpoints,
        chain_id=section.chain_id,
        quorum=section.needed,
        name=name,
        finality=finality_of(section.finality),
        patience=Patience(
            request_seconds=section.request_seconds,
            mined_seconds=section.mined_seconds,
            poll_seconds=section.poll_seconds,
        ),
        lag_blocks_max=section.lag_blocks_max,
        on_event=lambda event: on_event(name, event),
    )
