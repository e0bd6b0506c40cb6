"""Exit codes of the command, and which error stands for which."""

from __future__ import annotations

OK = 0
REJECTED = 1
USAGE = 2
UNAVAILABLE = 3
TIMED_OUT = 4


def code_of(error: Exception) -> int | None:
    """Exit code of an error a user can meet; None for a defect, which keeps its traceback."""
    import chains  # noqa: PLC0415
    from exchange import engine  # noqa: PLC0415
    from exchange.sdk import errors  # noqa: PLC0415

    table: tuple[tuple[type[Exception], int], ...] = (
        (TimeoutError, TIMED_OUT),
        (chains.Timeout, TIMED_OUT),
        (errors.Unavailable, UNAVAILABLE),
        (chains.Unavailable, UNAVAILABLE),
        (errors.Rejected, REJECTED),
        (chains.Rejected, REJECTED),
        (engine.Rejected, REJECTED),
    )
    return next((code for kind, code in table if isinstance(error, kind)), None)
