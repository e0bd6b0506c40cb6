"""Two people who swap dollars of one vault chain of a world for those of the other, each with a settler of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eth_account.signers.local import LocalAccount

from bridge.abi import ZERO_ADDRESS
from bridge.swaps.agreement import Agreement
from bridge.swaps.book import KeptSwap, SwapBook
from bridge.swaps.chain_port import ChainPort
from bridge.swaps.escrow import LegStatus, SwapEscrow
from bridge.swaps.machine import Role, Step
from bridge.swaps.terms import Swap, derive_preimage, hashlock_of
from bridge.swaps.timelocks import ChainBounds, Rules, Schedule
from chains.local import LocalChain
from clearspan.lab.scenarios.banking import held
from clearspan.lab.world import World
from relayers.reports import Did
from relayers.swap_settler import SwapSettler

AMOUNT = 1_000 * 10**6
TICK = 5
BOUNDS = ChainBounds(
    inclusion_seconds=20, finality_seconds=25, reorganisation_seconds=10, halt_seconds=30, drift_seconds=5
)
RULES = Rules(long=BOUNDS, short=BOUNDS, reaction_seconds=15, public_seconds=60)
SEED = b"\x21" * 32


class Party:
    """One of the two: a wallet, a book and a settler."""

    def __init__(self, couple: Couple, name: str, wallet: LocalAccount) -> None:
        self.name, self.wallet = name, wallet
        self.ports = {
            side.chain_id: ChainPort(side.reader, wallet, first_block=side.first)
            for side in (couple.long, couple.short)
        }
        self.book = SwapBook()
        self.settler = SwapSettler(self.book, lambda leg: self.ports[leg.chain_id])
        self.sent: list[str] = []

    def step(self) -> None:
        """Look at every swap of the book once."""
        self.sent += [str(action.detail) for action in self.settler.step().actions if action.did is Did.SUBMITTED]

    def has(self, step: Step) -> bool:
        """Whether it began a step of that kind."""
        return any(detail.startswith(f"{step}:") for detail in self.sent)


class Side:
    """The escrow and the dollar of one chain."""

    def __init__(self, world: World, index: int) -> None:
        entry = world.deployment.vaults[index]
        self.world, self.chain_id = world, entry.chain_id
        self.chain: LocalChain = world.chains[entry.chain_id]
        self.reader = SwapEscrow(self.chain, entry.swap_escrow)
        self.first = self.chain.head().number
        self.token = next(
            asset.token
            for asset in world.deployment.assets
            if asset.chain_id == entry.chain_id and asset.token != ZERO_ADDRESS
        )

    def status(self, swap: Swap) -> LegStatus:
        """How far a leg has come, at the head."""
        record = self.reader.swaps(self.first, self.chain.head().number).get(swap.identifier)
        return LegStatus.ABSENT if record is None else record.status

    def final_status(self, swap: Swap) -> LegStatus:
        """The same at the newest final block."""
        record = self.reader.swaps(self.first, self.chain.finalized_header().number).get(swap.identifier)
        return LegStatus.ABSENT if record is None else record.status

    def halt(self, *, halted: bool) -> None:
        """Stop making blocks, or go on."""
        self.world.halted[self.chain_id] = int(halted)


class Couple:
    """The initiator's leg is on the first vault chain, the responder's on the second, which is final three deep."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.long, self.short = Side(world, 0), Side(world, 1)
        self.initiator = Party(self, "initiator", world.base.users[0])
        self.responder = Party(self, "responder", world.base.users[1])
        self.before = self.wealth()
        self._nonce = 0

    @property
    def now(self) -> int:
        """Seconds."""
        return self.world.clock.now()

    def legs(self, schedule: Schedule | None = None, rules: Rules = RULES) -> tuple[Swap, Swap, bytes]:
        """Terms of both legs, and the preimage."""
        self._nonce += 1
        schedule = schedule or rules.plan(self.now)
        people = self.initiator.wallet.address, self.responder.wallet.address
        preimage = derive_preimage(SEED, chain_id=self.short.chain_id, locker=people[0], nonce=self._nonce)
        common: dict[str, Any] = {
            "amount": AMOUNT,
            "hashlock": hashlock_of(preimage),
            "safety_deposit": 0,
            "nonce": self._nonce,
        }
        made = [
            Swap(
                chain_id=side.chain_id,
                escrow=side.reader.address,
                locker=locker,
                payee=payee,
                asset=side.token,
                timelocks=timelocks,
                **common,
            )
            for side, timelocks, locker, payee in (
                (self.long, schedule.long, *people),
                (self.short, schedule.short, people[1], people[0]),
            )
        ]
        return made[0], made[1], preimage

    def agree(
        self, schedule: Schedule | None = None, rules: Rules = RULES, *, theirs: Rules | None = None
    ) -> tuple[Swap, Swap]:
        """Both write the swap into their books; `theirs` are the responder's rules where they are others."""
        long, short, preimage = self.legs(schedule, rules)
        agreement = Agreement(long=long, short=short)
        kept = KeptSwap(role=Role.INITIATOR, agreement=agreement, rules=rules, preimage=preimage)
        self.initiator.book.add(kept)
        self.responder.book.add(replace(kept, role=Role.RESPONDER, rules=theirs or rules, preimage=None))
        return long, short

    def tick(self, seconds: int = TICK) -> None:
        """Time passes, and each chain that stands not still makes a block."""
        self.world.clock.advance(seconds)
        for side in (self.long, self.short):
            self.world.mine(side.chain)

    def run(self, done: Callable[[], bool], *parties: Party, until: int, every: int = TICK) -> None:
        """Let parties look and time pass, until `done` or a time."""
        while self.now < until and not done():
            for party in parties or (self.initiator, self.responder):
                party.step()
            self.tick(min(every, max(1, until - self.now)))

    def finish(self, swap: Swap) -> None:
        """Go on until nobody's book has anything open, or all is over by the clock."""
        end = swap.timelocks.public_refund_from + 60
        self.run(lambda: not (self.initiator.book.open() or self.responder.book.open()), until=end, every=4 * TICK)

    def wealth(self) -> dict[str, int]:
        """Dollars of each on both chains together."""
        people = {"initiator": self.world.base.users[0], "responder": self.world.base.users[1]}
        return {
            name: sum(held(side.chain, side.token, who.address) for side in (self.long, self.short))
            for name, who in people.items()
        }

    def ends(self) -> tuple[str, str]:
        """How both legs of the last swap stand at the head."""
        swap = self.initiator.book.all()[-1].agreement
        states = [
            side.reader.swaps(side.first, side.chain.head().number).get(leg.identifier)
            for side, leg in ((self.long, swap.long), (self.short, swap.short))
        ]
        first, second = (str(LegStatus.ABSENT if state is None else state.status) for state in states)
        return first, second

    def lost(self) -> dict[str, int]:
        """Who has less than at the beginning, and by how much; a swap of equal amounts costs nobody anything."""
        after = self.wealth()
        return {name: amount - after[name] for name, amount in self.before.items() if after[name] < amount}


def told(losses: dict[str, int]) -> str:
    """Losses in words."""
    return ", ".join(f"the {name} {amount // 10**6:,} USD" for name, amount in losses.items()) or "nobody anything"
