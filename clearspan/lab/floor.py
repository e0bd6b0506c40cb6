"""A small venue without chains or processes to act on: BTC and ETH perpetuals, two USDC vaults, ETH as collateral."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from exchange.engine import (
    AssetSpec,
    Event,
    ExpirySpec,
    ForcedItem,
    ItemKind,
    KeySet,
    MarketSpec,
    Rejected,
    Signer,
    UnderlyingSpec,
    apply,
    apply_forced,
    assess,
    deleveraging,
    genesis,
    invariants,
    set_clock,
    sign_cancel_all,
    sign_cancel_order,
    sign_leave_queue,
    sign_lock_cash,
    sign_oracle_report,
    sign_place_order,
    sign_queue_withdrawal,
    sign_report,
    sign_reserve_rebalance,
    sign_step,
    sign_withdraw,
    steps,
    try_apply,
)
from exchange.engine.due import liquidation_steps, venue_steps
from exchange.engine.equity import equity_of
from exchange.engine.marking import outstanding
from exchange.engine.signed_steps import SignedStep
from exchange.engine.signing import oracle_report
from exchange.state import BACKSTOP, AssetKind, Config, Side, State, TimeInForce

USD = 10**6
UNIT = 10**8
START = 1_800_000_000
NEVER = 2**63
KEEPER_ROUNDS = 50
BTC, ETH = 0, 1
USDC_A, USDC_B, WETH = 0, 1, 2
ORACLES = tuple(sorted((Signer(sha256(b"oracle%d" % i).digest()) for i in range(4)), key=lambda key: key.address))
FUND = Signer(sha256(b"fund").digest())
BTC_SPEC = MarketSpec(
    symbol="BTC-PERP",
    underlying=BTC,
    tick=UNIT // 10,
    lot=UNIT // 1000,
    min_size=UNIT // 1000,
    open_interest_cap=10_000 * UNIT,
)
ETH_SPEC = MarketSpec(
    symbol="ETH-PERP",
    underlying=ETH,
    tick=UNIT // 100,
    lot=UNIT // 100,
    min_size=UNIT // 100,
    open_interest_cap=100_000 * UNIT,
)
SECOND_BTC_SPEC = MarketSpec(
    symbol="BTC-SMALL-PERP",
    underlying=BTC,
    tick=UNIT // 2,
    lot=UNIT // 100,
    min_size=UNIT // 100,
    multiplier=3,
    maintenance_factor=700_001,
    open_interest_cap=10_000 * UNIT,
)
ASSETS = (
    AssetSpec(symbol="USDC", chain_id=10, token=b"\x01" * 20, kind=AssetKind.CASH, decimals=6),
    AssetSpec(symbol="USDC", chain_id=11, token=b"\x02" * 20, kind=AssetKind.CASH, decimals=6),
    AssetSpec(
        symbol="WETH",
        chain_id=11,
        token=b"\x03" * 20,
        kind=AssetKind.COLLATERAL,
        decimals=18,
        underlying=ETH,
        haircut=100_000,
    ),
)


class Floor:
    """Acts on a state as traders, oracles and the forced queue do. Prices in whole USD, sizes in whole units."""

    ORACLES = ORACLES
    GRACE: int | None = None
    MARKETS = (BTC_SPEC, ETH_SPEC, SECOND_BTC_SPEC)

    def __init__(
        self,
        markets: tuple[MarketSpec, ...] = (BTC_SPEC, ETH_SPEC),
        settlement_chain: int = 1,
        expiries: tuple[ExpirySpec, ...] = (),
        **rules: Any,
    ) -> None:
        self.config = Config(
            settlement_chain=settlement_chain,
            rollup=b"\x0a" * 20,
            insurance_owner=FUND.address,
            oracle_threshold=3,
            oracle_staleness=60,
            oracle_deviation=500_000,
            signers=tuple(key.address for key in ORACLES),
            **rules,
        )
        underlyings = (UnderlyingSpec(symbol="BTC", grace=self.GRACE), UnderlyingSpec(symbol="ETH", grace=self.GRACE))
        self.state: State = genesis(self.config, markets, underlyings, ASSETS, expiries=expiries, clock=START)
        self.domain = self.config.domain
        self.signers: list[Signer] = [FUND]
        self.nonce = START * 1000
        self.packets = 0

    def open_account(self, usd: float = 0, weth: float = 0) -> int:
        """A new account of an owner of its own, with cash of the first chain."""
        account = self.state.header.account_count
        self.signers.append(self.signer(account))
        if usd or not weth:
            self.deposit(account, USDC_A, round(usd * USD))
        if weth:
            self.deposit(account, WETH, round(weth * 10**6) * 10**12)
        return account

    @staticmethod
    def signer(account: int) -> Signer:
        """The key of an account's owner."""
        return Signer(sha256(b"account%d" % account).digest())

    def deposit(self, account: int, asset: int, amount: int, enqueued_at: int | None = None) -> list[Event]:
        """Credit base units, as the forced queue does."""
        self.packets += 1
        return apply_forced(
            self.state,
            ForcedItem(
                kind=ItemKind.DEPOSIT,
                account=account,
                owner=self.signers[account].address,
                asset=asset,
                amount=amount,
                packet_id=self.packets.to_bytes(32, "big"),
                enqueued_at=self.state.header.clock if enqueued_at is None else enqueued_at,
            ),
        )

    def price(self, **usd: float) -> None:
        """Report and reprice: `venue.price(btc=50_000, eth=3_000)`; moves the clock by a second."""
        set_clock(self.state, self.state.header.clock + 1)
        for name, value in usd.items():
            underlying = {"btc": BTC, "eth": ETH}[name]
            self.do(self.report(underlying, value))
            for group in outstanding(self.state, underlying):
                self.do(steps.reprice(*group))

    def report(self, underlying: int, usd: float, **options: Any) -> bytes:
        """One price of three oracles."""
        return sign_oracle_report(
            options.get("keys", ORACLES[:3]),
            options.get("domain", self.domain),
            underlying=underlying,
            price=round(usd * UNIT),
            time=options.get("time", self.state.header.clock),
        )

    def next_nonce(self) -> int:
        """One that nobody used."""
        self.nonce += 1
        return self.nonce

    def order(  # noqa: PLR0913, PLR0917 - in the order in which one says it
        self,
        account: int,
        market: int,
        side: int,
        price: float,
        size: float,
        tif: TimeInForce = TimeInForce.GTC,
        **options: Any,
    ) -> bytes:
        """An order, good till cancelled unless told otherwise."""
        return sign_place_order(
            options.get("key", self.signers[account & 0xFFFFFF]),
            options.get("domain", self.domain),
            account=account,
            market=market,
            side=side,
            time_in_force=tif,
            price=round(price * UNIT),
            size=round(size * UNIT),
            nonce=options.get("nonce") or self.next_nonce(),
            expiry=options.get("expiry", NEVER),
            good_till=options.get("good_till"),
            flags=options.get("flags", 0),
            display=round(options.get("display", 0) * UNIT),
            trigger=round(options.get("trigger", 0) * UNIT),
            key_id=options.get("key_id", 0),
        )

    def signed(self, spec: SignedStep, account: int, tail: bytes | None = None, **fields: Any) -> bytes:
        """Any signed step by an account; `signer` and `key` for another key than the owner's."""
        signer = fields.pop("signer", None) or self.signers[account & 0xFFFFFF]
        values = {"account": account, "key": 0, "nonce": self.next_nonce(), "expiry": NEVER, **fields}
        return sign_step(signer, self.domain, spec, tail, **values)

    def set_key(self, account: int, signer: Signer, scope: int, until: int = NEVER) -> int:
        """Give a session key and return its id."""
        (given,) = self.do(self.key_step(account, signer, scope, until))
        return given.key if isinstance(given, KeySet) else 0

    def key_step(self, account: int, signer: Signer, scope: int, until: int = NEVER) -> bytes:
        """A session key, or with scope 0 its end."""
        fields = {"scope": scope, "until": until, "nonce": self.next_nonce(), "expiry": NEVER}
        owner = self.signers[account & 0xFFFFFF]
        return sign_step(
            owner, self.domain, steps.SET_KEY, None, account=account, key=0, signer=signer.address, **fields
        )

    def buy(self, account: int, price: float, size: float, market: int = BTC, **options: Any) -> list[Event]:
        """A bid that must be taken."""
        return self.do(self.order(account, market, Side.BID, price, size, **options))

    def sell(self, account: int, price: float, size: float, market: int = BTC, **options: Any) -> list[Event]:
        """An ask that must be taken."""
        return self.do(self.order(account, market, Side.ASK, price, size, **options))

    def cancel(self, account: int, market: int, slot: int, sequence: int, **options: Any) -> bytes:
        """Take one order back."""
        return sign_cancel_order(
            options.get("key", self.signers[account & 0xFFFFFF]),
            self.domain,
            account=account,
            market=market,
            slot=slot,
            sequence=sequence,
            nonce=options.get("nonce") or self.next_nonce(),
            expiry=NEVER,
        )

    def cancel_all(self, account: int) -> bytes:
        """Take all orders back."""
        return sign_cancel_all(
            self.signers[account & 0xFFFFFF], self.domain, account=account, nonce=self.next_nonce(), expiry=NEVER
        )

    def withdraw(self, account: int, asset: int, amount: int, **options: Any) -> bytes:
        """Ask for base units of an asset."""
        return sign_withdraw(
            options.get("key", self.signers[account & 0xFFFFFF]),
            options.get("domain", self.domain),
            account=account,
            asset=asset,
            amount=amount,
            recipient=options.get("recipient", b"\x77" * 20),
            nonce=options.get("nonce") or self.next_nonce(),
            expiry=NEVER,
        )

    def lock(self, account: int, payee: int, amount: int, digest: bytes, seconds: int = 600, **options: Any) -> bytes:
        """LockCash with a deadline `seconds` from now."""
        return sign_lock_cash(
            options.get("key", self.signers[account & 0xFFFFFF]),
            options.get("domain", self.domain),
            account=account,
            payee=payee,
            amount=amount,
            hash=digest,
            deadline=options.get("deadline", self.state.header.clock + seconds),
            nonce=options.get("nonce") or self.next_nonce(),
            expiry=NEVER,
        )

    def queue(self, account: int, asset: int, amount: int, **options: Any) -> bytes:
        """Wait for base units of an asset that is short."""
        return sign_queue_withdrawal(
            options.get("key", self.signers[account & 0xFFFFFF]),
            self.domain,
            account=account,
            asset=asset,
            amount=amount,
            recipient=options.get("recipient", b"\x77" * 20),
            nonce=self.next_nonce(),
            expiry=NEVER,
        )

    def leave(self, account: int, waiting: int, **options: Any) -> bytes:
        """Wait no longer."""
        return sign_leave_queue(
            options.get("key", self.signers[account & 0xFFFFFF]),
            self.domain,
            account=account,
            waiting=waiting,
            nonce=self.next_nonce(),
            expiry=NEVER,
        )

    def reserve(self, account: int, short: int, long: int, amount: int, **options: Any) -> bytes:
        """Offer to bring what is short for what is long."""
        return sign_reserve_rebalance(
            options.get("key", self.signers[account & 0xFFFFFF]),
            self.domain,
            account=account,
            short=short,
            long=long,
            amount=amount,
            min_rebate=options.get("min_rebate", 0),
            recipient=options.get("recipient", b"\x99" * 20),
            nonce=self.next_nonce(),
            expiry=NEVER,
        )

    def forced(
        self, kind: int, amount: int, packet_id: bytes = bytes(32), enqueued_at: int | None = None
    ) -> list[Event]:
        """Take an item that is no deposit, and check the state after it."""
        events = apply_forced(
            self.state,
            ForcedItem(
                kind=kind,
                account=0,
                owner=b"\x55" * 20,
                asset=0,
                amount=amount,
                packet_id=packet_id,
                enqueued_at=self.state.header.clock if enqueued_at is None else enqueued_at,
            ),
        )
        invariants.check(self.state)
        return events

    def do(self, step: bytes) -> list[Event]:
        """Apply a step that must succeed, and check the state after it."""
        events = try_apply(self.state, step)
        invariants.check(self.state)
        return events

    def apply(self, step: bytes) -> list[Event]:
        """Apply any step, valid or not, and check the state after it."""
        events = apply(self.state, step)
        invariants.check(self.state)
        return events

    def attempt(self, step: bytes) -> str:
        """Apply any step; `accepted`, or the reason it was rejected with. Nothing is checked after it."""
        try:
            try_apply(self.state, step)
        except Rejected as refusal:
            return str(refusal.reason.value)
        return "accepted"

    def wait(self, seconds: int) -> None:
        """Let time pass."""
        set_clock(self.state, self.state.header.clock + seconds)

    def reports(
        self, underlying: int, prices: Sequence[float], *, time: int | None = None, keys: Sequence[Signer] = ORACLES
    ) -> bytes:
        """A price of each source, at most four of them."""
        time = self.state.header.clock if time is None else time
        parts = [
            sign_report(key, self.domain, underlying=underlying, price=round(usd * UNIT), time=time)
            for key, usd in zip(keys, prices, strict=False)
        ]
        return oracle_report(underlying, time, parts)

    def mark(self) -> None:
        """Mark whatever the last reports left unmarked."""
        for underlying in range(len(self.state.underlyings)):
            for group in outstanding(self.state, underlying):
                self.attempt(steps.reprice(*group))

    def mark_of(self, market: int) -> float:
        """A market's mark in USD, 0 without one."""
        pricing = self.state.pricing[market]
        return 0 if pricing is None else pricing.mark / UNIT

    def keep(self) -> int:
        """All that may be due of markets and accounts, as whoever keeps the venue going; how many steps were."""
        done = 0
        for _ in range(KEEPER_ROUNDS):
            due = [step for account in sorted(self.state.accounts) for step in liquidation_steps(self.state, account)]
            progress = sum(self.attempt(step) == "accepted" for step in [*due, *venue_steps(self.state)])
            if not progress:
                return done
            done += progress
        return done

    def equity(self, *accounts: int) -> int:
        """What accounts are worth together at their marks, in 1e-6 USD."""
        return sum(
            equity_of(self.state, deleveraging.settled_view(self.state, account))
            for account in accounts
            if account in self.state.accounts
        )

    def taken(self, *accounts: int) -> int:
        """Cash that accounts withdrew, in 1e-6 USD."""
        kinds = [asset.kind for asset in self.state.assets]
        return sum(
            withdrawal.amount
            for withdrawal in self.state.withdrawals
            if withdrawal.account in accounts and kinds[withdrawal.asset] == AssetKind.CASH
        )

    def take_all(self, account: int, asset: int = USDC_A) -> int:
        """Withdraw the most cash that the venue lets an account have; how much that was."""
        amount = assess(self.state, account).withdrawable
        refused = not amount or self.attempt(self.withdraw(account, asset, amount)) != "accepted"
        return 0 if refused else amount

    def hole(self) -> int:
        """What accounts owe and neither the insurance fund nor the backstop can pay, in 1e-6 USD; checks the state."""
        invariants.check(self.state)
        owing = sum(max(0, -self.equity(account)) for account in sorted(self.state.accounts) if account)
        return max(0, owing - max(0, self.equity(0)) - max(0, self.equity(BACKSTOP)))
