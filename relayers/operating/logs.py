"""Structured logs: one event a line, JSON for machines, pretty on a terminal, and no secret in any of them."""

import logging
import sys
from collections.abc import Mapping
from threading import Lock
from typing import Any, Literal, TextIO

import structlog

HIDDEN = "[hidden]"
SECRET_KEYS = frozenset({"password", "key", "private_key", "secret", "mnemonic", "url", "preimage", "token_header"})
SECRET_CHARS_MIN = 4


class Redactor:
    """A structlog processor that takes every secret it was told of out of every value, however deep.

    A secret may have a public name that is put in its place, as the id of an endpoint stands for its URL.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lock = Lock()

    def hide(self, secret: str | bytes, name: str = HIDDEN) -> None:
        """Never write this; keys are hidden in hexadecimal, in either case, with and without 0x."""
        forms = (
            {secret.hex(), secret.hex().upper(), str(int.from_bytes(secret, "big"))}
            if isinstance(secret, bytes)
            else {secret}
        )
        with self._lock:
            self._names |= {form: name for form in forms if len(form) >= SECRET_CHARS_MIN}

    def clean(self, text: str) -> str:
        """The text without secrets."""
        with self._lock:
            names = sorted(self._names.items(), key=lambda item: -len(item[0]))
        for secret, name in names:
            text = text.replace(secret, name)
        return text

    def __call__(self, logger: Any, method: str, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002 - structlog's
        """Clean one event."""
        return {key: HIDDEN if key in SECRET_KEYS else self._cleaned(value) for key, value in event.items()}

    def _cleaned(self, value: Any) -> Any:
        if isinstance(value, bool | int | float) or value is None:
            return value
        if isinstance(value, Mapping):
            return {
                self.clean(str(key)): HIDDEN if key in SECRET_KEYS else self._cleaned(item)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._cleaned(item) for item in value]
        return self.clean("0x" + value.hex() if isinstance(value, bytes) else str(value))


redactor = Redactor()
"""The process's own: whatever is unlocked or read from the configuration is hidden here."""


def configure_logs(
    stream: TextIO | None = None,
    *,
    layout: Literal["auto", "json", "pretty"] = "auto",
    level: Literal["debug", "info", "warning", "error"] = "info",
) -> None:
    """Write every log, structlog's and the standard library's, to the stream (stderr by default)."""
    target = sys.stderr if stream is None else stream
    is_pretty = layout == "pretty" or (layout == "auto" and target.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redactor,
    ]
    renderer: Any = structlog.processors.JSONRenderer()
    if is_pretty:
        # Tracebacks without local variables: among those are keys.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=plain)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
