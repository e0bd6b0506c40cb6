"""`python -m tests.soak.broken FAULT relayer start ...`: the relayer with one of its safeguards taken out."""

import sys

from clearspan.cli import main
from relayers import packet_claims, states
from relayers.acknowledgement import Acknowledger
from relayers.delivery import Deliverer
from relayers.packet_store import PacketStore
from relayers.submitter import budget
from relayers.tables import PacketRow


def without_claims():
    """Replicas work on each other's packets, write each other's rows, and do not look at what is pending."""
    packet_claims.CLAIM_SECONDS = -1
    for state in states.PacketState:
        states.TRANSITIONS[state] = frozenset(states.PacketState)
    PacketStore._mine = lambda store, session, packet_id: session.get_one(
        PacketRow, (store._lane, packet_id), with_for_update=True
    )
    Deliverer._unanswered = lambda _deliverer, _journal, packets: list(packets)
    Acknowledger._untold = lambda _acknowledger, packets: list(packets)


def without_budget():
    """Nothing is too much for a day."""
    reserve = budget.reserve
    budget.reserve = lambda session, row, wei, *, limit: reserve(session, row, wei, limit=None)


FAULTS = {"claims": without_claims, "budget": without_budget}

if __name__ == "__main__":
    FAULTS[sys.argv.pop(1)]()
    main()
