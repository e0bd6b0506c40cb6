"""What an operator is told instead of having it done.

RelayerError
├── Rejected        the request is wrong; `reason` names the rule it broke
│   └── ConfigRejected  carries every problem of the file with its path
└── Unavailable     try again later
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from relayers.errors import RelayerError


class Reason(StrEnum):
    """Why an operator's request was refused; names are stable."""

    CONFIG_INVALID = "ConfigInvalid"
    """The configuration file breaks one or more rules."""
    DEVELOPMENT_KEY = "DevelopmentKey"
    """A key that everybody knows was to sign on a chain that is not for development."""
    EXPOSED_FILE = "ExposedFile"
    """A file with a secret can be read by others than its owner."""
    FILE_EXISTS = "FileExists"
    """A file would be overwritten."""
    FILE_MISSING = "FileMissing"
    """A file cannot be read."""
    KEYSTORE_MALFORMED = "KeystoreMalformed"
    """The file is no encrypted keystore."""
    NEEDS_RESTART = "NeedsRestart"
    """The change is one that a running process cannot take."""
    NOT_POSSIBLE = "NotPossible"
    """The packet is in a state in which this cannot be done."""
    NO_SUCH_PACKET = "NoSuchPacket"
    """The relayer knows no such packet, or several that begin so."""
    NO_PASSWORD = "NoPassword"  # noqa: S105 - a reason, no password
    """Nobody said how to unlock a keystore."""
    NOT_RUNNING = "NotRunning"
    """No relayer answers at the configured address."""
    TIMED_OUT = "TimedOut"
    """The relayer did not confirm in time."""
    UNKNOWN_DAEMON = "UnknownDaemon"
    """No daemon has this name."""
    UNKNOWN_ROUTE = "UnknownRoute"
    """No configured route has this name."""
    UNKNOWN_SIGNER = "UnknownSigner"
    """A daemon needs a signer that the configuration does not name."""
    WRONG_PASSWORD = "WrongPassword"  # noqa: S105
    """The password does not unlock the keystore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a configuration: where, as keys joined by dots, and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Rejected(RelayerError):  # noqa: N818 - named after the answer
    """The request is wrong and stays wrong."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else str(reason))
        self.reason = reason
        self.message = message


class ConfigRejected(Rejected):
    """A configuration that breaks rules; all of them are named."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(Reason.CONFIG_INVALID, "; ".join(map(str, problems)))
        self.problems = tuple(problems)


class Unavailable(RelayerError):  # noqa: N818
    """Nothing was done; try again later."""

    def __init__(self, reason: Reason, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else str(reason))
        self.reason = reason
        self.message = message
