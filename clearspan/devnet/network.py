"""The chains of a devnet and everything deployed on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_account.signers.local import LocalAccount

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import Deployment, GenesisInputs, deploy_network
from chains import Depth, LocalChain, QbftFinal, VirtualClock
from clearspan.devnet.config import INSURANCE_NAME, DevnetConfig
from clearspan.devnet.wallets import wallet
from clearspan.kept import database_path
from clearspan.listing import Listing, genesis_state
from exchange.sdk.catalogue import AssetSpec, Catalogue, MarketSpec
from exchange.state.state import State

SETTLEMENT_NAME = "settlement"
VAULT_NAMES = ("alpha", "beta")
ETHER = 10**18
SERVICE_WEI = 1_000 * ETHER
FAUCET_WEI = 10**9 * ETHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who signs on the chains: one key per role."""

    owner: LocalAccount
    relayer: LocalAccount
    poster: LocalAccount
    faucet: LocalAccount
    operator: LocalAccount
    insurance: LocalAccount

    @classmethod
    def of(cls, seed: int) -> Keys:
        """The keys of a seed."""
        return cls(
            owner=wallet(seed, "owner"),
            relayer=wallet(seed, "relayer"),
            poster=wallet(seed, "poster"),
            faucet=wallet(seed, "faucet"),
            operator=wallet(seed, "operator"),
            insurance=wallet(seed, INSURANCE_NAME),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Chains, contracts and the exchange's first state."""

    clock: VirtualClock
    settlement: LocalChain
    vaults: tuple[LocalChain, ...]
    deployment: Deployment
    listing: Listing
    genesis: State
    keys: Keys

    @property
    def chains(self) -> tuple[LocalChain, ...]:
        """The settlement chain first."""
        return (self.settlement, *self.vaults)

    @property
    def by_id(self) -> dict[int, LocalChain]:
        """Chains by chain id."""
        return {chain.chain_id: chain for chain in self.chains}

    def catch_up(self) -> None:
        """Moves the clock to the newest block: every transaction of its own block takes a second."""
        newest = max(chain.head().timestamp for chain in self.chains)
        self.clock.advance(max(0, newest - self.clock.now()))


def build_network(config: DevnetConfig, directory: Path | None = None) -> Network:
    """Starts the chains, kept under `directory` if given, and deploys everything on them."""
    clock = VirtualClock(config.start_time)
    keys = Keys.of(config.seed)
    balances: dict[str, int] = {
        keys.owner.address: SERVICE_WEI,
        keys.relayer.address: SERVICE_WEI,
        keys.poster.address: SERVICE_WEI,
        keys.faucet.address: FAUCET_WEI,
    }

    def start(chain_id: int, name: str, depth: int) -> LocalChain:
        return LocalChain(
            chain_id=chain_id,
            clock=clock,
            name=name,
            validators=config.validators,
            seed=config.seed,
            balances=balances,
            finality=Depth(depth) if depth else QbftFinal(),
            database_path=None if directory is None else database_path(directory, name),
        )

    settlement_depth, *vault_depths = config.finality_depths
    settlement = start(config.settlement_chain_id, SETTLEMENT_NAME, settlement_depth)
    named = zip(config.vault_chain_ids, VAULT_NAMES, vault_depths, strict=True)
    vaults = tuple(start(number, name, depth) for number, name, depth in named)
    listing = config.listing()
    states: list[State] = []

    def genesis_root(inputs: GenesisInputs) -> bytes:
        states.append(genesis_state(listing, inputs))
        return states[-1].root

    deployment = deploy_network(
        settlement,
        vaults,
        owner=keys.owner,
        genesis_root=genesis_root,
        parameters=config.network(),
        poster=keys.poster.address,
        insurance_owner=keys.insurance.address,
    )
    network = Network(
        clock=clock,
        settlement=settlement,
        vaults=vaults,
        deployment=deployment,
        listing=listing,
        genesis=states[-1],
        keys=keys,
    )
    network.catch_up()
    return network


def fund(network: Network, address: str, *, usdc: int, ether: int) -> None:
    """Gives a wallet test tokens (whole units) on every vault chain, in one block each, and gas money on settlement."""
    faucet = network.keys.faucet
    network.settlement.transact({"to": address, "value": ETHER}, faucet)
    for chain in network.vaults:
        chain.send({"to": address, "value": ether * ETHER}, faucet)
        for asset in network.deployment.assets:
            if asset.chain_id == chain.chain_id and asset.token != ZERO_ADDRESS:
                token = chain.contract("TestToken", asset.token)
                chain.send(token.functions.mint(address, usdc * 10**asset.decimals), faucet)
        chain.mine()
    network.catch_up()


def catalogue(network: Deployment, listing: Listing) -> Catalogue:
    """Names of everything listed."""
    names = {entry.chain_id: entry.name for entry in network.chains}
    return Catalogue(
        markets=tuple(
            MarketSpec(market_id=number, name=market.symbol, tick=market.tick, lot=market.lot)
            for number, market in enumerate(listing.markets)
        ),
        assets=tuple(
            AssetSpec(
                asset_id=asset.asset,
                symbol=asset.symbol,
                chain=names[asset.chain_id],
                chain_id=asset.chain_id,
                token=asset.token,
                decimals=asset.decimals,
            )
            for asset in network.assets
        ),
        underlyings=listing.underlyings,
    )
