"""A client on one chain that follows another, and headers for it, honest and forged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction

import contracts
from bridge.abi import abi_encode
from bridge.clients import encode_client_proof, encode_evidence, encode_update, fill_arguments
from bridge.light_clients import ClientStatus, UpdateResult
from bridge.recovery import RecoveryApproval, encode_attestation
from chains.clock import VirtualClock
from chains.headers import SealedHeader, integer
from chains.keys import derive_key
from chains.local import LocalChain
from chains.qbft import Variant
from chains.validators import Validator
from tests.contracts.harness import (
    FAR,
    NEAR,
    RECOVERY_BLOCKS,
    RECOVERY_SECONDS,
    RELAYER,
    TRUSTING_PERIOD,
    client_arguments,
    deploy,
    new_chain,
)

ATTESTORS = sorted(
    (Account.from_key(derive_key("attestor", index)) for index in range(3)), key=lambda one: int(one.address, 16)
)
CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(slots=True, kw_only=True)
class Following:
    """`host` carries the client, `source` is what it follows; `trusted` is the header it started from."""

    clock: VirtualClock
    host: LocalChain
    source: LocalChain
    client: Contract
    trusted: SealedHeader

    def mine(self, count: int = 1, **options: Any) -> SealedHeader:
        """New blocks on the source, the clock going with them."""
        for _ in range(count):
            header = self.source.mine(**options)
        self.clock.advance(max(0, header.timestamp - self.clock.now()))
        return header

    def call(self, update: bytes) -> ContractFunction:
        """The call of `update` with these bytes."""
        return self.client.functions.update(update)

    def try_update(self, update: bytes) -> UpdateResult:
        """What `update` would answer in the next block; raises TransactionReverted."""
        return UpdateResult(self.host.call(self.call(update), block="pending"))

    def update(self, update: bytes) -> UpdateResult:
        """Do it, and answer what it answered."""
        result = self.try_update(update)
        self.host.transact(self.call(update), RELAYER)
        return result

    def honest(self, header: SealedHeader) -> bytes:
        """The update for a header against the validators trusted at the start."""
        return encode_update(header, self.trusted.validators)

    def fill(self, known: SealedHeader, older: Sequence[SealedHeader]) -> ContractFunction:
        """The call that stores headers below one the client keeps."""
        return self.client.functions.fill(*fill_arguments(known, older))

    def misbehaviour(self, update: bytes, other: bytes) -> ContractFunction:
        """The call that shows two things that cannot both be honest."""
        return self.client.functions.misbehaviour(encode_evidence(update, other))

    def consensus_hash(self, height: int) -> bytes:
        """What the client keeps of a height."""
        return bytes(self.host.call(self.client.functions.consensusHash(height)))

    def until(self, timestamp: int) -> None:
        """Advance the clock so that the host's next block has this timestamp."""
        assert timestamp > self.host.head().timestamp
        self.clock.advance(timestamp - self.clock.now())

    def keep_word(self) -> tuple[str, int, bytes]:
        """Have a contract on the source keep a word from its next block on: its address, slot and value."""
        token = deploy(self.source, "TestToken", "Word", "WRD", 0)
        self.source.transact(token.functions.mint(RELAYER.address, 77), RELAYER)
        return token.address, contracts.storage_slot("TestToken", "_totalSupply"), (77).to_bytes(32, "big")

    def proving(self, header: SealedHeader, word: tuple[str, int, bytes]) -> ContractFunction:
        """The call that proves the word at a header."""
        address, slot, value = word
        proof = encode_client_proof(header, self.source.get_proof(address, [slot], header.number))
        return self.client.functions.verifyStorage(header.number, address, [slot.to_bytes(32, "big")], [value], proof)

    def expire(self) -> None:
        """Let the trusting period of the latest header pass."""
        end = self.host.call(self.client.functions.latestTimestamp()) + TRUSTING_PERIOD
        self.clock.advance(end - self.clock.now())
        self.host.mine()
        assert self.status is ClientStatus.EXPIRED

    def approve(self, header: SealedHeader, conflict: int, **changed: Any) -> RecoveryApproval:
        """What attestors would sign to have the client continue from a header."""
        approval = RecoveryApproval(
            chain_id=NEAR,
            client=to_checksum_address(self.client.address),
            epoch=self.host.call(self.client.functions.epoch()),
            header_digest=header.commit_digest,
            conflict_height=conflict,
        )
        return replace(approval, **changed)

    def propose(self, header: SealedHeader, attestation: bytes = b"") -> bytes:
        """Propose to continue from a header sealed by those trusted at the start, and answer the id."""
        call = self.client.functions.proposeRecovery(self.honest(header), attestation)
        recovery_id = bytes(self.host.call(call, block="pending"))
        self.host.transact(call, RELAYER)
        return recovery_id

    def execute(self, recovery_id: bytes) -> ContractFunction:
        """The call that ends a recovery."""
        return self.client.functions.executeRecovery(recovery_id)

    def sit_out(self, *, seconds: int = RECOVERY_SECONDS, blocks: int = RECOVERY_BLOCKS) -> None:
        """Let this much pass, so that the next block is the first after it."""
        self.clock.advance(max(0, self.host.head().timestamp - self.clock.now()) + seconds)
        for _ in range(blocks - 1):
            self.host.mine()

    @property
    def status(self) -> ClientStatus:
        """What the client says of itself in the next block."""
        return ClientStatus(self.host.call(self.client.functions.status(), block="pending"))

    @property
    def height(self) -> int:
        """The client's latest height."""
        return int(self.host.call(self.client.functions.latestHeight()))


