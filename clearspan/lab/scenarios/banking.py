"""What thefts through vaults and mailboxes have in common: who holds what, messages of the thief's own, odd tokens."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3.contract import Contract

from bridge.abi import ZERO_ADDRESS
from bridge.interoperable import encode_evm
from bridge.packets import Answer, Packet, Status
from bridge.payloads import DepositMessage
from bridge.relaying import Way, acknowledge, deliver, packets_in, update_client
from chains.local import LocalChain
from clearspan.lab.scenarios.base import Stage
from clearspan.lab.scenarios.moves import LOOT, Heist, deploy

DEPOSIT = "deposit(address,uint256,address,uint64)"
FOREVER = 2**256 - 1


def held(chain: LocalChain, token: str, who: str) -> int:
    """Base units of a token, wei for the zero address."""
    if token == ZERO_ADDRESS:
        return chain.balance(who)
    return int(chain.call(chain.contract("TestToken", token).functions.balanceOf(who)))


def vault_of(heist: Heist) -> Contract:
    """The first vault chain's."""
    return heist.source.contract("CollateralVault", heist.entry.vault)


def claim_of_deposit(heist: Heist, token: str | None = None, amount: int = LOOT) -> bytes:
    """A payload that says that the thief deposited."""
    asset = heist.token if token is None else to_checksum_address(token)
    return DepositMessage(asset=asset, amount=amount, owner=heist.thief.address, refund_to=heist.thief.address).encode()


def credited(heist: Heist, token: str) -> int:
    """Base units of a token of the first vault chain that the exchange was credited with."""
    return heist.ledger.credit(heist.entry.chain_id, to_checksum_address(token)).credited


def carry(heist: Heist, packet: Packet) -> Status | None:
    """Deliver a packet to the settlement chain as relayers do; how it was answered, None where it was not."""
    heist.settle()
    update_client(heist.way.forward, heist.source, heist.thief)
    answers = deliver(heist.way, [packet], heist.thief)
    heist.settle()
    return answers[0].status if answers else None


def complete(heist: Heist, amount: int, depositor: LocalAccount) -> Answer:
    """A deposit that was made, credited and acknowledged; its answer."""
    packet = heist.deposit(amount, depositor)
    (answer,) = deliver(heist.way, [packet], heist.thief)
    heist.settle()
    update_client(heist.way.backward, heist.host, heist.thief)
    acknowledge(heist.way, [answer], heist.thief)
    heist.settle()
    return answer


def speak(heist: Heist, payload: bytes, recipient: str) -> Status | None:
    """A message of the thief's from the settlement chain to a contract of the first vault chain; its answer."""
    way = Way.between(heist.network, heist.world.chains, source=heist.host.chain_id, destination=heist.source.chain_id)
    call = way.source.contract.functions.sendMessage(
        encode_evm(heist.source.chain_id, to_checksum_address(recipient)), payload, []
    )
    packets = packets_in(way.source, heist.host.transact(call, heist.thief))
    heist.settle()
    update_client(way.forward, heist.host, heist.thief)
    answers = deliver(way, packets, heist.thief)
    heist.settle()
    return answers[0].status if answers else None


def odd_token(heist: Heist, name: str, holders: tuple[str, ...]) -> Contract:
    """A test token with habits; each holder has ten times the loot."""
    token = heist.source.deploy(name, [], heist.owner)
    for holder in holders:
        heist.source.transact(token.functions.mint(holder, 10 * LOOT), heist.owner)
    return token


def another_vault(stage: Stage, heist: Heist, token: str, *, mailbox: str | None = None) -> Contract:
    """A vault that takes one token, beside the network's own; the mailbox is the network's where none is given."""
    limits, settlement = heist.network.parameters, heist.network.settlement
    terms = (
        mailbox or heist.entry.mailbox,
        settlement.chain_id,
        settlement.forced_queue,
        settlement.outbox,
        heist.owner.address,
        heist.owner.address,
        ZERO_ADDRESS,
        limits.vault_window_seconds,
        limits.vault_delay_seconds,
        limits.vault_delay_blocks,
        limits.longest_pause_seconds,
        limits.pause_budget_seconds,
        limits.pause_refill_seconds,
    )
    return deploy(stage, heist.source, "CollateralVault", [terms, [(token, 10**18, 10**18)]], heist.owner)
