"""Two local chains whose mailboxes prove to each other, and the handful of moves the tests make on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_canonical_address, to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

import contracts
from bridge.clients import consensus_state, encode_proof, encode_update
from bridge.interoperable import encode_evm
from bridge.mailbox import Mailbox
from bridge.packets import Answer, Packet, Status, commitment_slot, packet_id, receipt_slot
from chains.blocks import create_address
from chains.clock import VirtualClock
from chains.errors import TransactionReverted
from chains.headers import SealedHeader
from chains.local import LocalChain
from chains.qbft import Variant
from tests.contracts.vault_terms import ETHER_CAP, TOKEN_CAP, vault_arguments

ZERO = "0x" + "00" * 20
NOT_PROVEN = (
    "Absent",
    "HashMismatch",
    "MalformedEncoding",
    "MalformedNode",
    "MalformedRlp",
    "Truncated",
    "UnusedNode",
    # OpenZeppelin's names for the same
    "MalformedAccount",
    "RLPInvalidEncoding",
    "TrieProofTraversalError",
)
"""What a trie proof that does not prove is refused with, depending on where it goes wrong."""
OWNER, RELAYER, TRADER, STRANGER, GUARDIAN = (
    Account.from_key(bytes([7]) * 31 + bytes([index])) for index in range(1, 6)
)
PEOPLE = (OWNER, RELAYER, TRADER, STRANGER, GUARDIAN)
NEAR, FAR = 1001, 1002
TRUSTING_PERIOD, DRIFT = 14 * 86_400, 60
RECOVERY_SECONDS, RECOVERY_BLOCKS = 2 * 86_400, 5
DELAY_BLOCKS = 20
MAX_TIMEOUT, MAX_PROOF_AGE, MAX_GAS, MAX_PAYLOAD = 86_400, 3_600, 1_000_000, 4_096
DELAY, SPACING = 3_600, 10
FORCED_FEE = 10**15
HEALTH_SECONDS, HEALTH_BLOCKS = 3_600, 7
"""From when a sick chain is first found healthy to when it counts as such."""
CAPS, ETHER_CAPS = (10**12, 4 * 10**11), (10**22, 10**21)
"""Net and window, in base units, of FAR's token and of its ether."""
WINDOW_SECONDS, CAPS_DELAY_SECONDS, CAPS_DELAY_BLOCKS = 86_400, 3 * 86_400, 20


def new_chain(clock: VirtualClock, chain_id: int = NEAR, *, validators: int = 4, **options: Any) -> LocalChain:
    """A chain on which everybody here has ether."""
    balances = {person.address: 10**24 for person in PEOPLE} | dict(options.pop("balances", {}))
    return LocalChain(chain_id=chain_id, clock=clock, validators=validators, balances=balances, **options)


def deploy(chain: LocalChain, name: str, *args: Any, twin: str | None = None) -> Contract:
    """Deploy a contract, or its broken twin under the same interface."""
    if twin is None:
        return chain.deploy(name, args, OWNER)
    artifact = contracts.twin(twin)
    assert artifact.name == name
    return chain.deploy_code(artifact.abi, artifact.bytecode, args, OWNER)


def refused(
    chain: LocalChain, call: ContractFunction, *errors: str, sender: LocalAccount = RELAYER, **sent: Any
) -> None:
    """Assert that a call reverts with one of these errors, written as `Name` or `Name(args)`."""
    with pytest.raises(TransactionReverted) as caught:
        chain.transact(call, sender, **sent)
    assert {caught.value.error, caught.value.error_name} & set(errors), caught.value.error


def client_arguments(header: SealedHeader, **changed: Any) -> list[Any]:
    """Constructor arguments of a `QbftLightClient` that trusts this header."""
    parameters: dict[str, Any] = {
        "chain_id": FAR,
        "ibft2": header.variant is Variant.IBFT2,
        "trusting_period": TRUSTING_PERIOD,
        "drift": DRIFT,
        "numerator": 2,
        "denominator": 3,
        "recovery_seconds": RECOVERY_SECONDS,
        "recovery_blocks": RECOVERY_BLOCKS,
        "threshold": 0,
        "attestors": [],
    }
    trusted: dict[str, Any] = {
        "height": header.number,
        "state": consensus_state(header).as_abi(),
        "validators": [to_checksum_address(validator) for validator in header.validators],
    }
    for name, value in changed.items():
        (parameters if name in parameters else trusted)[name] = value
    assert len(parameters) + len(trusted) == 13, changed
    return [tuple(parameters.values()), *trusted.values()]


