"""Poison messages and starved ones: marked as done, stuck for good, or in everybody's way."""

from __future__ import annotations

from bridge.packets import Status
from clearspan.lab.scenarios.base import Scenario, Stage, Twin, Verdict
from clearspan.lab.scenarios.moves import ACCEPTED, Heist
from clearspan.lab.scenarios.talking import Mode, Talk

POISON = (Mode.FAIL, Mode.RETURN_BOMB, Mode.BURN_GAS, Mode.WRONG_SELECTOR)
NOT_UNICODE = b"\xff\xfe" * 60
LONG = bytes([1]) * 800
"""Takes its recipient some 600,000 gas to keep."""
STARVED_GAS, LIMIT = 700_000, 900_000


def attack(stage: Stage) -> Verdict:
    """A relayer saves gas on a long message; then each kind of poison is delivered between two honest messages."""
    with stage.world() as world:
        talk = Talk(Heist(world))
        starved = talk.send(LONG, gas_limit=LIMIT)
        saved = talk.deliver_with(STARVED_GAS, starved)
        talk.deliver(starved)
        heard = talk.heard()
        poison = talk.heist.host.deploy("TestRecipient", [], talk.heist.owner)
        spoilt = []
        for mode in POISON:
            talk.heist.host.transact(poison.functions.configure(mode, b""), talk.heist.owner)
            packets = [
                talk.send(b"before", gas_limit=300_000),
                talk.send(NOT_UNICODE, to=poison, gas_limit=400_000),
                talk.send(b"after", gas_limit=300_000),
            ]
            answers = talk.deliver(*packets)
            statuses = [answer.status for answer in answers]
            if statuses != [Status.SUCCESS, Status.FAILURE, Status.SUCCESS]:
                spoilt.append(mode.name)
            talk.acknowledge(answers)
        return Verdict(
            survived=saved != ACCEPTED and heard == 1 and not spoilt and talk.told() == 3 * len(POISON),
            detail=f"with too little gas: {saved}; with enough it was heard {heard} times; of {len(POISON)} kinds of "
            f"poison {len(spoilt)} did harm to others; {talk.told()} of {3 * len(POISON)} answers came back",
        )


SCENARIO = Scenario(
    identifier="incident-56",
    title="A message is starved of gas and marked as done; poison stands in others' way",
    group="C11",
    source="Gravity Bridge L-04 to L-06; OP, Sherlock; pos-portal #42",
    attack=attack,
    twin=Twin(
        mutation="the mailbox does not ask whether the gas that is left is what the message was promised",
        contracts=(("Mailbox", "mailbox-starved-call"),),
    ),
)
