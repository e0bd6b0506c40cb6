"""Users of a world who swap across chains by hash locks: they look at final blocks, never wait, and may walk away."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from bridge.abi import ZERO_ADDRESS
from bridge.registry import VaultEntry
from bridge.swaps.terms import Swap, Timelocks, hashlock_of
from chains.errors import ChainError
from chains.local import LocalChain
from clearspan.lab.people import User
from contracts import storage_slot

if TYPE_CHECKING:
    from clearspan.lab.world import World

ETHER = 10**18
GAS = 300_000
SAFETY_WEI = 10**15
FIRST_STAGES = (60, 220, 300, 310)
"""Seconds from the offer to the stages of the leg that is locked first, by whoever knows the secret."""
SECOND_STAGES = (60, 140, 150, 160)
"""Those of the other leg. A chain may stand still for as long as lies between the ends: more, and somebody can lose."""
FOLLOWS_BY, REVEALS_BY = 40, 110
PATIENCE_SECONDS = 20
"""After so long without effect a transaction is sent again."""
BEGINS_WITHIN_SECONDS = 45
"""No deal begins later, so that all have ended when a run is to be at rest."""
WALKS_AWAY = 8
"""One in so many does not follow."""


@dataclass(slots=True)
class Leg:
    """One lock and who minds it."""

    swap: Swap
    chain: LocalChain
    was_locked: bool = False

    def is_locked(self) -> bool:
        """In the newest final block."""
        base = storage_slot("SwapEscrow", "_slots")
        slot = int.from_bytes(keccak(self.swap.identifier + base.to_bytes(32)))
        root = self.chain.finalized_header().state_root
        locked = self.chain.evm.storage(root, to_canonical_address(self.swap.escrow), slot) == 1
        self.was_locked = self.was_locked or locked
        return locked

    def is_claimed(self) -> bool:
        """Whether a final block tells of its preimage."""
        topics = ((keccak(text="Claimed(bytes32,bytes32)"),), (self.swap.identifier,))
        escrow = (to_canonical_address(self.swap.escrow),)
        final = self.chain.finalized_header().number
        return any(True for _ in self.chain.ledger.logs(0, final, escrow, topics))

    @property
    def is_over(self) -> bool:
        """Whether it was locked and is not any more."""
        return self.was_locked and not self.is_locked()


class Deal:
    """Two users, two chains, one secret."""

    def __init__(self, world: World, chance: Random, number: int) -> None:
        self._world = world
        self._began = world.clock.now()
        self._initiator, self._follower = chance.sample(world.users, 2)
        here, there = chance.sample(world.deployment.vaults, 2)
        self._secret = chance.randbytes(32)
        self._follows = chance.randrange(WALKS_AWAY) > 0
        self.name = f"deal {number}"
        wei = chance.randint(1, 5 * ETHER)
        self.first = self._leg(here, self._initiator, self._follower, wei, FIRST_STAGES)
        self.second = self._leg(there, self._follower, self._initiator, wei, SECOND_STAGES)
        self._sent: dict[str, int] = {}
        self._send("lock first", self.first, self._initiator)

    @property
    def is_over(self) -> bool:
        """Both legs have ended, or can begin no more."""
        late = self._world.clock.now() > self._began + FIRST_STAGES[0]
        return all(leg.is_over or (late and not leg.is_locked() and not leg.was_locked) for leg in self._legs)

    @property
    def _legs(self) -> tuple[Leg, Leg]:
        return self.first, self.second

    def step(self) -> None:
        """Whatever there is to do now for either of them."""
        passed = self._world.clock.now() - self._began
        first, second = self.first.is_locked(), self.second.is_locked()
        if self._follows and first and not self.second.was_locked and passed <= FOLLOWS_BY:
            self._send("lock second", self.second, self._follower)
        elif first and second and SECOND_STAGES[0] < passed <= REVEALS_BY:
            self._send("claim second", self.second, self._initiator)
        elif first and FIRST_STAGES[0] < passed < FIRST_STAGES[2] and self.second.is_claimed():
            self._send("claim first", self.first, self._follower)
        elif second and passed > SECOND_STAGES[2]:
            self._send("refund second", self.second, self._follower)
        elif first and passed > FIRST_STAGES[2]:
            self._send("refund first", self.first, self._initiator)

    def _leg(self, entry: VaultEntry, locker: User, payee: User, wei: int, stages: tuple[int, ...]) -> Leg:
        claim, public_claim, refund, public_refund = (self._began + seconds for seconds in stages)
        swap = Swap(
            chain_id=entry.chain_id,
            escrow=entry.swap_escrow,
            locker=locker.wallet.address,
            payee=payee.wallet.address,
            asset=ZERO_ADDRESS,
            amount=wei,
            hashlock=hashlock_of(self._secret),
            safety_deposit=SAFETY_WEI,
            timelocks=Timelocks(
                claim_from=claim,
                public_claim_from=public_claim,
                refund_from=refund,
                public_refund_from=public_refund,
            ),
            nonce=self._began,
        )
        return Leg(swap, self._world.chains[entry.chain_id])

    def _send(self, what: str, leg: Leg, user: User) -> None:
        """Send it, unless it was sent a moment ago."""
        now = self._world.clock.now()
        if now < self._sent.get(what, -PATIENCE_SECONDS) + PATIENCE_SECONDS:
            return
        self._sent[what] = now
        verb = what.partition(" ")[0]
        value = leg.swap.amount + SAFETY_WEI if verb == "lock" else 0
        try:
            leg.chain.send(self._call(verb, leg), user.wallet, value=value, gas=GAS)
            outcome = ""
        except ChainError as error:
            outcome = f"refused by the chain: {error.reason}"
        self._world.note(user.name, what, self.name, outcome)

    def _call(self, verb: str, leg: Leg) -> ContractFunction:
        escrow = leg.chain.contract("SwapEscrow", leg.swap.escrow)
        if verb == "lock":
            return escrow.functions.lock(leg.swap.as_abi())
        if verb == "claim":
            return escrow.functions.claim(leg.swap.as_abi(), self._secret)
        return escrow.functions.refund(leg.swap.as_abi())


def let_users_swap(world: World) -> None:
    """Have users begin deals while people act, and see every deal through after that."""
    chance = world.chance("swaps")
    began = world.clock.now()
    deals: list[Deal] = []

    def begin() -> None:
        if world.people_act and world.clock.now() <= began + BEGINS_WITHIN_SECONDS:
            deals.append(Deal(world, chance, len(deals) + 1))

    def tend() -> None:
        for deal in list(deals):
            deal.step()
            if deal.is_over:
                deals.remove(deal)

    world.scheduler.every(lambda: chance.randint(15, 45), begin)
    world.scheduler.every(lambda: 4, tend)
