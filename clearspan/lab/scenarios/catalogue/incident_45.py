"""Squid's module: who is speaking was read from the payload."""

from __future__ import annotations

from eth_utils.address import to_checksum_address

from clearspan.lab.scenarios.banking import speak
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import Heist


def attack(stage: Stage) -> Verdict:
    """A message that begins with the owner's address; the recipient says whom it was told it came from."""
    with stage.world() as world:
        heist = Heist(world)
        listener = heist.source.deploy("TestRecipient", [], heist.owner)
        status = speak(heist, bytes.fromhex(heist.owner.address[2:]) + b" says: pay", listener.address)
        told = to_checksum_address(heist.source.call(listener.functions.lastSender())[-20:])
        return Verdict(
            survived=status is not None and told == heist.thief.address,
            detail=f"sent by {heist.thief.address} under the name of {heist.owner.address}; told {told}",
        )


SCENARIO = Scenario(
    identifier="incident-45",
    title="A payload names another sender than the true one",
    group="C6",
    source="Squid module, May 2026",
    attack=attack,
    twin=Twin(
        mutation="the mailbox reads the sender from the payload",
        contracts=(("Mailbox", "mailbox-sender-from-payload"),),
    ),
)
