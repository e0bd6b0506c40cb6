"""I6: no account takes out more than it brought in and made, and nothing is released that nobody withdrew."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from bridge.deployment import Deployment
from clearspan.lab.oracle.book import Accuse, Book
from clearspan.lab.oracle.final_events import Event
from clearspan.lab.oracle.packets import Packets
from clearspan.lab.oracle.venue import Venue
from clearspan.lab.oracle.violations import Invariant
from exchange.engine import Event as Deed
from exchange.engine.balance_events import (
    CashLocked,
    Deposited,
    LockClaimed,
    LockRefunded,
    QueueLeft,
    Rebalanced,
    RebalanceReserved,
    ReservationLapsed,
    Transferred,
    WithdrawalQueued,
    WithdrawalWaiting,
)
from exchange.engine.events import (
    BackstopTook,
    Covered,
    Deleveraged,
    DeleveragingSettled,
    Filled,
    FundingCharged,
    PositionSettled,
)
from exchange.state.asset import AssetKind
from exchange.state.limits import CASH_SCALE
from exchange.state.state import State

OBSCURE = (BackstopTook, Covered, Deleveraged, DeleveragingSettled, PositionSettled, FundingCharged)
OBSCURE_REBALANCING = (RebalanceReserved, Rebalanced, ReservationLapsed)


@dataclass(slots=True)
class Trades:
    """A position at average cost. `size` in 1e-8, `cost` in 1e-6 USD, both signed."""

    size: int = 0
    cost: Fraction = Fraction(0)

    def trade(self, size: int, cash: int) -> Fraction:
        """Book a trade (positive buys) for so much cash; answers the profit it realised."""
        flow = Fraction(cash if size > 0 else -cash)
        if self.size * size >= 0:
            self.size, self.cost = self.size + size, self.cost + flow
            return Fraction(0)
        closed = min(abs(size), abs(self.size))
        share = Fraction(closed, abs(self.size)) * self.cost
        part = Fraction(closed, abs(size)) * flow
        self.size, self.cost = self.size + size, self.cost - share + flow - part
        return -part - share


@dataclass(slots=True)
class Purse:
    """What an account may take out: `cash` in 1e-6 USD, collateral in base units by asset. `fills` may each round."""

    cash: Fraction = Fraction(0)
    collateral: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    positions: defaultdict[int, Trades] = field(default_factory=lambda: defaultdict(Trades))
    fills: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One that the venue granted."""

    account: int
    asset: int
    amount: int
    recipient: bytes


