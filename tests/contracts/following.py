"""A client on one chain that follows another, and headers for it, honest and forged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from bridge.abi import abi_encode
from bridge.clients import encode_update
from bridge.light_clients import ClientStatus, UpdateResult
from chains.clock import VirtualClock
from chains.headers import SealedHeader, integer
from chains.keys import derive_key
from chains.local import LocalChain
from chains.validators import Validator
from tests.contracts.harness import FAR, NEAR, RELAYER, client_arguments, deploy, new_chain

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
    return SealedHeader.build(changed, header.extra).altered(**altered)


def at_height(header: SealedHeader, number: int, **altered: Any) -> SealedHeader:
    """The header moved to another height."""
    return redraft(header, {8: integer(number)}, **altered)


def high_s(seal: bytes) -> bytes:
    """The other signature of the same signer."""
    s = CURVE_ORDER - int.from_bytes(seal[32:64], "big")
    return seal[:32] + s.to_bytes(32, "big") + bytes([seal[64] ^ 1])
