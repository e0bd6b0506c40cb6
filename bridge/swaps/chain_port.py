"""A chain's escrow as one party meets it: reads legs from the logs, submits locks, claims and refunds."""

from collections.abc import Callable

from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction

from bridge.abi import ZERO_ADDRESS
from bridge.swaps.escrow import SwapEscrow
from bridge.swaps.legs import Leg
from bridge.swaps.machine import LegView
from bridge.swaps.observing import Watch, is_hash_used, view_of
from bridge.swaps.terms import Swap
from chains.chain import Chain

APPROVE_GAS = 100_000
LOCK_GAS = 400_000
END_GAS = 500_000
"""A claim or a refund: two pushes of 50,000 gas, and a token that does something odd."""


Send = Callable[[ContractFunction, int, int, int | None], object]
"""Submits a call of the wallet's with so much gas and wei, of no use from a time on (seconds; None: for ever)."""


class ChainPort:
    """The escrow of one chain, for one wallet. `first_block` is the first whose logs matter.

    send: what submits, and replaces what is stuck below the fee; by default nothing is replaced.
    """

    def __init__(
        self, escrow: SwapEscrow, wallet: LocalAccount, *, first_block: int = 0, send: Send | None = None
    ) -> None:
        self._escrow = escrow
        self._wallet = wallet
        self._submit = send or self._send_once
        self._watch = Watch(escrow=escrow, first_block=first_block)

    @property
    def chain(self) -> Chain:
        """The chain it is on."""
        return self._escrow.chain

    def now(self) -> int:
        """The later of the clock and the newest block."""
        return max(self.chain.clock.now(), self.chain.head().timestamp)

    def view(self, leg: Leg) -> LegView:
        """From the logs at the head and at the newest final block."""
        return view_of(self._watch.records(), leg.identifier)

    def is_hash_used(self, hashlock: bytes, *but: Leg) -> bool:
        """See `observing.is_hash_used`, in this escrow."""
        newest, _ = self._watch.records()
        return is_hash_used(newest.values(), hashlock, *but)

    def has_funds(self, leg: Leg) -> bool:
        """Token and ether together; gas comes on top."""
        swap = _swap(leg)
        return self.balance(swap.asset) >= swap.amount and self.balance(ZERO_ADDRESS) >= _value(swap)

    def balance(self, asset: str) -> int:
        """What the wallet has of an asset, in base units, at the head."""
        if asset == ZERO_ADDRESS:
            return int(self.chain.w3.eth.get_balance(self._wallet.address))
        token = self.chain.contract("TestToken", asset)
        return int(self.chain.call(token.functions.balanceOf(self._wallet.address)))

    def lock(self, leg: Leg) -> None:
        """Approves what is not approved yet, and locks."""
        swap = _swap(leg)
        if swap.asset != ZERO_ADDRESS:
            token = self.chain.contract("TestToken", swap.asset)
            allowed = self.chain.call(token.functions.allowance(self._wallet.address, self._escrow.address))
            if allowed < swap.amount:
                approve = token.functions.approve(self._escrow.address, swap.amount)
                self._submit(approve, APPROVE_GAS, 0, swap.timelocks.claim_from)
        lock = self._escrow.contract.functions.lock(swap.as_abi())
        self._submit(lock, LOCK_GAS, _value(swap), swap.timelocks.claim_from)

    def claim(self, leg: Leg, preimage: bytes) -> None:
        """Claims for the payee."""
        swap = _swap(leg)
        claim = self._escrow.contract.functions.claim(swap.as_abi(), preimage)
        self._submit(claim, END_GAS, 0, swap.timelocks.refund_from)

    def refund(self, leg: Leg) -> None:
        """Takes back."""
        self._submit(self._escrow.contract.functions.refund(_swap(leg).as_abi()), END_GAS, 0, None)

    def _send_once(self, call: ContractFunction, gas: int, value: int, _deadline: int | None) -> None:
        self.chain.send(call, self._wallet, gas=gas, value=value)


def _swap(leg: Leg) -> Swap:
    if not isinstance(leg, Swap):
        raise TypeError(type(leg).__name__)
    return leg


def _value(swap: Swap) -> int:
    return swap.safety_deposit + (swap.amount if swap.asset == ZERO_ADDRESS else 0)
