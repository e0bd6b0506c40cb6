"""What the bridge refuses, and why.

BridgeError
├── Rejected(reason, detail)      the bytes, the file or the plan break a rule; trying again changes nothing
└── Unavailable(reason, detail)   the chains are not there yet; trying again may help
"""

from enum import StrEnum


class Reason(StrEnum):
    """Rule that was broken; stable names for tests, logs and callers."""

    NOT_CANONICAL = "NotCanonical"
    """Bytes that do not re-encode to themselves."""
    OUT_OF_RANGE = "OutOfRange"
    """A number outside its field's type."""
    NOT_AN_ADDRESS = "NotAnAddress"
    """An address that is not 20 bytes with a valid checksum."""
    UNKNOWN_VERSION = "UnknownVersion"
    """A packet or file of a version this code does not speak."""
    UNKNOWN_KIND = "UnknownKind"
    """A payload whose kind is not the one asked for."""
    UNKNOWN_STATUS = "UnknownStatus"
    """An answer's status that is none of the three."""
    UNKNOWN_ATTRIBUTE = "UnknownAttribute"
    """An ERC-7786 attribute the mailbox does not know."""
    UNKNOWN_KEY = "UnknownKey"
    """A configuration file names a key that does not exist."""
    MALFORMED_FILE = "MalformedFile"
    """A configuration file that is no valid document of its kind."""
    UNSAFE_PARAMETER = "UnsafeParameter"
    """A deployment parameter outside its safe bounds."""
    DUPLICATE_CHAIN = "DuplicateChain"
    """Two chains of one network share a chain id."""
    ADDRESS_MISMATCH = "AddressMismatch"
    """A contract landed at another address than the one it was predicted for."""
    NO_SUCH_CHAIN = "NoSuchChain"
    """The network has no chain of that id."""
    NO_SUCH_PACKET = "NoSuchPacket"
    """No chain of the network knows the packet."""


class WaitReason(StrEnum):
    """What has not happened yet."""

    NOT_FINAL = "NotFinal"
    """The chain has no finalised header that is late enough."""
    CLIENT_BEHIND = "ClientBehind"
    """The client knows no height yet at which this could be proven."""
    TRUST_GAP = "TrustGap"
    """No header up to the finalised one is sealed by enough of the trusted validators."""


class BridgeError(Exception):
    """Root of everything the bridge raises itself."""


class Rejected(BridgeError):  # noqa: N818  an outcome, not an error of this code
    """A rule was broken: `reason` says which, `detail` by what."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail


class Unavailable(BridgeError):  # noqa: N818  as above
    """Something is not there yet; the same call may succeed later."""

    def __init__(self, reason: WaitReason, detail: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}" if detail else reason.value)
        self.reason = reason
        self.detail = detail
