"""Harmony: two keys of five were enough."""

from __future__ import annotations

from eth_account import Account
from eth_utils.address import to_checksum_address

from bridge.attestations import Attestation, AttestationDomain, approve, ascending, encode_attestation
from bridge.clients import consensus_state
from chains.errors import TransactionReverted
from chains.keys import derive_key
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist, attempt, deploy, forged

TRUSTING, DRIFT, EPOCH_DELAY, RETENTION, MAX_APPROVAL = 86_400, 60, 7_200, 1_800, 3_600


def attack(stage: Stage) -> Verdict:
    """A client that believes two attestors of five is deployed; two stolen keys attest what never was."""
    with stage.world() as world:
        heist = Heist(world)
        team = [Account.from_key(derive_key("lab attestor", number)) for number in range(5)]
        addresses = ascending(to_checksum_address(account.address) for account in team)
        terms = (heist.entry.chain_id, heist.entry.mailbox, TRUSTING, DRIFT, EPOCH_DELAY, RETENTION, MAX_APPROVAL)
        try:
            client = deploy(stage, heist.host, "AttestationClient", [(*terms, False), addresses, 2], heist.owner)
        except TransactionReverted as refusal:
            return Verdict(survived=True, detail=f"2 of 5 cannot be deployed: {refusal.error}")
        heist.settle()
        packet = heist.invented()
        header = forged(heist.mine(), packet)
        domain = AttestationDomain(
            client_chain_id=heist.host.chain_id,
            client=to_checksum_address(client.address),
            attested_chain_id=heist.entry.chain_id,
            attested_contract=heist.entry.mailbox,
        )
        claim = Attestation(epoch=1, height=header.number, state=consensus_state(header))
        expiry = world.clock.now() + MAX_APPROVAL // 2
        given = [approve(domain, claim, expiry=expiry, signer=signer) for signer in team[:2]]
        update = client.functions.update(encode_attestation(claim, addresses, given))
        attested = attempt(heist.host, update, heist.thief)
        proven = heist.proves(client, header, packet)
        return Verdict(
            survived=proven != ACCEPTED, detail=f"2 of 5 was deployed; 2 keys: {attested}; invented deposit: {proven}"
        )


SCENARIO = Scenario(
    identifier="incident-2",
    title="A client that a minority of attestors can convince",
    group="C1",
    source="Harmony Horizon, Jun 2022, $100M",
    attack=attack,
    twin=Twin(
        mutation="the client's constructor takes any threshold",
        contracts=(("AttestationClient", "attestor-any-quorum"),),
    ),
)
