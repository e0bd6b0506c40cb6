"""The life of every packet by final events: once, proven, and either a success or a refund."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from bridge.packets import Status
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.violations import Invariant

Accuse = Callable[[Invariant, Event, str, str], None]


@dataclass(slots=True, kw_only=True)
class Life:
    """What is known of a packet: chains by id, status of its answer, whether it was acknowledged."""

    source: int | None = None
    destination: int | None = None
    sent_at: int | None = None
    answer: Status | None = None
    answered_on: int | None = None
    answered_at: int | None = None
    acknowledged: Status | None = None


@dataclass(slots=True)
class Packets:
    """All packets. Answers are judged once every chain's final blocks of the moment were read."""

    accuse: Accuse
    tell: Callable[[Event, str, str], None]
    lives: dict[bytes, Life] = field(default_factory=dict)
    _answers: list[Event] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """One event of a mailbox."""
        if event.name == "PacketSent":
            self._sent(event)
        elif event.name == "PacketAnswered":
            self._answered(event)
        elif event.name == "PacketAcknowledged":
            self._acknowledged(event)

    def judge(self) -> None:
        """Every answer since the last call must be to a packet that was sent, final, to just there."""
        for event in self._answers:
            identifier = bytes(event.arguments["packetId"])
            life = self.lives[identifier]
            if life.source is None:
                self.accuse(Invariant.PROVEN, event, identifier.hex(), "answered and never sent")
            elif life.destination != event.chain_id:
                self.accuse(Invariant.PROVEN, event, identifier.hex(), f"was sent to chain {life.destination}")
        self._answers.clear()

    @property
    def unfinished(self) -> list[bytes]:
        """Packets that are sent and not acknowledged."""
        return [identifier for identifier, life in self.lives.items() if life.acknowledged is None]

    def _life(self, event: Event) -> tuple[bytes, Life]:
        identifier = bytes(event.arguments["packetId"])
        return identifier, self.lives.setdefault(identifier, Life())

    def _sent(self, event: Event) -> None:
        identifier, life = self._life(event)
        if life.source is not None:
            self.accuse(Invariant.ONCE, event, identifier.hex(), "sent twice")
        life.source, life.destination = event.chain_id, int(event.arguments["destinationChain"])
        life.sent_at = event.time
        self.tell(event, "sent", identifier.hex())

    def _answered(self, event: Event) -> None:
        identifier, life = self._life(event)
        if life.answer is not None:
            self.accuse(Invariant.ONCE, event, identifier.hex(), f"answered twice, first {life.answer.name}")
        life.answer, life.answered_on = Status(event.arguments["status"]), event.chain_id
        life.answered_at = event.time
        self.tell(event, f"answered {life.answer.name.lower()}", identifier.hex())
        self._answers.append(event)

    def _acknowledged(self, event: Event) -> None:
        identifier, life = self._life(event)
        status = Status(event.arguments["status"])
        if life.acknowledged is not None:
            self.accuse(Invariant.ONCE, event, identifier.hex(), "acknowledged twice")
        life.acknowledged = status
        self.tell(event, "acknowledged", identifier.hex())
        if life.answer is not None and life.answer is not status:
            text = f"acknowledged as {status.name}, answered as {life.answer.name}"
            self.accuse(Invariant.NO_SUCCESS_AND_REFUND, event, identifier.hex(), text)