def route(client: Contract, peer: Contract, /, **changed: Any) -> tuple[Any, ...]:
    """A route as the mailbox takes it."""
    fields: dict[str, Any] = {
        "client": client.address,
        "peer": peer.address,
        "epoch": 1,
        "timeout": MAX_TIMEOUT,
        "proof_age": MAX_PROOF_AGE,
        "gas": MAX_GAS,
        "payload": MAX_PAYLOAD,
    }
    assert not set(changed) - set(fields)
    return tuple((fields | changed).values())


@dataclass(slots=True, kw_only=True)
class Link:
    """Chains `near` and `far`, a mailbox on each, a client of the other on each, routes both ways."""

    clock: VirtualClock
    near: LocalChain
    far: LocalChain
    mailboxes: dict[int, Contract] = field(default_factory=dict)
    clients: dict[int, Contract] = field(default_factory=dict)

    def other(self, chain: LocalChain) -> LocalChain:
        """The chain at the other end."""
        return self.far if chain is self.near else self.near

    def settle_clock(self) -> None:
        """Bring the clock up to the chain that is furthest ahead."""
        ahead = max(chain.head().timestamp for chain in (self.near, self.far)) - self.clock.now()
        if ahead > 0:
            self.clock.advance(ahead)

    def until(self, timestamp: int, chain: LocalChain) -> None:
        """Advance the clock so that the chain's next block has this timestamp."""
        assert timestamp > chain.head().timestamp
        assert timestamp >= self.clock.now()
        self.clock.advance(timestamp - self.clock.now())

    def update(self, on: LocalChain) -> SealedHeader:
        """Tell the client on one chain of the other's newest header."""
        self.settle_clock()
        source, client = self.other(on), self.clients[on.chain_id]
        header = source.finalized_header()
        latest = on.call(client.functions.latestHeight())
        if header.number > latest:
            update = encode_update(header, source.header(latest).validators)
            on.transact(client.functions.update(update), RELAYER)
        return header

    def prove(self, on: LocalChain, slots: Sequence[int]) -> bytes:
        """A proof for `on` of words of the other side's mailbox, at the other side's newest header."""
        header = self.update(on)
        source = self.other(on)
        proof = source.get_proof(self.mailboxes[source.chain_id].address, slots, header.number)
        return encode_proof(header, proof)

    def sent(self, chain: LocalChain, receipt: TxReceipt) -> list[Packet]:
        """Packets sent in a transaction's block."""
        mailbox = Mailbox(chain, self.mailboxes[chain.chain_id].address)
        found = [entry.packet for entry in mailbox.sent(receipt["blockNumber"], receipt["blockNumber"])]
        assert all(packet is not None for packet in found)
        return [packet for packet in found if packet is not None]

    def delivery(
        self, packets: Sequence[Packet], proof: bytes | None = None, payee: str = RELAYER.address
    ) -> ContractFunction:
        """The call that delivers packets at their destination, with a fresh proof where none is given."""
        at = self.near if packets[0].destination_chain == NEAR else self.far
        if proof is None:
            proof = self.prove(at, [commitment_slot(packet_id(packet)) for packet in packets])
        receive = self.mailboxes[at.chain_id].functions.receivePackets
        return receive([packet.as_abi() for packet in packets], proof, payee)

    def deliver(self, *packets: Packet, gas: int | None = None) -> list[Answer]:
        """Deliver packets and return their answers."""
        at = self.near if packets[0].destination_chain == NEAR else self.far
        return self.answers(at, at.transact(self.delivery(packets), RELAYER, gas=gas), packets)

    def expire(self, *packets: Packet) -> list[Answer]:
        """Expire packets at their destination."""
        at = self.near if packets[0].destination_chain == NEAR else self.far
        call = self.mailboxes[at.chain_id].functions.expire([packet.as_abi() for packet in packets], RELAYER.address)
        return self.answers(at, at.transact(call, RELAYER), packets)

    def answers(self, at: LocalChain, receipt: TxReceipt, packets: Sequence[Packet]) -> list[Answer]:
        """Answers written in a transaction's block, for those of these packets that got one."""
        block = receipt["blockNumber"]
        events = {
            entry.packet_id: entry for entry in Mailbox(at, self.mailboxes[at.chain_id].address).answered(block, block)
        }
        return [
            Answer(packet=packet, status=event.status, ack=event.ack, payee=event.payee)
            for packet in packets
            if (event := events.get(packet_id(packet)))
        ]

    def acknowledgement(
        self, answers: Sequence[Answer], proof: bytes | None = None, payee: str = RELAYER.address
    ) -> ContractFunction:
        """The call that brings answers back to their source."""
        at = self.near if answers[0].packet.source_chain == NEAR else self.far
        if proof is None:
            proof = self.prove(at, [receipt_slot(packet_id(answer.packet)) for answer in answers])
        return self.mailboxes[at.chain_id].functions.acknowledge([answer.as_abi() for answer in answers], proof, payee)

    def acknowledge(self, *answers: Answer) -> TxReceipt:
        """Bring answers back to their source."""
        at = self.near if answers[0].packet.source_chain == NEAR else self.far
        return at.transact(self.acknowledgement(answers), RELAYER)


