"""An independent reader of final blocks that alarms, freezes lied-to clients and pauses vaults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector
from web3.contract import Contract

from bridge.errors import BridgeError
from bridge.light_clients import LightClient
from bridge.mailbox import Mailbox
from bridge.registry import Deployment
from bridge.settlement import ForcedQueue
from bridge.vaults import Vault
from chains.chain import Chain
from chains.errors import ChainError
from relayers.reports import Did, Journal, StepReport, WaitsFor
from relayers.store import Store
from relayers.submitter import Submitter
from relayers.watching.alarms import AlarmBook
from relayers.watching.answering import Answerer
from relayers.watching.answers import AnswerCheck
from relayers.watching.checks import Check
from relayers.watching.credits import CreditCheck
from relayers.watching.headers import HeaderCheck
from relayers.watching.holdings import HoldingsCheck
from relayers.watching.outflow import OutflowCheck
from relayers.watching.privileged_calls import PrivilegedCallCheck
from relayers.watching.releases import ReleaseCheck
from relayers.watching.sent_packets import SentPackets

PRIVILEGED = frozenset(
    {
        "acceptOwnership", "activateRoute", "addRoute", "cancelCaps", "cancelRoute", "disableRoute", "lowerCaps",
        "pause", "propose", "proposeCaps", "proposeRoute", "registerAsset", "registerVault", "renounceOwnership",
        "setGuardian", "setPoster", "transferOwnership", "unpause",
    }
)  # fmt: skip
"""Functions that only an owner or a guardian may call."""
SETTLEMENT_CONTRACTS = {
    "forced_queue": "ForcedQueue",
    "rollup": "Rollup",
    "outbox": "WithdrawalOutbox",
    "ledger": "ChainLedger",
}


Spender = LocalAccount | Mapping[int, Submitter]
"""Who pays for evidence or pauses: an account, or submitters by chain id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPolicy:
    """What is expected. outflow_max: base units per asset and window, by chain id and token (zero address: ether)."""

    outflow_max: Mapping[int, Mapping[ChecksumAddress, int]] = field(default_factory=dict)
    outflow_window_seconds: int = 3_600
    privileged_failures_max: int = 3
    privileged_window_seconds: int = 3_600
    pause_seconds: int = 3_600


class Watcher:
    """Alarms once for each thing that should never be. `guardian` pauses every vault then; without one it only cries.

    Reads chains of its own: give it other endpoints than the relayers have. Its database may be lost: it reads anew.
    """

    def __init__(  # noqa: PLR0913 - ports
        self,
        store: Store,
        deployment: Deployment,
        chains: Mapping[int, Chain],
        *,
        signer: Spender,
        guardian: Spender | None = None,
        policy: WatchPolicy | None = None,
    ) -> None:
        self.alarms = AlarmBook(store)
        self._deployment = deployment
        self._chains = chains
        self._policy = policy or WatchPolicy()
        mailboxes = {entry.chain_id: Mailbox(chains[entry.chain_id], entry.mailbox) for entry in deployment.chains}
        first = {entry.chain_id: entry.deployed_at for entry in deployment.chains}
        self._sent = SentPackets(store, mailboxes, first)
        self._vaults = [Vault(chains[entry.chain_id], entry.vault) for entry in deployment.vaults]
        self._clients = {
            client.key: (client, chains[followed])
            for entry in deployment.chains
            for followed, address in entry.clients.items()
            for client in [LightClient(chains[entry.chain_id], address)]
        }
        self._checks = list(self._make_checks(store, mailboxes, first))
        self._answerer = Answerer(
            self._clients,
            self._vaults,
            accusers=_submitters(store, chains, signer),
            guardians=None if guardian is None else _submitters(store, chains, guardian),
            pause_seconds=self._policy.pause_seconds,
        )

    def step(self) -> StepReport:
        """Read what is new everywhere, raise what is alarming, answer what is open.

        A chain that is down hides nothing of the others.
        """
        journal = Journal()
        for chain_id in self._chains:
            try:
                self._sent.read(chain_id)
                self._sent.settle(chain_id)
            except (ChainError, BridgeError) as error:
                journal.waits_for(WaitsFor.CHAIN, self._chains[chain_id].name, str(error))
        for check in self._checks:
            try:
                for alarm in check.look():
                    if self.alarms.raise_alarm(alarm):
                        journal.did(Did.ALARMED, alarm.subject, f"{alarm.kind} on {alarm.chain_id}: {alarm.detail}")
            except (ChainError, BridgeError) as error:
                journal.waits_for(WaitsFor.CHAIN, type(check).__name__, str(error))
        self._answerer.tend(journal)
        for alarm in list(self.alarms.unanswered()):
            if self._answerer.answer(journal, alarm):
                self.alarms.answered(alarm)
        return journal.report()

    def _make_checks(self, store: Store, mailboxes: Mapping[int, Mailbox], first: Mapping[int, int]) -> Iterator[Check]:
        settlement, policy = self._deployment.settlement, self._policy
        for vault in self._vaults:
            chain_id = vault.chain.chain_id
            yield ReleaseCheck(
                store,
                vault,
                self._sent,
                settlement_chain=settlement.chain_id,
                outbox=settlement.outbox,
                first_block=first[chain_id],
            )
            yield HoldingsCheck(vault, [asset.token for asset in self._deployment.assets if asset.chain_id == chain_id])
            if chain_id in policy.outflow_max:
                yield OutflowCheck(
                    store,
                    vault,
                    policy.outflow_max[chain_id],
                    window_seconds=policy.outflow_window_seconds,
                    first_block=first[chain_id],
                )
        queue = ForcedQueue(self._chains[settlement.chain_id], settlement.forced_queue)
        yield CreditCheck(store, queue, self._deployment, self._sent)
        for client, follows in self._clients.values():
            yield HeaderCheck(store, client, follows, first[client.chain.chain_id])
        for chain_id, mailbox in mailboxes.items():
            yield AnswerCheck(store, mailbox, self._sent, first[chain_id])
            yield PrivilegedCallCheck(
                mailbox.chain,
                self._selectors(chain_id, mailbox),
                limit=policy.privileged_failures_max,
                window_seconds=policy.privileged_window_seconds,
            )

    def _selectors(self, chain_id: int, mailbox: Mailbox) -> dict[ChecksumAddress, frozenset[bytes]]:
        contracts = [mailbox.contract, *(vault.contract for vault in self._vaults if vault.chain.chain_id == chain_id)]
        settlement = self._deployment.settlement
        if chain_id == settlement.chain_id:
            chain = self._chains[chain_id]
            contracts += [chain.contract(name, getattr(settlement, at)) for at, name in SETTLEMENT_CONTRACTS.items()]
        return {contract.address: _privileged_selectors(contract) for contract in contracts}


def _submitters(store: Store, chains: Mapping[int, Chain], spender: Spender) -> Mapping[int, Submitter]:
    if isinstance(spender, LocalAccount):
        return {chain_id: Submitter(store, chain, [spender]) for chain_id, chain in chains.items()}
    return spender


def _privileged_selectors(contract: Contract) -> frozenset[bytes]:
    return frozenset(
        bytes(function_abi_to_4byte_selector(entry))
        for entry in contract.abi
        if entry["type"] == "function" and entry["name"] in PRIVILEGED
    )
