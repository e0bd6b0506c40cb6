"""Who does what only one may do at a time: a row per role, with an epoch that a stale leader's writes do not carry."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from relayers.dialects import insert_new
from relayers.tables import LeaseRow

LEASE_SECONDS = 30
"""A replica that has been silent for so long is taken over. A step must not take longer."""
RENEW_SECONDS = 15
"""A lease with less than this left is renewed, so that not every step writes."""
FOR_EVER = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A role held in an epoch."""

    role: str
    holder: str
    epoch: int


def take(session: Session, role: str, holder: str) -> Lease:
    """Take a role from whoever has it."""
    return _write(session, role, holder, FOR_EVER)


def renew(session: Session, role: str, holder: str, now: int) -> Lease | None:
    """Hold a role for `LEASE_SECONDS` from `now`, or None while another holder's lease runs."""
    row = session.get(LeaseRow, role, with_for_update=True)
    if row is not None:
        if row.holder != holder and row.until > now:
            return None
        if row.holder == holder and now + RENEW_SECONDS <= row.until <= now + LEASE_SECONDS:
            return Lease(role=role, holder=holder, epoch=row.epoch)
    elif insert_new(session, LeaseRow, role=role, holder=holder, epoch=1, until=now + LEASE_SECONDS):
        return Lease(role=role, holder=holder, epoch=1)
    else:
        return None
    if row.holder == holder:
        row.until = now + LEASE_SECONDS
        return Lease(role=role, holder=holder, epoch=row.epoch)
    return _write(session, role, holder, now + LEASE_SECONDS)


def _write(session: Session, role: str, holder: str, until: int) -> Lease:
    insert_new(session, LeaseRow, role=role, holder=holder, epoch=0, until=until)
    row = session.get_one(LeaseRow, role, with_for_update=True, populate_existing=True)
    row.holder, row.epoch, row.until = holder, row.epoch + 1, until
    session.flush()
    return Lease(role=role, holder=holder, epoch=row.epoch)
