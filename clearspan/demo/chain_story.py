"""What happened on each chain, read back from its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bridge.deployment import Deployment
from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.packets import Status
from bridge.payloads import DepositMessage
from bridge.registry import SettlementEntry, VaultEntry
from bridge.settlement import ForcedQueue, Outbox, PostedBatch, Rollup
from bridge.vaults import Vault
from chains import LocalChain


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStory:
    """One chain: `events` counts what happened, by what a person would call it, in the order it happens."""

    name: str
    chain_id: int
    role: str
    blocks: int
    transactions: int
    head: bytes
    events: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketStory:
    """One packet from sending to the answer that came back; blocks are None for what has not happened."""

    packet: bytes
    kind: str
    source: str
    destination: str
    nonce: int
    status: str
    sent_block: int
    answered_block: int | None
    acknowledged_block: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStory:
    """One posted batch and whether its challenge period is over."""

    posted: PostedBatch
    segments: int
    final: bool


def chain_stories(network: Deployment, chains: Mapping[int, LocalChain]) -> list[ChainStory]:
    """The settlement chain first."""
    return [_chain_story(entry, chains[entry.chain_id]) for entry in network.chains]


def packet_stories(network: Deployment, chains: Mapping[int, LocalChain]) -> list[PacketStory]:
    """Every packet, by source chain and in the order of sending."""
    names = {entry.chain_id: entry.name for entry in network.chains}
    answered = {}
    acknowledged = {}
    for entry in network.chains:
        mailbox, blocks = _reading(chains[entry.chain_id], entry)
        answered.update({row.packet_id: row for row in mailbox.answered(*blocks)})
        acknowledged.update({row.packet_id: row.block for row in mailbox.acknowledged(*blocks)})
    stories = []
    for entry in network.chains:
        mailbox, blocks = _reading(chains[entry.chain_id], entry)
        for sent in mailbox.sent(*blocks):
            answer = answered.get(sent.packet_id)
            is_deposit = sent.packet is not None and sent.packet.payload[31] == DepositMessage.KIND
            stories.append(
                PacketStory(
                    packet=sent.packet_id,
                    kind="deposit" if is_deposit else "release",
                    source=entry.name,
                    destination=names[sent.destination_chain],
                    nonce=sent.nonce,
                    status=(Status.NONE if answer is None else answer.status).name.lower(),
                    sent_block=sent.block,
                    answered_block=None if answer is None else answer.block,
                    acknowledged_block=acknowledged.get(sent.packet_id),
                )
            )
    return stories


def batch_stories(network: Deployment, chain: LocalChain) -> list[BatchStory]:
    """Every posted batch, in order."""
    rollup = Rollup(chain, network.settlement.rollup)
    logs = chain.logs(rollup.contract.events.BatchPosted(), network.settlement.deployed_at, chain.head().number)
    return [
        BatchStory(
            posted=rollup.batch(log["args"]["index"]),
            segments=log["args"]["segments"],
            final=rollup.is_final(log["args"]["index"]),
        )
        for log in logs
    ]


def _chain_story(entry: SettlementEntry | VaultEntry, chain: LocalChain) -> ChainStory:
    mailbox, blocks = _reading(chain, entry)
    updates = sum(
        len(chain.logs(LightClient(chain, client).contract.events.ClientUpdated(), *blocks))
        for client in entry.clients.values()
    )
    mail = {
        "light client updates": updates,
        "packets sent": len(mailbox.sent(*blocks)),
        "packets received with proof": len(mailbox.answered(*blocks)),
        "answers proven back": len(mailbox.acknowledged(*blocks)),
    }
    return ChainStory(
        name=entry.name,
        chain_id=entry.chain_id,
        role="settlement" if isinstance(entry, SettlementEntry) else "vault",
        blocks=chain.head().number,
        transactions=sum(len(chain.ledger.block(number).transactions) for number in range(chain.head().number + 1)),
        head=chain.head().hash,
        events={**_own_events(entry, chain, blocks), **mail},
    )


def _own_events(entry: SettlementEntry | VaultEntry, chain: LocalChain, blocks: tuple[int, int]) -> dict[str, int]:
    if isinstance(entry, SettlementEntry):
        return {
            "deposits queued": len(ForcedQueue(chain, entry.forced_queue).items(*blocks)),
            "batches posted": Rollup(chain, entry.rollup).batch_count(),
            "withdrawals released": len(Outbox(chain, entry.outbox).released(*blocks)),
        }
    vault = Vault(chain, entry.vault)
    return {"deposits locked": len(vault.deposited(*blocks)), "withdrawals paid": len(vault.paid(*blocks))}


def _reading(chain: LocalChain, entry: SettlementEntry | VaultEntry) -> tuple[Mailbox, tuple[int, int]]:
    return Mailbox(chain, entry.mailbox), (entry.deployed_at, chain.head().number)
