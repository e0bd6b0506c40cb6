"""What the relayers raise themselves; what the chains raise passes through as `chains.errors`.

RelayerError
├── IllegalTransition(before, after)   a row was moved against its state machine
└── ForeignDatabase(found)             the database belongs to other software or another version
"""


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

    def __init__(self, found: int, expected: int) -> None:
        super().__init__(f"schema version {found}, expected {expected}")
        self.found = found
        self.expected = expected
