"""What a swap daemon submits goes through submitters: bumped while stuck, within the budget, kept over restarts."""

from collections.abc import Mapping

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.contract.contract import ContractFunction

from bridge.swaps.chain_port import Send
from chains.chain import Chain
from chains.web3_chain import target_of
from relayers.reports import Daemon, Journal, StepReport
from relayers.store import Store
from relayers.submitter import Errand, ErrandKind, Submitter, SubmitterPolicy


class SwapSender:
    """The submitters of one wallet by chain id, and what a `ChainPort` sends through on each chain."""

    def __init__(
        self,
        store: Store,
        chains: Mapping[int, Chain],
        wallet: LocalAccount,
        policies: Mapping[int, SubmitterPolicy] | None = None,
    ) -> None:
        known = policies or {}
        self.submitters = {
            chain_id: Submitter(store, chain, [wallet], policy=known.get(chain_id))
            for chain_id, chain in chains.items()
        }

    @property
    def sends(self) -> dict[int, Send]:
        """By chain id."""
        return {chain_id: sending(submitter) for chain_id, submitter in self.submitters.items()}

    def tend(self, journal: Journal) -> None:
        """See what became of what was sent."""
        for submitter in self.submitters.values():
            submitter.tend(journal)


class Tended:
    """A daemon that spends through these submitters: each of its steps begins with what became of the last ones."""

    def __init__(self, daemon: Daemon, sender: SwapSender) -> None:
        self._daemon = daemon
        self._sender = sender

    def step(self) -> StepReport:
        """Tend, then step."""
        journal = Journal()
        self._sender.tend(journal)
        journal.include(self._daemon.step())
        return journal.report()


def sending(submitter: Submitter) -> Send:
    """Sends a call once while it is on its way, and anew when it came to nothing. Raises NotNow besides ChainErrors."""

    def send(call: ContractFunction, gas: int, value: int, deadline: int | None) -> None:
        recipient, payload, _ = target_of(call)
        subject = keccak(f"{recipient} {value} ".encode() + payload)
        if not submitter.is_pending(ErrandKind.SWAP, subject):
            errand = Errand(kind=ErrandKind.SWAP, subjects=(subject,), gas=gas, value=value, deadline=deadline)
            submitter.submit(call, errand)

    return send
