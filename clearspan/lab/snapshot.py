"""A deployed network to fork worlds from: contracts, routes, funded users; made once in a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from eth_account.signers.local import LocalAccount

import contracts
from bridge.abi import ZERO_ADDRESS
from chains import VirtualClock
from chains.local import LocalChain
from clearspan.devnet.config import DevnetConfig
from clearspan.devnet.network import Network, build_network, fund
from clearspan.devnet.wallets import wallet
from clearspan.listing import genesis_inputs, genesis_state
from exchange.state.state import State

UNLIMITED = 2**256 - 1
USERS = ("ann", "ben", "cleo", "dan")
RELAYERS = ("relayer 1", "relayer 2")
RELAYER_ETHER = 100
USER_USDC = 1_000_000
USER_ETHER = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A network at rest. `fork` gives chains to change; the deployment and the listing are shared."""

    network: Network
    users: tuple[LocalAccount, ...]
    relayers: tuple[LocalAccount, ...]

    @property
    def time(self) -> int:
        """Seconds at which every fork begins."""
        return self.network.clock.now()

    def fork(self, clock: VirtualClock) -> dict[int, LocalChain]:
        """Independent chains by id, on a clock that stands at `time`."""
        return {chain.chain_id: chain.fork(clock) for chain in self.network.chains}

    def genesis(self) -> State:
        """The exchange's first state, anew."""
        return genesis_state(self.network.listing, genesis_inputs(self.network.deployment, self.network.listing))


@cache
def snapshot(config: DevnetConfig, twins: tuple[tuple[str, str], ...] = ()) -> Snapshot:
    """The network of a configuration with funded users whose tokens the vaults may take.

    twins: contracts to deploy in a broken variant, as (contract, twin).
    """
    with contracts.replaced(dict(twins)):
        return _deployed(config)


def _deployed(config: DevnetConfig) -> Snapshot:
    network = build_network(config)
    users = tuple(wallet(config.seed, f"lab {name}") for name in USERS)
    relayers = tuple(wallet(config.seed, f"lab {name}") for name in RELAYERS)
    for user in users:
        fund(network, user.address, usdc=USER_USDC, ether=USER_ETHER)
    for chain in network.chains:
        for relayer in relayers:
            chain.send({"to": relayer.address, "value": RELAYER_ETHER * 10**18}, network.keys.faucet)
        chain.mine()
    for asset in network.deployment.assets:
        if asset.token == ZERO_ADDRESS:
            continue
        chain = network.by_id[asset.chain_id]
        token = chain.contract("TestToken", asset.token)
        vault = network.deployment.vault(asset.chain_id).vault
        for user in users:
            chain.send(token.functions.approve(vault, UNLIMITED), user)
        chain.mine()
    for chain in network.chains:
        while chain.finalized_header().number < chain.head().number - max(config.finality_depths):
            chain.mine()
    network.catch_up()
    return Snapshot(network=network, users=users, relayers=relayers)
