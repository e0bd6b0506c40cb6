"""What the SDK raises.

ClearspanError
├── Rejected            the request is wrong; sending it again changes nothing. `reason` is stable.
│   └── InvalidAmount   an amount, price or size that cannot be meant; nothing was sent
│       └── FloatAmount a float, which cannot hold most decimal amounts; also a TypeError
└── Unavailable         the request may be right; the system cannot answer it now
    └── TimedOut        a wait used up its steps; what was waited for may still happen
"""

from __future__ import annotations


class ClearspanError(Exception):
    """Root of the tree."""


class Rejected(ClearspanError):  # noqa: N818
    """The request is wrong. `reason` is a stable name, `detail` says it in words."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class InvalidAmount(Rejected):
    """An amount, price or size was refused before anything was sent."""


class FloatAmount(InvalidAmount, TypeError):  # noqa: N818
    """A float was given where money is meant."""

    def __init__(self, what: str) -> None:
        super().__init__("FloatAmount", f"{what} is a float; pass a Decimal, a str, or base units as an int")


class Unavailable(ClearspanError):  # noqa: N818
    """The system cannot answer now; the same request may succeed later."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class TimedOut(Unavailable, TimeoutError):  # noqa: N818
    """A bounded wait ended before what it waited for."""

    def __init__(self, detail: str) -> None:
        super().__init__("TimedOut", detail)
