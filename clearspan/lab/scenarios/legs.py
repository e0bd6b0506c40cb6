"""Two parties and a thief around the swap escrow of a world's first vault chain."""

from __future__ import annotations

from typing import Any

from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction

from bridge.abi import ZERO_ADDRESS
from bridge.swaps.terms import Swap, Timelocks, hashlock_of
from chains.local import LocalChain
from clearspan.lab.scenarios.banking import FOREVER, held
from clearspan.lab.scenarios.moves import LOOT, attempt
from clearspan.lab.world import World

STAGES = (100, 1_000, 2_000, 3_000)
"""Seconds from an offer to the beginning of each of its stages."""
SAFETY_WEI = 10**15


class Table:
    """Where a swap's leg is locked and ended; `outcome` is `accepted` or an error's name."""

    def __init__(self, world: World) -> None:
        network = world.deployment
        entry = network.vaults[0]
        self.world, self.chain_id, self.address = world, entry.chain_id, entry.swap_escrow
        self.chain: LocalChain = world.chains[entry.chain_id]
        self.escrow = self.chain.contract("SwapEscrow", self.address)
        self.locker, self.payee, self.thief = world.base.users[:3]
        self.owner = world.base.network.keys.owner
        self.token = next(
            asset.token for asset in network.assets if asset.chain_id == self.chain_id and asset.token != ZERO_ADDRESS
        )
        token = self.chain.contract("TestToken", self.token)
        for person in (self.locker, self.payee, self.thief):
            self.chain.transact(token.functions.approve(self.address, FOREVER), person)
        self.settle()
        self._nonce = 0

    def settle(self) -> None:
        """The clock follows the chain."""
        self.world.clock.advance(max(0, self.chain.head().timestamp + 1 - self.world.clock.now()))

    def offer(self, preimage: bytes | None = None, **changed: Any) -> tuple[Swap, bytes]:
        """Terms that could be locked now, and their preimage."""
        self._nonce += 1
        secret = preimage or self._nonce.to_bytes(32, "big")
        now = self.world.clock.now()
        first, public, refund, last = (now + seconds for seconds in STAGES)
        fields: dict[str, Any] = {
            "chain_id": self.chain_id,
            "escrow": self.address,
            "locker": self.locker.address,
            "payee": self.payee.address,
            "asset": self.token,
            "amount": LOOT,
            "hashlock": hashlock_of(secret) if "hashlock" not in changed else b"",
            "safety_deposit": SAFETY_WEI,
            "timelocks": Timelocks(
                claim_from=first, public_claim_from=public, refund_from=refund, public_refund_from=last
            ),
            "nonce": self._nonce,
        }
        return Swap(**(fields | changed)), secret

    def lock(self, swap: Swap, *, value: int | None = None) -> str:
        """The locker's lock, paid for in full where no value is given."""
        due = swap.safety_deposit + (swap.amount if swap.asset == ZERO_ADDRESS else 0)
        return self.send(self.escrow.functions.lock(swap.as_abi()), self.locker, value=due if value is None else value)

    def locked(self, preimage: bytes | None = None, **changed: Any) -> tuple[Swap, bytes]:
        """Terms that are locked, and their preimage."""
        swap, secret = self.offer(preimage, **changed)
        self.lock(swap)
        return swap, secret

    def claim(self, swap: Swap, preimage: bytes, signer: LocalAccount | None = None) -> str:
        """The payee's claim, or another's."""
        return self.send(self.escrow.functions.claim(swap.as_abi(), preimage), signer or self.payee)

    def refund(self, swap: Swap, signer: LocalAccount | None = None) -> str:
        """The locker's refund, or another's."""
        return self.send(self.escrow.functions.refund(swap.as_abi()), signer or self.locker)

    def send(self, call: ContractFunction, signer: LocalAccount, *, value: int = 0) -> str:
        """A call in the next block."""
        outcome = attempt(self.chain, call, signer, value=value).partition("(")[0]
        self.settle()
        return outcome

    def at(self, timestamp: int) -> None:
        """Let the next block have this timestamp."""
        self.world.clock.advance(max(0, timestamp - self.world.clock.now()))

    def held(self, who: str, asset: str | None = None) -> int:
        """Base units or wei."""
        return held(self.chain, asset or self.token, who)
