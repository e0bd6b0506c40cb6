"""One line of Python wrong, as `contracts/twins.json` has one line of Solidity wrong."""

from __future__ import annotations
import __future__ as language

import inspect
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import Any


@contextmanager
def edited(owner: object, name: str, find: str, replacement: str) -> Iterator[None]:
    """A module's or a class's function with one piece of its text replaced, for all who hold it.

    Raises ValueError unless the piece is there exactly once.
    """
    named = getattr(owner, name)
    plain = _bare(named)
    text = textwrap.dedent(inspect.getsource(plain))
    if text.count(find) != 1:
        raise ValueError(f"{name} has {text.count(find)} times: {find}")
    whole, broken = plain.__code__, _compiled(plain, name, text.replace(find, replacement))
    plain.__code__ = broken
    try:
        yield
    finally:
        plain.__code__ = whole


def _compiled(plain: FunctionType, name: str, text: str) -> CodeType:
    """Code of a function's other text, with the names it closes over, `super` among them, bound as before."""
    closed = ", ".join(plain.__code__.co_freevars)
    wrapped = f"def _around({closed}):\n{textwrap.indent(text, '    ')}\n    return {name}\n"
    flags = language.annotations.compiler_flag
    program = compile(wrapped, inspect.getfile(plain), "exec", flags=flags, dont_inherit=True)
    around = next(part for part in program.co_consts if isinstance(part, CodeType))
    return next(part for part in around.co_consts if isinstance(part, CodeType) and part.co_name == name)


def _bare(named: Any) -> FunctionType:
    """The function within a property, a class method or a decorator; TypeError where there is none."""
    inner: Any = named.fget if isinstance(named, property) else getattr(named, "__func__", named)
    plain = inspect.unwrap(inner)
    if not isinstance(plain, FunctionType):
        raise TypeError(f"{named} has no text")
    return plain