def new_link(*, twins: Mapping[str, str] | None = None, **routes: Any) -> Link:
    """A fresh link; `twins` names a twin for `Mailbox` or `QbftLightClient` to deploy on both chains."""
    twins = twins or {}
    clock = VirtualClock()
    link = Link(clock=clock, near=new_chain(clock, NEAR), far=new_chain(clock, FAR))
    for chain in (link.near, link.far):
        link.mailboxes[chain.chain_id] = deploy(
            chain, "Mailbox", OWNER.address, GUARDIAN.address, DELAY_BLOCKS, twin=twins.get("Mailbox")
        )
    for chain in (link.near, link.far):
        there = link.other(chain)
        arguments = client_arguments(there.finalized_header(), chain_id=there.chain_id)
        client = deploy(chain, "QbftLightClient", *arguments, twin=twins.get("QbftLightClient"))
        link.clients[chain.chain_id] = client
        described = route(client, link.mailboxes[there.chain_id], **routes)
        chain.transact(link.mailboxes[chain.chain_id].functions.addRoute(there.chain_id, described), OWNER)
    link.settle_clock()
    return link


@dataclass(slots=True, kw_only=True)
class House:
    """The clearinghouse over a link: queue, rollup and outbox on `near`, a vault on `far`."""

    link: Link
    queue: Contract
    rollup: Contract
    outbox: Contract
    vault: Contract
    token: Contract
    ledger: Contract


GENESIS_ROOT = b"\x11" * 32
CHALLENGE_SECONDS, CHALLENGE_BLOCKS, MAX_LAG = 600, 5, 900


