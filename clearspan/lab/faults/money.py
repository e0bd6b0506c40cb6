"""What happens to the wallet of a process, and to the transactions it has under way."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from eth_account.signers.local import LocalAccount

from chains.errors import ChainError
from clearspan.devnet.wallets import wallet
from clearspan.lab.faults.base import Fault, Heal, fault, nothing
from clearspan.lab.faults.chain import any_chain
from clearspan.lab.snapshot import RELAYERS

if TYPE_CHECKING:
    from chains.local import LocalChain
    from clearspan.lab.world import World

TRANSFER_GAS = 21_000


@dataclass(frozen=True, slots=True)
class OfAWallet(Fault):
    """Something about a relayer's wallet on one chain."""

    process: str
    chain_id: int

    @classmethod
    def draw(cls, world: World, chance: Random) -> Self:
        """Any relayer, any chain."""
        return cls(chance.choice([name for name in RELAYERS if name in world.processes]), any_chain(world, chance))

    def key(self, world: World) -> LocalAccount:
        """The wallet."""
        return world.base.relayers[RELAYERS.index(self.process)]


@fault("relayer", "out-of-gas-money")
@dataclass(frozen=True, slots=True)
class OutOfMoney(OfAWallet):
    """All its ether is somewhere else."""

    def inject(self, world: World) -> Heal:
        """Healed, somebody sends more."""
        chain, key = world.chains[self.chain_id], self.key(world)
        with suppress(ChainError):
            all_but_fees = chain.balance(key.address) - chain.next_base_fee() * 20 * TRANSFER_GAS
            chain.send({"to": world.base.users[0].address, "value": all_but_fees}, key, gas=TRANSFER_GAS)

        def heal() -> None:
            with suppress(ChainError):
                chain.send({"to": key.address, "value": 100 * 10**18}, world.base.network.keys.faucet, gas=TRANSFER_GAS)

        return heal


@fault("relayer", "wrong-key")
@dataclass(frozen=True, slots=True)
class WrongKey(OfAWallet):
    """It is started with a key that owns nothing."""

    def inject(self, world: World) -> Heal:
        """Healed, it is started with its own."""
        process = world.processes[self.process]
        process.signer = wallet(world.config.network.seed, f"wrong key of {self.process}")
        process.stop()

        def heal() -> None:
            process.signer = None
            process.stop()

        return heal


@fault("relayer", "replaced-tx")
@dataclass(frozen=True, slots=True)
class ReplacedTransaction(OfAWallet):
    """Somebody with its key sends another transaction under a nonce that it has under way."""

    def inject(self, world: World) -> Heal:
        """Once, at ten times the fee."""
        chain, key = world.chains[self.chain_id], self.key(world)
        sender = bytes.fromhex(key.address[2:])
        nonce = chain.evm.account(chain.head().state_root, sender).nonce
        with suppress(ChainError):
            before, chain.fee_floor = chain.fee_floor, 10 * chain.next_base_fee()
            try:
                chain.send({"to": key.address}, key, gas=TRANSFER_GAS, nonce=nonce)
            finally:
                chain.fee_floor = before
        return nothing


@fault("relayer", "nonce-gap")
@dataclass(frozen=True, slots=True)
class NonceGap(OfAWallet):
    """The node forgets the first of its waiting transactions and keeps the later ones."""

    def inject(self, world: World) -> Heal:
        """Before every block until healed."""
        sender = bytes.fromhex(self.key(world).address[2:])
        gates = world.gates[self.chain_id]

        def forget(chain: LocalChain) -> bool:
            mine = [one for one in chain.pool.transactions if one.sender == sender]
            if len(mine) > 1:
                chain.pool.drop(mine[0].hash)
            return True

        gates.append(forget)
        return lambda: gates.remove(forget)


@fault("relayer", "stuck-tx")
@dataclass(frozen=True, slots=True)
class StuckTransaction(OfAWallet):
    """What it has under way is in no block, whatever it pays; what it sends instead may be."""

    def inject(self, world: World) -> Heal:
        """What waits now."""
        chain = world.chains[self.chain_id]
        sender = bytes.fromhex(self.key(world).address[2:])
        stuck = {one.hash for one in chain.pool.transactions if one.sender == sender}
        before = chain.censors
        chain.censors = lambda one: one.hash in stuck or (before is not None and before(one))

        def heal() -> None:
            chain.censors = None

        return heal
