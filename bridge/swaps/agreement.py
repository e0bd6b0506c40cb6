"""What two parties agree on, as the file they send each other: both legs, nothing secret, no unknown key."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from eth_typing import ChecksumAddress
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bridge.abi import require_address
from bridge.errors import Reason, Rejected
from bridge.swaps.cash import CashLeg
from bridge.swaps.errors import SwapReason, SwapRefused
from bridge.swaps.legs import Leg
from bridge.swaps.machine import Role, SwapPlan
from bridge.swaps.terms import Swap, Timelocks
from bridge.swaps.timelocks import Rules

FILE_BYTES_MAX = 16_384

_Address = Annotated[ChecksumAddress, AfterValidator(require_address)]
_Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,38})$")]
_Hash = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
_Seconds = Annotated[int, Field(ge=0, lt=1 << 40, strict=True)]
_Chain = Annotated[int, Field(gt=0, lt=1 << 64, strict=True)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _EscrowLeg(_File):
    """Amounts and the nonce are decimal strings: JSON's numbers do not hold them."""

    kind: Literal["escrow"]
    chain_id: _Chain
    escrow: _Address
    locker: _Address
    payee: _Address
    asset: _Address
    amount: _Decimal
    safety_deposit: _Decimal
    claim_from: _Seconds
    public_claim_from: _Seconds
    refund_from: _Seconds
    public_refund_from: _Seconds
    nonce: _Decimal

    def leg(self, hashlock: bytes) -> Swap:
        return Swap(
            chain_id=self.chain_id,
            escrow=self.escrow,
            locker=self.locker,
            payee=self.payee,
            asset=self.asset,
            amount=int(self.amount),
            hashlock=hashlock,
            safety_deposit=int(self.safety_deposit),
            timelocks=Timelocks(
                claim_from=self.claim_from,
                public_claim_from=self.public_claim_from,
                refund_from=self.refund_from,
                public_refund_from=self.public_refund_from,
            ),
            nonce=int(self.nonce),
        )


class _CashLeg(_File):
    kind: Literal["cash"]
    chain_id: _Chain
    rollup: _Address
    locker: _Address
    payee: _Address
    amount: _Decimal
    lock_before: _Seconds
    deadline: _Seconds
    nonce: _Decimal

    def leg(self, hashlock: bytes) -> CashLeg:
        return CashLeg(
            chain_id=self.chain_id,
            rollup=self.rollup,
            locker=self.locker,
            payee=self.payee,
            amount=int(self.amount),
            hashlock=hashlock,
            lock_before=self.lock_before,
            deadline=self.deadline,
            nonce=int(self.nonce),
        )


_AnyLeg = Annotated[_EscrowLeg | _CashLeg, Field(discriminator="kind")]


class _Document(_File):
    version: Literal[1]
    hashlock: _Hash
    long: _AnyLeg
    short: _AnyLeg


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The initiator's long leg and the responder's short one; raises `SwapRefused(LEGS_DISAGREE)`.

    Each party is paid by the other: who locks a leg is the payee of the other one.
    """

    long: Leg
    short: Leg

    def __post_init__(self) -> None:
        crossed = (self.long.locker, self.long.payee) == (self.short.payee, self.short.locker)
        if self.long.hashlock != self.short.hashlock or not crossed:
            raise SwapRefused(SwapReason.LEGS_DISAGREE)

    @property
    def hashlock(self) -> bytes:
        """What both legs are locked under, and what names the swap."""
        return self.long.hashlock

    def own(self, role: Role) -> Leg:
        """The leg that a side locks."""
        return self.long if role is Role.INITIATOR else self.short

    def other(self, role: Role) -> Leg:
        """The leg that a side claims."""
        return self.short if role is Role.INITIATOR else self.long

    def plan(self, role: Role, rules: Rules) -> SwapPlan:
        """A side's plan under its own rules."""
        return SwapPlan(role=role, own=self.own(role), other=self.other(role), rules=rules)

    def dump(self) -> str:
        """The file's text."""
        document = _Document(
            version=1,
            hashlock="0x" + self.hashlock.hex(),
            long=_described(self.long),
            short=_described(self.short),
        )
        return document.model_dump_json(indent=2) + "\n"

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_text(self.dump(), encoding="utf-8")

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """Read the file's text; raises `Rejected` (`UNKNOWN_KEY`, `MALFORMED_FILE`) naming every wrong key."""
        if len(text) > FILE_BYTES_MAX:
            raise Rejected(Reason.MALFORMED_FILE, f"more than {FILE_BYTES_MAX} bytes")
        try:
            document = _Document.model_validate_json(text)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            where = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
            unknown = any(problem["type"] == "extra_forbidden" for problem in problems)
            raise Rejected(Reason.UNKNOWN_KEY if unknown else Reason.MALFORMED_FILE, where) from error
        hashlock = bytes.fromhex(document.hashlock[2:])
        return cls(long=document.long.leg(hashlock), short=document.short.leg(hashlock))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file; raises as `parse` does."""
        with path.open("rb") as file:
            return cls.parse(file.read(FILE_BYTES_MAX + 1))


def _described(leg: Leg) -> _EscrowLeg | _CashLeg:
    if isinstance(leg, CashLeg):
        return _CashLeg(
            kind="cash",
            chain_id=leg.chain_id,
            rollup=leg.rollup,
            locker=leg.locker,
            payee=leg.payee,
            amount=str(leg.amount),
            lock_before=leg.lock_before,
            deadline=leg.deadline,
            nonce=str(leg.nonce),
        )
    if not isinstance(leg, Swap):
        raise TypeError(type(leg).__name__)
    times = leg.timelocks
    return _EscrowLeg(
        kind="escrow",
        chain_id=leg.chain_id,
        escrow=leg.escrow,
        locker=leg.locker,
        payee=leg.payee,
        asset=leg.asset,
        amount=str(leg.amount),
        safety_deposit=str(leg.safety_deposit),
        claim_from=times.claim_from,
        public_claim_from=times.public_claim_from,
        refund_from=times.refund_from,
        public_refund_from=times.public_refund_from,
        nonce=str(leg.nonce),
    )
