"""A relayer as one is quickly written: no memory, no patience, and the first error stops the rest."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from eth_account import Account

from bridge.mailbox import Mailbox
from bridge.registry import Deployment
from bridge.relaying import Way, acknowledge, deliver, update_client
from chains import Depth, QbftFinal
from chains.rpc_chain import RpcChain


@dataclass
class NaiveRelayer:
    """Vault chains to the settlement chain, from the first block that it has not seen since it started."""

    deployment: Deployment
    chains: dict
    signer: object
    read: dict = field(default_factory=dict)

    def step(self):
        settlement = self.deployment.settlement.chain_id
        for vault in self.deployment.vaults:
            way = Way.between(self.deployment, self.chains, source=vault.chain_id, destination=settlement)
            head = way.source.chain.head().number
            first, self.read[vault.chain_id] = self.read.get(vault.chain_id, vault.deployed_at), head + 1
            for sent in Mailbox(way.source.chain, vault.mailbox).sent(first, head):
                update_client(way.forward, way.source.chain, self.signer)
                for answer in deliver(way, [sent.packet], self.signer):
                    update_client(way.backward, way.destination.chain, self.signer)
                    acknowledge(way, [answer], self.signer)

    def close(self):
        """It has nothing to lose."""


def naive_relayer(assignment):
    return NaiveRelayer(assignment.deployment, dict(assignment.chains), assignment.signer)


def main(path):
    """As a program."""
    told = json.loads(Path(path).read_text())
    chains = {
        int(number): RpcChain.connect(
            url,
            chain_id=int(number),
            finality=Depth(blocks) if (blocks := told["finality_blocks"][number]) else QbftFinal(),
        )
        for number, url in told["endpoints"].items()
    }
    signer = Account.from_key(Path(told["key_file"]).read_text())
    relayer = NaiveRelayer(Deployment.load(Path(told["deployment"])), chains, signer)
    while True:
        relayer.step()
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1])
