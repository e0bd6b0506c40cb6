"""All daemons that carry a deployed network's packets, from its deployment file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.registry import Deployment, SettlementEntry, VaultEntry
from bridge.vaults import Vault
from chains.chain import Chain
from relayers.batching import Batching
from relayers.client_updater import ClientUpdater, TrustPolicy
from relayers.crash_points import Hook, no_hook
from relayers.lanes import Endpoint, Lane
from relayers.packet_relayer import PacketRelayer
from relayers.profit import ProfitRule, Racing
from relayers.reports import Daemon, StepReport
from relayers.store import Store
from relayers.submitter import Submitter, SubmitterPolicy
from relayers.vault_payer import VaultPayer


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The daemons in the order in which a round steps them."""

    submitters: tuple[Submitter, ...]
    updaters: tuple[ClientUpdater, ...]
    relayers: tuple[PacketRelayer, ...]
    payers: tuple[VaultPayer, ...]

    @property
    def daemons(self) -> tuple[Daemon, ...]:
        """Submitters first, though whoever uses one sees to it too; updaters last, whom the others ask for headers."""
        return (*self.submitters, *self.relayers, *self.payers, *self.updaters)

    def round(self) -> tuple[StepReport, ...]:
        """One step of each."""
        return tuple(daemon.step() for daemon in self.daemons)


def build_fleet(  # noqa: PLR0913 - everything but the first four has a default
    store: Store,
    deployment: Deployment,
    chains: Mapping[int, Chain],
    signer: LocalAccount | Sequence[LocalAccount],
    *,
    policy: SubmitterPolicy | Mapping[int, SubmitterPolicy] | None = None,
    profit: ProfitRule | None = None,
    racing: Racing | None = None,
    batching: Batching | None = None,
    hook: Hook = no_hook,
) -> Fleet:
    """Updaters of every client, relayers of every direction, payers of every vault, a submitter for every chain.

    `chains` by chain id, all of the deployment's. `signer`: one or a pool of them, the same on every chain; fees go to
    the first. `policy`: for every chain or by chain id.
    """
    settlement = deployment.settlement
    signers = [signer] if isinstance(signer, LocalAccount) else list(signer)
    entries = (settlement, *deployment.vaults)
    submitters = {
        entry.chain_id: Submitter(
            store,
            chains[entry.chain_id],
            signers,
            policy=policy.get(entry.chain_id) if isinstance(policy, Mapping) else policy,
            hook=hook,
        )
        for entry in entries
    }
    pairs = [pair for vault in deployment.vaults for pair in ((vault, settlement), (settlement, vault))]
    return Fleet(
        submitters=tuple(submitters.values()),
        updaters=tuple(
            _updater(store, deployment, chains, here, there, submitters[here.chain_id], hook)
            for here, there in pairs
            if there.validators  # of the others attestors tell
        ),
        relayers=tuple(
            PacketRelayer(
                store,
                _lane(deployment, chains, here, there, submitters),
                profit=profit,
                racing=racing,
                batching=batching,
                hook=hook,
            )
            for here, there in pairs
        ),
        payers=tuple(
            VaultPayer(
                store,
                Vault(chains[entry.chain_id], entry.vault),
                submitters[entry.chain_id],
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
    submitter: Submitter,
    hook: Hook,
) -> ClientUpdater:
    parameters = deployment.parameters
    return ClientUpdater(
        store,
        client=LightClient(chains[here.chain_id], here.clients[there.chain_id]),
        follows=chains[there.chain_id],
        signer=submitter,
        policy=TrustPolicy(
            trusting_period_seconds=parameters.trusting_period_seconds,
            trust_numerator=parameters.trust_numerator,
            trust_denominator=parameters.trust_denominator,
        ),
        hook=hook,
    )


def _lane(
    deployment: Deployment,
    chains: Mapping[int, Chain],
    source: Entry,
    destination: Entry,
    submitters: Mapping[int, Submitter],
) -> Lane:
    return Lane(
        source=_endpoint(chains, source, destination, submitters),
        destination=_endpoint(chains, destination, source, submitters),
        route_epoch=deployment.parameters.route_epoch,
        max_proof_age_seconds=deployment.parameters.max_proof_age_seconds,
    )


def _endpoint(chains: Mapping[int, Chain], here: Entry, there: Entry, submitters: Mapping[int, Submitter]) -> Endpoint:
    chain = chains[here.chain_id]
    return Endpoint(
        mailbox=Mailbox(chain, here.mailbox),
        client=LightClient(chain, here.clients[there.chain_id]),
        signer=submitters[here.chain_id],
        first_block=here.deployed_at,
    )
