"""What the lab asks of a bridge to attack it: five ports, and nothing of how the bridge works.

A bridge carries value one way: a vault on the source chain locks it, a message tells the destination, whose ledger
credits it. Amounts are base units of one token. What is refused answers with the name of the error and raises nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from eth_account.signers.local import LocalAccount

ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message; `body` is whatever the adapter needs to deliver it, `amount` what it says was locked."""

    amount: int
    recipient: str
    body: Any


class Chain(Protocol):
    """One end of the bridge."""

    @property
    def chain_id(self) -> int:
        """EIP-155."""
        ...

    def finalise(self) -> None:
        """Make blocks until all that has happened is final."""
        ...

    def reorganise(self, sender: str) -> None:
        """Take off every block that is not final yet, and forget what this sender did in them."""
        ...


class Vault(Protocol):
    """Where value is locked, on the source chain."""

    def lock(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """Lock an amount for somebody at the destination; the chain has it in a block, not final."""
        ...

    def lock_taxed(self, sender: LocalAccount, recipient: str, amount: int) -> tuple[int, int]:
        """The same of a token that keeps a part of what is moved: what the message says, and what arrived."""
        ...

    def held(self) -> int:
        """What the source chain says the vault has."""
        ...

    def refund(self, message: Message) -> str:
        """Have a message that was not taken in time paid back, by whoever may ask for it."""
        ...


class Messenger(Protocol):
    """What carries messages, and what a thief can try with it."""

    def deliver(self, message: Message, signer: LocalAccount) -> str:
        """Hand a message over at the destination, with the best proof of it that this key can come by."""
        ...

    def invent(self, recipient: str, amount: int) -> Message:
        """A message of the vault that nobody sent."""
        ...

    def altered(self, message: Message, *, amount: int | None = None, chain_id: int | None = None) -> Message:
        """The same message with another amount, or for another chain."""
        ...

    def imitate(self, sender: LocalAccount, recipient: str, amount: int) -> Message:
        """A message that says what the vault would say, truly sent by somebody else."""
        ...

    def call_recipient(self, message: Message, signer: LocalAccount) -> str:
        """Call the receiving contract past the messenger."""
        ...


class Relayer(Protocol):
    """The bridge's own relayer."""

    @property
    def signer(self) -> LocalAccount:
        """The key it has in memory."""
        ...

    def work(self) -> None:
        """Whatever there is to do now, and time for it."""
        ...

    def forget(self) -> None:
        """It dies, and its disk with it; then it is started again."""
        ...


class Ledger(Protocol):
    """Who was credited what, at the destination."""

    def credited(self, owner: str) -> int:
        """Base units."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bridge:
    """A bridge under attack. Everybody has the token at the source; nobody has anything at the destination."""

    name: str
    source: Chain
    destination: Chain
    vault: Vault
    messenger: Messenger
    relayer: Relayer
    ledger: Ledger
    alice: LocalAccount
    thief: LocalAccount

    @property
    def credited(self) -> int:
        """What was credited to both."""
        return sum(self.ledger.credited(person.address) for person in (self.alice, self.thief))