class Entitlement(Book):
    """Purses of every account, and every release held against a withdrawal.

    Once a loss was shared out (funding, backstop, deleveraging, an expiry, a rebate) an average cost says nothing any
    more, and purses are no longer judged: the venue's conservation then is.
    """

    READS = frozenset({"WithdrawalOutbox", "CollateralVault"})

    def __init__(self, accuse: Accuse, network: Deployment, packets: Packets, venue: Venue) -> None:
        super().__init__(accuse)
        self._packets = packets
        self._venue = venue
        self._tokens = {asset.asset: asset.token.lower() for asset in network.assets}
        self.withdrawals: dict[int, Withdrawal] = {}
        self.released: dict[bytes, int] = {}
        self.purses: defaultdict[int, Purse] = defaultdict(Purse)
        self._out: dict[int, bytes] = {}
        self._is_clear = True
        self._waiting: dict[int, WithdrawalWaiting] = {}
        self._unproven: list[Event] = []
        venue.clerks.append(self)

    def take(self, event: Event) -> None:
        """A release, its return, or what a vault makes of it."""
        if event.name == "WithdrawalReleased":
            self._released(event)
        elif event.name == "WithdrawalReturned":
            self._out.pop(int(event.arguments["id"]), None)
        elif event.name == "ReleaseEntitled":
            self._unproven.append(event)

    def judge(self) -> None:
        """What a vault owes is what the venue granted: the same token, as much, to the same recipient."""
        for event in self._unproven:
            identifier = bytes(event.arguments["id"])
            withdrawal = self.withdrawals.get(self.released.get(identifier, -1))
            life = self._packets.lives.get(identifier)
            if withdrawal is None:
                known = life is not None and (life.source is not None or life.answer is not None)
                if not known:
                    self.accuse(Invariant.PROVEN, event, identifier.hex(), "is to be paid and was never sent")
                elif life is not None and life.source is not None and self._venue.is_whole:
                    self.accuse(Invariant.ENTITLEMENT, event, identifier.hex(), "is no withdrawal")
                continue
            told = (event.arguments["asset"], event.arguments["amount"], event.arguments["recipient"])
            granted = (self._tokens[withdrawal.asset], withdrawal.amount, "0x" + withdrawal.recipient.hex())
            if told != granted:
                self.accuse(Invariant.ENTITLEMENT, event, identifier.hex(), f"owes {told}, granted {granted}")
        self._unproven.clear()

    def after_step(self, state: State, deeds: list[Deed], event: Event) -> None:
        """Book what a step did."""
        for deed in deeds:
            self._book(state, deed, event)

    def _released(self, event: Event) -> None:
        number, packet_id = int(event.arguments["id"]), bytes(event.arguments["packetId"])
        self.released[packet_id] = number
        if not self._venue.is_whole:
            return
        if number not in self.withdrawals:
            self.accuse(Invariant.ENTITLEMENT, event, str(number), "is released, and nobody withdrew it")
        elif number in self._out:
            self.accuse(Invariant.ENTITLEMENT, event, str(number), "is released twice")
        self._out[number] = packet_id

    def _book(self, state: State, deed: Deed, event: Event) -> None:  # noqa: C901 - one line a kind of deed
        match deed:
            case Deposited():
                self._add(state, deed.account, deed.asset, deed.amount)
            case Filled():
                self._filled(state, deed)
            case Transferred():
                self._add(state, deed.account, deed.asset, -deed.amount)
                self._add(state, deed.to, deed.asset, deed.amount)
            case CashLocked():
                self.purses[deed.account].cash -= deed.amount
            case LockClaimed():
                self.purses[deed.payee].cash += deed.amount
            case LockRefunded():
                self.purses[deed.account].cash += deed.amount
            case WithdrawalWaiting():
                self._waiting[deed.id] = deed
                self._take_out(state, deed.account, deed.asset, deed.amount + deed.fee, event)
            case QueueLeft():
                self._add(state, deed.account, deed.asset, deed.amount)
                self._waiting.pop(deed.id, None)
            case WithdrawalQueued():
                self._withdrawn(state, deed, event)
            case _ if isinstance(deed, OBSCURE + OBSCURE_REBALANCING):
                self._is_clear = False

    def _withdrawn(self, state: State, deed: WithdrawalQueued, event: Event) -> None:
        granted = Withdrawal(account=deed.account, asset=deed.asset, amount=deed.amount, recipient=deed.recipient)
        self.withdrawals[deed.id] = granted
        for number, waiting in self._waiting.items():
            if (waiting.account, waiting.asset, waiting.amount, waiting.recipient) == (
                deed.account,
                deed.asset,
                deed.amount,
                deed.recipient,
            ):
                del self._waiting[number]  # its amount was taken when it began to wait
                return
        self._take_out(state, deed.account, deed.asset, deed.amount, event)

    def _take_out(self, state: State, account: int, asset: int, amount: int, event: Event) -> None:
        self._add(state, account, asset, -amount)
        purse = self.purses[account]
        left = purse.cash + purse.fills if state.assets[asset].kind == AssetKind.CASH else purse.collateral[asset]
        if left < 0 and self._is_clear:
            text = f"took {amount} of asset {asset}, {-left} more than it brought in and made"
            self.accuse(Invariant.ENTITLEMENT, event, f"account {account}", text)

    def _add(self, state: State, account: int, asset: int, amount: int) -> None:
        purse = self.purses[account]
        if state.assets[asset].kind == AssetKind.CASH:
            purse.cash += amount
        else:
            purse.collateral[asset] += amount

    def _filled(self, state: State, deed: Filled) -> None:
        cash = deed.price * deed.size * state.markets[deed.market].multiplier // CASH_SCALE
        bought = -deed.size if deed.taker_side else deed.size
        for account, size, fee in ((deed.taker, bought, deed.taker_fee), (deed.maker, -bought, deed.maker_fee)):
            purse = self.purses[account]
            purse.cash += purse.positions[deed.market].trade(size, cash) - fee
            purse.fills += 1
        if deed.liquidation:
            self.purses[0].cash += deed.taker_fee
