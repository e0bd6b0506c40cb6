"""What the relayers raise themselves; what the chains raise passes through as `chains.errors`.

RelayerError
├── IllegalTransition(before, after)   a row was moved against its state machine
├── ForeignDatabase(found)             the database belongs to other software or another version
├── Superseded(role)                   another replica does this now; nothing was written
├── NameTaken(role)                    a newer process has this replica's name; this one ends
└── NotNow(waits_for)                  nothing is wrong, but something has to happen first
"""

from relayers.reports import WaitsFor


class RelayerError(Exception):
    """Root of the relayers' own errors."""


class IllegalTransition(RelayerError):  # noqa: N818  named after what happened
    """A row was moved against its state machine; a defect of this code."""

    def __init__(self, before: str, after: str) -> None:
        super().__init__(f"{before} -> {after}")
        self.before = before
        self.after = after


class ForeignDatabase(RelayerError):  # noqa: N818  as above
    """The database carries another schema version."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"schema version {found}, expected {expected}")
        self.found = found
        self.expected = expected


class Superseded(RelayerError):  # noqa: N818  as above
    """The lease or the claim under which this was to be written is another's by now."""

    def __init__(self, role: str) -> None:
        super().__init__(f"{role} is another's by now")
        self.role = role


class NameTaken(RelayerError):  # noqa: N818  as above
    """A newer process runs under this replica's name: this one writes no more, and ends."""

    def __init__(self, role: str) -> None:
        super().__init__(f"{role} is a newer process by now")
        self.role = role


class NotNow(RelayerError):  # noqa: N818  as above
    """Nothing was spent; `waits_for` names what has to happen first, in words a person can act on with `detail`."""

    def __init__(self, waits_for: WaitsFor, detail: str = "") -> None:
        super().__init__(f"waits for {waits_for}: {detail}" if detail else f"waits for {waits_for}")
        self.waits_for = waits_for
        self.detail = detail
