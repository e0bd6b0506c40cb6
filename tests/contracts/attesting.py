"""An attestation client on one chain, the chain it is about, and signers, honest and not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from bridge.abi import mapping_slot
from bridge.attestations import (
    Attestation,
    AttestationDomain,
    Rotation,
    approve,
    ascending,
    encode_attestation,
    encode_rotation,
)
from bridge.clients import ConsensusState, consensus_state, encode_client_proof
from bridge.light_clients import ClientStatus, UpdateResult
from chains.clock import VirtualClock
from chains.headers import SealedHeader
from chains.keys import derive_key
from chains.local import LocalChain
from contracts import storage_slot
from tests.contracts.harness import FAR, NEAR, OWNER, RELAYER, TRADER, deploy, new_chain

TRUSTING, DRIFT, EPOCH_DELAY, RETENTION, MAX_APPROVAL = 86_400, 60, 7_200, 1_800, 3_600
BALANCE = 10**18


def signers(count: int, name: str = "signer") -> list[LocalAccount]:
    """Accounts in the order of their addresses."""
    return sorted(
        (Account.from_key(derive_key(name, index)) for index in range(count)), key=lambda one: one.address.lower()
    )


def addresses(accounts: Sequence[LocalAccount]) -> tuple[ChecksumAddress, ...]:
    """Their addresses, ascending."""
    return ascending(to_checksum_address(account.address) for account in accounts)


def parameters(attested: str, **changed: Any) -> tuple[Any, ...]:
    """`AttestationParameters` as the constructor takes them."""
    fields: dict[str, Any] = {
        "chain_id": FAR,
        "contract": attested,
        "trusting_period": TRUSTING,
        "drift": DRIFT,
        "epoch_delay": EPOCH_DELAY,
        "retention": RETENTION,
        "max_approval": MAX_APPROVAL,
        "small_quorum_allowed": False,
    }
    assert not set(changed) - set(fields)
    return tuple((fields | changed).values())


@dataclass(slots=True, kw_only=True)
class Attesting:
    """`host` carries the client; a token on `source` is attested, with TRADER's balance in it."""

    clock: VirtualClock
    host: LocalChain
    source: LocalChain
    client: Contract
    token: Contract
    team: list[LocalAccount]
    domain: AttestationDomain

    def mine(self) -> SealedHeader:
        """A new block on the source, the clock with it."""
        header = self.source.mine()
        self.clock.advance(max(0, header.timestamp - self.clock.now()))
        return header

    def attestation(self, header: SealedHeader, *, epoch: int = 1, **altered: Any) -> Attestation:
        """What honest signers say of a header; `altered` fields of the state make it a lie."""
        state: ConsensusState = replace(consensus_state(header), **altered)
        return Attestation(epoch=epoch, height=header.number, state=state)

    @property
    def expiry(self) -> int:
        """When approvals given now should die."""
        return self.clock.now() + MAX_APPROVAL // 2

    def update(
        self,
        attestation: Attestation,
        by: Sequence[LocalAccount] | None = None,
        *,
        team: Sequence[LocalAccount] | None = None,
        expiry: int | None = None,
        domain: AttestationDomain | None = None,
    ) -> bytes:
        """The update with approvals of these, by default of the three that suffice."""
        team = self.team if team is None else team
        moment = self.expiry if expiry is None else expiry
        given = [
            approve(domain or self.domain, attestation, expiry=moment, signer=signer)
            for signer in (team[:3] if by is None else by)
        ]
        return encode_attestation(attestation, addresses(team), given)

    def rotation(
        self,
        following: Sequence[LocalAccount],
        by: Sequence[LocalAccount] | None = None,
        *,
        team: Sequence[LocalAccount] | None = None,
        nonce: int = 0,
        epoch: int = 2,
        threshold: int = 3,
        expiry: int | None = None,
    ) -> bytes:
        """The rotation to these signers, approved by three of the present ones."""
        team = self.team if team is None else team
        subject = Rotation(nonce=nonce, epoch=epoch, threshold=threshold, signers=addresses(following))
        moment = self.expiry if expiry is None else expiry
        given = [
            approve(self.domain, subject, expiry=moment, signer=signer) for signer in (team[:3] if by is None else by)
        ]
        return encode_rotation(subject, addresses(team), given)

    def call(self, update: bytes) -> ContractFunction:
        """The call of `update`."""
        return self.client.functions.update(update)

    def take(self, update: bytes) -> UpdateResult:
        """Do it, and answer what it answered."""
        result = UpdateResult(self.host.call(self.call(update), block="pending"))
        self.send(self.call(update))
        return result

    def send(self, call: ContractFunction) -> TxReceipt:
        """A transaction on the host, the clock going with its block."""
        receipt = self.host.transact(call, RELAYER)
        self.clock.advance(max(0, self.host.head().timestamp - self.clock.now()))
        return receipt

    def rotate(self, rotation: bytes) -> int:
        """Do it, and return the timestamp its epoch begins at."""
        self.send(self.client.functions.rotate(rotation))
        epoch = self.host.call(self.client.functions.currentEpoch()) + 1
        return int(self.host.call(self.client.functions.signerEpoch(epoch))[1])

    def until(self, timestamp: int) -> None:
        """Advance the clock so that the host's next block has this timestamp."""
        assert timestamp > self.host.head().timestamp
        self.clock.advance(timestamp - self.clock.now())

    @property
    def status(self) -> ClientStatus:
        """What the client says of itself in the next block."""
        return ClientStatus(self.host.call(self.client.functions.status(), block="pending"))

    def proof_of_balance(self, header: SealedHeader) -> tuple[int, bytes]:
        """Slot of TRADER's balance, and its proof."""
        slot = mapping_slot(bytes(12) + bytes.fromhex(TRADER.address[2:]), storage_slot("TestToken", "_balances"))
        proof = self.source.get_proof(self.token.address, [slot], header.number)
        return slot, encode_client_proof(header, proof)

    def verification(self, header: SealedHeader, *, value: int = BALANCE, **changed: Any) -> ContractFunction:
        """The call that verifies TRADER's balance."""
        slot, proof = self.proof_of_balance(header)
        fields: dict[str, Any] = {
            "height": header.number,
            "account": self.token.address,
            "slots": [slot.to_bytes(32, "big")],
            "values": [value.to_bytes(32, "big")],
            "proof": proof,
        }
        assert not set(changed) - set(fields)
        return self.client.functions.verifyStorage(*(fields | changed).values())


def attest(
    *, twin: str | None = None, team: Sequence[LocalAccount] | None = None, threshold: int = 3, **changed: Any
) -> Attesting:
    """A client with four signers of whom three suffice, on fresh chains."""
    clock = VirtualClock()
    host, source = new_chain(clock, NEAR), new_chain(clock, FAR)
    token = deploy(source, "TestToken", "Dollar", "USD", 6)
    source.transact(token.functions.mint(TRADER.address, BALANCE), OWNER)
    chosen = signers(4) if team is None else list(team)
    client = deploy(
        host, "AttestationClient", parameters(token.address, **changed), addresses(chosen), threshold, twin=twin
    )
    clock.advance(max(0, max(host.head().timestamp, source.head().timestamp) - clock.now()))
    domain = AttestationDomain(
        client_chain_id=NEAR,
        client=to_checksum_address(client.address),
        attested_chain_id=FAR,
        attested_contract=to_checksum_address(token.address),
    )
    return Attesting(clock=clock, host=host, source=source, client=client, token=token, team=chosen, domain=domain)
