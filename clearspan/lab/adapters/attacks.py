"""The part of the catalogue that needs nothing but the five ports: each is tried on any bridge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clearspan.lab.adapters.ports import Bridge
from clearspan.lab.scenarios.base import Verdict

AMOUNT = 1_000 * 10**6
OTHER_CHAIN = 990_099


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One thing to try. incidents: entries of the catalogue in which it happened."""

    identifier: str
    title: str
    incidents: tuple[str, ...]
    attempt: Callable[[Bridge], Verdict]


ATTACKS: list[Attack] = []


Attempt = Callable[[Bridge], Verdict]


def attack(identifier: str, title: str, *incidents: str) -> Callable[[Attempt], Attempt]:
    """Enter a function into the list."""

    def enter(attempt: Attempt) -> Attempt:
        ATTACKS.append(Attack(identifier=identifier, title=title, incidents=incidents, attempt=attempt))
        return attempt

    return enter


def _sent(bridge: Bridge, amount: int = AMOUNT) -> Verdict:
    """Whether Alice was credited exactly this, and no more than is locked."""
    credited, held = bridge.ledger.credited(bridge.alice.address), bridge.vault.held()
    survived = credited == amount and bridge.credited <= held
    return Verdict(survived=survived, detail=f"credited {credited} of {amount}, locked {held}")


def _stolen(bridge: Bridge, outcome: str, held: int = 0) -> Verdict:
    """Whether the thief got nothing that is not locked for him."""
    loot = bridge.ledger.credited(bridge.thief.address)
    return Verdict(survived=loot <= held, detail=f"{outcome}; credited {loot}, locked for it {held}")


@attack("honest", "A transfer arrives")
def honest(bridge: Bridge) -> Verdict:
    """What must work for anything else to mean something."""
    bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    return _sent(bridge)


@attack("replay", "A message is delivered a second time", "incident-20", "incident-48")
def replay(bridge: Bridge) -> Verdict:
    """By the relayer's key and by a stranger's."""
    message = bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    for signer in (bridge.relayer.signer, bridge.thief):
        bridge.messenger.deliver(message, signer)
    return _sent(bridge)


@attack("forged", "A stranger delivers a message that nobody sent", "incident-12", "incident-27")
def forged(bridge: Bridge) -> Verdict:
    """With whatever a stranger can make up."""
    message = bridge.messenger.invent(bridge.thief.address, AMOUNT)
    return _stolen(bridge, bridge.messenger.deliver(message, bridge.thief))


@attack("stolen-key", "The relayer's key delivers a message that nobody sent", "incident-5")
def stolen_key(bridge: Bridge) -> Verdict:
    """A hot key that moves no money of its own."""
    message = bridge.messenger.invent(bridge.thief.address, AMOUNT)
    return _stolen(bridge, bridge.messenger.deliver(message, bridge.relayer.signer))


@attack("altered", "A true message is delivered with a larger amount", "incident-17", "incident-38")
def altered(bridge: Bridge) -> Verdict:
    """By the relayer's key; one unit was locked."""
    message = bridge.vault.lock(bridge.thief, bridge.thief.address, 1)
    bridge.source.finalise()
    larger = bridge.messenger.altered(message, amount=AMOUNT)
    return _stolen(bridge, bridge.messenger.deliver(larger, bridge.relayer.signer), held=1)


@attack("other-chain", "A message for another chain is delivered here", "incident-50")
def other_chain(bridge: Bridge) -> Verdict:
    """By the relayer's key, as a relayer may that mixes up its routes."""
    message = bridge.messenger.invent(bridge.thief.address, AMOUNT)
    message = bridge.messenger.altered(message, chain_id=OTHER_CHAIN)
    return _stolen(bridge, bridge.messenger.deliver(message, bridge.relayer.signer))


@attack("impostor", "Somebody else sends what the vault would say", "incident-34", "incident-44")
def impostor(bridge: Bridge) -> Verdict:
    """Truly sent, truly delivered; the relayer asks no questions."""
    bridge.messenger.imitate(bridge.thief, bridge.thief.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    return _stolen(bridge, "sent by another")


@attack("direct-call", "The receiving contract is called past the messenger", "incident-43")
def direct_call(bridge: Bridge) -> Verdict:
    """By a stranger."""
    message = bridge.messenger.invent(bridge.thief.address, AMOUNT)
    return _stolen(bridge, bridge.messenger.call_recipient(message, bridge.thief))


@attack("reorganised", "The source forgets a deposit after it was seen", "incident-53")
def reorganised(bridge: Bridge) -> Verdict:
    """The relayer works while nothing is final."""
    bridge.vault.lock(bridge.thief, bridge.thief.address, AMOUNT)
    bridge.relayer.work()
    bridge.source.reorganise(bridge.thief.address)
    bridge.source.finalise()
    bridge.relayer.work()
    return _stolen(bridge, "the deposit is gone", held=bridge.vault.held())


@attack("success-and-refund", "What was credited is asked back", "incident-18", "incident-49")
def success_and_refund(bridge: Bridge) -> Verdict:
    """After the deadline, by the sender."""
    message = bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    outcome = bridge.vault.refund(message)
    verdict = _sent(bridge)
    return Verdict(survived=verdict.survived, detail=f"refund: {outcome}; {verdict.detail}")


@attack("never-delivered", "Nobody delivers: the sender gets the money back", "incident-56")
def never_delivered(bridge: Bridge) -> Verdict:
    """The relayer is dead."""
    message = bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    outcome = bridge.vault.refund(message)
    held = bridge.vault.held()
    return Verdict(survived=held == 0, detail=f"refund: {outcome}; {held} are still locked")


@attack("without-relayer", "Anyone can deliver what was sent", "incident-56")
def without_relayer(bridge: Bridge) -> Verdict:
    """The relayer is dead; Alice delivers for herself."""
    message = bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    outcome = bridge.messenger.deliver(message, bridge.alice)
    verdict = _sent(bridge)
    return Verdict(survived=verdict.survived, detail=f"{outcome}; {verdict.detail}")


@attack("reordered", "The second message is delivered before the first")
def reordered(bridge: Bridge) -> Verdict:
    """Neither is lost, neither counts twice."""
    messages = [bridge.vault.lock(bridge.alice, bridge.alice.address, amount) for amount in (AMOUNT, 2 * AMOUNT)]
    bridge.source.finalise()
    for message in reversed(messages):
        bridge.messenger.deliver(message, bridge.relayer.signer)
    return _sent(bridge, 3 * AMOUNT)


@attack("poison", "A message that cannot be taken stands before a good one", "incident-56")
def poison(bridge: Bridge) -> Verdict:
    """The good one arrives."""
    bridge.messenger.imitate(bridge.thief, bridge.thief.address, AMOUNT)
    bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    return _sent(bridge)


@attack("amnesia", "The relayer loses its memory and starts again")
def amnesia(bridge: Bridge) -> Verdict:
    """What was delivered is delivered once."""
    bridge.vault.lock(bridge.alice, bridge.alice.address, AMOUNT)
    bridge.source.finalise()
    bridge.relayer.work()
    bridge.relayer.forget()
    bridge.relayer.work()
    return _sent(bridge)


@attack("taxed-token", "A token that moves less than it was told to is locked", "incident-32")
def taxed_token(bridge: Bridge) -> Verdict:
    """What the message says is what arrived."""
    said, arrived = bridge.vault.lock_taxed(bridge.alice, bridge.alice.address, AMOUNT)
    return Verdict(survived=said <= arrived, detail=f"{arrived} arrived, the message says {said}")