def new_house(
    *, twins: Mapping[str, str] | None = None, stubborn: bool = False, vault_terms: Mapping[str, Any] | None = None
) -> House:
    """A fresh clearinghouse; the token has asset id 0, ether id 1. `stubborn`: releases go where no vault is, until
    STRANGER's first transaction on `far` deploys something there.

    `vault_terms` changes what the vault is constructed with; `token_caps` among them are the token's, `permit2` is the
    name of a contract.
    """
    changed = dict(vault_terms or {})
    twins = twins or {}
    link = new_link(twins=twins)
    near, far = link.near, link.far
    here, there = link.mailboxes[NEAR].address, link.mailboxes[FAR].address
    token = deploy(far, "TestToken", "Dollar", "USD", 6)
    expected = next_addresses(near, 4)
    ledger = deploy(near, "ChainLedger", *ledger_arguments(expected, token), twin=twins.get("ChainLedger"))
    queue = deploy(near, "ForcedQueue", *queue_arguments(here, ledger), twin=twins.get("ForcedQueue"))
    rollup = new_rollup(near, queue, twin=twins.get("Rollup"))
    outbox = deploy(
        near,
        "WithdrawalOutbox",
        here,
        rollup.address,
        ledger.address,
        OWNER.address,
        twin=twins.get("WithdrawalOutbox"),
    )
    assert expected == [contract.address for contract in (ledger, queue, rollup, outbox)]
    caps = {token.address: changed.pop("token_caps", TOKEN_CAP), ZERO: ETHER_CAP}
    parties = (there, NEAR, queue.address, changed.pop("outbox", outbox.address), OWNER.address, GUARDIAN.address)
    if "permit2" in changed:
        changed["permit2"] = deploy(far, changed["permit2"]).address
    terms = vault_arguments(*parties, caps=caps, **changed)
    vault = deploy(far, "CollateralVault", *terms, twin=twins.get("CollateralVault"))
    payer = create_address(to_canonical_address(STRANGER.address), 0) if stubborn else vault.address
    near.transact(queue.functions.registerVault(FAR, vault.address), OWNER)
    near.transact(outbox.functions.registerVault(FAR, payer), OWNER)
    near.transact(queue.functions.registerAsset(0, FAR, token.address), OWNER)
    near.transact(queue.functions.registerAsset(1, FAR, ZERO), OWNER)
    far.transact(token.functions.mint(TRADER.address, 10**12), OWNER)
    far.transact(token.functions.approve(vault.address, 2**256 - 1), TRADER)
    link.settle_clock()
    return House(link=link, queue=queue, rollup=rollup, outbox=outbox, vault=vault, token=token, ledger=ledger)


def next_addresses(chain: LocalChain, count: int) -> list[str]:
    """Addresses of the contracts that OWNER deploys next."""
    owner, nonce = to_canonical_address(OWNER.address), chain.w3.eth.get_transaction_count(OWNER.address)
    return [to_checksum_address(create_address(owner, nonce + offset)) for offset in range(count)]


def ledger_arguments(expected: Sequence[str], token: Contract, **changed: Any) -> list[Any]:
    """Constructor arguments of a `ChainLedger` for FAR's token and ether; `expected`: ledger, queue, rollup, outbox."""
    arguments: dict[str, Any] = {
        "owner": OWNER.address,
        "queue": expected[1],
        "outbox": expected[3],
        "window_seconds": WINDOW_SECONDS,
        "delay_seconds": CAPS_DELAY_SECONDS,
        "delay_blocks": CAPS_DELAY_BLOCKS,
        "listings": [(FAR, token.address, CAPS), (FAR, ZERO, ETHER_CAPS)],
    }
    assert not set(changed) - set(arguments)
    return list((arguments | changed).values())


def queue_arguments(mailbox: str, ledger: Contract | str, **changed: Any) -> list[Any]:
    """Constructor arguments of a `ForcedQueue`."""
    arguments: dict[str, Any] = {
        "mailbox": mailbox,
        "ledger": ledger if isinstance(ledger, str) else ledger.address,
        "owner": OWNER.address,
        "insurance_owner": OWNER.address,
        "delay": DELAY,
        "spacing": SPACING,
        "fee": FORCED_FEE,
        "fee_recipient": GUARDIAN.address,
        "recovery_seconds": HEALTH_SECONDS,
        "recovery_blocks": HEALTH_BLOCKS,
    }
    assert not set(changed) - set(arguments)
    return list((arguments | changed).values())


def new_rollup(chain: LocalChain, queue: Contract, *, twin: str | None = None) -> Contract:
    """A rollup that RELAYER may post to."""
    return deploy(
        chain,
        "Rollup",
        OWNER.address,
        queue.address,
        GENESIS_ROOT,
        CHALLENGE_SECONDS,
        CHALLENGE_BLOCKS,
        MAX_LAG,
        RELAYER.address,
        twin=twin,
    )


def answer_of(packet: Packet, status: Status, ack: bytes = b"", payee: str = RELAYER.address) -> Answer:
    """An answer somebody claims."""
    return Answer(packet=packet, status=status, ack=ack, payee=to_checksum_address(payee))


def interoperable(chain_id: int, contract: Contract | str) -> bytes:
    """ERC-7930 form of a contract."""
    address = contract if isinstance(contract, str) else contract.address
    return encode_evm(chain_id, to_checksum_address(address))
