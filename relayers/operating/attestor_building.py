"""Builds attestors and carriers of their approvals from the configuration."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

from bridge.attestations import AttestationDomain
from bridge.registry import Address
from chains.sign_record import SqliteSignRecord
from relayers.attesting import ApprovalBook, ApprovalSource, AttestationCarrier, AttestedClient, Attestor, HttpApprovals
from relayers.operating.assembly import Assembly
from relayers.operating.config import Name, Positive, Section
from relayers.reports import Daemon


class AttestedSection(Section):
    """One attestation client: on which chain, and what of which other chain it believes."""

    on: Name
    client: Address
    follows: Name
    contract: Address


class AttestorOptions(Section):
    """`options` of `[daemons.attestor]`. record: where what was signed is kept, best on a disk of its own."""

    clients: tuple[AttestedSection, ...]
    record: Path
    witness: Path | None = None
    interval_seconds: Positive = 60
    approval_seconds: Positive = 1_800


class CarrierOptions(Section):
    """`options` of `[daemons.carrier]`. sources: the `/approvals` addresses of other attestors."""

    clients: tuple[AttestedSection, ...]
    sources: tuple[str, ...] = ()


def build_attestors(assembly: Assembly) -> Mapping[str, Daemon]:
    """One attestor a client; their books are served under `/approvals/CLIENT`. One record for each followed chain."""
    options = assembly.options("attestor", AttestorOptions)
    named: dict[str, Daemon] = {}
    for section, client, domain in _clients(assembly, options.clients):
        record = assembly.hold(
            f"attestations of {section.follows}",
            partial(_open_record, options.record, options.witness, section.follows),
        )
        attestor = Attestor(
            assembly.store,
            client=client,
            follows=assembly.chains[section.follows],
            domain=domain,
            key=assembly.signer("attestor"),
            record=record,
            interval_seconds=options.interval_seconds,
            approval_seconds=options.approval_seconds,
        )
        assembly.served[f"/approvals/{client.address}"] = attestor.book.served
        named[f"attestor {section.follows}@{section.on}"] = attestor
    return named


def build_carriers(assembly: Assembly) -> Mapping[str, Daemon]:
    """One carrier a client; it reads this process's own book too."""
    options = assembly.options("carrier", CarrierOptions)
    named: dict[str, Daemon] = {}
    for section, client, domain in _clients(assembly, options.clients):
        sources: list[ApprovalSource] = [ApprovalBook(assembly.store, client.key)]
        sources += [HttpApprovals(f"{url.rstrip('/')}/{client.address}") for url in options.sources]
        named[f"carrier {section.follows}@{section.on}"] = AttestationCarrier(
            assembly.store,
            client=client,
            domain=domain,
            sources=sources,
            signer=assembly.submitter("carrier", section.on),
            first_block=assembly.entry(section.on).deployed_at,
        )
    return named


def _clients(
    assembly: Assembly, sections: tuple[AttestedSection, ...]
) -> Iterator[tuple[AttestedSection, AttestedClient, AttestationDomain]]:
    for section in sections:
        domain = AttestationDomain(
            client_chain_id=assembly.config.chains[section.on].chain_id,
            client=section.client,
            attested_chain_id=assembly.config.chains[section.follows].chain_id,
            attested_contract=section.contract,
        )
        yield section, AttestedClient(assembly.chains[section.on], section.client), domain


def _open_record(path: Path, witness: Path | None, chain: str) -> SqliteSignRecord:
    return SqliteSignRecord(_beside(path, chain), witness=None if witness is None else _beside(witness, chain))


def _beside(path: Path, chain: str) -> Path:
    return path.with_name(f"{path.stem}-{chain}{path.suffix}")
