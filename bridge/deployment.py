"""Deploys a whole network: the contracts of every chain, clients of each other's headers, routes, vaults and assets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_canonical_address, to_checksum_address
from web3.contract import Contract

from bridge.abi import ZERO_ADDRESS
from bridge.clients import ClientParameters, constructor_arguments
from bridge.errors import Reason, Rejected
from bridge.parameters import NetworkParameters
from bridge.registry import Deployment, RegisteredAsset, SettlementEntry, VaultEntry
from chains.blocks import create_address
from chains.chain import Chain
from chains.headers import SealedHeader

__all__ = ["Deployment", "GenesisInputs", "NetworkParameters", "RegisteredAsset", "deploy_network"]

PERMIT2 = to_checksum_address("0x000000000022d473030f116ddee9f6b43ac78ba3")
"""Where Uniswap's Permit2 is on every chain that has it."""
APPROVAL_SECONDS_MAX = 3_600
"""How long attestors' approvals may live, and how long the signers before the present ones still count."""
ETHER_SYMBOL = "ETH"
ETHER_DECIMALS = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class GenesisInputs:
    """What the exchange's genesis depends on and only the deployment knows."""

    settlement_chain: int
    rollup: ChecksumAddress
    insurance_owner: ChecksumAddress
    assets: tuple[RegisteredAsset, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settlement:
    mailbox: Contract
    forced_queue: Contract
    rollup: Contract
    outbox: Contract
    ledger: Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class _Roles:
    poster: ChecksumAddress
    insurance_owner: ChecksumAddress
    guardian: ChecksumAddress
    fee_recipient: ChecksumAddress


def deploy_network(  # noqa: PLR0913 - what a network depends on
    settlement: Chain,
    vault_chains: Sequence[Chain],
    *,
    owner: LocalAccount,
    genesis_root: Callable[[GenesisInputs], bytes],
    parameters: NetworkParameters | None = None,
    poster: ChecksumAddress | None = None,
    insurance_owner: ChecksumAddress | None = None,
    guardian: ChecksumAddress | None = None,
    fee_recipient: ChecksumAddress | None = None,
) -> Deployment:
    """Deploy from `owner`, who pays on every chain and owns what has an owner.

    `genesis_root` gets the addresses that genesis contains, the `Rollup`'s among them before it exists, and returns the
    root. `poster`, `insurance_owner`, `guardian`, who may disable routes, and the fees' recipient default to the
    owner. Assets get ids from 0: per vault chain its tokens, then its ether. Of a chain whose headers name no
    validators clients believe the parameters' attestors. Raises `Rejected` for a repeated chain id, `UNSAFE_PARAMETER`
    where there are neither validators nor attestors, `ADDRESS_MISMATCH` if another transaction of the owner interfered.
    """
    parameters = parameters or NetworkParameters()
    guardian = guardian or owner.address
    chain_ids = [chain.chain_id for chain in (settlement, *vault_chains)]
    if len(set(chain_ids)) != len(chain_ids):
        raise Rejected(Reason.DUPLICATE_CHAIN, str(chain_ids))
    started = {chain.chain_id: chain.head().number for chain in (settlement, *vault_chains)}
    insurance = insurance_owner or owner.address
    assets = _deploy_tokens(vault_chains, parameters, owner)
    roles = _Roles(
        poster=poster or owner.address,
        insurance_owner=insurance,
        guardian=guardian,
        fee_recipient=fee_recipient or owner.address,
    )
    contracts, root = _deploy_settlement(settlement, assets, parameters, owner, genesis_root, roles)
    mailboxes: dict[int, Contract] = {settlement.chain_id: contracts.mailbox}
    vaults: dict[int, Contract] = {}
    for chain in vault_chains:
        mailbox = mailboxes[chain.chain_id] = chain.deploy(
            "Mailbox", [owner.address, guardian, parameters.route_delay_blocks], owner
        )
        vaults[chain.chain_id] = chain.deploy(
            "CollateralVault",
            _vault_arguments(
                chain, mailbox.address, settlement.chain_id, contracts, assets, parameters, owner.address, guardian
            ),
            owner,
        )
    clients: dict[int, dict[int, ChecksumAddress]] = {chain_id: {} for chain_id in chain_ids}
    for chain in vault_chains:
        for here, there in ((settlement, chain), (chain, settlement)):
            clients[here.chain_id][there.chain_id] = _connect(here, there, mailboxes, parameters, owner)
        for registrar in (contracts.forced_queue, contracts.outbox):
            register = registrar.functions.registerVault(chain.chain_id, vaults[chain.chain_id].address)
            settlement.transact(register, owner)
    for asset in assets:
        registration = contracts.forced_queue.functions.registerAsset(asset.asset, asset.chain_id, asset.token)
        settlement.transact(registration, owner)
    escrows = {
        chain.chain_id: to_checksum_address(chain.deploy("SwapEscrow", [], owner).address)
        for chain in (settlement, *vault_chains)
    }
    return Deployment(
        parameters=parameters,
        genesis_root="0x" + root.hex(),
        settlement=SettlementEntry(
            chain_id=settlement.chain_id,
            name=settlement.name,
            validators=_addresses(settlement.finalized_header()),
            deployed_at=started[settlement.chain_id],
            mailbox=contracts.mailbox.address,
            clients=clients[settlement.chain_id],
            swap_escrow=escrows[settlement.chain_id],
            forced_queue=contracts.forced_queue.address,
            rollup=contracts.rollup.address,
            outbox=contracts.outbox.address,
            ledger=contracts.ledger.address,
        ),
        vaults=tuple(
            VaultEntry(
                chain_id=chain.chain_id,
                name=chain.name,
                validators=_addresses(chain.finalized_header()),
                deployed_at=started[chain.chain_id],
                mailbox=mailboxes[chain.chain_id].address,
                clients=clients[chain.chain_id],
                swap_escrow=escrows[chain.chain_id],
                vault=vaults[chain.chain_id].address,
            )
            for chain in vault_chains
        ),
        assets=assets,
    )


def _vault_arguments(  # noqa: PLR0913, PLR0917 - the inputs of one call, passed on
    chain: Chain,
    mailbox: ChecksumAddress,
    settlement_chain: int,
    contracts: _Settlement,
    assets: tuple[RegisteredAsset, ...],
    parameters: NetworkParameters,
    owner: ChecksumAddress,
    guardian: ChecksumAddress,
) -> list[Any]:
    """Accepts every asset of the chain from the start; Permit2 where the chain has it."""
    caps = {token.symbol: token.vault_cap for token in parameters.tokens} | {ETHER_SYMBOL: parameters.ether_vault_cap}
    accepted = [
        (asset.token, *[caps[asset.symbol] * 10**asset.decimals] * 2)
        for asset in assets
        if asset.chain_id == chain.chain_id
    ]
    terms = (
        mailbox,
        settlement_chain,
        contracts.forced_queue.address,
        contracts.outbox.address,
        owner,
        guardian,
        PERMIT2 if chain.w3.eth.get_code(PERMIT2) else ZERO_ADDRESS,
        parameters.vault_window_seconds,
        parameters.vault_delay_seconds,
        parameters.vault_delay_blocks,
        parameters.longest_pause_seconds,
        parameters.pause_budget_seconds,
        parameters.pause_refill_seconds,
    )
    return [terms, accepted]


def _addresses(header: SealedHeader) -> tuple[ChecksumAddress, ...]:
    return tuple(to_checksum_address(validator) for validator in header.validators)


def _deploy_tokens(
    vault_chains: Sequence[Chain], parameters: NetworkParameters, owner: LocalAccount
) -> tuple[RegisteredAsset, ...]:
    listed: list[tuple[int, ChecksumAddress, str, int]] = []
    for chain in vault_chains:
        for token in parameters.tokens:
            contract = chain.deploy("TestToken", [token.name, token.symbol, token.decimals], owner)
            listed.append((chain.chain_id, contract.address, token.symbol, token.decimals))
        listed.append((chain.chain_id, ZERO_ADDRESS, ETHER_SYMBOL, ETHER_DECIMALS))
    return tuple(
        RegisteredAsset(asset=number, chain_id=chain_id, token=token, symbol=symbol, decimals=decimals)
        for number, (chain_id, token, symbol, decimals) in enumerate(listed)
    )


def _deploy_settlement(  # noqa: PLR0913, PLR0917 - the inputs of one call, passed on
    chain: Chain,
    assets: tuple[RegisteredAsset, ...],
    parameters: NetworkParameters,
    owner: LocalAccount,
    genesis_root: Callable[[GenesisInputs], bytes],
    roles: _Roles,
) -> tuple[_Settlement, bytes]:
    """Queue and outbox on one side and ledger on the other know each other from their constructors."""
    mailbox = chain.deploy("Mailbox", [owner.address, roles.guardian, parameters.route_delay_blocks], owner)
    nonce = chain.w3.eth.get_transaction_count(owner.address)
    next_ones = [
        to_checksum_address(create_address(to_canonical_address(owner.address), nonce + offset)) for offset in range(4)
    ]
    ledger_address, queue_address, rollup_address, outbox_address = next_ones
    ledger = chain.deploy(
        "ChainLedger",
        [
            owner.address,
            queue_address,
            outbox_address,
            parameters.credit_window_seconds,
            parameters.caps_delay_seconds,
            parameters.caps_delay_blocks,
            _listings(assets, parameters),
        ],
        owner,
    )
    queue = chain.deploy(
        "ForcedQueue",
        [
            mailbox.address,
            ledger_address,
            owner.address,
            roles.insurance_owner,
            parameters.inclusion_delay_seconds,
            parameters.inclusion_spacing_seconds,
            parameters.forced_fee_wei,
            roles.fee_recipient,
            parameters.health_recovery_seconds,
            parameters.health_recovery_blocks,
        ],
        owner,
    )
    root = genesis_root(
        GenesisInputs(
            settlement_chain=chain.chain_id,
            rollup=rollup_address,
            insurance_owner=roles.insurance_owner,
            assets=assets,
        )
    )
    rollup = chain.deploy(
        "Rollup",
        [
            owner.address,
            queue.address,
            root,
            parameters.challenge_seconds,
            parameters.challenge_blocks,
            parameters.max_clock_lag_seconds,
            roles.poster,
        ],
        owner,
    )
    outbox = chain.deploy("WithdrawalOutbox", [mailbox.address, rollup.address, ledger.address, owner.address], owner)
    deployed = [contract.address for contract in (ledger, queue, rollup, outbox)]
    if deployed != next_ones:
        raise Rejected(Reason.ADDRESS_MISMATCH, f"{deployed}, predicted {next_ones}")
    return _Settlement(mailbox=mailbox, forced_queue=queue, rollup=rollup, outbox=outbox, ledger=ledger), root


def _listings(assets: tuple[RegisteredAsset, ...], parameters: NetworkParameters) -> list[tuple[Any, ...]]:
    """Caps of every asset in its base units, as the ledger's constructor takes them."""
    caps = {token.symbol: (token.credit_cap, token.credit_window_cap) for token in parameters.tokens}
    caps[ETHER_SYMBOL] = (parameters.ether_credit_cap, parameters.ether_credit_window_cap)
    return [
        (asset.chain_id, asset.token, tuple(10**asset.decimals * cap for cap in caps[asset.symbol])) for asset in assets
    ]


def _connect(
    here: Chain,
    there: Chain,
    mailboxes: dict[int, Contract],
    parameters: NetworkParameters,
    owner: LocalAccount,
) -> ChecksumAddress:
    """Deploy on `here` a client of `there` and the route that uses it."""
    header = there.finalized_header()
    if header.validators:
        client = _deploy_light_client(here, there, header, parameters, owner)
    else:
        client = _deploy_attestation_client(here, there, mailboxes[there.chain_id].address, parameters, owner)
    route = (
        client.address,
        mailboxes[there.chain_id].address,
        parameters.route_epoch,
        parameters.max_timeout_seconds,
        parameters.max_proof_age_seconds,
        parameters.max_gas_limit,
        parameters.max_payload_bytes,
    )
    here.transact(mailboxes[here.chain_id].functions.addRoute(there.chain_id, route), owner)
    return to_checksum_address(client.address)


def _deploy_light_client(
    here: Chain, there: Chain, header: SealedHeader, parameters: NetworkParameters, owner: LocalAccount
) -> Contract:
    client_parameters = ClientParameters(
        chain_id=there.chain_id,
        variant=header.variant,
        trusting_period_seconds=parameters.trusting_period_seconds,
        max_clock_drift_seconds=parameters.max_clock_drift_seconds,
        trust_numerator=parameters.trust_numerator,
        trust_denominator=parameters.trust_denominator,
        recovery_delay_seconds=parameters.recovery_delay_seconds,
        recovery_delay_blocks=parameters.recovery_delay_blocks,
        attestor_threshold=parameters.attestor_threshold,
        attestors=parameters.attestors,
    )
    return here.deploy("QbftLightClient", constructor_arguments(client_parameters, header), owner)


def _deploy_attestation_client(
    here: Chain, there: Chain, mailbox: ChecksumAddress, parameters: NetworkParameters, owner: LocalAccount
) -> Contract:
    """It proves nothing before its first update, and takes at least four attestors."""
    if not parameters.attestors:
        raise Rejected(Reason.UNSAFE_PARAMETER, f"{there.name} has no validators, and nobody attests what it says")
    terms = (
        there.chain_id,
        mailbox,
        parameters.trusting_period_seconds,
        parameters.max_clock_drift_seconds,
        parameters.recovery_delay_seconds,
        APPROVAL_SECONDS_MAX,
        APPROVAL_SECONDS_MAX,
        False,
    )
    return here.deploy("AttestationClient", [terms, list(parameters.attestors), parameters.attestor_threshold], owner)
