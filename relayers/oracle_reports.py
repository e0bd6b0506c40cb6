"""Reports that oracles of several operators sign each for itself, and whoever collects enough of them publishes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Protocol

import msgspec
import requests
import structlog

from exchange.engine import SECP256K1, Signer, sign_report
from exchange.engine.steps import REPORT, oracle_report_hash
from exchange.state.config import Domain
from exchange.state.hashing import keccak256
from relayers.ports import PriceSource, SourcePrice

ANSWER_BYTES_MAX = 262_144
KEPT_TIMES = 4
"""Reports of so many times are offered for each underlying, the newest."""


class SignedReport(msgspec.Struct, frozen=True):
    """One oracle's word on an underlying at a time in seconds; `report` is its part of the step, in hex."""

    underlying: Annotated[int, msgspec.Meta(ge=0, le=65_535)]
    time: Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]
    report: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{162}$")]

    def signer(self, domain: Domain) -> bytes | None:
        """Who signed it, by address."""
        price, confidence, r, s, v = REPORT.unpack(bytes.fromhex(self.report))
        digest = keccak256(domain.prefix + oracle_report_hash(self.underlying, price, confidence, self.time))
        return SECP256K1.recover(digest, r, s, v)


def signed_part(signer: Signer, domain: Domain, underlying: int, price: SourcePrice, time: int) -> bytes:
    """An oracle's part of a report: what its source says, at a time in seconds no later than its own."""
    return sign_report(
        signer, domain, underlying=underlying, price=price.price_e8, time=time, confidence=price.confidence_e8
    )


class ReportSource(Protocol):
    """Where signed reports come from."""

    def reports(self, underlying: int) -> Iterable[SignedReport]:
        """The newest ones of an underlying; nothing where nobody answers."""
        ...


class Reporter:
    """Signs this operator's prices at times on a grid, so that others sign for the same times; once for each.

    keys: each with where it has its prices from. No price is said to be newer than it is.
    """

    def __init__(self, keys: Sequence[tuple[Signer, PriceSource]], domain: Domain, *, grid_seconds: int) -> None:
        self._keys = keys
        self._domain = domain
        self._grid_seconds = grid_seconds
        self._signed: dict[tuple[bytes, int], dict[int, SignedReport]] = {}

    def reports(self, underlying: int) -> list[SignedReport]:
        """See ReportSource; signs what is new first."""
        for signer, source in self._keys:
            price = source.latest(underlying)
            signed = self._signed.setdefault((signer.address, underlying), {})
            time = 0 if price is None else price.time - price.time % self._grid_seconds
            if price is None or price.price_e8 <= 0 or time in signed:
                continue
            part = signed_part(signer, self._domain, underlying, price, time)
            signed[time] = SignedReport(underlying=underlying, time=time, report=part.hex())
            for old in sorted(signed)[:-KEPT_TIMES]:
                del signed[old]
        return [
            one for (_, number), kept in list(self._signed.items()) if number == underlying for one in kept.values()
        ]

    def served(self) -> dict[str, Any]:
        """What it signed last, for the status port."""
        kept = [one for signed in list(self._signed.values()) for one in list(signed.values())]
        return {"reports": msgspec.to_builtins(kept)}


class HttpReports:
    """Another operator's reports: `GET url` answers what `Reporter.served` gives. Only signatures count."""

    def __init__(self, url: str, *, timeout_seconds: float = 2.0) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds

    def reports(self, underlying: int) -> list[SignedReport]:
        """See ReportSource."""
        try:
            with requests.get(self._url, timeout=self._timeout_seconds, stream=True, allow_redirects=False) as answer:
                answer.raise_for_status()
                body = answer.raw.read(ANSWER_BYTES_MAX, decode_content=True)
            found = msgspec.json.decode(body, type=dict[str, list[SignedReport]])
        except (OSError, msgspec.MsgspecError) as error:
            structlog.get_logger().debug("no reports", source=self._url, error=type(error).__name__)
            return []
        return [one for one in found.get("reports", []) if one.underlying == underlying]


def quorum_of(
    reports: Iterable[SignedReport], domain: Domain, *, known: Sequence[bytes], needed: int, after: int
) -> tuple[int, list[bytes]] | None:
    """The newest time for which enough known oracles signed, and their parts by ascending address; None without one.

    after: a time in seconds; what was signed for it, or for an earlier one, says nothing new.
    """
    by_time: dict[int, dict[bytes, bytes]] = {}
    for one in reports:
        if one.time <= after:
            continue
        signer = one.signer(domain)
        if signer is not None and signer in known:
            by_time.setdefault(one.time, {}).setdefault(signer, bytes.fromhex(one.report))
    enough: Mapping[int, dict[bytes, bytes]] = {time: parts for time, parts in by_time.items() if len(parts) >= needed}
    if not enough:
        return None
    newest = max(enough)
    return newest, [part for _, part in sorted(enough[newest].items())]
