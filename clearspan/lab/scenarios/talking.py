"""Contracts on both ends of a way that say things to each other and misbehave on demand."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from eth_utils.address import to_checksum_address
from web3.contract import Contract

from bridge.attributes import encode_attributes
from bridge.interoperable import encode_evm
from bridge.packets import NO_FEES, Answer, Fees, Packet
from bridge.relaying import acknowledge, deliver, packets_in, prove_commitments, update_client
from chains.local import LocalChain
from clearspan.lab.scenarios.moves import Heist, attempt


class Mode(IntEnum):
    """What a TestRecipient does when it is told something."""

    ACCEPT = 0
    FAIL = 1
    RETURN_BOMB = 2
    WRONG_SELECTOR = 3
    BURN_GAS = 4
    REENTER = 5


class Talk:
    """A speaker on the first vault chain and a listener on the settlement chain."""

    def __init__(self, heist: Heist) -> None:
        self.heist, self.way = heist, heist.way
        self.speaker = heist.source.deploy("TestRecipient", [], heist.owner)
        self.listener = heist.host.deploy("TestRecipient", [], heist.owner)
        heist.settle()

    def behave(self, contract: Contract, mode: Mode, call: bytes = b"") -> None:
        """How a contract answers from now on; `call` is what it calls its caller with."""
        chain: LocalChain = self.heist.host if contract.address == self.listener.address else self.heist.source
        chain.transact(contract.functions.configure(mode, call), self.heist.owner)
        self.heist.settle()

    def send(
        self, payload: bytes, *, to: Contract | None = None, gas_limit: int | None = None, fees: Fees = NO_FEES
    ) -> Packet:
        """A message of the speaker's to a contract on the settlement chain."""
        recipient = to_checksum_address((to or self.listener).address)
        attributes = encode_attributes(gas_limit=gas_limit, fees=fees)
        mailbox = self.way.source
        call = self.speaker.functions.send(
            mailbox.address, encode_evm(self.heist.host.chain_id, recipient), payload, attributes
        )
        receipt = self.heist.source.transact(call, self.heist.thief, value=fees.escrow)
        (packet,) = packets_in(mailbox, receipt)
        return packet

    def deliver(self, *packets: Packet) -> tuple[Answer, ...]:
        """As relayers do."""
        self.heist.settle()
        update_client(self.way.forward, self.heist.source, self.heist.thief)
        answers = deliver(self.way, packets, self.heist.thief)
        self.heist.settle()
        return answers

    def deliver_with(self, gas: int, packet: Packet) -> str:
        """Hand one over with so much gas; `accepted` or the error."""
        self.heist.settle()
        update_client(self.way.forward, self.heist.source, self.heist.thief)
        proof = prove_commitments(self.way, [packet])
        call = self.way.destination.contract.functions.receivePackets(
            [packet.as_abi()], proof, self.heist.thief.address
        )
        outcome = attempt(self.heist.host, call, self.heist.thief, gas=gas)
        self.heist.settle()
        return outcome.partition("(")[0]

    def acknowledge(self, answers: Sequence[Answer]) -> None:
        """Bring answers back."""
        update_client(self.way.backward, self.heist.host, self.heist.thief)
        acknowledge(self.way, answers, self.heist.thief)
        self.heist.settle()

    def heard(self) -> int:
        """Messages that the listener took."""
        return int(self.heist.host.call(self.listener.functions.received()))

    def told(self) -> int:
        """Answers that the speaker was told."""
        return int(self.heist.source.call(self.speaker.functions.answered()))

    def owed(self, who: str) -> int:
        """Wei of fees that the speaker's mailbox owes to a relayer."""
        return int(self.heist.source.call(self.way.source.contract.functions.owed(who)))
