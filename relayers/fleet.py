"""All daemons that carry a deployed network's packets, from its deployment file."""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.registry import Deployment, SettlementEntry, VaultEntry
from bridge.vaults import Vault
from chains.chain import Chain
from relayers.client_updater import ClientUpdater, TrustPolicy
from relayers.crash_points import Hook, no_hook
from relayers.lanes import Endpoint, Lane
from relayers.packet_relayer import PacketRelayer
from relayers.reports import Daemon, StepReport
from relayers.store import Store
from relayers.vault_payer import VaultPayer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The daemons in the order in which a round steps them."""

    updaters: tuple[ClientUpdater, ...]
    relayers: tuple[PacketRelayer, ...]
    payers: tuple[VaultPayer, ...]

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """Updaters last: what the others demand in a round is there in the next."""
        return (*self.relayers, *self.payers, *self.updaters)

    def round(self) -> tuple[StepReport, ...]:
        """One step of each."""
        return tuple(daemon.step() for daemon in self.daemons)


def build_fleet(
    store: Store, deployment: Deployment, chains: Mapping[int, Chain], signer: LocalAccount, *, hook: Hook = no_hook
) -> Fleet:
    """Updaters of every client, relayers of every direction, payers of every vault; `signer` pays on every chain.

    `chains` by chain id, all of the deployment's.
    """
    settlement = deployment.settlement
    pairs = [pair for vault in deployment.vaults for pair in ((vault, settlement), (settlement, vault))]
    return Fleet(
        updaters=tuple(_updater(store, deployment, chains, here, there, signer, hook) for here, there in pairs),
        relayers=tuple(
            PacketRelayer(store, _lane(deployment, chains, here, there, signer), hook=hook) for here, there in pairs
        ),
        payers=tuple(
            VaultPayer(
                store,
                Vault(chains[entry.chain_id], entry.vault),
                signer,
                first_block=entry.deployed_at,
                hook=hook,
            )
            for entry in deployment.vaults
        ),
    )


Entry = SettlementEntry | VaultEntry


def _updater(  # noqa: PLR0913, PLR0917 - one client's facts
    store: Store,
    deployment: Deployment,
    chains: Mapping[int, Chain],
    here: Entry,
    there: Entry,
    signer: LocalAccount,
    hook: Hook,
) -> ClientUpdater:
    parameters = deployment.parameters
    return ClientUpdater(
        store,
        client=LightClient(chains[here.chain_id], here.clients[there.chain_id]),
        follows=chains[there.chain_id],
        signer=signer,
        policy=TrustPolicy(
            trusting_period_seconds=parameters.trusting_period_seconds,
            trust_numerator=parameters.trust_numerator,
            trust_denominator=parameters.trust_denominator,
        ),
        hook=hook,
    )


def _lane(
    deployment: Deployment, chains: Mapping[int, Chain], source: Entry, destination: Entry, signer: LocalAccount
) -> Lane:
    return Lane(
        source=_endpoint(chains, source, destination, signer),
        destination=_endpoint(chains, destination, source, signer),
        route_epoch=deployment.parameters.route_epoch,
        max_proof_age_seconds=deployment.parameters.max_proof_age_seconds,
    )


def _endpoint(chains: Mapping[int, Chain], here: Entry, there: Entry, signer: LocalAccount) -> Endpoint:
    chain = chains[here.chain_id]
    return Endpoint(
        mailbox=Mailbox(chain, here.mailbox),
        client=LightClient(chain, here.clients[there.chain_id]),
        signer=signer,
        first_block=here.deployed_at,
    )
