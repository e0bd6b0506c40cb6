"""Routes and chains on which nothing is spent until an operator says so."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from relayers.errors import NotNow
from relayers.reports import WaitsFor
from relayers.tables import PauseRow


def route_scope(route: str) -> str:
    """Names a route, or a lane, by its key `source->destination/epoch`."""
    return f"route {route}"


def chain_scope(chain_id: int) -> str:
    """Names a chain."""
    return f"chain {chain_id}"


def require_open(session: Session, *scopes: str) -> None:
    """Raises `NotNow(PAUSE)` where one of the scopes is paused."""
    found = session.scalars(select(PauseRow).where(PauseRow.scope.in_(scopes)).order_by(PauseRow.scope)).first()
    if found is not None:
        raise NotNow(WaitsFor.PAUSE, f"{found.scope} since {found.since}" + (f": {found.note}" if found.note else ""))
