"""Gas of the escrow's calls, for the snapshot: what is pushed, what is credited and pulled, and batches of ten."""

from typing import Protocol

from eth_account.signers.local import LocalAccount

from bridge.swaps.terms import Swap
from chains.chain import Sendable
from chains.local import LocalChain
from tests.contracts.harness import OWNER, STRANGER, ZERO
from tests.contracts.swapping import ACCEPT, DEPOSIT, LOCKER, PAYEE, REFUSE, Bench, consent, new_bench

BATCH = 10


class Meter(Protocol):
    """Whoever writes down what a call costs."""

    def run(self, name: str, chain: LocalChain, call: Sendable, sender: LocalAccount, value: int = 0) -> int: ...


def measure_swaps(meter: Meter) -> None:
    """Every call of the escrow, with tokens and people that have been there before where nothing else is said."""
    _ordinary(meter)
    _batches(meter)
    _pulled(meter)


def _ordinary(meter: Meter) -> None:
    bench = new_bench()
    call, chain = bench.escrow.functions, bench.chain
    first, secret = bench.offer()
    meter.run("SwapEscrow.lock, token, first", chain, call.lock(first.as_abi()), LOCKER, DEPOSIT)
    swaps: dict[str, tuple[Swap, bytes]] = {}
    for name, changed in {
        "token": {},
        "token, no deposit": {"safety_deposit": 0},
        "token, new payee": {"payee": "0x" + "11" * 20, "safety_deposit": 0},
        "ether": {"asset": ZERO},
    }.items():
        swap, preimage = swaps[name] = bench.offer(**changed)
        value = swap.safety_deposit + (swap.amount if swap.asset == ZERO else 0)
        meter.run(f"SwapEscrow.lock, {name}", chain, call.lock(swap.as_abi()), LOCKER, value)
    early, _ = bench.locked()
    back, _ = bench.locked()
    bench.at(back.timelocks.public_claim_from)
    for name, (swap, preimage) in swaps.items():
        meter.run(f"SwapEscrow.claim, {name}", chain, call.claim(swap.as_abi(), preimage), PAYEE)
    meter.run("SwapEscrow.claim, token, by anyone", chain, call.claim(first.as_abi(), secret), STRANGER)
    meter.run("SwapEscrow.refundEarly, token", chain, call.refundEarly(early.as_abi(), consent(early)), LOCKER)
    bench.at(back.timelocks.refund_from)
    meter.run("SwapEscrow.refund, token", chain, call.refund(back.as_abi()), LOCKER)


def _batches(meter: Meter) -> None:
    for name, changed in {
        "token": {},
        "token, no deposit": {"safety_deposit": 0},
        "ether": {"asset": ZERO},
    }.items():
        bench = new_bench()
        bench.locked()  # the escrow keeps something of the token
        pairs = [bench.locked(**changed) for _ in range(BATCH)]
        bench.at(pairs[-1][0].timelocks.claim_from)
        entries = [swap.as_batched(preimage) for swap, preimage in pairs]
        claim = bench.escrow.functions.claimBatch(PAYEE.address, pairs[0][0].asset, entries)
        meter.run(f"SwapEscrow.claimBatch, {BATCH} x {name}", bench.chain, claim, PAYEE)


def _pulled(meter: Meter) -> None:
    """What it would cost to credit and pull always: the payee refuses, then pulls."""
    bench = new_bench(token="FickleToken")
    wallet = bench.wallet(REFUSE)
    swap, preimage = bench.locked(asset=ZERO, payee=wallet.address, safety_deposit=0)
    token, secret = bench.locked(safety_deposit=0)
    bench.at(token.timelocks.public_claim_from)
    call, chain = bench.escrow.functions, bench.chain
    meter.run("SwapEscrow.claim, ether, credited", chain, call.claim(swap.as_abi(), preimage), STRANGER)
    bench.configure(wallet, ACCEPT)
    meter.run("SwapEscrow.withdraw, ether", chain, call.withdraw(wallet.address, ZERO), STRANGER)
    chain.transact(bench.token.functions.pause(True), OWNER)
    meter.run("SwapEscrow.claim, token, credited", chain, call.claim(token.as_abi(), secret), PAYEE)
    chain.transact(bench.token.functions.pause(False), OWNER)
    _withdraw_token(meter, bench)


def _withdraw_token(meter: Meter, bench: Bench) -> None:
    call = bench.escrow.functions.withdraw(PAYEE.address, bench.token.address)
    meter.run("SwapEscrow.withdraw, token", bench.chain, call, PAYEE)
