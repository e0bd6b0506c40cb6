"""Connects the chains a configuration names."""

from collections.abc import Iterator, Mapping

from chains import Depth, Patience, QbftFinal, RpcChain, RpcTag
from chains.chain import Chain
from chains.finality import FinalityPolicy
from relayers.operating.config import ChainSection, FinalitySection, RelayerConfig
from relayers.operating.metrics import Sample


def connect_chains(config: RelayerConfig) -> dict[str, Chain]:
    """Every chain by name; raises WrongChainId, Unavailable."""
    return {name: _connect(name, section) for name, section in config.chains.items()}


def endpoint_samples(chains: Mapping[str, Chain]) -> Iterator[Sample]:
    """How many endpoints of each chain are asked, and how many are benched."""
    return iter(())


def finality_of(section: FinalitySection) -> FinalityPolicy | RpcTag:
    """The policy a section names."""
    if section.policy == "qbft":
        return QbftFinal()
    return Depth(section.blocks) if section.policy == "depth" else RpcTag(section.tag)


def _connect(name: str, section: ChainSection) -> Chain:
    patience = Patience(
        request_seconds=section.request_seconds,
        mined_seconds=section.mined_seconds,
        poll_seconds=section.poll_seconds,
    )
    return RpcChain.connect(
        section.endpoints[0].expanded(),
        chain_id=section.chain_id,
        name=name,
        finality=finality_of(section.finality),
        patience=patience,
    )
