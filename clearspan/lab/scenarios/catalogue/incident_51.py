"""KelpDAO: a node lied to the verifier alone, the honest ones were knocked out, and it believed what was left."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from eth_account import Account
from eth_utils.address import to_checksum_address

from bridge.attestations import AttestationDomain, ascending
from bridge.clients import consensus_state
from chains.endpoints import EndpointNode
from chains.finality import RpcTag
from chains.keys import derive_key
from chains.local import LocalChain
from chains.quorum_chain import QuorumChain
from chains.quorum_provider import QuorumProvider
from chains.sign_record import MemorySignRecord
from clearspan.lab.link import Ask, Json, Link
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import LOOT, Heist, deploy
from clearspan.lab.scenarios.mutation import edited
from relayers.attesting import ApprovalBook, AttestationCarrier, AttestedClient, Attestor
from relayers.store import Store

TEAM = tuple(sorted((Account.from_key(derive_key("lab attestor", at)) for at in range(4)), key=lambda one: one.address))
THRESHOLD = 3
NODES = 3


class Down:
    """Nobody answers."""

    def answer(self, _ask: Ask, method: str, _params: Sequence[Any]) -> Json:
        """As a transport without a peer."""
        raise ConnectionRefusedError(method)


def attack(stage: Stage) -> Verdict:
    """Four attestors of three nodes each: two are knocked out, the third shows a chain with a deposit nobody made."""
    with stage.world() as world:
        heist = Heist(world)
        terms = (heist.entry.chain_id, heist.entry.mailbox, 86_400, 60, 7_200, 1_800, 3_600, False)
        members = ascending(to_checksum_address(one.address) for one in TEAM)
        contract = deploy(stage, heist.host, "AttestationClient", [terms, members, THRESHOLD], heist.owner)
        heist.settle()
        client = AttestedClient(heist.host, to_checksum_address(contract.address))
        domain = AttestationDomain(
            client_chain_id=heist.host.chain_id,
            client=client.address,
            attested_chain_id=heist.entry.chain_id,
            attested_contract=heist.entry.mailbox,
        )
        links = [[Link(heist.source.api) for _ in range(NODES)] for _ in TEAM]
        chains = [seen_through(heist.source, own, world.clock.now) for own in links]
        team = [
            Attestor(
                Store(),
                client=client,
                follows=chain,
                domain=domain,
                key=key,
                record=MemorySignRecord(),
                interval_seconds=1,
            )
            for key, chain in zip(TEAM, chains, strict=True)
        ]
        heist.mine()
        carried(heist, client, domain, team)
        honest = client.latest_height()
        lie = heist.source.fork(world.clock)
        fake = lie.contract("CollateralVault", heist.entry.vault)
        call = fake.get_function_by_signature("deposit(address,uint256,address,uint64)")(
            heist.token, LOOT, heist.thief.address, 0
        )
        lie.transact(call, heist.thief)
        for own in links:
            for link in own[:-1]:
                link.conditions.append(Down())
            own[-1]._node = lie.api  # noqa: SLF001 - its binary was exchanged
        world.clock.advance(5)
        carried(heist, client, domain, team)
        signed = sum(
            kept.attestation.state != consensus_state(heist.source.header(kept.height))
            if kept.height <= heist.source.head().number
            else True
            for one in team
            for kept in one.book.approvals()
        )
        believed = client.latest_height() > honest
        return Verdict(
            survived=honest > 0 and not signed and not believed,
            detail=f"with all nodes up height {honest} was attested; then {signed} of {len(TEAM)} signed the lie, and "
            f"the client {'believes it' if believed else 'stands still'}",
        )


def seen_through(chain: LocalChain, links: Sequence[Link], now: Any) -> QuorumChain:
    """A chain without seals of its own, by what most of its nodes say."""
    nodes = [EndpointNode(f"node {at}", link, chain.chain_id, now=now) for at, link in enumerate(links)]
    return QuorumChain(nodes, chain_id=chain.chain_id, quorum=len(nodes) // 2 + 1, finality=RpcTag(), clock=chain.clock)


def carried(heist: Heist, client: AttestedClient, domain: AttestationDomain, team: Sequence[Attestor]) -> None:
    """Every attestor signs what it sees final, and somebody carries what they signed."""
    for attestor in team:
        attestor.step()
    books: list[ApprovalBook] = [attestor.book for attestor in team]
    carrier = AttestationCarrier(Store(), client=client, domain=domain, sources=books, signer=heist.thief)
    carrier.step()
    heist.host.mine()
    heist.settle()


SCENARIO = Scenario(
    identifier="incident-51",
    title="Nodes lie to one process while honest ones are down",
    group="C9",
    source="KelpDAO, 18 Apr 2026, $292M",
    attack=attack,
    twin=Twin(
        mutation="one node that answers is enough",
        patch=partial(edited, QuorumProvider, "__init__", "self.quorum = quorum", "self.quorum = 1"),
    ),
)
