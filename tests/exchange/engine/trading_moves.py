"""Random moves of traders for the campaigns: every kind of order, key, account and operation."""

from __future__ import annotations

from random import Random
from typing import Any

from exchange.engine import cancel_item, place_item, sign_cancel_client, sign_place_bulk, steps
from exchange.engine.due import dead_at_front, due_step
from exchange.engine.operations import CHANGE_MARKET, CHANGEABLE_FIELDS
from exchange.engine.signing import sign_propose
from exchange.state import OperationKind, OrderFlag, Scope, Side, TimeInForce
from exchange.state.order import FREE

UNIT = 10**8
NEVER = 2**63
TRADERS = 5
ADMIN_SEED = 990


class TradingMoves:
    """Mixed into a campaign: needs `random`, `venue`, `state`, `markets`, `prices` and `step`."""

    random: Random
    venue: Any
    markets: Any
    prices: dict[int, float]

    @property
    def state(self) -> Any:
        raise NotImplementedError

    def step(self, step: bytes) -> None:
        raise NotImplementedError

    def trade(self) -> None:
        """One move of a trader, or what is due."""
        random = self.random
        account = self.some_account()
        market = random.randrange(len(self.markets))
        moves = (
            *((self.special, 8), (self.replace, 4), (self.bulk, 4), (self.cancel_client, 2), (self.sweep, 2)),
            *((self.due, 6), (self.schedule, 2), (self.behave, 2), (self.keys, 1), (self.compartments, 2)),
            (self.operate, 1),
        )
        (move,) = random.choices([move for move, _ in moves], [weight for _, weight in moves])
        move(account, market)

    def some_account(self) -> int:
        """A main account, or one of its open sub-accounts."""
        account = self.random.randint(1, TRADERS)
        subs = [number for number in sorted(self.state.accounts) if number & 0xFFFFFF == account]
        return self.random.choice(subs)

    def by_account(self, account: int) -> dict[str, Any]:
        """Who signs: mostly the owner, else a session key, sometimes one that does not exist."""
        held = self.state.accounts[account].keys
        if held and self.random.random() < 0.3:
            key = self.random.choice(held)
            number = next(n for n in range(900, 906) if self.venue.signer(n).address == key.address)
            return {"signer": self.venue.signer(number), "key": key.id}
        return {}

    def price_near(self, market: int, spread: float = 0.01) -> int:
        """A price around the mark, on tick."""
        spec = self.markets[market]
        usd = self.prices[spec.underlying] * (1 + self.random.uniform(-spread, spread))
        return max(1, round(usd * UNIT / spec.tick)) * spec.tick

    def size_of(self, market: int) -> int:
        """A few lots."""
        return self.markets[market].min_size * self.random.choice([1, 3, 10, 50])

    def special(self, account: int, market: int) -> None:
        """Icebergs, reduce-only, sliding and market orders, stops and take-profits."""
        random = self.random
        size, tif = self.size_of(market), TimeInForce(random.randrange(5))
        flags = OrderFlag.REDUCE_ONLY if random.random() < 0.3 else 0
        price, display, trigger = self.price_near(market), 0, 0
        kind = random.random()
        if kind < 0.3:
            display = self.markets[market].min_size
        elif kind < 0.7:
            flags |= random.choice([OrderFlag.TRIGGER_ABOVE, OrderFlag.TRIGGER_BELOW])
            trigger, tif = self.price_near(market, 0.05), TimeInForce(random.randrange(3))
        elif kind < 0.8:
            price, tif = 0, TimeInForce(random.choice([1, 2]))
        until = random.choice([0, 0, self.state.header.clock + 3])
        self.step(
            self.venue.signed(
                *(steps.PLACE_SPECIAL, account),
                market=market,
                side=Side(random.randrange(2)),
                timeInForce=tif,
                flags=flags,
                price=price,
                size=size,
                goodTill=until,
                display=display,
                trigger=trigger,
                **self.by_account(account),
            )
        )

    def resting(self, market: int) -> tuple[int, Any] | None:
        """Slot and order of anything in a market."""
        found = [(slot, order) for slot, order in enumerate(self.state.orders[market]) if order.side != FREE]
        return self.random.choice(found) if found else None

    def replace(self, account: int, market: int) -> None:
        """Less, more, elsewhere, or somebody else's."""
        found = self.resting(market)
        if found is None:
            return
        slot, order = found
        owner = order.account if self.random.random() < 0.9 else account
        size = max(1, (order.remaining + order.hidden) * self.random.choice([1, 2, 4]) // 2)
        size -= size % self.markets[market].lot
        price = order.price if self.random.random() < 0.6 else self.price_near(market)
        fields = {"market": market, "slot": slot, "sequence": order.sequence, "price": price, "size": size}
        self.step(self.venue.signed(steps.REPLACE, owner, **fields, **self.by_account(owner)))

    def bulk(self, account: int, market: int) -> None:
        """An envelope of a dozen; sometimes it is finished at once."""
        items = []
        for _ in range(self.random.randint(1, 12)):
            found = self.resting(market)
            if found is not None and self.random.random() < 0.3:
                items.append(cancel_item(market=market, slot=found[0], sequence=found[1].sequence))
                continue
            side, price, size = self.random.randrange(2), self.price_near(market), self.size_of(market)
            items.append(
                place_item(market=market, side=side, price=price, size=size, time_in_force=self.random.randrange(6))
            )
        by = self.by_account(account)
        step = sign_place_bulk(
            by.get("signer", self.venue.signers[account & 0xFFFFFF]),
            self.venue.domain,
            account=account,
            items=items,
            nonce=self.venue.next_nonce(),
            expiry=NEVER,
            key_id=by.get("key", 0),
        )
        self.step(step)
        if self.random.random() < 0.15:
            self.step(self.venue.signed(steps.CANCEL_ALL, account))
        if self.random.random() < 0.8:
            self.drain()

    def drain(self) -> None:
        """Whatever is due on any market."""
        while (step := due_step(self.state, range(len(self.state.markets)))) is not None:
            self.step(step)
        clock = self.state.header.clock
        for account_id, account in sorted(self.state.accounts.items()):
            if 0 < account.cancel_all_at <= clock:
                self.step(steps.cancel_due(account_id))

    def due(self, account: int, market: int) -> None:
        """One due step, or one that is not."""
        draw = self.random.random()
        if draw < 0.7:
            self.drain()
        elif draw < 0.8:
            self.step(steps.trigger(market))
        elif draw < 0.9:
            self.step(steps.continue_bulk(account))
        else:
            self.step(steps.cancel_due(account))

    def cancel_client(self, account: int, market: int) -> None:
        """An id that was used, or one that never will be."""
        found = self.resting(market)
        nonce, slot = self.venue.next_nonce(), 0
        if found is not None and self.random.random() < 0.7:
            slot, account, nonce = found[0], found[1].account, found[1].nonce
        signer = self.venue.signers[account & 0xFFFFFF]
        fields = {"account": account, "market": market, "client_id": nonce, "expiry": NEVER, "slot": slot}
        self.step(sign_cancel_client(signer, self.venue.domain, **fields))

    def sweep(self, _account: int, market: int) -> None:
        """The dead at the front, or any slots."""
        slots = dead_at_front(self.state, market, self.random.randrange(2))
        if not slots:
            slots = [self.random.randrange(len(self.state.orders[market]) + 1) for _ in range(3)]
        self.step(steps.sweep(market, slots))

    def schedule(self, account: int, _market: int) -> None:
        """A dead man's switch of a few seconds."""
        clock = self.state.header.clock
        time = self.random.choice([0, clock, clock + 2, clock + 5])
        self.step(self.venue.signed(steps.SCHEDULE_CANCEL_ALL, account, time=time, **self.by_account(account)))

    def behave(self, account: int, _market: int) -> None:
        """Self-trade modes and market-maker protection."""
        if self.random.random() < 0.5:
            self.step(self.venue.signed(steps.SET_FLAGS, account, flags=self.random.choice([0, 1, 2, 3, 4])))
            return
        limit = self.random.choice([0, 1_000, 20_000]) * 10**6
        fields = {"limit": limit, "window": 5, "freeze": self.random.choice([0, 3])}
        self.step(self.venue.signed(steps.SET_PROTECTION, account, **fields, **self.by_account(account)))

    def keys(self, account: int, _market: int) -> None:
        """Give and take keys."""
        key = self.venue.signer(self.random.randint(900, 905))
        scope = self.random.choice([0, Scope.TRADE, Scope.TRADE | Scope.CANCEL, 15])
        until = self.state.header.clock + self.random.choice([5, 500])
        self.step(self.venue.key_step(account, key, scope, until))

    def compartments(self, account: int, _market: int) -> None:
        """Open sub-accounts and move money between them."""
        main = account & 0xFFFFFF
        if self.random.random() < 0.3:
            self.step(self.venue.signed(steps.OPEN_SUB_ACCOUNT, main, number=self.random.randint(1, 2)))
            return
        to = self.random.randint(0, 2) << 24 | self.random.choice([main, main, main, 1])
        amount = self.random.choice([1, 10**6, 2_000 * 10**6])
        fields = {"to": to, "asset": self.random.choice([0, 0, 2]), "amount": amount}
        self.step(self.venue.signed(steps.TRANSFER, account, **fields, **self.by_account(account)))

    def operate(self, _account: int, market: int) -> None:
        """Halts, phases and new rules; every market is opened again soon."""
        operation = self.state.header.operation_count
        if operation and self.random.random() < 0.5:
            self.step(steps.execute_operation(self.random.randrange(operation + 1)))
            return
        leaf = self.state.markets[market]
        changed = {name: getattr(leaf, name) for name in CHANGEABLE_FIELDS} | {"taker_fee": 400, "maker_fee": -100}
        kind, body = self.random.choice(
            [
                (OperationKind.HALT_MARKET, market.to_bytes(2, "big")),
                (OperationKind.OPEN_MARKET, market.to_bytes(2, "big") + bytes([self.random.choice([0, 0, 1, 2, 3])])),
                (OperationKind.OPEN_MARKET, market.to_bytes(2, "big") + b"\x00"),
                (OperationKind.CHANGE_MARKET, CHANGE_MARKET.pack(market, *changed.values())),
            ]
        )
        admin = self.venue.signer(ADMIN_SEED)
        self.step(sign_propose(admin, self.venue.domain, operation=operation, kind=kind, body=body, expiry=NEVER))
        if kind == OperationKind.HALT_MARKET:
            return
        self.step(steps.execute_operation(operation))
