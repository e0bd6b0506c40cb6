"""What a liquidity provider offers and signs: amounts, timelocks, on what somebody relies, and what each part costs."""

from dataclasses import dataclass, fields, replace
from typing import Any, Self

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from bridge.abi import hash_words, require_address, require_uint
from bridge.errors import Reason, Rejected
from bridge.swaps.agreement import Agreement
from bridge.swaps.cash import CashLeg
from bridge.swaps.guarantees import GUARANTEES, Guarantee, Guarantees, SwapKind, guarantees_of
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Role
from bridge.swaps.terms import Swap, Timelocks
from bridge.swaps.timelocks import Schedule

QUOTE_TYPE = (
    b"Quote(address provider,address customer,uint8 kind,uint8 guarantee,"
    b"uint64 givesChain,address givesEscrow,address givesAsset,uint128 givesAmount,"
    b"uint64 takesChain,address takesEscrow,address takesAsset,uint128 takesAmount,"
    b"uint256 longTimelocks,uint256 shortTimelocks,uint128 safetyDeposit,"
    b"uint128 optionPremium,uint128 gas,uint128 spread,uint128 capital,"
    b"uint64 issuedAt,uint64 expiry,uint64 nonce)"
)
QUOTE_TYPEHASH = keccak(QUOTE_TYPE)
_DOMAIN_SEPARATOR = hash_words(
    ["bytes32", "bytes32", "bytes32"],
    [keccak(b"EIP712Domain(string name,string version)"), keccak(b"Clearspan Quote"), keccak(b"1")],
)
_KINDS = tuple(SwapKind)
_SIGNATURE_BYTES = 65
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """`amount` base units of an asset, and what holds it while it is locked. Cash: the rollup is escrow and asset."""

    chain_id: int
    escrow: ChecksumAddress
    asset: ChecksumAddress
    amount: int

    def __post_init__(self) -> None:
        require_uint(self.chain_id, 64, "chain id")
        require_uint(self.amount, 128, "amount")
        for address in (self.escrow, self.asset):
            require_address(address)

    @property
    def is_cash(self) -> bool:
        """Whether it is cash on the exchange: no escrow holds itself."""
        return self.asset == self.escrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What was taken off the fair amount, in base units of what the customer takes.

    option_premium: for the customer's choice to reveal or not. gas: of the provider's transactions. spread: its profit,
    and what it asks for the guarantee it relies on. capital: for the time its money is locked.
    """

    option_premium: int
    gas: int
    spread: int
    capital: int

    def __post_init__(self) -> None:
        for entry in fields(self):
            require_uint(getattr(self, entry.name), 128, entry.name)

    @property
    def total(self) -> int:
        """All parts together."""
        return self.option_premium + self.gas + self.spread + self.capital


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """An offer to one customer, good before `expiry`. Times in seconds. `signature` over everything else."""

    provider: ChecksumAddress
    customer: ChecksumAddress
    kind: SwapKind
    guarantee: Guarantee
    gives: Side
    takes: Side
    schedule: Schedule
    safety_deposit: int
    price: Price
    issued_at: int
    expiry: int
    nonce: int
    signature: bytes = b""

    def __post_init__(self) -> None:
        require_address(self.provider)
        require_address(self.customer)
        require_uint(self.safety_deposit, 128, "safety deposit")
        for number in (self.issued_at, self.expiry, self.nonce):
            require_uint(number, 64, "time or nonce of a quote")
        cash = (self.gives.is_cash, self.takes.is_cash)
        if cash != (self.kind is SwapKind.EXIT, self.kind is SwapKind.ENTRY):
            raise Rejected(Reason.UNSAFE_PARAMETER, f"{self.kind} with these sides")

    @property
    def customer_role(self) -> Role:
        """Whoever locks cash initiates: its deadline is the later one. On two chains the customer does."""
        return Role.RESPONDER if self.kind is SwapKind.ENTRY else Role.INITIATOR

    @property
    def guarantees(self) -> Guarantees:
        """In words, for both sides."""
        return guarantees_of(self.kind, self.guarantee)

    @property
    def digest(self) -> bytes:
        """What the provider signs (EIP-712)."""
        values: list[Any] = [
            QUOTE_TYPEHASH,
            self.provider,
            self.customer,
            _KINDS.index(self.kind),
            GUARANTEES.index(self.guarantee),
        ]
        for side in (self.gives, self.takes):
            values += [side.chain_id, side.escrow, side.asset, side.amount]
        values += [self.schedule.long.pack(), self.schedule.short.pack(), self.safety_deposit]
        values += [self.price.option_premium, self.price.gas, self.price.spread, self.price.capital]
        values += [self.issued_at, self.expiry, self.nonce]
        types = ["bytes32", "address", "address", "uint8", "uint8"]
        types += ["uint64", "address", "address", "uint128"] * 2
        types += ["uint256", "uint256", "uint128"] + ["uint128"] * 4 + ["uint64"] * 3
        return keccak(b"\x19\x01" + _DOMAIN_SEPARATOR + hash_words(types, values))

    def signed(self, key: LocalAccount) -> Self:
        """The same, signed."""
        signature = bytes(Account.unsafe_sign_hash(self.digest, key.key).signature)
        return replace(self, signature=signature)

    def require_signature(self) -> None:
        """Raise `Rejected(UNSAFE_PARAMETER)` unless the provider it names signed exactly this, with a low s."""
        if not _is_signed_by(self.digest, self.signature, self.provider):
            raise Rejected(Reason.UNSAFE_PARAMETER, "the provider did not sign this quote")

    def agreement(self, hashlock: bytes) -> Agreement:
        """Both legs under a hash."""
        customer_first = self.customer_role is Role.INITIATOR
        gives = self._leg(self.gives, hashlock, self.customer, self.provider, is_long=customer_first)
        takes = self._leg(self.takes, hashlock, self.provider, self.customer, is_long=not customer_first)
        return Agreement(long=gives, short=takes) if customer_first else Agreement(long=takes, short=gives)

    def _leg(
        self, side: Side, hashlock: bytes, locker: ChecksumAddress, payee: ChecksumAddress, *, is_long: bool
    ) -> Leg:
        times: Timelocks = self.schedule.long if is_long else self.schedule.short
        if side.is_cash:
            return CashLeg(
                chain_id=side.chain_id,
                rollup=side.escrow,
                locker=locker,
                payee=payee,
                amount=side.amount,
                hashlock=hashlock,
                lock_before=times.claim_from,
                deadline=times.refund_from,
                nonce=self.nonce,
            )
        return Swap(
            chain_id=side.chain_id,
            escrow=side.escrow,
            locker=locker,
            payee=payee,
            asset=side.asset,
            amount=side.amount,
            hashlock=hashlock,
            safety_deposit=self.safety_deposit,
            timelocks=times,
            nonce=self.nonce,
        )


def _is_signed_by(digest: bytes, signature: bytes, signer: ChecksumAddress) -> bool:
    if len(signature) != _SIGNATURE_BYTES or int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return False
    try:
        recovered = Account._recover_hash(digest, signature=signature)  # noqa: SLF001 - the only public one hashes anew
    except Exception:  # noqa: BLE001 - eth-keys raises its own tree for what recovers to nobody
        return False
    return to_checksum_address(recovered) == signer
