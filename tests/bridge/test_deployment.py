import pytest
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from bridge.abi import ZERO_ADDRESS
from bridge.deployment import deploy_network
from bridge.errors import Reason, Rejected
from bridge.light_clients import ClientStatus, LightClient
from bridge.parameters import NetworkParameters, TokenParameters
from bridge.registry import Deployment
from bridge.settlement import Ledger
from chains import LocalChain, VirtualClock

SETTLEMENT, EAST, WEST = 100, 101, 102


def test_the_genesis_root_knew_the_rollups_address(network):
    (inputs,) = network.inputs
    settlement = network.deployment.settlement
    assert inputs.rollup == settlement.rollup
    assert inputs.settlement_chain == SETTLEMENT
    assert inputs.insurance_owner == network.owner.address
    assert inputs.assets == network.deployment.assets
    rollup = network.chains[SETTLEMENT].contract("Rollup", settlement.rollup)
    assert rollup.functions.latestRoot().call() == keccak(inputs.rollup.encode())
    assert network.deployment.genesis_root == "0x" + keccak(inputs.rollup.encode()).hex()


def test_assets_are_numbered_by_chain_tokens_before_ether(network):
    listed = [(asset.asset, asset.chain_id, asset.symbol, asset.decimals) for asset in network.deployment.assets]
    assert listed == [
        (0, EAST, "USDC", 6),
        (1, EAST, "ETH", 18),
        (2, WEST, "USDC", 6),
        (3, WEST, "ETH", 18),
    ]


@pytest.mark.parametrize(("here", "there"), [(100, 101), (101, 100), (100, 102), (102, 100)])
def test_routes_name_client_and_peer(network, here, there):
    route = network.mailbox(here).route(there, 1)
    assert route.client == network.deployment.chain(here).clients[there]
    assert route.peer == network.deployment.chain(there).mailbox
    assert route.epoch == 1
    parameters = network.deployment.parameters
    assert route.max_timeout_seconds == parameters.max_timeout_seconds
    assert route.max_proof_age_seconds == parameters.max_proof_age_seconds
    assert (route.max_gas_limit, route.max_payload_bytes) == (parameters.max_gas_limit, parameters.max_payload_bytes)
    client = LightClient(network.chains[here], route.client)
    assert client.status() is ClientStatus.ACTIVE
    assert client.contract.functions.chainId().call() == there


def test_vaults_have_no_route_to_each_other(network):
    assert network.mailbox(EAST).route(WEST, 1).client == ZERO_ADDRESS
    assert network.mailbox(EAST).route(SETTLEMENT, 1).client != ZERO_ADDRESS


def test_vaults_know_the_settlement_chain_and_it_knows_them(network):
    settlement = network.deployment.settlement
    queue = network.chains[SETTLEMENT].contract("ForcedQueue", settlement.forced_queue)
    outbox = network.chains[SETTLEMENT].contract("WithdrawalOutbox", settlement.outbox)
    for entry in network.deployment.vaults:
        vault = network.chains[entry.chain_id].contract("CollateralVault", entry.vault)
        assert vault.functions.forcedQueue().call() == settlement.forced_queue
        assert vault.functions.outbox().call() == settlement.outbox
        assert vault.functions.settlementChain().call() == SETTLEMENT
        assert queue.functions.vaults(entry.chain_id).call() == entry.vault
        assert outbox.functions.vaults(entry.chain_id).call() == entry.vault


def test_the_ledger_knows_queue_and_outbox_and_they_know_it(network):
    settlement = network.deployment.settlement
    chain = network.chains[SETTLEMENT]
    ledger = Ledger(chain, settlement.ledger)
    assert ledger.contract.functions.queue().call() == settlement.forced_queue
    assert ledger.contract.functions.outbox().call() == settlement.outbox
    for name, address in (("ForcedQueue", settlement.forced_queue), ("WithdrawalOutbox", settlement.outbox)):
        assert chain.contract(name, address).functions.ledger().call() == settlement.ledger
    caps = {"USDC": 10_000_000 * 10**6, "ETH": 4_000 * 10**18}
    for asset in network.deployment.assets:
        credit = ledger.credit(asset.chain_id, asset.token)
        assert (credit.net_cap, credit.window_cap) == (caps[asset.symbol], caps[asset.symbol] // 4)
        assert (credit.room, credit.max_loss) == (credit.window_cap, credit.net_cap)
    assert ledger.room(SETTLEMENT, ZERO_ADDRESS) == 0


@pytest.mark.parametrize(
    "unsafe",
    [
        {"ether_credit_cap": 5, "ether_credit_window_cap": 6},
        {"tokens": (TokenParameters(credit_cap=1),)},
        {"tokens": (TokenParameters(credit_window_cap=0),)},
        {"credit_window_seconds": 0},
        {"caps_delay_seconds": 0},
        {"caps_delay_blocks": 0},
        {"forced_fee_wei": 0},
    ],
)
def test_caps_without_sense_are_refused(unsafe):
    with pytest.raises(Rejected) as refusal:
        NetworkParameters(**unsafe)
    assert refusal.value.reason is Reason.UNSAFE_PARAMETER


def test_the_file_holds_all_of_it(network, tmp_path):
    network.deployment.save(tmp_path / "deployment.json")
    assert Deployment.load(tmp_path / "deployment.json") == network.deployment


def chains(*chain_ids, owner):
    clock = VirtualClock()
    return [
        LocalChain(chain_id=chain_id, clock=clock, name=f"n{number}", balances={owner.address: 10**20})
        for number, chain_id in enumerate(chain_ids)
    ]


def test_a_repeated_chain_id_is_refused():
    owner = Account.from_key("0x" + "11" * 32)
    settlement, *vaults = chains(1, 2, 2, owner=owner)
    with pytest.raises(Rejected) as refusal:
        deploy_network(settlement, vaults, owner=owner, genesis_root=lambda _: b"\1" * 32)
    assert refusal.value.reason is Reason.DUPLICATE_CHAIN


def test_a_transaction_in_between_is_noticed():
    owner = Account.from_key("0x" + "11" * 32)
    settlement, vault = chains(1, 2, owner=owner)

    def interfering(inputs):
        settlement.transact({"to": owner.address}, owner)
        return b"\1" * 32

    with pytest.raises(Rejected) as refusal:
        deploy_network(settlement, [vault], owner=owner, genesis_root=interfering)
    assert refusal.value.reason is Reason.ADDRESS_MISMATCH


def test_poster_and_insurance_owner_may_be_others():
    owner = Account.from_key("0x" + "11" * 32)
    poster, insurance = (to_checksum_address(bytes([number]) * 20) for number in (1, 2))
    settlement, vault = chains(1, 2, owner=owner)
    deployment = deploy_network(
        settlement,
        [vault],
        owner=owner,
        genesis_root=lambda _: b"\1" * 32,
        parameters=NetworkParameters(challenge_seconds=5, tokens=()),
        poster=poster,
        insurance_owner=insurance,
    )
    rollup = settlement.contract("Rollup", deployment.settlement.rollup)
    assert rollup.functions.isPoster(poster).call()
    assert not rollup.functions.isPoster(owner.address).call()
    queue = settlement.contract("ForcedQueue", deployment.settlement.forced_queue)
    assert queue.functions.accountOf(insurance).call() == 0
    assert [asset.symbol for asset in deployment.assets] == ["ETH"]
