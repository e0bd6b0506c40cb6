"""Rebuilds the exchange's state from kept chain data alone and compares everything that was claimed about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eth_utils.address import to_canonical_address

from bridge.deployment import Deployment
from bridge.errors import BridgeError
from bridge.settlement import QueueItem, Rollup
from chains import ChainError, LocalChain
from chains.audit import audit
from clearspan.kept import KeptRun, open_chains, require_kept
from clearspan.listing import Listing, genesis_inputs, genesis_state
from clearspan.verify.conservation import Holding, Total, holdings, totals
from clearspan.verify.deployed import check_contracts
from clearspan.verify.evidence import forced_item, posted_batches, queue_items
from exchange.engine.invariants import InvariantError, check
from exchange.rollup import RollupError, replay
from exchange.sdk.errors import Rejected
from exchange.state.state import State

Report = Callable[[str], None]

SPEAKING_ERRORS = (Rejected, ChainError, BridgeError, RollupError, InvariantError)
"""What says itself which rule was broken; anything else that tampered data may raise is named by its type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was compared; `detail` says what was found."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The answer: every check up to the first that failed, and what the state came to."""

    checks: tuple[Check, ...]
    state_root: bytes | None
    books: tuple[Holding, ...]
    totals: tuple[Total, ...]

    @property
    def ok(self) -> bool:
        """Whether every check held."""
        return all(row.ok for row in self.checks)

    @property
    def reason(self) -> str:
        """What failed, or nothing."""
        return "; ".join(f"{row.name}: {row.detail}" for row in self.checks if not row.ok)


class _Stop(Exception):  # noqa: N818 - ends the run after a failed check, never leaves this module
    pass


@dataclass(slots=True)
class _Findings:
    """What the checks found so far."""

    report: Report
    checks: list[Check] = field(default_factory=list)
    root: bytes | None = None
    books: tuple[Holding, ...] = ()
    totals: tuple[Total, ...] = ()

    @contextmanager
    def check(self, name: str) -> Iterator[list[str]]:
        """One check: what its block appends to the list is the detail, what it raises is the failure."""
        self.report(name)
        detail: list[str] = []
        try:
            yield detail
        except Exception as error:
            detail = [str(error)] if isinstance(error, SPEAKING_ERRORS) else [f"{type(error).__name__}: {error}"]
            self.checks.append(Check(name=name, ok=False, detail=detail[0]))
            raise _Stop from error
        self.checks.append(Check(name=name, ok=True, detail=", ".join(detail)))


def verify_directory(directory: Path, report: Report = lambda _: None) -> Verification:
    """Check a kept run. Reads the chains' databases and the deployment file and nothing else.

    `report` is told the name of each check as it begins. Raises Rejected(NotADemoDirectory) where there is nothing to
    check; whatever else is wrong is in the answer, which ends with the first check that failed.
    """
    findings = _Findings(report)
    require_kept(directory)
    try:
        with findings.check("deployment file"):
            kept = KeptRun.load(directory)
        with findings.check("databases"):
            chains = open_chains(directory, kept.network)
        try:
            _check_run(findings, kept, chains)
        finally:
            for chain in chains.values():
                chain.close()
    except _Stop:
        pass
    return Verification(
        checks=tuple(findings.checks), state_root=findings.root, books=findings.books, totals=findings.totals
    )


def _check_run(findings: _Findings, kept: KeptRun, chains: dict[int, LocalChain]) -> None:
    network = kept.network
    settlement = chains[network.settlement.chain_id]
    for entry in network.chains:
        with findings.check(f"chain {entry.name}") as detail:
            detail.append(_audited(chains[entry.chain_id], entry.validators))
    with findings.check("contracts") as detail:
        detail.append(f"{check_contracts(network, chains)} contracts are ours and know each other")
    with findings.check("genesis") as detail:
        state = _genesis(settlement, network, kept.exchange)
        detail.append(f"0x{state.root.hex()}")
    with findings.check("forced items") as detail:
        items = queue_items(settlement, network)
        detail.append(f"{len(items)} items, each with a proven hash")
    with findings.check("batches") as detail:
        batches = posted_batches(settlement, network)
        detail.append(f"{len(batches)} batches, each with a proven commitment")
    with findings.check("state roots") as detail:
        result = replay(state, batches, [forced_item(item) for item in items])
        if result.difference is not None:
            raise Rejected("RootsDiffer", str(result.difference))
        detail.append(f"{result.segments} segments, {result.steps} steps, {result.forced_items} forced items")
    with findings.check("final root") as detail:
        claimed = _rollup_root(settlement, network, "latestRoot")
        if claimed != result.root:
            raise Rejected("RootsDiffer", f"the rollup ends in 0x{claimed.hex()}, the state in 0x{result.root.hex()}")
        findings.root = result.root
        detail.append(f"0x{result.root.hex()}")
    with findings.check("invariants") as detail:
        check(state)
        detail.append("positions, books and sums agree")
    with findings.check("conservation") as detail:
        _conserve(findings, network, chains, state, items)
        detail.append(f"{len(findings.books)} vault balances, {len(findings.totals)} tokens")


def _audited(chain: LocalChain, validators: Sequence[str]) -> str:
    """Every block re-executed, every header linked, and sealed by the validators of the deployment file."""
    found = audit(chain)
    expected = tuple(to_canonical_address(address) for address in validators)
    for number in range(1, found.blocks + 1):
        if chain.header(number).validators != expected:
            raise Rejected("ValidatorsDiffer", f"block {number} is sealed by others than the deployment names")
    return f"{found.blocks} blocks, {found.transactions} transactions"


def _genesis(settlement: LocalChain, network: Deployment, listing: Listing) -> State:
    state = genesis_state(listing, genesis_inputs(network, listing))
    claimed = _rollup_root(settlement, network, "genesisRoot")
    if state.root != claimed:
        raise Rejected(
            "GenesisDiffers", f"the file describes 0x{state.root.hex()}, the rollup began at 0x{claimed.hex()}"
        )
    return state


def _rollup_root(settlement: LocalChain, network: Deployment, name: str) -> bytes:
    contract = Rollup(settlement, network.settlement.rollup).contract
    return bytes(settlement.call(contract.functions[name]()))


def _conserve(
    findings: _Findings,
    network: Deployment,
    chains: dict[int, LocalChain],
    state: State,
    items: Sequence[QueueItem],
) -> None:
    findings.books = tuple(holdings(network, chains, state, items))
    findings.totals = tuple(totals(findings.books, state))
    wrong = [f"{row.symbol} on {row.chain} by {row.difference}" for row in findings.books if row.difference]
    wrong += [f"{row.symbol} by {row.difference}" for row in findings.totals if row.difference]
    wrong += [f"{row.symbol} on {row.chain}, of which {row.missing} are gone" for row in findings.books if row.missing]
    if wrong:
        raise Rejected("NotConserved", ", ".join(wrong))
