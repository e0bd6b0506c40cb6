"""A quote as JSON, and what asks for one: amounts are decimal strings, no unknown key."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self, TypeVar

from eth_typing import ChecksumAddress
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bridge.abi import require_address
from bridge.errors import Reason, Rejected
from bridge.swaps.guarantees import Guarantee, SwapKind
from bridge.swaps.quotes import Price, Quote, Side
from bridge.swaps.terms import Timelocks
from bridge.swaps.timelocks import Schedule

_Address = Annotated[ChecksumAddress, AfterValidator(require_address)]
_Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,38})$")]
_Seconds = Annotated[int, Field(ge=0, lt=1 << 40, strict=True)]
_Chain = Annotated[int, Field(gt=0, lt=1 << 64, strict=True)]
_Bytes = Annotated[str, Field(pattern=r"^0x[0-9a-f]{130}$")]
_Times = tuple[_Seconds, _Seconds, _Seconds, _Seconds]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


F = TypeVar("F", bound=_File)


class _Side(_File):
    chain_id: _Chain
    escrow: _Address
    asset: _Address
    amount: _Decimal

    @classmethod
    def of(cls, side: Side) -> Self:
        return cls(chain_id=side.chain_id, escrow=side.escrow, asset=side.asset, amount=str(side.amount))

    def side(self) -> Side:
        return Side(chain_id=self.chain_id, escrow=self.escrow, asset=self.asset, amount=int(self.amount))


class _Quote(_File):
    version: Literal[1] = 1
    provider: _Address
    customer: _Address
    kind: SwapKind
    guarantee: Guarantee
    gives: _Side
    takes: _Side
    long_timelocks: _Times
    short_timelocks: _Times
    safety_deposit: _Decimal
    option_premium: _Decimal
    gas: _Decimal
    spread: _Decimal
    capital: _Decimal
    issued_at: _Seconds
    expiry: _Seconds
    nonce: _Decimal
    signature: _Bytes


class _Request(_File):
    customer: _Address
    kind: SwapKind
    guarantee: Guarantee
    gives: _Side
    takes_chain: _Chain
    takes_escrow: _Address
    takes_asset: _Address


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    """What a customer asks: how much of `takes` (its amount is 0) for all of `gives`?"""

    customer: ChecksumAddress
    kind: SwapKind
    guarantee: Guarantee
    gives: Side
    takes: Side

    def dump(self) -> str:
        """As JSON."""
        return _Request(
            customer=self.customer,
            kind=self.kind,
            guarantee=self.guarantee,
            gives=_Side.of(self.gives),
            takes_chain=self.takes.chain_id,
            takes_escrow=self.takes.escrow,
            takes_asset=self.takes.asset,
        ).model_dump_json()

    @classmethod
    def parse(cls, text: str | bytes) -> Self:
        """From JSON; raises `Rejected(UNKNOWN_KEY, MALFORMED_FILE)`."""
        read = _read(_Request, text)
        return cls(
            customer=read.customer,
            kind=read.kind,
            guarantee=read.guarantee,
            gives=read.gives.side(),
            takes=Side(chain_id=read.takes_chain, escrow=read.takes_escrow, asset=read.takes_asset, amount=0),
        )


def dump_quote(quote: Quote) -> str:
    """As JSON."""
    return _Quote(
        provider=quote.provider,
        customer=quote.customer,
        kind=quote.kind,
        guarantee=quote.guarantee,
        gives=_Side.of(quote.gives),
        takes=_Side.of(quote.takes),
        long_timelocks=quote.schedule.long.as_tuple(),
        short_timelocks=quote.schedule.short.as_tuple(),
        safety_deposit=str(quote.safety_deposit),
        option_premium=str(quote.price.option_premium),
        gas=str(quote.price.gas),
        spread=str(quote.price.spread),
        capital=str(quote.price.capital),
        issued_at=quote.issued_at,
        expiry=quote.expiry,
        nonce=str(quote.nonce),
        signature="0x" + quote.signature.hex(),
    ).model_dump_json()


def parse_quote(text: str | bytes) -> Quote:
    """From JSON, its signature not checked; raises `Rejected(UNKNOWN_KEY, MALFORMED_FILE)`."""
    read = _read(_Quote, text)
    return Quote(
        provider=read.provider,
        customer=read.customer,
        kind=read.kind,
        guarantee=read.guarantee,
        gives=read.gives.side(),
        takes=read.takes.side(),
        schedule=Schedule(long=_times(read.long_timelocks), short=_times(read.short_timelocks)),
        safety_deposit=int(read.safety_deposit),
        price=Price(
            option_premium=int(read.option_premium),
            gas=int(read.gas),
            spread=int(read.spread),
            capital=int(read.capital),
        ),
        issued_at=read.issued_at,
        expiry=read.expiry,
        nonce=int(read.nonce),
        signature=bytes.fromhex(read.signature[2:]),
    )


def _times(times: _Times) -> Timelocks:
    return Timelocks(claim_from=times[0], public_claim_from=times[1], refund_from=times[2], public_refund_from=times[3])


def _read(model: type[F], text: str | bytes) -> F:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        where = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems)
        unknown = any(problem["type"] == "extra_forbidden" for problem in problems)
        raise Rejected(Reason.UNKNOWN_KEY if unknown else Reason.MALFORMED_FILE, where) from error
