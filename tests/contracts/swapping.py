"""One chain with an escrow, people who can pay, and the moves the tests of swaps make."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from bridge.swaps.escrow import SwapEscrow
from bridge.swaps.terms import Swap, Timelocks, hashlock_of
from chains.clock import VirtualClock
from chains.errors import TransactionReverted
from chains.local import LocalChain
from tests.contracts.harness import NEAR, OWNER, PEOPLE, RELAYER, STRANGER, TRADER, ZERO, deploy, new_chain

LOCKER, PAYEE, THIEF = TRADER, RELAYER, STRANGER
AMOUNT, DEPOSIT = 5_000_000, 10**15
STAGES = (100, 1_000, 2_000, 3_000)
"""Seconds from an offer to the beginning of each stage."""
GAS = 5_000_000
HABIT_NONE, HABIT_FEE, HABIT_FALSE, HABIT_NOTHING, HABIT_CALLS_BACK = range(5)
ACCEPT, REFUSE, RETURN_BOMB, BURN_GAS, REENTER = range(5)


@dataclass(slots=True, kw_only=True)
class Bench:
    """An escrow on a chain of its own; `token` is what it is tested with."""

    clock: VirtualClock
    chain: LocalChain
    escrow: Contract
    token: Contract
    numbers: Any = field(default_factory=lambda: count(1))

    def offer(self, **changed: Any) -> tuple[Swap, bytes]:
        """Terms that could be locked now, under a fresh preimage, which comes second."""
        number = next(self.numbers)
        preimage = changed.pop("preimage", keccak(number.to_bytes(32, "big")))
        fields: dict[str, Any] = {
            "chain_id": self.chain.chain_id,
            "escrow": self.escrow.address,
            "locker": LOCKER.address,
            "payee": PAYEE.address,
            "asset": self.token.address,
            "amount": AMOUNT,
            "hashlock": hashlock_of(preimage),
            "safety_deposit": DEPOSIT,
            "timelocks": self.stages(),
            "nonce": number,
        }
        assert not set(changed) - set(fields)
        return Swap(**(fields | changed)), preimage

    def stages(self, *offsets: int) -> Timelocks:
        """Timelocks at these offsets from now."""
        times = [self.clock.now() + offset for offset in offsets or STAGES]
        return Timelocks(
            claim_from=times[0], public_claim_from=times[1], refund_from=times[2], public_refund_from=times[3]
        )

    def lock(self, swap: Swap, sender: LocalAccount = LOCKER, **sent: Any) -> TxReceipt:
        value = swap.safety_deposit + (swap.amount if swap.asset == ZERO else 0)
        call = self.escrow.functions.lock(swap.as_abi())
        return self.chain.transact(call, sender, **{"value": value, "gas": GAS, **sent})

    def locked(self, **changed: Any) -> tuple[Swap, bytes]:
        """Terms that are locked, with their preimage."""
        swap, preimage = self.offer(**changed)
        self.lock(swap)
        return swap, preimage

    def claim(self, swap: Swap, preimage: bytes, sender: LocalAccount = PAYEE, **sent: Any) -> TxReceipt:
        return self.chain.transact(self.escrow.functions.claim(swap.as_abi(), preimage), sender, **{"gas": GAS, **sent})

    def batch(self, *pairs: tuple[Swap, bytes], sender: LocalAccount = PAYEE, payee: str | None = None) -> TxReceipt:
        entries = [swap.as_batched(preimage) for swap, preimage in pairs]
        swap = pairs[0][0]
        call = self.escrow.functions.claimBatch(payee or swap.payee, swap.asset, entries)
        return self.chain.transact(call, sender, gas=GAS)

    def refund(self, swap: Swap, sender: LocalAccount = LOCKER, **sent: Any) -> TxReceipt:
        return self.chain.transact(self.escrow.functions.refund(swap.as_abi()), sender, **{"gas": GAS, **sent})

    def refund_early(self, swap: Swap, signature: bytes, sender: LocalAccount = LOCKER) -> TxReceipt:
        return self.chain.transact(self.escrow.functions.refundEarly(swap.as_abi(), signature), sender, gas=GAS)

    def at(self, timestamp: int) -> None:
        """Let the next block have this timestamp."""
        assert timestamp > self.chain.head().timestamp, "that block is past"
        self.clock.advance(timestamp - self.clock.now())

    def balance(self, person: str, asset: str | None = None) -> int:
        asset = asset or self.token.address
        if asset == ZERO:
            return self.chain.balance(person)
        token = self.chain.contract("TestToken", asset)
        return int(self.chain.call(token.functions.balanceOf(person)))

    def credit(self, person: str, asset: str | None = None) -> int:
        return int(self.chain.call(self.escrow.functions.credits(person, asset or self.token.address)))

    def is_locked(self, swap: Swap) -> bool:
        return bool(self.chain.call(self.escrow.functions.isLocked(swap.identifier)))

    @property
    def reader(self) -> SwapEscrow:
        return SwapEscrow(self.chain, self.escrow.address)

    def records(self):
        return self.reader.swaps(0, self.chain.head().number)

    def wallet(self, mode: int = ACCEPT, *, target: str = ZERO, call: str | bytes = b"") -> Contract:
        """A contract account."""
        wallet = deploy(self.chain, "TestWallet")
        if mode != ACCEPT:
            self.configure(wallet, mode, target=target, call=call)
        return wallet

    def configure(self, odd: Contract, habit: int, *, target: str = ZERO, call: str | bytes = b"") -> None:
        self.chain.transact(odd.functions.configure(habit, target, call), OWNER)

    def error_of(self, call: ContractFunction, sender: LocalAccount) -> str | None:
        """Name of the error that the next block would answer with, None where the call goes through."""
        try:
            self.chain.call(call, sender=sender.address, block="pending")
        except TransactionReverted as error:
            return error.error_name
        return None

    @contextmanager
    def refusing(self, *errors: str):
        """Assert that what happens inside reverts with one of these errors."""
        with pytest.raises(TransactionReverted) as caught:
            yield
        assert {caught.value.error, caught.value.error_name} & set(errors), caught.value.error


def new_bench(*, twin: str | None = None, token: str = "TestToken", chain_id: int = NEAR) -> Bench:
    """A fresh escrow, or its broken twin; everybody has tokens and lets the escrow take them."""
    clock = VirtualClock()
    chain = new_chain(clock, chain_id)
    return bench_on(chain, clock, twin=twin, token=token)


def bench_on(chain: LocalChain, clock: VirtualClock, *, twin: str | None = None, token: str = "TestToken") -> Bench:
    """As `new_bench`, on a chain that exists."""
    escrow = deploy(chain, "SwapEscrow", twin=twin)
    arguments = ("Dollar", "USD", 6) if token == "TestToken" else ()
    bench = Bench(clock=clock, chain=chain, escrow=escrow, token=deploy(chain, token, *arguments))
    for person in PEOPLE:
        chain.transact(bench.token.functions.mint(person.address, 10**12), OWNER)
        chain.transact(bench.token.functions.approve(escrow.address, 2**256 - 1), person)
    clock.advance(max(0, chain.head().timestamp + 1 - clock.now()))
    return bench


_ESCROWS: WeakKeyDictionary[LocalChain, Contract] = WeakKeyDictionary()


def escrow_on(chain: LocalChain) -> Contract:
    """The one escrow of a chain that has nothing to do with swaps otherwise."""
    if chain not in _ESCROWS:
        _ESCROWS[chain] = deploy(chain, "SwapEscrow")
    return _ESCROWS[chain]


def consent(swap: Swap, payee: LocalAccount = PAYEE) -> bytes:
    """The payee's signature under an early refund."""
    return bytes(Account.unsafe_sign_hash(swap.early_refund_digest, payee.key).signature)
