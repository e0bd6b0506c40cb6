"""A small real venue for tests: two perpetuals, USDC on one chain, ether on another, and keys for everybody."""

from dataclasses import dataclass, field

from exchange.engine import (
    AssetSpec,
    ForcedItem,
    ItemKind,
    MarketSpec,
    Signer,
    UnderlyingSpec,
    genesis,
    sign_cancel_all,
    sign_oracle_report,
    sign_place_order,
    sign_withdraw,
)
from exchange.engine.steps import reprice
from exchange.sequencer import MemoryLog, OperatorKey, Sequencer
from exchange.state import AssetKind, Config, Side, TimeInForce

START = 1_767_225_600
SETTLEMENT_CHAIN = 1001
ROLLUP = b"\x22" * 20
OPERATOR_KEY = b"\x99" * 32
ORACLES = sorted((Signer(bytes([0xA0 + n]) * 32) for n in range(3)), key=lambda signer: signer.address)
BTC, ETH = 0, 1
USDC, ETHER = 0, 1
PRICES = {BTC: 60_000 * 10**8, ETH: 3_000 * 10**8}


class TestClock:
    """A clock that moves when told."""

    __test__ = False

    def __init__(self, seconds=START):
        self.seconds = seconds

    def now(self):
        return self.seconds


def new_state():
    """The genesis of the small venue."""
    return genesis(
        Config(
            settlement_chain=SETTLEMENT_CHAIN,
            rollup=ROLLUP,
            insurance_owner=b"\x01" * 20,
            oracle_threshold=3,
            oracle_staleness=3_600,
            oracle_deviation=200_000,
            signers=tuple(signer.address for signer in ORACLES),
        ),
        [
            MarketSpec(
                symbol="BTC-PERP", underlying=BTC, tick=10**7, lot=10**4, min_size=10**4, open_interest_cap=10**12
            ),
            MarketSpec(
                symbol="ETH-PERP", underlying=ETH, tick=10**6, lot=10**5, min_size=10**5, open_interest_cap=10**12
            ),
        ],
        [UnderlyingSpec(symbol="BTC"), UnderlyingSpec(symbol="ETH")],
        [
            AssetSpec(symbol="USDC", chain_id=2002, token=b"\x05" * 20, kind=AssetKind.CASH, decimals=6),
            AssetSpec(
                symbol="ETH",
                chain_id=3003,
                token=bytes(20),
                kind=AssetKind.COLLATERAL,
                decimals=18,
                underlying=ETH,
                haircut=100_000,
            ),
        ],
        clock=START,
    )


def deposit(account, owner, *, asset=USDC, amount=10**12, number=0):
    """A forced item."""
    return ForcedItem(
        kind=ItemKind.DEPOSIT,
        account=account,
        owner=owner,
        asset=asset,
        amount=amount,
        packet_id=bytes([number % 256]) * 32,
        enqueued_at=START,
    )


@dataclass
class Venue:
    """A sequencer over a state, and traders 1, 2, ... whose orders it signs."""

    traders: int = 3
    limits: object = None
    log: object = None
    clock: TestClock = field(default_factory=TestClock)

    def __post_init__(self):
        self.keys = [None] + [Signer(bytes([n]) * 32) for n in range(1, self.traders + 1)]
        self.nonce = START * 1000
        self.reopen(self.log)

    def reopen(self, log=None):
        """A new sequencer over a log, from genesis."""
        self.state = new_state()
        self.domain = self.state.domain
        self.log = MemoryLog(self.state.root) if log is None else log
        self.signer = OperatorKey(OPERATOR_KEY, self.domain)
        self.sequencer = Sequencer(self.state, self.log, self.signer, self.clock, limits=self.limits)
        return self.sequencer

    def deposits(self):
        """One large deposit of cash for each trader."""
        return [deposit(n, self.keys[n].address, number=n) for n in range(1, self.traders + 1)]

    def prices(self, prices=None):
        """Steps that price both markets."""
        steps = []
        for underlying, price in (prices or PRICES).items():
            report = sign_oracle_report(ORACLES, self.domain, underlying=underlying, price=price, time=self.clock.now())
            steps += [report, reprice(underlying)]
        return steps

    def ready(self):
        """Deposit and price, so that everybody can trade."""
        self.sequencer.take_forced(0, self.deposits())
        for step in self.prices():
            self.sequencer.submit(step)
        return self

    def order(self, trader, side, price, size, *, market=BTC, tif=TimeInForce.GTC):
        """A signed order; the price in whole dollars, the size in 1e-4."""
        return sign_place_order(
            self.keys[trader],
            self.domain,
            account=trader,
            market=market,
            side=side,
            time_in_force=tif,
            price=price * 10**8,
            size=size * 10**4,
            nonce=self._next_nonce(),
            expiry=START + 10**6,
        )

    def buy(self, trader, price, size, **options):
        return self.order(trader, Side.BID, price, size, **options)

    def sell(self, trader, price, size, **options):
        return self.order(trader, Side.ASK, price, size, **options)

    def cancel_all(self, trader):
        return sign_cancel_all(
            self.keys[trader], self.domain, account=trader, nonce=self._next_nonce(), expiry=START + 10**6
        )

    def withdraw(self, trader, amount, *, asset=USDC):
        return sign_withdraw(
            self.keys[trader],
            self.domain,
            account=trader,
            asset=asset,
            amount=amount,
            recipient=self.keys[trader].address,
            nonce=self._next_nonce(),
            expiry=START + 10**6,
        )

    def _next_nonce(self):
        self.nonce += 1
        return self.nonce