def follow(*, twin: str | None = None, validators: int = 4, **arguments: Any) -> Following:
    """A client that trusts block 1 of a fresh chain."""
    clock = VirtualClock()
    host, source = new_chain(clock, NEAR), new_chain(clock, FAR, validators=validators)
    trusted = source.mine()
    clock.advance(1)
    client = deploy(host, "QbftLightClient", *client_arguments(trusted, **arguments), twin=twin)
    return Following(clock=clock, host=host, source=source, client=client, trusted=trusted)


def follow_ibft2(*, twin: str | None = None, **arguments: Any) -> tuple[Following, list[SealedHeader]]:
    """A client that trusts block 1 of an IBFT2 chain, and that chain's next blocks up to 5."""
    following = follow(twin=twin)
    for _ in range(4):
        following.mine()
    trusted, *later = in_ibft2([following.source.header(number) for number in range(1, 6)], following)
    client = deploy(following.host, "QbftLightClient", *client_arguments(trusted, **arguments), twin=twin)
    return replace(following, client=client, trusted=trusted), later


def in_ibft2(headers: Sequence[SealedHeader], following: Following) -> list[SealedHeader]:
    """The same chain as IBFT2 writes it: other hashes, so other parents and seals."""
    keys = keys_of(following.source.validators)
    chain: list[SealedHeader] = []
    for header in headers:
        parent = chain[-1].hash if chain else header.parent_hash
        draft = SealedHeader.build([parent, *header.fields[1:]], replace(header.extra, seals=()), Variant.IBFT2)
        chain.append(draft.sealed_by(keys))
    return chain


def attest(
    approval: RecoveryApproval, signers: Sequence[LocalAccount], attestors: Sequence[LocalAccount] = ATTESTORS
) -> bytes:
    """These attestors' approval, as it goes into a proposal."""
    return encode_attestation(
        approval.conflict_height,
        [(to_checksum_address(signer.address), approval.sign(signer)) for signer in signers],
        [to_checksum_address(attestor.address) for attestor in attestors],
    )


def keys_of(validators: Iterable[Validator]) -> list[bytes]:
    """Their private keys, stolen."""
    return [validator.compromise() for validator in validators]


def outsiders(count: int) -> list[Validator]:
    """Validators of no chain."""
    return sorted((Validator(derive_key("outsider", i)) for i in range(count)), key=lambda outsider: outsider.address)


def raw_update(header: SealedHeader | bytes, seals: Sequence[bytes], trusted: Sequence[bytes]) -> bytes:
    """An update of exactly these parts in exactly this order."""
    rlp = header if isinstance(header, bytes) else header.rlp_without_seals
    return abi_encode(["bytes", "bytes[]", "address[]"], [rlp, list(seals), [to_checksum_address(t) for t in trusted]])


def redraft(header: SealedHeader, fields: dict[int, bytes] | None = None, **altered: Any) -> SealedHeader:
    """The header with other fields, by position, and other consensus facts."""
    changed = list(header.fields)
    for position, value in (fields or {}).items():
        changed[position] = value
    return SealedHeader.build(changed, header.extra, header.variant).altered(**altered)


def at_height(header: SealedHeader, number: int, **altered: Any) -> SealedHeader:
    """The header moved to another height."""
    return redraft(header, {8: integer(number)}, **altered)


def high_s(seal: bytes) -> bytes:
    """The other signature of the same signer."""
    s = CURVE_ORDER - int.from_bytes(seal[32:64], "big")
    return seal[:32] + s.to_bytes(32, "big") + bytes([seal[64] ^ 1])
